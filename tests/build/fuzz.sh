#!/bin/bash
# The tools around the fuzz targets: findings are kept once, campaigns resume, the planted bugs still
# apply, and the targets link with other engines. With --full: each planted bug is found.
set -uo pipefail
cd "$(dirname "$0")/../.." || exit
. tests/tap.sh
scratch=$PWD/build/tests/fuzz-tools
rm -rf "$scratch"
mkdir -p "$scratch/programs"
export MERLON_FUZZ=$scratch

# Two mistakes, so that there are two findings, however often each is met.
cat >"$scratch/target.c" <<'END'
#include <stdint.h>
#include <stdlib.h>
#include "fuzz/lib/figures.h"
static const char *name(unsigned check) { return check ? "lasts" : "holds"; }
static void first(void) { abort(); }
static void second(const uint8_t *data) { free((void *)data); }
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size > 1 && data[0] == 'a')
		first();
	if (size > 1 && data[1] == 'b')
		second(data);
	figures_operations(2);
	figures_checks((const uint8_t[3][2]){{1, 0}, {1, 0}, {1, 1}}, 3, name);
	return 0;
}
END
clang-19 -O1 -g -I. -fsanitize=address,fuzzer -o "$scratch/programs/fuzz_cbor" "$scratch/target.c" \
	fuzz/lib/figures.c

# The tools with this program in place of a target's.
with_tools() # COMMAND...
{
	(
		. fuzz/tools/common.sh
		. fuzz/tools/campaign.sh
		programs=$scratch/programs
		build_targets() { :; }
		seeds_of() { :; } # a campaign that fails at a seed goes no further
		"$@"
	)
}

finding_count()
{
	find "$scratch/fuzz-findings/fuzz_cbor" -mindepth 1 -maxdepth 1 -type d | wc -l
}

with_tools campaign 3 1 fuzz_cbor >"$scratch/first.log" 2>&1
is "a campaign that finds something says so" $? 1
is "each mistake is kept once" "$(finding_count)" 2
ok "each with input, report and stack" test \
	"$(find "$scratch/fuzz-findings" -name input -o -name report -o -name stack | wc -l)" = 6
has "the stack names the function" <(cat "$scratch"/fuzz-findings/fuzz_cbor/*/stack) '^first target.c:'
with_tools campaign 2 1 fuzz_cbor >"$scratch/second.log" 2>&1
is "a campaign that finds nothing new is content" $? 0
has "and goes on with what it had" "$scratch/second.log" '2 findings .* 0 of them new'
input=$(dirname "$(grep -l first "$scratch"/fuzz-findings/fuzz_cbor/*/stack)")/input
printf 'axxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx' >"$scratch/long"
with_tools repro fuzz_cbor "$input" >"$scratch/repro.log" 2>&1
has "a finding is reproduced" "$scratch/repro.log" '^first target.c:'
with_tools minimize fuzz_cbor "$scratch/long" 5 >"$scratch/minimize.log" 2>&1
is "and made as small as it can be" "$(stat -c %s "$scratch/long.min")" 2
with_tools merge '' fuzz_cbor >"$scratch/merge.log" 2>&1
has "a corpus is merged to what adds coverage" "$scratch/merge.log" '^fuzz_cbor: [0-9]+ inputs, [0-9]+ left$'
without_room()
{
	FREE_MIB_MIN=999999999
	campaign 1 1 fuzz_cbor
}
with_tools without_room >"$scratch/room.log" 2>&1
is "a full disk ends a campaign" $? 2
has "and how much is left is said" "$scratch/room.log" '[0-9]+ MiB are left on the disk, fewer than'
fuzz/run --status --json >"$scratch/status.json"
is "the status counts them" "$(jq '.[0].crashes' "$scratch/status.json")" 2
is "and the checks seen, of all turns" "$(jq -c '.[0].checks' "$scratch/status.json")" \
	'{"count":3,"pass":3,"fail":1}'
ok "and operations for each CPU-second" test "$(jq \
	'.[0] | .operations_per_cpu_second > .exec_per_cpu_second' "$scratch/status.json")" = true
"$scratch/programs/fuzz_cbor" -runs=5 >"$scratch/figures.log" 2>&1
has "a target says what it counted" "$scratch/figures.log" '^ops: [0-9]*[02468]$'
has "and which checks were never seen so" "$scratch/figures.log" '^checks: never fail holds lasts$'

build/fuzz/fuzz_vmentry -runs=0 fuzz/corpus/vmentry >"$scratch/vmentry.log" 2>&1
has "each check of VM entry passes and fails in the seeds" "$scratch/vmentry.log" \
	'^checks: pass ([0-9]+) of \1, fail \1 of \1$'

# The coverage table, of two files as llvm-cov's lcov format has them.
cat >"$scratch/a.c" <<'END'
int a(int x)
{
	ASSERT(x);
	return x;
}
END
cp "$scratch/a.c" "$scratch/b.c"
printf '%s\n' a.c b.c >"$scratch/fuzzed"
for file in a b; do
	printf '%s\n' "SF:$scratch/$file.c" FN:1,a DA:1,1 DA:3,1 DA:4,$([ $file = a ] && echo 1 || echo 0) \
		BRDA:3,0,0,0 BRDA:3,0,1,1 end_of_record
