	rm -rf "$states"/{programs,compared} # as large as all that is built
# A campaign: turns of at most ten minutes, each a process of its own, so that a target that leaks,
# crashes or hangs costs no other one anything, and a restart loses nothing.
# shellcheck shell=bash
. fuzz/tools/findings.sh
. fuzz/tools/merge.sh
. fuzz/tools/watch.sh
TURN=600            # seconds
CRASHES_PER_TURN=20 # then the rest of the turn is somebody else's
INTERRUPTED=72      # libFuzzer's status when it was asked to end: no crash
CORPUS_FILES_MAX=20000
CORPUS_MIB_MAX=64
LOG_KIB_MAX=262144 # of any file that a target writes
HISTORY_LINES=2000
HISTORY_COLUMNS=9

# A corpus that has outgrown its bound is shrunk to what adds coverage. Nobody fuzzes the target.
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

# A target that is built twice has its comparisons traced where their values are looked for, too.
program_of() # TARGET VALUE_PROFILE
{
	if [ "$2" = 1 ] && [ -x "$compared/$1" ]; then
		echo "$compared/$1"
	else
		echo "$programs/$1"
	fi
}

# Sets folders: where a process finds its seeds; a copy of its own without those that are set aside.
find_seeds() # TARGET JOB
{
	local file sum copy=$states/$1/seeds$2
	mapfile -t folders < <(seeds_of "$1")
	[ -s "$states/$1/aside" ] || return 0
	rm -rf "$copy"
	mkdir -p "$copy"
	find "${folders[@]}" -type f -exec sha1sum {} + | while read -r sum file; do
		grep -qx "$sum" "$states/$1/aside" || cp "$file" "$copy/$sum"
	done
	folders=("$copy")
}

# One process of libFuzzer; its figures become a line of the target's history.
fuzz_once() # TARGET JOB SECONDS VALUE_PROFILE
{
	local target=$1 job=$2 state=$states/$1 log=$states/$1/job$2.log start before status folders cpu_used
	find_seeds "$target" "$job"
	read_uptime
	start=$uptime
	read_cpu
	before=$cpu_used
	# shellcheck disable=SC2046
	(
		ulimit -S -f $LOG_KIB_MAX
		MERLON_FUZZ_FIGURES=$state/figures$job exec "$(program_of "$target" "$4")" -max_total_time="$3" \
			-use_value_profile="$4" -rss_limit_mb=2048 -timeout=20 -reload=10 -print_final_stats=1 \
			-artifact_prefix="$state/job$job-" $(options_of "$target") "$corpora/$target" "${folders[@]}"
	) >"$log" 2>&1 &
	fuzzer=$!
	[ -z "$stopping" ] || kill "$fuzzer" # the signal came before there was anything to end
	echo "$fuzzer" >"$state/job$job.pid"
	wait "$fuzzer"
	status=$?
	while kill -0 "$fuzzer" 2>/dev/null; do # a signal to this shell ended the wait early
		wait "$fuzzer"
		status=$?
	done
	fuzzer=
	read_cpu
	read_uptime
	printf '%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n' "$(date +%s)" "$job" $((uptime - start)) \
		$((cpu_used - before)) "$(last_number "$log" stat::number_of_executed_units)" \
		"$(last_number "$log" cov)" "$(last_number "$log" ft)" \
		"$(find "$corpora/$target" -type f | wc -l)" "$(figure "$state/figures$job" 0)" \
		>>"$state/history.tsv"
	rm -f "$state/job$job.pid"
	return "$status"
}

# A seed, or an input of the corpus, that fails would be the end of each process, before anything is
# changed: this campaign goes on without it, and the next one looks again.
set_aside() # TARGET FILE
{
	local folder file
	while read -r folder; do
		find "$folder" -maxdepth 1 -type f -size "$(stat -c %s "$2")c"
	done < <(seeds_of "$1") | while read -r file; do
		! cmp -s "$file" "$2" || sha1sum <"$file" | cut -c 1-40 >>"$states/$1/aside"
	done
	find "$corpora/$1" -type f -size "$(stat -c %s "$2")c" | while read -r file; do
		! cmp -s "$file" "$2" || mv "$file" "$states/$1/corpus-aside/"
	done
}

# What a process left goes into build/fuzz-findings/. Sets left: how much that was.
take_findings() # TARGET JOB: any job's, if it is *
{
	local file
	left=0
	for file in "$states/$1"/job$2-*; do
		case $file in
		*-slow-unit-* | *.report | *.stack) rm -f "$file" ;; # the latter of one that was not filed
		*-crash-* | *-leak-* | *-timeout-* | *-oom-*)
			left=$((left + 1))
			set_aside "$1" "$file"
			file_finding "$1" "$file"
			;;
		esac
	done
}

