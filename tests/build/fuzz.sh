#!/bin/bash
# The tools around the fuzz targets: findings are kept once, campaigns resume, the planted bugs still
# apply, and the targets link with other engines. With --full: each planted bug is found.
set -uo pipefail
cd "$(dirname "$0")/../.." || exit
. tests/tap.sh
scratch=$PWD/build/tests/fuzz-tools
rm -rf "$scratch"
mkdir -p "$scratch/programs/covered"
export MERLON_FUZZ=$scratch
seeds_here=$scratch/seeds

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
		COVERAGE=$scratch/programs/covered IGNORED=nothing
		build_targets() { :; }
		build_covered() { :; }
		looks_at_comparisons() { false; }
		echo "$BASHPID" >"$scratch/pid"
		seed_folder() { echo "$seeds_here"; }
		"$@"
	)
}

finding_count()
{
	find "$scratch/fuzz-findings/fuzz_cbor" -mindepth 1 -maxdepth 1 -type d | wc -l
}

# until_done COMMAND...: what has some seconds for a part of its work does the rest in the next ones, as a busy machine
# may take many.
until_done()
{
	for _ in {1..30}; do
		! "$@" || break
	done
}

finds_both()
{
	with_tools campaign 3 1 fuzz_cbor >"$scratch/first.log" 2>&1
	status=$?
	[ "$(finding_count)" = 2 ]
}
until_done finds_both
is "a campaign that finds something says so" "$status" 1
is "each mistake is kept once" "$(finding_count)" 2
ok "each with input, report and stack" test \
	"$(find "$scratch/fuzz-findings" -name input -o -name report -o -name stack | wc -l)" = 6
has "the stack names the function" <(cat "$scratch"/fuzz-findings/fuzz_cbor/*/stack) '^first target.c:'
both_ways()
{
	program_of() # TARGET VALUE_PROFILE
	{
		echo "$2" >>"$scratch/profiles"
		echo "$programs/$1"
	}
	campaign 2 1 fuzz_cbor
}
with_tools both_ways >"$scratch/second.log" 2>&1
is "a campaign that finds nothing new is content" $? 0
is "and has looked at values, and not" "$(sort -u "$scratch/profiles" | paste -sd ' ')" '0 1'
has "and goes on with what it had" "$scratch/second.log" '2 findings .* 0 of them new'
input=$(dirname "$(grep -l first "$scratch"/fuzz-findings/fuzz_cbor/*/stack)")/input
printf 'axxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx' >"$scratch/long"
with_tools repro fuzz_cbor "$input" >"$scratch/repro.log" 2>&1
has "a finding is reproduced" "$scratch/repro.log" '^first target.c:'
minimizes()
{
	with_tools minimize fuzz_cbor "$scratch/long" 5 >"$scratch/minimize.log" 2>&1
	cp "$scratch/long.min" "$scratch/long" && [ "$(stat -c %s "$scratch/long.min")" = 2 ]
}
until_done minimizes
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
timeout "$patience" fuzz/run --status --live >"$scratch/live.log" 2>&1 &
live=$!
await "$live" bash -c "[ \"\$(grep -c '^target ' '$scratch/live.log')\" -ge 2 ]"
kill "$live"
ok "or again and again" test "$(grep -ac '^cbor ' "$scratch/live.log")" -ge 2
# Inputs of its own making might meet one of the mistakes.
printf xxx >"$scratch/fine"
"$scratch/programs/fuzz_cbor" "$scratch/fine" "$scratch/fine" >"$scratch/figures.log" 2>&1
has "a target says what it counted" "$scratch/figures.log" '^ops: 4$'
has "and which checks were never seen so" "$scratch/figures.log" '^checks: never fail holds lasts$'

# Seeds that fail, each in its own way, beside one that does not.
mkdir -p "$scratch/seeds"
printf 'axx' >"$scratch/seeds/fails"
printf 'xbx' >"$scratch/seeds/fails-too"
printf 'xxx' >"$scratch/seeds/fine"
rm -rf "$scratch"/fuzz-{corpus,state,findings}
printf '1\t0\t7' >"$scratch/torn"
mkdir -p "$scratch"/fuzz-{corpus/fuzz_cbor.old,state/fuzz_cbor}
cp "$scratch/torn" "$scratch/fuzz-state/fuzz_cbor/history.tsv"
printf 'axxx' >"$scratch/fuzz-corpus/fuzz_cbor.old/fails"
printf 'axxxx' >"$scratch/fuzz-state/fuzz_cbor/job7-crash-left"
with_tools campaign 100 1 fuzz_cbor >"$scratch/seeds.log" 2>&1 &
campaign=$!
log=$scratch/fuzz-state/fuzz_cbor/job0.log
await "$campaign" grep -aqs INITED "$log"
kill "$(cat "$scratch/pid")"
wait "$campaign"
is "an interrupted campaign says that it has found something" $? 1
is "a campaign whose seeds fail keeps what they found, and what one before it had not kept" \
	"$(finding_count)" 2
has "and goes on without them" "$log" 'INITED'
is "which is remembered by what they hold" "$(sort -u "$scratch/fuzz-state/fuzz_cbor/aside" | wc -l)" 2
ok "a corpus that a power cut left under another name is back, its failing input aside" \
	test -f "$scratch/fuzz-state/fuzz_cbor/corpus-aside/fails"
is "and a line of the history that was cut short is gone" \
	"$(awk -F '\t' 'NF != 9' "$scratch/fuzz-state/fuzz_cbor/history.tsv" | wc -l)" 0
exec 8>"$scratch/fuzz-state/lock"
flock 8
with_tools merge '' fuzz_cbor >"$scratch/two.log" 2>&1
is "nobody merges what a campaign writes" $? 2
flock -u 8

