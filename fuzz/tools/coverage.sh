# What of each fuzzed file the seeds and campaigns' corpora reach, or the seeds alone (--check): built
# again with clang's own coverage, without sanitizers. A fuzzed file is one that some target names in
# its sources, or runs on simulated processors; what only takes part (quiet, plain) is not counted, nor is
# what fuzz/exclusions names.
# shellcheck shell=bash
COVERAGE=build/fuzz-coverage
LINES_GOAL=95 # per cent of each file, issue 6
BRANCHES_GOAL=90

build_covered() # TARGET...
{
	mkdir -p "$COVERAGE"
	make -j"$(nproc)" "${@/#/build/fuzz-coverage/}" >/dev/null || die "a target does not build"
}

# DIRECTORY/TARGET.profdata from a replay; status 1: an input fails, or there is none.
profile_of() # TARGET DIRECTORY FOLDER...
{
	local profile=$2/$1 program=$COVERAGE/$1
	shift 2
	rm -f "$profile".{profraw,profdata}
	LLVM_PROFILE_FILE=$profile.profraw "$program" -runs=0 -timeout=60 "$@" >"$profile.log" 2>&1 &&
		llvm-profdata-19 merge -sparse "$profile.profraw" -o "$profile.profdata" &&
		rm -f "$profile.profraw"
}

# Only what is fuzzed: not the targets, their models and shims.
IGNORED='(^|/)(fuzz|tests|build)/'

coverage() # CHECK TARGET...: the table; with CHECK, whether all is as it must be
{
	local check=$1 target status objects=() profiles=() seeds unseen=0
	shift
	build_covered "$@"
	for target; do
		mapfile -t seeds < <(seeds_of "$target")
		[ -n "$check" ] || [ ! -d "$corpora/$target" ] || seeds+=("$corpora/$target")
		profile_of "$target" "$COVERAGE" "${seeds[@]}" || {
			echo "$target: replay failed, see $COVERAGE/$target.log" >&2
			unseen=1
			continue
		}
		profiles+=("$COVERAGE/$target.profdata")
		objects+=(-object "$COVERAGE/$target")
	done
	[ ${#profiles[@]} -gt 0 ] || die "nothing was covered"
	llvm-profdata-19 merge -sparse "${profiles[@]}" -o "$COVERAGE/all.profdata" || return 1
	objects+=(-instr-profile="$COVERAGE/all.profdata" -ignore-filename-regex="$IGNORED")
	llvm-cov-19 show -format=html -output-dir="$COVERAGE/html" -show-branches=count "${objects[@]}" \
		2>"$COVERAGE/show.log" || return 1
	llvm-cov-19 export -format=lcov "${objects[@]}" 2>"$COVERAGE/export.log" >"$COVERAGE/all.lcov" || return 1
	fuzzed_files "$@" >"$COVERAGE/fuzzed"
	print_coverage $(($# == $(all_targets | wc -l)))
	status=$?
	echo "lines, with what was not reached: $COVERAGE/html/index.html"
	[ -z "$check" ] || return $((status | unseen))
}

fuzzed_files() # TARGET...
{
	local files=("${@/#/fuzz/}")
	sed -nE 's,^/\* (sources|simulated): (.*) \*/$,\2,p' "${files[@]/%/.c}" | tr ' ' '\n' | grep -vE '^(tests|fuzz)/' | sort -u
}

print_coverage() # ALL: 1 if these are all targets
{
	printf '%-52s %6s %9s %9s\n' source lines 'lines %' 'branches %'
	awk -v here="$PWD/" -v all="$1" -v lines_goal=$LINES_GOAL -v branches_goal=$BRANCHES_GOAL \
		-f fuzz/tools/coverage.awk fuzz/exclusions "$COVERAGE/fuzzed" "$COVERAGE/all.lcov"
}