done >"$scratch/all.lcov"
coverage_table() # EXCLUSION: path, what and why
{
	printf '%s\n' "$1" >"$scratch/exclusions"
	awk -v here="$scratch/" -v all=1 -v lines_goal=95 -v branches_goal=90 -f fuzz/tools/coverage.awk \
		"$scratch/exclusions" "$scratch/fuzzed" "$scratch/all.lcov" >"$scratch/table.log" 2>&1
}
coverage_table $'*\t/ASSERT\\(/\ta finding'
is "--check fails where a file is below the goal" $? 1
has "a file that reaches it is not marked" "$scratch/table.log" '^a\.c +3 +100\.0 +100\.0 *$'
has "one that does not is" "$scratch/table.log" '^b\.c +3 +66\.7 +100\.0 +below$'
printf '%s\n' a.c >"$scratch/fuzzed"
coverage_table $'*\t/ASSERT\\(/\ta finding'
is "--check is content without such a file" $? 0
coverage_table $'a.c\tgone()\tthere was a function'
has "an exclusion without effect is stale" "$scratch/table.log" '^stale: a\.c gone\(\)'

fuzz/run nothing_like_that >"$scratch/unknown.log" 2>&1
is "an unknown target is refused" $? 2
has "and where to look is said" "$scratch/unknown.log" 'no target .nothing_like_that.*--list'
is "--list names every target" "$(fuzz/run --list | wc -l)" "$(find fuzz -name 'fuzz_*.c' | wc -l)"

planted_apply()
{
	(
		. fuzz/tools/common.sh
		. fuzz/tools/planted.sh
		check_planted
	)
}
ok "every planted bug still applies" planted_apply
ok "there are at least thirty" test "$(find fuzz/planted -name '*.patch' | wc -l)" -ge 30

if command -v afl-clang-fast >/dev/null; then
	CC=afl-clang-fast CXX=afl-clang-fast++ CFLAGS= LIB_FUZZING_ENGINE=-fsanitize=fuzzer ENGINE=afl \
		make build/fuzz-afl/fuzz_cbor >"$scratch/afl.log" 2>&1
	afl-showmap -q -o "$scratch/map" -i fuzz/corpus/cbor -C -- build/fuzz-afl/fuzz_cbor \
		>>"$scratch/afl.log" 2>&1
	ok "a target linked with AFL++ shows coverage" test -s "$scratch/map"
else
	skip "a target linked with AFL++ shows coverage" "afl++ is not installed"
fi

if [ -n "${MERLON_FULL:-}" ]; then
	if command -v afl-fuzz >/dev/null; then
		AFL_NO_UI=1 AFL_SKIP_CPUFREQ=1 AFL_NO_AFFINITY=1 AFL_I_DONT_CARE_ABOUT_MISSING_CRASHES=1 \
			timeout 300 afl-fuzz -E 20000 -i fuzz/corpus/cbor -o "$scratch/afl" -- \
			build/fuzz-afl/fuzz_cbor >>"$scratch/afl.log" 2>&1
		has "and AFL++ finds new paths with it" "$scratch/afl/default/fuzzer_stats" \
			'^corpus_found +: [1-9]'
	else
		skip "and AFL++ finds new paths with it" "afl++ is not installed"
	fi
	with_tools campaign 300 1 fuzz_cbor >"$scratch/killed.log" 2>&1 &
	campaign=$!
	pid_file=$scratch/fuzz-state/fuzz_cbor/job0.pid
	rm -f "$pid_file"
	for ((i = 0; i < 100; i++)); do
		[ ! -s "$pid_file" ] || break
		sleep 0.1
	done
	kill -9 "$campaign"
	wait "$campaign" 2>/dev/null
	ok "what a killed campaign started ends" timeout 60 flock "$scratch/fuzz-state/lock" true
	with_tools campaign 2 1 fuzz_cbor >"$scratch/resumed.log" 2>&1
	is "and the next one goes on where it was" $? 0
	has "without a finding twice" "$scratch/resumed.log" '2 findings .* 0 of them new'
	export -n MERLON_FUZZ
	mkdir -p "$scratch/out"
	if command -v zip unzip >/dev/null; then
		CC=clang-19 CXX=clang++-19 CFLAGS='-O1 -fsanitize=address,fuzzer-no-link' \
			CXXFLAGS=-fsanitize=address LIB_FUZZING_ENGINE=-fsanitize=fuzzer OUT=$scratch/out \
			.clusterfuzzlite/build.sh >"$scratch/clusterfuzz.log" 2>&1
		ok "ClusterFuzzLite's build makes programs, seeds and dictionaries" test \
			-x "$scratch/out/fuzz_coap" -a -f "$scratch/out/fuzz_bootcfg_seed_corpus.zip" \
			-a -f "$scratch/out/fuzz_bootcfg.dict"
		for program in $(find "$scratch/out" -name 'fuzz_*' ! -name '*.*' | sort); do
			rm -rf "$scratch/seeds"
			mkdir -p "$scratch/seeds"
			[ ! -f "${program}_seed_corpus.zip" ] ||
				unzip -q "${program}_seed_corpus.zip" -d "$scratch/seeds"
			ok "its $(basename "$program") takes its seeds" timeout 120 "$program" -runs=0 "$scratch/seeds"
		done
	else
		skip "ClusterFuzzLite's build makes programs, seeds and dictionaries" "zip is not installed"
	fi
	ok "every planted bug is found" fuzz/run --planted
fi
done_testing
