#!/bin/bash
# VM entry in stock Bochs and in our model: the same states end in the same way (fuzz/differential).
set -uo pipefail
cd "$(dirname "$0")/../.." || exit
. tests/tap.sh
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
vectors=40000
[ -z "${MERLON_FULL:-}" ] || vectors=400000

MERLON_FUZZ=$work ./build.sh fuzz --differential --vectors $vectors --jobs 2 --json >"$work/report" 2>"$work/log"
is "no difference is open" $? 0
cat "$work/log" "$work"/fuzz-differential/*/run/com1.log 2>/dev/null | grep -aA8 -E 'DIFFERENCE|did not end|OPEN' |
	head -n 40 | sed 's/^/# /'
is "two models of processor ran all vectors" "$(jq -r '[.[].vectors] | add' "$work/report")" $vectors
ok "at least a sixth of the entries succeed" jq -e 'all(.entered * 6 > .vectors)' "$work/report"
ok "each way to fail occurs" jq -e 'all(.controls > 0 and .host > 0 and .guest > 0 and .msr > 0)' "$work/report"
ok "nine tenths of all checks are seen passing and failing" jq -e 'all(.checks_both_ways >= 210)' "$work/report"
has "what is known of Bochs is seen again" <(cat "$work"/fuzz-differential/*/run/com1.log) '^KNOWN: G_RIP_64'

# The list of what Bochs cannot show is held against the run; here with a check that it does show.
unseen_is_stale()
{
	(
		. fuzz/tools/common.sh
		. fuzz/tools/differential.sh
		differential_dir=$work/fuzz-differential
		printf 'tigerlake\tC_PIN\tfailing\tnot so\n' | cat fuzz/differential/unseen - >"$work/unseen"
		differential_check_unseen "$work/unseen" 0
	) >"$work/stale" 2>&1
}
unseen_is_stale
is "a check that is listed as one that Bochs cannot show, and is seen, is noticed" $? 1
has "and named" "$work/stale" 'tigerlake has seen C_PIN failing'
is "and it alone" "$(wc -l <"$work/stale")" 1
done_testing