turn() # TARGET JOB SECONDS ROUND
{
	local target=$1 job=$2 end crashes=0 free left status uptime
	fuzzer=
	stopping=
	trap 'stopping=1; [ -z "$fuzzer" ] || kill "$fuzzer" 2>/dev/null' TERM INT
	read_uptime
	end=$((uptime + $3))
	while [ -z "$stopping" ] && [ "$uptime" -lt "$end" ] && kill -0 "$campaign" 2>/dev/null &&
		[ "$crashes" -lt "$CRASHES_PER_TURN" ] && has_room; do
		# Value profile finds more and costs nearly half the speed: every other process has it.
		fuzz_once "$target" "$job" $((end - uptime)) $(((job + $4) % 2))
		status=$?
		take_findings "$target" "$job"
		read_uptime
		[ "$status" != 0 ] && [ "$status" != $INTERRUPTED ] && [ -z "$stopping" ] || continue
		crashes=$((crashes + 1))
		[ "$left" -gt 0 ] || {
			echo "$target: a process ended with status $status and left no input: $(tail -qn 1 "$states/$target/job$job.log")" >&2
			sleep 1 # a target that cannot even start would keep a processor busy with that
		}
	done
	print_turn "$target" "$job" "$crashes"
}

print_turn() # TARGET JOB CRASHES
{
	local when job wall cpu=0 runs=0 cov=0 ft files=0 ops
	IFS=$'\t' read -r when job wall cpu runs cov ft files ops < <(
		awk -F '\t' -v job="$2" '$2 == job { last = $0 } END { print last }' "$states/$1/history.tsv"
	)
	printf '%-26s %9d runs  %8d /CPU-s  %6d edges  %6d inputs%s\n' "$1" "$runs" \
		$((cpu > 0 ? runs * 100 / cpu : 0)) "$cov" "$files" \
		"$([ "$3" = 0 ] || echo "  $3 crashes")"
}

keep_program() # PROGRAM FOLDER
{
	cp "$1" "$2/" || die "no copy of $1 could be made"
}

# Before a target's first turn: what a campaign before, or its sudden end, has left.
begin_target() # TARGET
{
	local state=$states/$1 left
	mkdir -p "$state/corpus-aside"
	recover_corpus "$1"
	mv -t "$corpora/$1" "$state/corpus-aside"/* 2>/dev/null
	rm -rf "$state"/{aside,seeds*,job*.pid}
	take_findings "$1" '*'
	rm -f "$state/aside" # of an input that was left: it is tried again
	touch "$state/history.tsv"
	trim_history "$1"
	# Programs that are built meanwhile belong to the next campaign.
	keep_program "$programs/$1" "$states/programs"
	! looks_at_comparisons "$1" || keep_program "$compared/$1" "$states/compared"
}

# A line that was not written to its end goes, and so do those of long ago.
trim_history() # TARGET
{
	local history=$states/$1/history
	grep -aP "^\\d+(\t\\d+){$((HISTORY_COLUMNS - 1))}\$" "$history.tsv" | tail -n $HISTORY_LINES >"$history.new"
	mv "$history.new" "$history.tsv"
}

end_target() # TARGET: after its turn
{
	bound_corpus "$1"
	trim_history "$1"
}

# At most JOBS turns at once.
wait_for_place() # JOBS
{
	while [ "$(jobs -rp | wc -l)" -ge "$1" ]; do
		wait -n
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
			{
				turn "$target" 0 "$seconds" "$number"
				end_target "$target"
			} &
		done
	fi
	[ -z "$interrupted" ] || stop_campaign # the last may have come after the signal
	while [ "$(jobs -rp | wc -l)" -gt 0 ]; do
		wait
	done
	[ $# -gt 1 ] || end_target "$1"
}

stop_campaign()
{
	interrupted=1
	# shellcheck disable=SC2046
	kill -TERM $(jobs -rp) 2>/dev/null
}

campaign() # SECONDS JOBS TARGET...
{
	local seconds=$1 jobs=$2 left_s=$1 number=0 known now part free target
	# At least two, so that each target runs with value profile and without.
	local turn_s=$((seconds == 0 || seconds > 2 * TURN ? TURN : (seconds + 1) / 2))
	shift 2
	interrupted=
	take_campaign_lock
	known=$(count_findings "$@")
	build_targets "$@"
	build_compared "$@"
	rm -rf "$states"/{programs,compared}
	mkdir -p "$states"/{programs,compared}
	for target; do
		begin_target "$target"
	done
	programs=$states/programs compared=$states/compared
	campaign=$BASHPID
	# Not a child of this shell: bash can wait for one whose job is gone, though it is disowned.
	(watch_campaign >/dev/null 2>&1 &)
	trap stop_campaign INT TERM
	# Without an end, and for days, everybody has a turn before anybody has a second one.
	while [ -z "$interrupted" ]; do
		has_room || die "$free MiB are left on the disk, fewer than $FREE_MIB_MIN: no room to go on"
		part=$((seconds == 0 || left_s > turn_s ? turn_s : left_s))
		round "$part" "$jobs" $((number++)) "$@"
		left_s=$((left_s - part))
		[ "$seconds" = 0 ] || [ "$left_s" -gt 0 ] || break
	done
	now=$(count_findings "$@")
	echo "$now findings in $findings/, $((now - known)) of them new"
	[ "$now" = "$known" ]
}
