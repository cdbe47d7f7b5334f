#!/bin/bash
# The replay of event logs beside tpm2_eventlog's: logs that are valid and otherwise anything give the
# same values of every PCR in the SHA-256 bank.
set -uo pipefail
cd "$(dirname "$0")/../.." || exit
. tests/tap.sh
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
logs=100
[ -z "${MERLON_FULL:-}" ] || logs=5000

# The SHA-256 bank as "PCR value" lines.
ours()
{
	build/bin/vmkverify log --json "$1" | jq -r '.pcrs.sha256 // .pcrs | to_entries[] | "\(.key) \(.value)"' | sort -n
}
theirs()
{
	tpm2_eventlog "$1" 2>/dev/null | sed -n '/^pcrs:/,$p' | sed -n '/sha256:/,/sha[^2]/s/^ *\([0-9]*\) *: 0x\([0-9a-f]*\)$/\1 \2/p' |
		sort -n
}

build/bin/vmkevlogs "$work" $logs
is "logs were made" "$(find "$work" -name '*.log' | wc -l)" $logs
differ=() pcrs=0
for ((i = 0; i < logs; i++)); do
	mine=$(ours "$work/$i.log") other=$(theirs "$work/$i.log")
	[ -n "$other" ] || [ -z "$mine" ] || differ+=("$i: not read by tpm2_eventlog")
	[ "$mine" = "$other" ] || differ+=("$i")
	pcrs=$((pcrs + $(grep -c . <<<"$mine")))
done
is "both replay each log to the same values" "${differ[*]:-}" ""
ok "of several PCRs in each log" test $pcrs -gt $((logs * 3))
done_testing
