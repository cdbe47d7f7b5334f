# Two guests that work on one pCPU, and what each gets of it: source after tests/tap.sh and console_lib.sh. Each
# prints its rounds of work, eight hexadecimal digits a line.
# shellcheck shell=bash

# within PERCENT A B: A / B is 2.
within()
{
	[ -n "$2" ] && [ -n "$3" ] && awk -v p="$1" -v a="$2" -v b="$3" 'BEGIN { r = a / b / 2; exit !(r > 1 - p / 100 && r < 1 + p / 100) }'
}

# used VM: by the last answer of `sched stats get --json`, percent of a pCPU.
used()
{
	jq "map(select(.VM == \"$1\") | .USED | tonumber) | add" "$dir/answer"
}

# work GUEST: "milliseconds rounds" as the guest told them, of one day.
work()
{
	sed -nE "s/^[^T]*T([0-9]+):([0-9]+):([0-9]+)\.([0-9]+)Z.*World $1: \| ([0-9a-f]{8})\r*\$/\1 \2 \3 \4 \5/p" "$log" |
		while read -r h m s ms rounds; do
			echo $((((10#$h * 60 + 10#$m) * 60 + 10#$s) * 1000 + 10#$ms)) $((16#$rounds))
		done
}

# two_to_one HEAVY LIGHT SECONDS [PERCENT]: by accounting over so long, and by what both guests did while both worked.
two_to_one()
{
	local heavy light ms
	vmk vmk sched stats get --interval "$3" --json
	heavy=$(used "$1") light=$(used "$2")
	ok "by accounting 2:1 within 3 %: $heavy and $light % of a pCPU" within 3 "$heavy" "$light"
	vmk vm stop --hard "$1"
	is "$1 is switched off" $? 0
	vmk vm stop --hard "$2"
	is "$2 is switched off" $? 0
	work "$1" >"$dir/heavy.work"
	work "$2" >"$dir/light.work"
	# Between lines by interpolation.
	awk 'function at(t, time, rounds, n,   i) { for (i = 2; i < n && time[i] < t; i++); return rounds[i-1] + (rounds[i] - rounds[i-1]) * (t - time[i-1]) / (time[i] - time[i-1]) }
		NR == FNR { ht[++h] = $1; hr[h] = $2; next } { lt[++l] = $1; lr[l] = $2 }
		END { from = ht[1] > lt[1] ? ht[1] : lt[1]; to = ht[h] < lt[l] ? ht[h] : lt[l];
			print at(to, ht, hr, h) - at(from, ht, hr, h), at(to, lt, lr, l) - at(from, lt, lr, l), to - from }' \
		"$dir/heavy.work" "$dir/light.work" >"$dir/progress"
	read -r heavy light ms <"$dir/progress"
	ok "by the guests' progress 2:1 within ${4:-3} %: $heavy and $light rounds in $ms ms" within "${4:-3}" "$heavy" "$light"
}
