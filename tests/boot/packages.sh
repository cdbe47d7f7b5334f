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

# --- a stranger's signature, none at all, a file cut short, one bit changed, a level that its signer may
# not give or the host does not take, a revoked signer, a version below the floor, another vmkapi, a name
# that is taken, no package at all
keys=$PWD/build/keys
build/bin/vmksign keys --out "$dir/stranger" >/dev/null
provider() # NAME [ORGANIZATION]: one more provider of ours
{
	build/bin/vmksign certificate --role provider --type p256 --name "$1" --provider "${2:-Merlon}" --level PartnerSupported \
		--issuer "$keys/intermediate.pem" --issuer-key "$keys/intermediate.key" --out "$dir/$1"
}
# package NAME KEY CHAIN [SED-EXPRESSION [MANIFEST PAYLOAD]]: KEY and CHAIN without .key and .pem
package()
{
	sed -e "s/^name=.*/name=$1/" -e "${4:-}" "${5:-kernel/worlds/fault/fault.manifest}" >"$dir/$1.manifest"
	build/bin/vmksign package --manifest "$dir/$1.manifest" --payload "${6:-build/worlds/fault.elf}" \
		--key "$2.key" --cert "$2.pem" --chain "$3.pem" --out "$dir/files/$1.pkg"
}
ours() # NAME [SED-EXPRESSION [MANIFEST PAYLOAD]]
{
	package "$1" "$keys/provider" "$keys/intermediate" "${@:2}"
}
package stranger "$dir/stranger/provider" "$dir/stranger/intermediate"
provider leaked
package revoked "$dir/leaked" "$keys/intermediate"
ours flipped
ours cut
ours unsigned
ours above s/PartnerSupported/Certified/
ours below s/PartnerSupported/CommunitySupported/
ours old '$a security-version=4'
ours same s/^name=.*/name=agent/
ours api s/^vmkapi=.*/vmkapi=1/ kernel/vmkdev/drivers/e1000/e1000.manifest build/modules/e1000.elf
{
	echo "revoked-keys=$(openssl x509 -in "$dir/leaked.pem" -noout -pubkey | openssl pkey -pubin -outform DER |
		sha256sum | cut -d ' ' -f 1)"
	echo floor.old=5
} >"$dir/policy"
printf 'name=policy\nversion=1\nprovider=Merlon\nkind=policy\nlevel=PartnerSupported\n' >"$dir/manifest"
ours policy '' "$dir/manifest" "$dir/policy"
printf '\xff' | dd of="$dir/files/flipped.pkg" bs=1 seek=3000 conv=notrunc status=none
truncate -s -100 "$dir/files/cut.pkg"
# The signed part alone: its size stands in the header at offset 48.
truncate -s "$(od -An -tu8 -j 48 -N 8 "$dir/files/unsigned.pkg" | tr -d ' ')" "$dir/files/unsigned.pkg"
head -c 5000 build/kernel/vmkernel.elf >"$dir/files/garbage.pkg"

is "a package is shown with the limits that apply" \
	"$(build/bin/vmksign show build/packages/selftest.pkg | grep -E '^(Handles|Log Rate): ' | tr '\n' ' ')" \
	"Handles: 16 Log Rate: 50 "

# The policy, last, is the first to load.
modules=config.pkg
for name in e1000 stranger flipped cut unsigned garbage above below revoked old api agent same policy; do
	modules+=" --- $name.pkg"
done
sed "s/^modules=.*/modules=$modules/" tboot-integration/image/boot.cfg >"$dir/boot.cfg"
tboot-integration/image/mkiso --boot-cfg "$dir/boot.cfg" --from "$dir/files" --enable-tboot 0 --out "$dir/boot.iso" || exit 1
port=$(free_port)
build/bin/txtsim run --iso "$dir/boot.iso" --workdir "$dir/sim" --smp 2 --net-fwd "udp:$port:5683" \
	--timeout "$patience" >"$dir/txtsim.log" 2>&1 &
sim=$!
trap 'kill $sim 2>/dev/null' EXIT
await "$sim" in_file 'attester listening on' "$log"

has "the attester starts" "$log" 'attester listening on'
has "a stranger's package is refused" "$log" 'stranger.pkg refused: unknown-signer'
has "a changed package is refused" "$log" 'flipped.pkg refused: bad-signature'
has "a truncated package is refused" "$log" 'cut.pkg refused: truncated'
has "an unsigned package is refused" "$log" 'unsigned.pkg refused: unsigned'
has "what is no package is refused" "$log" 'garbage.pkg refused: bad-format'
has "a level above its signer's is refused" "$log" 'above.pkg refused: level-too-high'
has "a level below the host's is refused" "$log" 'below.pkg refused: level-too-low'
has "a revoked signer's package is refused" "$log" 'revoked.pkg refused: revoked'
has "a version below the floor is refused" "$log" 'old.pkg refused: rolled-back'
has "a driver for another vmkapi is refused" "$log" 'api.pkg refused: wrong-vmkapi'
has "a name that is taken is refused" "$log" 'same.pkg refused: duplicate-name'
has "provider, package, version and level are named" "$log" \
	'Package: [0-9]+: policy 1 of Merlon \(policy, PartnerSupported\) signed by Merlon development provider'
has "the host's level is said" "$log" 'host acceptance level: PartnerSupported'
ok "nothing of them runs" bash -c "! grep -aqE 'World (stranger|flipped|cut|unsigned|above|below|revoked|old|same)' '$log'"

# --- the flood: changed copies of a good request, without a valid Echo
ok "20,000 mutated datagrams are never answered with more than they brought" \
	build/bin/vmkflood "127.0.0.1:$port" 20000
ok "and the next good request is answered" bash -c \
	"build/bin/vmkverify enroll --host x --state '$dir/state' --addr 127.0.0.1:$port --wait 30 --ek-ca build/keys/root.pem 2>&1 | grep -q 'reason=ek-untrusted'"
is "the attester was never restarted" "$(grep -ac 'World agent: version .* starts' "$log")" 1
ok "no panic" bash -c "! grep -aq PANIC '$log'"
done_testing
