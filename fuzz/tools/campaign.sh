# A campaign: turns of at most ten minutes, each a process of its own, so that a target that leaks,
# crashes or hangs costs no other one anything, and a restart loses nothing.
# shellcheck shell=bash
. fuzz/tools/findings.sh
. fuzz/tools/merge.sh
TURN=600            # seconds
CRASHES_PER_TURN=20 # then the rest of the turn is somebody else's
CORPUS_FILES_MAX=20000
CORPUS_MIB_MAX=64
FREE_MIB_MIN=2048
HISTORY_LINES=2000

# Sets free, in MiB.
has_room()
{
	free=$(($(stat -f -c '%a * %S / 1048576' "$results")))
	[ "$free" -ge "$FREE_MIB_MIN" ]
}

# A corpus that has outgrown its bound is shrunk to what adds coverage.
bound_corpus() # TARGET
{
	local files mib
	files=$(find "$corpora/$1" -type f | wc -l)
	mib=$(du -sm "$corpora/$1" | cut -f 1)
	[ "$files" -gt "$CORPUS_FILES_MAX" ] || [ "$mib" -gt "$CORPUS_MIB_MAX" ] || return 0
	merge_corpus "$1"
	# What still does not fit: the largest inputs go.
	while [ "$(du -sm "$corpora/$1" | cut -f 1)" -gt "$CORPUS_MIB_MAX" ]; do
		find "$corpora/$1" -type f -printf '%s %p\n' | sort -rn | head -n 100 | cut -d ' ' -f 2- |
			xargs -d '\n' rm -f
	done
}

# One process of libFuzzer; its figures become a line of the target's history.
fuzz_once() # TARGET JOB SECONDS VALUE_PROFILE
{
	local target=$1 job=$2 state=$states/$1 log=$states/$1/job$2.log start=$SECONDS before status seeds cpu_used
	mapfile -t seeds < <(seeds_of "$target")
	read_cpu
	before=$cpu_used
	# shellcheck disable=SC2046
	MERLON_FUZZ_FIGURES=$state/figures$job "$programs/$target" -max_total_time="$3" \
		-use_value_profile="$4" -rss_limit_mb=2048 -timeout=20 -reload=10 -print_final_stats=1 \
		-artifact_prefix="$state/job$job-" $(options_of "$target") "$corpora/$target" "${seeds[@]}" \
		>"$log" 2>&1 &
	fuzzer=$!
	echo "$fuzzer" >"$state/job$job.pid"
	wait "$fuzzer"
	status=$?
	wait "$fuzzer" 2>/dev/null # a signal to this shell ends the first wait early
	fuzzer=
	read_cpu
	printf '%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n' "$(date +%s)" "$job" $((SECONDS - start)) \
		$((cpu_used - before)) "$(last_number "$log" stat::number_of_executed_units)" \
		"$(last_number "$log" cov)" "$(last_number "$log" ft)" \
		"$(find "$corpora/$target" -type f | wc -l)" "$(figure "$state/figures$job" 0)" \
		>>"$state/history.tsv"
	rm -f "$state/job$job.pid"
	return "$status"
}

take_findings() # TARGET JOB: what the process left goes into build/fuzz-findings/
{
	local file
	for file in "$states/$1/job$2"-*; do
		case $file in
		*-slow-unit-*) rm -f "$file" ;;
		*-crash-* | *-leak-* | *-timeout-* | *-oom-*) file_finding "$1" "$file" ;;
		esac
	done
}

