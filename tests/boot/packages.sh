#!/bin/bash
# Bad packages among good ones in one boot: each is refused with its reason, nothing of it runs, and the
# host answers all the same; then a stranger floods the attester.
set -uo pipefail
cd "$(dirname "$0")/../.."
. tests/tap.sh
dir=$PWD/build/tests/packages
log=$dir/sim/com1.log
rm -rf "$dir"
mkdir -p "$dir/files" "$dir/stranger"
cp build/kernel/vmkernel.elf build/packages/{config,e1000,agent,selftest}.pkg "$dir/files/"

# --- a stranger's signature, none at all, a file cut short, one bit changed, no package at all
build/bin/vmksign keys --out "$dir/stranger" >/dev/null
package() # NAME KEY CERT
{
	sed "s/^name=.*/name=$1/" kernel/worlds/fault/fault.manifest >"$dir/$1.manifest"
	build/bin/vmksign package --manifest "$dir/$1.manifest" --payload build/worlds/fault.elf --key "$2" --cert "$3" \
		--out "$dir/files/$1.pkg"
}
package stranger "$dir/stranger/signer.key" "$dir/stranger/signer.pem"
package flipped build/keys/signer.key build/keys/signer.pem
package cut build/keys/signer.key build/keys/signer.pem
package unsigned build/keys/signer.key build/keys/signer.pem
printf '\xff' | dd of="$dir/files/flipped.pkg" bs=1 seek=3000 conv=notrunc status=none
truncate -s -100 "$dir/files/cut.pkg"
# The signed part alone: its size stands in the header at offset 48.
truncate -s "$(od -An -tu8 -j 48 -N 8 "$dir/files/unsigned.pkg" | tr -d ' ')" "$dir/files/unsigned.pkg"
head -c 5000 build/kernel/vmkernel.elf >"$dir/files/garbage.pkg"

modules='config.pkg --- e1000.pkg --- stranger.pkg --- flipped.pkg --- cut.pkg --- unsigned.pkg --- garbage.pkg --- agent.pkg'
sed "s/^modules=.*/modules=$modules/" tboot-integration/image/boot.cfg >"$dir/boot.cfg"
tboot-integration/image/mkiso --boot-cfg "$dir/boot.cfg" --from "$dir/files" --enable-tboot 0 --out "$dir/boot.iso" || exit 1
port=$((20000 + RANDOM % 20000))
build/bin/txtsim run --iso "$dir/boot.iso" --workdir "$dir/sim" --smp 2 --net-fwd "udp:$port:5683" >"$dir/txtsim.log" 2>&1 &
sim=$!
trap 'kill $sim 2>/dev/null' EXIT
for _ in $(seq 600); do
	grep -aq 'attester listening' "$log" 2>/dev/null && break
	kill -0 $sim 2>/dev/null || break
	sleep 0.2
done

has "the attester starts" "$log" 'attester listening on'
has "a stranger's package is refused" "$log" 'stranger.pkg refused: unknown-signer'
has "a changed package is refused" "$log" 'flipped.pkg refused: bad-signature'
has "a truncated package is refused" "$log" 'cut.pkg refused: (truncated|bad-format)'
has "an unsigned package is refused" "$log" 'unsigned.pkg refused: unsigned'
has "what is no package is refused" "$log" 'garbage.pkg refused: bad-format'
ok "nothing of them runs" bash -c "! grep -aqE 'World (stranger|flipped|cut|unsigned)' '$log'"

# --- the flood: changed copies of a good request, without a valid Echo
ok "20,000 mutated datagrams are never answered with more than they brought" \
	build/bin/vmkflood "127.0.0.1:$port" 20000
ok "and the next good request is answered" bash -c \
	"build/bin/vmkverify enroll --host x --state '$dir/state' --addr 127.0.0.1:$port --wait 30 --ek-ca build/keys/signer.pem 2>&1 | grep -q 'reason=ek-untrusted'"
is "the attester was never restarted" "$(grep -ac 'World agent: version .* starts' "$log")" 1
ok "no panic" bash -c "! grep -aq PANIC '$log'"
done_testing
