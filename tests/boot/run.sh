#!/bin/bash
# The main job: whole runs, from power-on to the verdict.
set -uo pipefail
cd "$(dirname "$0")/../.."
. tests/tap.sh
. tests/system.sh

# The same document, whatever its layout.
same_json() # A B
{
	[ "$(tr -d ' \n' <"$1")" = "$(tr -d ' \n' <"$2")" ]
}

trusted='^TRUSTED host=merlon-1 launch=drtm boot=[0-9]+\.[0-9] s$'
ok "the first run provisions, enrolls and is trusted" make_host
has "it enrolled the host" "$system/first.log" '^ENROLLED host=merlon-1$'

# Different machines, the same measurements: the policy is predicted once for all of them.
# Of the 5 GiB, Bochs' BIOS leaves one above 4 GiB.
shapes=("--smp 1" "--smp 8" "--smp 2 --mem 5120" "--smp 2 --mem 256" "--smp 4")
boots=${MERLON_FULL:+10}
boots=${boots:-3}
rm -rf "$system"/boot-*
one()
{
	# shellcheck disable=SC2086
	start "boot-$1" ${shapes[$1 % ${#shapes[@]}]}
}
in_lanes one $(seq 0 $((boots - 1)))
for i in $(seq 0 $((boots - 1))); do
	verdict "boot-$i" 0 "$trusted"
	ok "boot-$i: no second enrollment" bash -c "! grep -q ENROLLED '$system/boot-$i.log'"
done
is "every policy is the same" "$(sha256sum "$system"/boot-*/policy.json | cut -d' ' -f1 | sort -u | wc -l)" 1
has "eight processors run" "$system/boot-1/sim/com1.log" 'Boot: [0-9]+: 8 CPUs'
has "memory above 4 GiB is used" "$system/boot-2/sim/com1.log" 'memory: 40[0-9][0-9] MiB usable'

# What was written for other people's tools.
out=$system/first/out
evidence=$(ls "$system"/host/verifier/evidence/*.json | tail -n 1)
nonce=$(sed -n 's/.*"nonce": "\([0-9a-f]*\)".*/\1/p' "$evidence")
ok "tpm2_checkquote accepts the quote" bash -c "cd '$out' && tpm2_checkquote -u merlon-1.ak.pem -m merlon-1.msg \
	-s merlon-1.sig -f merlon-1.pcrs -g sha256 -q '$nonce' >/dev/null"
ok "and refuses it for another nonce" bash -c "cd '$out' && ! tpm2_checkquote -u merlon-1.ak.pem -m merlon-1.msg \
	-s merlon-1.sig -f merlon-1.pcrs -g sha256 -q '00$nonce' >/dev/null 2>&1"
for log in txt-drtm vmk; do
	ok "tpm2_eventlog reads the $log log" bash -c "tpm2_eventlog '$out/merlon-1.$log.log' >/dev/null"
done
build/bin/vmkpredict capture --log "$out/merlon-1.txt-drtm.log" --name txtsim --sinit build/sinit.bin \
	--out "$system/captured.json"
ok "the platform layer, captured from the log, is the one that was predicted from" \
	same_json "$system/captured.json" policy/platforms/txtsim.json
build/bin/vmkverify replay "$evidence" --policy "$system/first/policy.json" --state "$system/host/verifier" \
	>"$system/replay.log"
ok "the recorded evidence replays to the same verdict, marked as a record" bash -c "tail -n 1 '$system/replay.log' |
	grep -qE '^TRUSTED host=merlon-1 launch=drtm recorded=20[0-9-]+T[0-9:]+Z\$'"

ok "nothing is left to build: a second run only runs" make -q all

start no-drtm --no-drtm
verdict no-drtm 1 '^UNTRUSTED host=merlon-1 reason=not-launched '
has "no-drtm: the kernel says so" "$system/no-drtm/sim/com1.log" 'Drtm Enabled: false'

# Who is too slow is told so, and what to do.
MERLON_TIMEOUT=1 start slow --smp 1
verdict slow 3 '^UNTRUSTED .* reason=unreachable what="the boot did not complete within 1 s of emulation \(MERLON_TIMEOUT allows more\)"$'
has "slow: how far it came is shown" "$system/slow.log" 'the last of the console: '

has "W^X is proven at each boot" "$system/boot-0/sim/com1.log" 'W.X audit: .* 0 both'
done_testing
