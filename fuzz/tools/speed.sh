# How fast the targets are: executions per CPU-second (user time) of a campaign's beginning, from the
# repository's seeds, beside an empty target, built likewise and measured just before (E). What each
# is to reach, and why one does not, stands in fuzz/speeds.
# shellcheck shell=bash
SPEEDS=fuzz/speeds
SCRATCH=$results/fuzz-speed
FLOOR=18000 # executions per CPU-second: none is slower without a word of why
GOAL=10     # percent of E, where SPEEDS says nothing else
EMPTY_RUNS=600000
PROBE_RUNS=3000

# Sets took (thousandths of a second of user time), runs_done and, where a target counts them,
# operations.
take_time() # PROGRAM RUNS SEED-FOLDER...
{
	local TIMEFORMAT=%3U program=$1 count=$2
	shift 2
	rm -rf "$SCRATCH/corpus"
	mkdir -p "$SCRATCH/corpus"
	# shellcheck disable=SC2046
	{ time "$program" -seed=1 -runs="$count" -rss_limit_mb=4096 -print_final_stats=1 -print_funcs=0 -timeout=100 \
		-artifact_prefix="$SCRATCH/" $(options_of "$(basename "$program")") "$SCRATCH/corpus" "$@" \
		>"$SCRATCH/log" 2>&1; } 2>"$SCRATCH/time"
	took=$(tail -n 1 "$SCRATCH/time" | tr -d .)
	took=$((10#$took))
	runs_done=$(last_number "$SCRATCH/log" stat::number_of_executed_units)
	operations=$(last_number "$SCRATCH/log" ops)
	[ "$runs_done" -gt 0 ] || die "$program does not run to its end; see $SCRATCH/log"
}

# Sets rate, executions per CPU-second, and ops_rate, operations, without what starting and reading
# the seeds takes.
measure() # PROGRAM RUNS SEED-FOLDER...
{
	local program=$1 count=$2 start start_runs start_operations span
	shift 2
	take_time "$program" 0 "$@"
	start=$took start_runs=$runs_done start_operations=$operations
	if [ "$count" = 0 ]; then # about a second, from a first look
		take_time "$program" $((start_runs + PROBE_RUNS)) "$@"
		count=$((PROBE_RUNS * 1200 / (took > start ? took - start : 1)))
		count=$((count < 500 ? 500 : count > EMPTY_RUNS ? EMPTY_RUNS : count))
	fi
	take_time "$program" $((start_runs + count)) "$@"
	span=$((took > start ? took - start : 1))
	rate=$(((runs_done - start_runs) * 1000 / span))
	ops_rate=$(((operations - start_operations) * 1000 / span))
}

build_empty()
{
	mkdir -p "$SCRATCH"
	printf '#include <stddef.h>\n#include <stdint.h>\n%s\n' \
		'int LLVMFuzzerTestOneInput(const uint8_t *d, size_t n) { return 0; }' >"$SCRATCH/empty.c"
	clang-19 -O1 -g -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=all \
		-o "$SCRATCH/empty" "$SCRATCH/empty.c" || die "the empty target does not build"
}

# Target, rate, E, goal, operations, their goal, verdict, why not; tabs between.
speed_row() # TARGET
{
	local target=$1 goal why empty ops_goal=0 verdict=met seeds
	mapfile -t seeds < <(seeds_of "$target")
	IFS=$'\t' read -r _ goal why < <(grep -P "^${target#fuzz_}\t" "$SPEEDS")
	[[ $goal != *,* ]] || ops_goal=${goal#*,} goal=${goal%,*}
	measure "$SCRATCH/empty" $EMPTY_RUNS
	empty=$rate
	measure "$programs/$target" 0 "${seeds[@]}"
	awk "BEGIN { exit !($rate >= $empty * ${goal:-$GOAL} / 100) }" || verdict=missed
	[ "$ops_rate" -ge "$((ops_goal * 1000000))" ] || verdict=missed
	[ "$rate" -ge $FLOOR ] || verdict=slow
	printf '%s\t%d\t%d\t%s\t%d\t%d\t%s\t%s\n' "${target#fuzz_}" "$rate" "$empty" "${goal:-$GOAL}" \
		"$ops_rate" "$ops_goal" $verdict \
		"$([ $verdict = met ] || echo "${why:-(why does fuzz/speeds not say)}")"
}

print_speeds() # rows on standard input
{
	local target rate empty goal ops ops_goal verdict why
	printf '%-16s %12s %8s %7s %10s %7s  %s\n' target exec/CPU-s '% of E' goal 'M ops' goal ''
	while IFS=$'\t' read -r target rate empty goal ops ops_goal verdict why; do
		printf '%-16s %12d %8s %7s %10s %7s  %-6s %s\n' "$target" "$rate" \
			"$(awk "BEGIN { printf \"%.2f\", 100 * $rate / $empty }")" "$goal" \
			"$([ "$ops" = 0 ] && echo - || awk "BEGIN { printf \"%.2f\", $ops / 1e6 }")" \
			"$([ "$ops_goal" = 0 ] && echo - || echo "$ops_goal")" "$verdict" "$why"
	done
}

speeds_as_json()
{
	jq -R -s 'split("\n") | map(select(. != "") | split("\t") | {target: .[0],
		exec_per_cpu_second: (.[1] | tonumber), empty: (.[2] | tonumber),
		goal_percent: (.[3] | tonumber), operations_per_cpu_second: (.[4] | tonumber),
		goal_million_operations: (.[5] | tonumber), verdict: .[6], why: .[7]})'
}

speed() # JSON TARGET...
{
	local json=$1 target
	shift
	build_targets "$@"
	build_empty
	for target; do
		speed_row "$target"
	done | if [ -n "$json" ]; then speeds_as_json; else print_speeds; fi
}