# Fewer seeds: one byte or several is all the difference; one of them is there for a planted bug.
rm -rf "$scratch"/seeds "$scratch"/fuzz-{corpus,state}
mkdir -p "$scratch/seeds"
for name in x xx xxx yyy zzzz planted-this; do
	printf '%s' "$name" >"$scratch/seeds/$name"
done
cp "$scratch/seeds/planted-this" "$scratch/seeds/also-this"
clang-19 -O1 -g -I. -fsanitize=fuzzer -fprofile-instr-generate -fcoverage-mapping \
	-o "$scratch/programs/covered/fuzz_cbor" "$scratch/target.c" fuzz/lib/figures.c
with_tools merge 1 fuzz_cbor >"$scratch/fewer.log" 2>&1
is "seeds that reach nothing of their own go" "$(find "$scratch/seeds" -type f | wc -l)" 2
ok "but one that finds a planted bug" test -f "$scratch/seeds/planted-this"
rm -rf "$scratch/seeds"

build/fuzz/fuzz_vmentry -runs=0 fuzz/corpus/vmentry >"$scratch/vmentry.log" 2>&1
has "each check of VM entry passes and fails in the seeds" "$scratch/vmentry.log" \
	'^checks: pass ([0-9]+) of \1, fail \1 of \1$'

# Seeds that tools make reach more of their targets than as many bytes of nothing do.
edges_of() # TARGET FOLDER
{
	"build/fuzz/$1" -runs=0 -timeout=100 "$2" 2>&1 | grep -aoE 'cov: [0-9]+' | tail -n 1 | cut -c 6-
}
made=(evidence eventlog policy)
[ -z "${MERLON_FULL:-}" ] || made=(all)
fuzz/run "${made[@]}" --generate >"$scratch/generate.log" 2>&1
is "seeds are made" $? 0
for folder in "$scratch"/fuzz-corpus/*/made; do
	target=$(basename "$(dirname "$folder")")
	compgen -G "$folder/*" >/dev/null || {
		skip "those of $target are taken" "they come from boots, and there was none"
		continue
	}
	rm -rf "$scratch/nothing"
	mkdir -p "$scratch/nothing"
	for file in "$folder"/*; do
		head -c "$(stat -c %s "$file")" /dev/zero | tr '\0' '\377' >"$scratch/nothing/$(basename "$file")"
	done
	ok "those of $target are taken" test "$(edges_of "$target" "$folder")" -gt \
		"$(edges_of "$target" "$scratch/nothing")"
done

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
MERLON_FUZZ=$scratch/target.c fuzz/run cbor --time 1 >"$scratch/nowhere.log" 2>&1
is "a campaign that can keep nothing is refused" $? 2
has "and why is said" "$scratch/nowhere.log" 'nothing can be kept in .*: Not a directory'
is "--list names every target" "$(fuzz/run --list | wc -l)" "$(find fuzz -name 'fuzz_*.c' | wc -l)"

cat >"$scratch/differential" <<'END'
. fuzz/tools/common.sh
. fuzz/tools/differential.sh
make() { :; }
differential_run() { mkdir -p "$differential_dir/$1-$3"; }
differential 4 1 2 ''
END
timeout "$patience" bash "$scratch/differential" >"$scratch/differential.log" 2>&1
is "machines beside the model that do not start fail the run" $? 1
ok "and what they have not said is not taken for seen" bash -c "! grep -q 'strike it out' '$scratch/differential.log'"

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
			timeout "$patience" afl-fuzz -E 20000 -i fuzz/corpus/cbor -o "$scratch/afl" -- \
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
	await "$campaign" test -s "$pid_file"
	kill -9 "$(cat "$scratch/pid")"
	wait "$campaign" 2>/dev/null
	ok "what a killed campaign started ends" timeout "$patience" flock "$scratch/fuzz-state/lock" true
	with_tools campaign 2 1 fuzz_cbor >"$scratch/resumed.log" 2>&1
	is "and the next one goes on where it was" $? 0
	has "without a finding twice" "$scratch/resumed.log" '2 findings .* 0 of them new'
	# A program that looks at no time, and one that writes where room ends.
	printf '#include <unistd.h>\nint main(void) { for (;;) pause(); }\n' >"$scratch/hangs.c"
	cp "$scratch/programs/fuzz_cbor" "$scratch/programs/kept"
	clang-19 -o "$scratch/programs/fuzz_cbor" "$scratch/hangs.c"
	hanging()
	{
		TURN=1
		OVERTIME=1
		campaign 1 1 fuzz_cbor
	}
	with_tools hanging >"$scratch/hanging.log" 2>&1
	is "a process that never ends is killed" $? 0
	has "and that it left no input is said" "$scratch/hanging.log" 'ended with status 137 and left no input'
	filling()
	{
		has_room()
		{
			free=1
			[ ! -e "$scratch/full" ]
		}
		campaign 0 1 fuzz_cbor
	}
	rm -f "$pid_file"
	with_tools filling >"$scratch/filling.log" 2>&1 &
	campaign=$!
	await "$campaign" test -s "$pid_file"
	touch "$scratch/full"
	wait "$campaign"
	is "a disk that fills up ends a campaign that runs" $? 2
	ok "which is no crash of the target" bash -c "! grep -E 'left no input|crashes' '$scratch/filling.log'"
	mv "$scratch/programs/kept" "$scratch/programs/fuzz_cbor"
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
			ok "its $(basename "$program") takes its seeds" timeout "$patience" "$program" -runs=0 "$scratch/seeds"
		done
	else
		skip "ClusterFuzzLite's build makes programs, seeds and dictionaries" "zip is not installed"
	fi
	ok "every planted bug is found" fuzz/run --planted
fi
done_testing
