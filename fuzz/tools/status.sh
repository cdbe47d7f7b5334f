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

# Sums over a target's history, and the last turn's edges: runs, hundredths of CPU-seconds, edges.
history_of() # TARGET
{
	awk -F '\t' '{ runs += $5; cpu += $4; if ($6) edges = $6 } END { print runs + 0, cpu + 0, edges + 0 }' \
		"$states/$1/history.tsv" 2>/dev/null || echo 0 0 0
}

row_of() # TARGET: tab-separated: target rate edges corpus crashes age-of-the-last-path CPU-seconds
{
	local runs cpu edges live newest now
	read -r runs cpu edges < <(history_of "$1")
	# A running process knows more edges than the last finished one.
	for live in "$states/$1"/job*.log; do
		live=$(last_number "$live" cov)
		[ "$live" -le "$edges" ] || edges=$live
	done
	now=$(date +%s)
	newest=$(find "$corpora/$1" -type f -printf '%T@\n' 2>/dev/null | sort -rn | head -n 1)
	printf '%s\t%s\t%s\t%s\t%s\t%s\t%s\n' "$1" $((cpu > 0 ? runs * 100 / cpu : 0)) "$edges" \
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
		jq -R -s 'split("\n") | map(select(. != "") | split("\t") | {target: .[0],
			exec_per_cpu_second: (.[1] | tonumber), edges: (.[2] | tonumber),
			corpus: (.[3] | tonumber), crashes: (.[4] | tonumber),
			last_path_seconds: (if .[5] == "-1" then null else .[5] | tonumber end),
			cpu_seconds: (.[6] | tonumber)})'
	else
		print_status
	fi
}

print_status()
{
	local target rate edges corpus crashes last cpu
	printf '%-26s %12s %7s %7s %7s %9s  %s\n' target exec/CPU-s edges corpus crashes CPU-s 'last new path'
	while IFS=$'\t' read -r target rate edges corpus crashes last cpu; do
		printf '%-26s %12d %7d %7d %7d %9d  %s\n' "$target" "$rate" "$edges" "$corpus" "$crashes" \
			"$cpu" "$([ "$last" = -1 ] && echo none || echo "$(age "$last") ago")"
	done
}
