#!/bin/bash
# The main job: whole runs, from power-on to the verdict.
set -uo pipefail
cd "$(dirname "$0")/../.."
. tests/tap.sh
. tests/system.sh

trusted='^TRUSTED host=merlon-1 launch=drtm boot=[0-9]+\.[0-9] s$'
ok "the first run provisions, enrolls and is trusted" make_host
has "it enrolled the host" "$system/first.log" '^ENROLLED host=merlon-1$'

# Different machines, the same measurements: the policy is predicted once for all of them.
boots=10
one()
{
	local shapes=("--smp 1" "--smp 2" "--smp 4" "--smp 8" "--smp 2 --mem 5120" "--smp 2 --mem 256")
	# shellcheck disable=SC2086
	start "boot-$1" ${shapes[$1 % ${#shapes[@]}]}
}
in_lanes one $(seq 0 $((boots - 1)))
for i in $(seq 0 $((boots - 1))); do
	verdict "boot-$i" 0 "$trusted"
	ok "boot-$i: no second enrollment" bash -c "! grep -q ENROLLED '$system/boot-$i.log'"
done
is "every policy is the same" "$(sha256sum "$system"/boot-*/policy.json | cut -d' ' -f1 | sort -u | wc -l)" 1
has "eight processors run" "$system/boot-3/sim/com1.log" 'Boot: [0-9]+: 8 CPUs'
has "memory above 4 GiB is used" "$system/boot-4/sim/com1.log" 'memory: (4[89]|50)[0-9][0-9] MiB usable'

# What was written for other people's tools.
out=$system/boot-1/out
ok "tpm2_checkquote accepts the quote" bash -c "cd '$out' && tpm2_checkquote -u ak.pem -m *.msg -s *.sig -f *.pcrs -g sha256 \
	-q \$(cat nonce.hex 2>/dev/null || cat *.nonce) >/dev/null"
for log in "$out"/*drtm*.bin "$out"/*vmk*.bin; do
	ok "tpm2_eventlog reads $(basename "$log")" bash -c "tpm2_eventlog '$log' >/dev/null"
done
ok "the platform layer can be captured from the log" build/bin/vmkpredict capture --log "$(ls "$out"/*drtm*.bin)" --name txtsim \
	--sinit build/sinit.bin --out "$system/captured.json"
ok "and is the one that was predicted from" build/bin/vmkpredict policy --boot-cfg tboot-integration/image/boot.cfg \
	--dir "$system/dir" --tboot build/third-party/tboot/boot/tboot.gz --tboot-args x --sinit build/sinit.bin \
	--platform "$system/captured.json" --out "$system/again.json"

start no-drtm --no-drtm
verdict no-drtm 1 '^UNTRUSTED host=merlon-1 reason=not-launched '
has "no-drtm: the kernel says so" "$system/no-drtm/sim/com1.log" 'Drtm Enabled: false'

has "W^X is proven at each boot" "$system/boot-0/sim/com1.log" 'W.X audit: .* 0 both'
done_testing
