# What campaigns have done so far, from what they leave in build/fuzz-state/.
# shellcheck shell=bash

age() # SECONDS: in words of one unit
{
	if [ "$1" -lt 120 ]; then
		echo "$1 s"
	elif [ "$1" -lt 7200 ]; then
		echo "$(($1 / 60)) min"
	else
		echo "$(($1 / 3600)) h"
	fi
}

# Runs, hundredths of CPU-seconds and operations of a process that is at work now; 0 0 0 without one.
running() # TARGET JOB
{
	local state=$states/$1 pid ticks runs
	pid=$(cat "$state/job$2.pid" 2>/dev/null) && is_fuzzer "$pid" "$1" || {
		echo 0 0 0
		return
	}
	ticks=$(awk '{ print $14 + $15 }' "/proc/$pid/stat" 2>/dev/null)
	runs=$(grep -aoE '^#[0-9]+' "$state/job$2.log" | tail -n 1)
	runs=${runs#\#}
	echo "${runs:-0}" $((${ticks:-0} * 100 / $(getconf CLK_TCK))) "$(figure "$state/figures$2" 0)"
}

# Sums over a target's history and what runs now, and the last turn's edges: runs, hundredths of
# CPU-seconds, operations, hundredths of CPU-seconds in which they were counted, edges.
history_of() # TARGET
{
	local log
	{
		[ ! -f "$states/$1/history.tsv" ] || cat "$states/$1/history.tsv"
		for log in "$states/$1"/job*.log; do
			log=${log##*/job}
			running "$1" "${log%.log}" | awk '{ printf "\t\t\t%s\t%s\t\t\t\t%s\n", $2, $1, $3 }'
		done
	} | awk -F '\t' '{ runs += $5; cpu += $4; if ($6) edges = $6 }
		$9 != "" { operations += $9; counted += $4 }
		END { print runs + 0, cpu + 0, operations + 0, counted + 0, edges + 0 }'
}

# Checks of a target's model: how many, seen to pass, seen to fail, by any of its processes.
checks_of() # TARGET
{
	local file count=0 more
	for file in "$states/$1"/figures*; do
		more=$(figure "$file" 1)
		count=$((more > count ? more : count))
	done
	for file in "$states/$1"/figures*; do
		[ "$count" = 0 ] || [ "$(figure "$file" 1)" != "$count" ] ||
			od -An -v -t u1 -w2 -j 32 -N $((2 * count)) "$file"
	done | awk -v count="$count" '{ n = (NR - 1) % count; pass[n] += $1; fail[n] += $2 }
		END { for (n = 0; n < count; n++) { p += pass[n] > 0; f += fail[n] > 0 }
			print count + 0, p + 0, f + 0 }'
}

row_of() # TARGET: a row of the table, its columns separated by tabs
{
	local runs cpu operations counted edges checks pass fail live newest now
	read -r runs cpu operations counted edges < <(history_of "$1")
	read -r checks pass fail < <(checks_of "$1")
	# A running process knows more edges than the last finished one.
	for live in "$states/$1"/job*.log; do
		live=$(last_number "$live" cov)
		[ "$live" -le "$edges" ] || edges=$live
	done
	now=$(date +%s)
	newest=$(find "$corpora/$1" -type f -printf '%T@\n' 2>/dev/null | sort -rn | head -n 1)
	printf '%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n' "$1" $((cpu > 0 ? runs * 100 / cpu : 0)) \
		$((counted > 0 ? operations * 100 / counted : 0)) "$edges" "$checks" "$pass" "$fail" \
		"$(find "$corpora/$1" -type f 2>/dev/null | wc -l)" \
		"$(find "$findings/$1" -mindepth 1 -maxdepth 1 -type d 2>/dev/null | wc -l)" \
		"$([ -z "$newest" ] && echo -1 || echo $((now - ${newest%.*})))" $((cpu / 100))
}

status() # JSON
{
	local target
	for target in $(all_targets); do
		[ ! -d "$states/$target" ] || row_of "$target"
	done | if [ -n "$1" ]; then
		jq -R -s 'split("\n") | map(select(. != "") | split("\t") | {target: .[0]} +
			(.[1:] | map(tonumber) | {exec_per_cpu_second: .[0],
			operations_per_cpu_second: (if .[1] == 0 then null else .[1] end), edges: .[2],
			checks: (if .[3] == 0 then null else {count: .[3], pass: .[4], fail: .[5]} end),
			corpus: .[6], crashes: .[7],
			last_path_seconds: (if .[8] == -1 then null else .[8] end), cpu_seconds: .[9]}))'
	else
		print_status
	fi
}

# Checks: seen to pass and to fail, of how many.
print_status()
{
	local target rate ops edges checks pass fail corpus crashes last cpu format='%-20s %10s %9s %6s %11s %6s %7s %8s  %s\n'
	# shellcheck disable=SC2059
	printf "$format" target exec/CPU-s ops/CPU-s edges checks corpus crashes CPU-s 'last new path'
	while IFS=$'\t' read -r target rate ops edges checks pass fail corpus crashes last cpu; do
		# shellcheck disable=SC2059
		printf "$format" "${target#fuzz_}" "$rate" "$([ "$ops" = 0 ] && echo - || echo "$ops")" \
			"$edges" "$([ "$checks" = 0 ] && echo - || echo "$pass/$fail/$checks")" "$corpus" \
			"$crashes" "$cpu" "$([ "$last" = -1 ] && echo none || echo "$(age "$last") ago")"
	done
}

# The table in the place of the one before, whole: it is made before that one goes.
status_live()
{
	local table
	while :; do
		table=$(status '')
		printf '\033[H\033[2J%s\n%s\n' "$(date '+%F %T')" "$table"
		sleep 2
	done
}
