# How fast the targets are: executions per CPU-second (user time) of a campaign's beginning, from the
# repository's seeds, beside an empty target that is built likewise (E). Rounds of both in turn, each
# with other random numbers, and the median of their ratios: a machine's speed changes within seconds.
# What each is to reach, and why one does not, stands in fuzz/speeds.
# shellcheck shell=bash
SPEEDS=fuzz/speeds
SCRATCH=$results/fuzz-speed
FLOOR=0.9   # percent of E: none is slower without a word of why
GOAL=10     # percent of E, where SPEEDS says nothing else
ROUNDS=5
ROUND_MS=500 # of the target, about
EMPTY_RUNS=300000
PROBE_RUNS=3000

below() # NUMBER GOAL
{
	awk "BEGIN { exit !($1 < $2) }"
}

# Sets took (thousandths of a second of user time), runs_done and, where a target counts them,
# operations.
take_time() # PROGRAM RANDOM RUNS SEED-FOLDER...
{
	local TIMEFORMAT=%3U program=$1 random=$2 count=$3
	shift 3
	rm -rf "$SCRATCH/corpus"
	mkdir -p "$SCRATCH/corpus"
	# shellcheck disable=SC2046
	{ time "$program" -seed="$random" -runs="$count" -rss_limit_mb=4096 -print_final_stats=1 -print_funcs=0 -timeout=100 \
		-artifact_prefix="$SCRATCH/" $(options_of "$(basename "$program")") "$SCRATCH/corpus" "$@" \
		>"$SCRATCH/log" 2>&1; } 2>"$SCRATCH/time"
	took=$(tail -n 1 "$SCRATCH/time" | tr -d .)
	took=$((10#$took))
	runs_done=$(last_number "$SCRATCH/log" stat::number_of_executed_units)
	operations=$(last_number "$SCRATCH/log" ops)
	[ "$runs_done" -gt 0 ] || die "$program does not run to its end; see $SCRATCH/log"
}

# Sets rate, executions per CPU-second, and ops_rate, operations, without what starting and reading
# the seeds takes; and span, the thousandths of a second that is from.
measure() # PROGRAM RANDOM RUNS SEED-FOLDER...
{
	local program=$1 random=$2 count=$3 start start_runs start_operations
	shift 3
	take_time "$program" "$random" 0 "$@"
	start=$took start_runs=$runs_done start_operations=$operations
	take_time "$program" "$random" $((start_runs + count)) "$@"
	span=$((took > start ? took - start : 1))
	rate=$(((runs_done - start_runs) * 1000 / span))
	ops_rate=$(((operations - start_operations) * 1000 / span))
}

# Prints how many runs take about a round's time, from a first look, which is long enough to tell.
runs_of_a_round() # PROGRAM SEED-FOLDER...
{
	local count=$PROBE_RUNS
	measure "$1" 1 "$count" "${@:2}"
	while [ "$span" -lt $((ROUND_MS / 10)) ] && [ "$count" -lt $EMPTY_RUNS ]; do
		count=$((count * 4))
		measure "$1" 1 "$count" "${@:2}"
	done
	count=$((rate * ROUND_MS / 1000))
	echo $((count < 200 ? 200 : count > EMPTY_RUNS ? EMPTY_RUNS : count))
}

build_empty()
{
	lock_results "$SCRATCH" "somebody measures speeds"
	printf '#include <stddef.h>\n#include <stdint.h>\n%s\n' \
		'int LLVMFuzzerTestOneInput(const uint8_t *d, size_t n) { return 0; }' >"$SCRATCH/empty.c"
	clang-19 -O1 -g -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=all \
		-o "$SCRATCH/empty" "$SCRATCH/empty.c" || die "the empty target does not build"
}

# The median of ROUNDS numbers, one a line.
median()
{
	sort -g | sed -n "$(((ROUNDS + 1) / 2))p"
}

# Prints ROUNDS lines: executions and operations per CPU-second of the target, and executions of the
# empty one, just before and just after in the mean.
measure_rounds() # TARGET
{
	local program=$programs/$1 seeds count round before
	mapfile -t seeds < <(seeds_of "$1")
	count=$(runs_of_a_round "$program" "${seeds[@]}")
	measure "$SCRATCH/empty" 1 $EMPTY_RUNS
	for ((round = 1; round <= ROUNDS; round++)); do
		before=$rate
		measure "$program" $round "$count" "${seeds[@]}"
		printf '%d\t%d\t' "$rate" "$ops_rate"
		measure "$SCRATCH/empty" $round $EMPTY_RUNS
		echo $(((before + rate) / 2))
	done
}

# Target, rate, E, percent of it, goal, operations, those for each execution of the empty target, their
# goal, verdict, why not; tabs between.
speed_row() # TARGET
{
	local target=$1 rounds percent goal='' ops_per_empty ops_goal=0 why='' verdict=met
	rounds=$(measure_rounds "$target") || exit
	percent=$(awk '{ printf "%.3f\n", 100 * $1 / $3 }' <<<"$rounds" | median)
	ops_per_empty=$(awk '{ printf "%.3f\n", $2 / $3 }' <<<"$rounds" | median)
	IFS=$'\t' read -r _ goal why < <(grep -P "^${target#fuzz_}\t" "$SPEEDS")
	[[ $goal != *,* ]] || ops_goal=${goal#*,} goal=${goal%,*}
	below "$percent" $FLOOR && verdict=slow
	below "$percent" "${goal:-$GOAL}" && verdict=missed
	below "$ops_per_empty" "$ops_goal" && verdict=missed
	printf '%s\t%d\t%d\t%s\t%s\t%d\t%s\t%s\t%s\t%s\n' "${target#fuzz_}" \
		"$(cut -f 1 <<<"$rounds" | median)" "$(cut -f 3 <<<"$rounds" | median)" "$percent" "${goal:-$GOAL}" \
		"$(cut -f 2 <<<"$rounds" | median)" "$ops_per_empty" "$ops_goal" $verdict \
		"$([ $verdict = met ] || echo "${why:-(why does fuzz/speeds not say)}")"
}

print_speeds() # rows on standard input
{
	local target rate empty percent goal ops ops_per_empty ops_goal verdict why
	printf '%-16s %12s %8s %6s %8s %8s %6s  %s\n' target exec/CPU-s '% of E' goal 'M ops' 'ops/E' goal ''
	while IFS=$'\t' read -r target rate empty percent goal ops ops_per_empty ops_goal verdict why; do
		[ "$ops" != 0 ] || ops=- ops_per_empty=-
		[ "$ops_goal" != 0 ] || ops_goal=-
		printf '%-16s %12d %8.2f %6s %8s %8s %6s  %-6s %s\n' "$target" "$rate" "$percent" "$goal" \
			"$(awk "BEGIN { print \"$ops\" == \"-\" ? \"-\" : sprintf(\"%.2f\", \"$ops\" / 1e6) }")" \
			"$ops_per_empty" "$ops_goal" "$verdict" "$why"
	done
}

speeds_as_json()
{
	jq -R -s 'split("\n") | map(select(. != "") | split("\t") | {target: .[0],
		exec_per_cpu_second: (.[1] | tonumber), empty: (.[2] | tonumber),
		percent: (.[3] | tonumber), goal_percent: (.[4] | tonumber),
		operations_per_cpu_second: (.[5] | tonumber), operations_per_empty: (.[6] | tonumber),
		goal_operations_per_empty: (.[7] | tonumber), verdict: .[8], why: .[9]})'
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
