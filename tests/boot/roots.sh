#!/bin/bash
# A root is replaced: a kernel with the old and the new one takes packages of both; the next, with the new one alone,
# refuses those of the old, and so does the first where a policy revokes the old root's key. On QEMU. TAP output.
set -uo pipefail
cd "$(dirname "$0")/../.."
. tests/tap.sh
. tests/boot/boot_lib.sh
dir=build/tests/boot/roots

has_qemu || {
	skip "two roots" "no qemu-system-x86_64"
	done_testing
	exit
}
kernel_build "$dir"
make -s build/packages/config.pkg build/worlds/spin.elf build/bin/vmksign >>"$dir/make.log" 2>&1
old=build/keys new=$dir/new
build/bin/vmksign keys --out "$new" >>"$dir/make.log" || exit 1

# package NAME KEYS PAYLOAD MANIFEST: by the provider of those keys.
package()
{
	build/bin/vmksign package --manifest "$4" --payload "$3" --key "$2/provider.key" --cert "$2/provider.pem" \
		--chain "$2/intermediate.pem" --out "$dir/files/$1.pkg"
}
# world NAME KEYS
world()
{
	sed "s/^name=.*/name=$1/" kernel/worlds/spin/spin.manifest >"$dir/$1.manifest"
	package "$1" "$2" build/worlds/spin.elf "$dir/$1.manifest"
}
world spin-old "$old"
world spin-new "$new"
# A host is configured by somebody whom its kernel trusts.
package config-new "$new" tboot-integration/image/host.cfg tboot-integration/image/config.manifest
echo "revoked-keys=$(openssl x509 -in "$old/root.pem" -noout -pubkey | openssl pkey -pubin -outform DER |
	sha256sum | cut -d ' ' -f 1)" >"$dir/policy"
printf 'name=policy\nversion=1\nprovider=Merlon\nkind=policy\nlevel=PartnerSupported\n' >"$dir/policy.manifest"
package policy "$new" "$dir/policy" "$dir/policy.manifest"

# kernel_with ROOT...: the kernel that takes these; only what knows of them is made anew.
kernel_with()
{
	local kernel=$PWD/$dir/kernel
	[ -d "$kernel" ] || cp -a build/kernel "$kernel"
	make -s KB="$kernel" ROOTS="$*" "$kernel/vmkernel.elf" >>"$dir/make.log" 2>&1 || {
		echo "Bail out! make failed: $dir/make.log"
		exit 1
	}
	cp "$kernel/vmkernel.elf" "$dir/files/"
}
# boot NAME MODULE...
boot()
{
	local name=$1 modules
	shift
	printf -v modules ' --- %s.pkg' "$@"
	sed -e "s/^modules=.*/modules=${modules# --- }/" -e 's/^kernelopt=.*/kernelopt=onboot=poweroff/' \
		tboot-integration/image/boot.cfg >"$dir/$name.cfg"
	tboot-integration/image/mkiso --boot-cfg "$dir/$name.cfg" --from "$dir/files" --enable-tboot 0 \
		--out "$dir/$name.iso" || exit 1
	qemu "$dir" "$name"
	has "$name: the boot completes" "$dir/$name.log" 'Boot: [0-9]+: Boot Complete after'
}
starts() # NAME WORLD
{
	has "$1: $2 starts" "$dir/$1.log" "World $2: version .* starts"
}
refused() # NAME WORLD REASON
{
	has "$1: $2 is refused" "$dir/$1.log" "$2.pkg refused: $3"
	ok "$1: nothing of $2 runs" test "$(grep -ac "World $2: version" "$dir/$1.log")" = 0
}

kernel_with "$old/root.der" "$new/root.der"
boot both config spin-old spin-new
starts both spin-old
starts both spin-new
boot revoked config-new spin-old spin-new policy
refused revoked spin-old revoked
starts revoked spin-new
kernel_with "$new/root.der"
boot after config-new spin-old spin-new
refused after spin-old unknown-signer
starts after spin-new
done_testing
