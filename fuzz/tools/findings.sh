# Findings: each crash once, by its stack, with the smallest input seen.
# shellcheck shell=bash
FINDINGS_MAX=100 # of one target; more say only that it is broken
FRAMES=4

count_findings() # TARGET...
{
	local target
	for target; do
		find "$findings/$target" -mindepth 1 -maxdepth 1 -type d 2>/dev/null
	done | wc -l
}

# What makes a crash this crash: the kind, and the innermost frames that are ours; the first with its
# line, since an oracle has many checks in one function.
stack_of() # REPORT
{
	sed -n 's/^SUMMARY: [A-Za-z]*: \([a-z-]*\( signal\)\?\).*/\1/p' "$1" | head -n 1
	sed -n 's/^ *#[0-9]* 0x[0-9a-f]* in \([^ ]*\) \(.*\)$/\1 \2/p' "$1" |
		grep -vE '^(__|abort|raise|gsignal|pthread_kill|mem(cpy|set|cmp|move)|str|fuzzer::|main|_start|_?Fork)' |
		grep -vE '/(compiler-rt|libc|glibc|llvm-toolchain)' |
		awk -v frames=$FRAMES 'NR <= frames { where = ""; if (NR == 1) { n = split($2, p, "/")
			split(p[n], l, ":"); where = " " l[1] ":" l[2] } print $1 where }'
}

run_input() # TARGET FILE REPORT: status as the program's
{
	ASAN_OPTIONS=quarantine_size_mb=64:malloc_context_size=30 \
		timeout --foreground 120 "$programs/$1" -rss_limit_mb=2048 -timeout=20 "$2" >"$3" 2>&1
}

# Moves a new finding to its place, and says so; a known one is only counted.
file_finding() # TARGET FILE
{
	local report=$2.report key folder kind=${2##*/}
	kind=${kind#*-}
	if run_input "$1" "$2" "$report"; then
		{
			echo "not reproduced"
			echo "${kind%%-*}"
		} >"$2.stack"
	else
		stack_of "$report" >"$2.stack"
	fi
	key=$(sha1sum <"$2.stack" | cut -c 1-12)
	folder=$findings/$1/$key
	if [ ! -d "$folder" ]; then
		if [ "$(count_findings "$1")" -ge "$FINDINGS_MAX" ]; then
			rm -f "$2" "$report" "$2.stack"
			echo "$1: more than $FINDINGS_MAX different findings; a further one is dropped" >&2
			return
		fi
		mkdir -p "$folder"
		date +%s >"$folder/found"
		echo "FOUND $1 $key: $(tr '\n' '|' <"$2.stack")"
		echo "      ./build.sh fuzz --repro $folder/input"
	fi
	echo x >>"$folder/seen"
	if [ ! -f "$folder/input" ] || [ "$(stat -c %s "$2")" -lt "$(stat -c %s "$folder/input")" ]; then
		mv "$2" "$folder/input"
		mv "$report" "$folder/report"
		mv "$2.stack" "$folder/stack"
	fi
	rm -f "$2" "$report" "$2.stack"
}

repro() # TARGET FILE
{
	local report status
	build_targets "$1"
	report=$(mktemp)
	trap "rm -f '$report'" EXIT
	run_input "$1" "$2" "$report"
	status=$?
	cat "$report"
	[ "$status" = 0 ] || {
		echo "--- $1, status $status:"
		stack_of "$report"
	}
	return "$status"
}

minimize() # TARGET FILE [SECONDS]
{
	local scratch before after
	build_targets "$1"
	scratch=$(mktemp -d)
	trap "rm -rf '$scratch'" EXIT
	run_input "$1" "$2" "$scratch/report" && die "$2 does not make $1 fail"
	before=$(stack_of "$scratch/report")
	"$programs/$1" -minimize_crash=1 -max_total_time="${3:-60}" -artifact_prefix="$scratch/" \
		-exact_artifact_path="$scratch/min" "$2" >"$scratch/log" 2>&1
	[ -s "$scratch/min" ] || cp "$2" "$scratch/min"
	run_input "$1" "$scratch/min" "$scratch/report"
	after=$(stack_of "$scratch/report")
	[ "$before" = "$after" ] || die "the smaller inputs fail elsewhere; $2 stays as it is"
	mv "$scratch/min" "$2.min"
	echo "$2.min: $(stat -c %s "$2.min") bytes of $(stat -c %s "$2"), same stack:"
	echo "$after"
}
