#!/bin/bash
# A host at the lowest acceptance level: what loads there without a signature and what does not, and that
# no policy accepts it by default. (What is refused at the usual level: tests/boot/packages.sh.) TAP output.
set -uo pipefail
cd "$(dirname "$0")/../.."
. tests/tap.sh
. tests/boot/boot_lib.sh
dir=build/tests/attack/packages
vmksign=build/bin/vmksign

has_qemu || {
	skip "a host at CommunitySupported" "qemu-system-x86_64 is not installed"
	done_testing
	exit
}
kernel_build "$dir"

# package NAME LEVEL [VMKSIGN OPTIONS...]: a world that does not live long
package()
{
	sed -e "s/^name=.*/name=$1/" -e "s/^level=.*/level=$2/" -e /^restart/d kernel/worlds/fault/fault.manifest \
		>"$dir/$1.manifest"
	$vmksign package --manifest "$dir/$1.manifest" --payload build/worlds/fault.elf --out "$dir/files/$1.pkg" "${@:3}"
}
package lowest CommunitySupported
package claims Certified
package partner PartnerSupported --key build/keys/provider.key --cert build/keys/provider.pem \
	--chain build/keys/intermediate.pem
cp "$dir/files/lowest.pkg" "$dir/files/again.pkg"
# Its magic is none any more.
printf '\xff' | dd of="$dir/files/again.pkg" bs=1 seek=0 conv=notrunc status=none

# An unsigned policy, and a package in another provider's name: that one vmksign does not make, so that it is put
# together here.
printf 'name=freepolicy\nversion=1\nprovider=Merlon\nkind=policy\nlevel=CommunitySupported\n' >"$dir/freepolicy.manifest"
echo floor.lowest=9 >"$dir/policy"
$vmksign package --manifest "$dir/freepolicy.manifest" --payload "$dir/policy" --out "$dir/files/freepolicy.pkg"
$vmksign certificate --role provider --type p256 --name other --provider Other --level PartnerSupported \
	--issuer build/keys/intermediate.pem --issuer-key build/keys/intermediate.key --out "$dir/other"
never()
{
	! package never PartnerSupported --key "$dir/other.key" --cert "$dir/other.pem" \
		--chain build/keys/intermediate.pem 2>/dev/null
}
ok "vmksign does not sign in another provider's name" never
package foreign PartnerSupported
openssl cms -sign -binary -noattr -nocerts -md sha256 -outform DER -in "$dir/files/foreign.pkg" \
	-signer "$dir/other.pem" -inkey "$dir/other.key" -out "$dir/foreign.cms"
# record TYPE FILE: one record of a package's trailer.
record()
{
	local bytes
	bytes=$(stat -c %s "$2")
	printf '%b' "\\x0$1\\0\\0\\0\\x$(printf %02x $((bytes % 256)))\\x$(printf %02x $((bytes / 256)))\\0\\0"
	cat "$2"
	head -c $(((8 - bytes % 8) % 8)) /dev/zero
}
{
	record 1 "$dir/other.der"
	record 1 build/keys/intermediate.der
	record 2 "$dir/foreign.cms"
} >>"$dir/files/foreign.pkg"

# cfg NAME KERNEL-OPTIONS
cfg()
{
	sed -e 's/^modules=.*/modules=config.pkg --- lowest.pkg --- claims.pkg --- partner.pkg --- freepolicy.pkg --- foreign.pkg --- again.pkg/' \
		-e "s/^kernelopt=.*/kernelopt=$2/" tboot-integration/image/boot.cfg >"$dir/$1.cfg"
}
# boots NAME KERNEL-OPTIONS: the log is $dir/NAME.log
boots()
{
	cfg "$@"
	tboot-integration/image/mkiso --boot-cfg "$dir/$1.cfg" --from "$dir/files" --out "$dir/$1.iso" --enable-tboot 0 &&
		qemu "$dir" "$1" -smp 2
}
boots community 'onboot=poweroff acceptanceLevel=CommunitySupported'
log=$dir/community.log
has "the log names the level" "$log" 'host acceptance level: CommunitySupported'
has "and warns" "$log" 'packages without a signature may load'
has "an unsigned package of the lowest level loads" "$log" \
	'Package: [0-9]+: lowest .* \(world, CommunitySupported\) unsigned'
has "and runs" "$log" 'World lowest: '
has "one that claims more does not" "$log" 'claims.pkg refused: unsigned: without a signature'
has "a signed one loads as elsewhere" "$log" 'Package: [0-9]+: partner .* signed by'
has "an unsigned policy does not take the place of a signed one" "$log" \
	'freepolicy.pkg refused: unsigned: a policy needs a signature on every host'
has "nothing is signed in another provider's name" "$log" 'foreign.pkg refused: wrong-provider: '
has "what is no package is refused there too" "$log" 'again.pkg refused: bad-format'
ok "no panic" test "$(grep -ac PANIC "$log")" = 0

boots odd 'onboot=poweroff acceptanceLevel=Comunity'
has "a level that there is none: said" "$dir/odd.log" 'acceptanceLevel=: expected the name of an acceptance level'
has "a level that there is none: nothing loads by mistake" "$dir/odd.log" 'partner.pkg refused: level-too-low'

# --- by files alone
refused()
{
	! "$@"
}
dry_run() # BOOT-CFG
{
	$vmksign dry-run --root build/keys/root.der --boot-cfg "$1" --dir "$dir/files" >"$dir/dry-run" 2>&1
}
ok "dry-run: not all of them load" refused dry_run "$dir/community.cfg"
has "dry-run: what does, without a signature" "$dir/dry-run" 'lowest.pkg: loads: .* unsigned'
has "dry-run: what does not, and why" "$dir/dry-run" 'claims.pkg: refused: unsigned: '
is "dry-run: the kernel's words" "$(sed -n 's/.*claims.pkg: refused: //p' "$dir/dry-run")" \
	"$(tr -d '\r' <"$log" | sed -n 's/.*claims.pkg refused: //p')"

rm "$dir/files/again.pkg"
sed -i 's/ --- again.pkg//' "$dir/community.cfg"
predict() # OPTIONS...
{
	build/bin/vmkpredict policy --boot-cfg "$dir/community.cfg" --dir "$dir/files" --tboot build/tboot.elf \
		--tboot-args x --sinit build/sinit.bin --platform policy/platforms/txtsim.json "$@" >"$dir/predict" 2>&1
}
ok "no policy is made for such a host by mistake" refused predict
has "and it is said why" "$dir/predict" 'CommunitySupported lets unsigned packages load'
ok "one is where it is meant" predict --allow-community
has "and names the level" "$dir/predict" 'host level CommunitySupported'
done_testing