turn() # TARGET JOB SECONDS ROUND
{
	local target=$1 job=$2 end=$((SECONDS + $3)) crashes=0 free
	fuzzer=
	stopping=
	trap 'stopping=1; [ -z "$fuzzer" ] || kill "$fuzzer" 2>/dev/null' TERM INT
	mkdir -p "$corpora/$target" "$states/$target"
	while [ -z "$stopping" ] && [ "$SECONDS" -lt "$end" ] && kill -0 "$campaign" 2>/dev/null &&
		[ "$crashes" -lt "$CRASHES_PER_TURN" ] && has_room; do
		# Value profile finds more and costs nearly half the speed: every other process has it.
		fuzz_once "$target" "$job" $((end - SECONDS)) $(((job + $4) % 2)) ||
			[ -n "$stopping" ] || crashes=$((crashes + 1))
		take_findings "$target" "$job"
	done
	[ "$job" -gt 0 ] || {
		bound_corpus "$target"
		tail -n "$HISTORY_LINES" "$states/$target/history.tsv" >"$states/$target/history.new" &&
			mv "$states/$target/history.new" "$states/$target/history.tsv"
	}
	print_turn "$target" "$job" "$crashes"
}

print_turn() # TARGET JOB CRASHES
{
	local when job wall cpu runs cov ft files ops
	IFS=$'\t' read -r when job wall cpu runs cov ft files ops < <(tail -n 1 "$states/$1/history.tsv")
	printf '%-26s %9d runs  %8d /CPU-s  %6d edges  %6d inputs%s\n' "$1" "$runs" \
		$((cpu > 0 ? runs * 100 / cpu : 0)) "$cov" "$files" \
		"$([ "$3" = 0 ] || echo "  $3 crashes")"
}

# At most JOBS turns at once.
wait_for_place() # JOBS
{
	while [ "$(jobs -rp | wc -l)" -ge "$1" ]; do
		wait -n
	done
}

# What a campaign has started ends with it, also if nobody could tell it so (kill -9): the next one
# need not wait for the lock.
end_with() # PID
{
	exec 9>&-
	tail --pid="$1" -f /dev/null
	local file pid
	for file in "$states"/*/job*.pid; do
		pid=$(cat "$file" 2>/dev/null) || continue
		[ ! "/proc/$pid/exe" -ef "$programs/$(basename "${file%/*}")" ] || kill "$pid"
	done
}

# All targets, one turn each; a single target has all the jobs.
round() # SECONDS JOBS ROUND TARGET...
{
	local seconds=$1 jobs=$2 number=$3 target i
	shift 3
	if [ $# = 1 ]; then
		for ((i = 0; i < jobs; i++)); do
			turn "$1" "$i" "$seconds" "$number" &
		done
	else
		for target; do
			wait_for_place "$jobs"
			[ -z "$interrupted" ] || break
			turn "$target" 0 "$seconds" "$number" &
		done
	fi
	while [ "$(jobs -rp | wc -l)" -gt 0 ]; do
		wait
	done
}

stop_campaign()
{
	interrupted=1
	# shellcheck disable=SC2046
	kill -TERM $(jobs -rp) 2>/dev/null
}

campaign() # SECONDS JOBS TARGET...
{
	local seconds=$1 jobs=$2 left=$1 number=0 known now part free
	shift 2
	interrupted=
	mkdir -p "$states" "$findings" "$corpora"
	exec 9>"$states/lock"
	flock -n 9 || die "a campaign is running here already (build/fuzz-state/lock is held)"
	build_targets "$@"
	known=$(count_findings "$@")
	campaign=$BASHPID
	# Not a child of this shell: bash can wait for one whose job is gone, though it is disowned.
	(end_with "$campaign" >/dev/null 2>&1 &)
	trap stop_campaign INT TERM
	# Without an end, and for days, everybody has a turn before anybody has a second one.
	while [ -z "$interrupted" ]; do
		has_room || die "$free MiB are left on the disk, fewer than $FREE_MIB_MIN: no room to go on"
		part=$((seconds == 0 || left > TURN ? TURN : left))
		round "$part" "$jobs" $((number++)) "$@"
		left=$((left - part))
		[ "$seconds" = 0 ] || [ "$left" -gt 0 ] || break
	done
	now=$(count_findings "$@")
	echo "$now findings in $findings/, $((now - known)) of them new"
	[ "$now" = "$known" ]
}
