# What of each source file the seeds and campaigns' corpora reach: built again with clang's own
# coverage, without sanitizers.
# shellcheck shell=bash
COVERAGE=build/fuzz-coverage

profile_of() # TARGET: PROFILE.profdata from a replay of everything known
{
	local seeds
	mapfile -t seeds < <(seeds_of "$1")
	[ ! -d "$corpora/$1" ] || seeds+=("$corpora/$1")
	rm -f "$COVERAGE/$1".{profraw,profdata}
	LLVM_PROFILE_FILE=$COVERAGE/$1.profraw "$COVERAGE/$1" -runs=0 -timeout=60 "${seeds[@]}" \
		>"$COVERAGE/$1.log" 2>&1 || echo "$1: replay failed, see $COVERAGE/$1.log" >&2
	llvm-profdata-19 merge -sparse "$COVERAGE/$1.profraw" -o "$COVERAGE/$1.profdata" && rm -f "$COVERAGE/$1.profraw"
}

# Only what is fuzzed: not the targets, their models and shims.
IGNORED='(^|/)(fuzz|tests|build)/'

coverage() # TARGET...
{
	local target objects=() profiles=()
	mkdir -p "$COVERAGE"
	make -j"$(nproc)" "${@/#/$COVERAGE/}" >/dev/null || die "a target does not build"
	for target; do
		profile_of "$target" || continue
		profiles+=("$COVERAGE/$target.profdata")
		objects+=(-object "$COVERAGE/$target")
	done
	[ ${#profiles[@]} -gt 0 ] || die "nothing was covered"
	llvm-profdata-19 merge -sparse "${profiles[@]}" -o "$COVERAGE/all.profdata" || return 1
	llvm-cov-19 show -format=html -output-dir="$COVERAGE/html" -show-branches=count \
		-instr-profile="$COVERAGE/all.profdata" -ignore-filename-regex="$IGNORED" "${objects[@]}" \
		2>"$COVERAGE/show.log" || return 1
	llvm-cov-19 export -summary-only -instr-profile="$COVERAGE/all.profdata" \
		-ignore-filename-regex="$IGNORED" "${objects[@]}" 2>"$COVERAGE/export.log" >"$COVERAGE/summary.json" ||
		return 1
	print_coverage
	echo "lines, with what was not reached: $COVERAGE/html/index.html"
}

print_coverage()
{
	printf '%-52s %6s %9s %9s\n' source lines 'lines %' 'branches %'
	jq -r --arg here "$PWD/" '.data[0] | (.files[] | [(.filename | ltrimstr($here)), .summary]),
		["all", .totals] | [.[0], .[1].lines.count, .[1].lines.percent,
		(if .[1].branches.count == 0 then 100 else .[1].branches.percent end)] | @tsv' \
		"$COVERAGE/summary.json" | while IFS=$'\t' read -r name lines line_share branch_share; do
		printf '%-52s %6d %9.1f %9.1f\n' "$name" "$lines" "$line_share" "$branch_share"
	done
}
