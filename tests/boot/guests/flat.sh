# Small guests in assembly for the VMX world: source after tests/tap.sh.
# shellcheck shell=bash

# flat_guest DIR NAME VCPUS [MANIFEST-LINE...]: DIR/NAME.pkg from tests/boot/guests/flat/NAME.S; NAME:SOURCE takes
# another source's.
flat_guest()
{
	local dir=$1 name=${2%:*} source=${2#*:} vcpus=$3
	shift 3
	clang-19 --target=i386-none-elf -I. -c -o "$dir/$name.o" "tests/boot/guests/flat/$source.S" &&
		ld.lld-19 -m elf_i386 --oformat binary -Ttext 0x7c00 -o "$dir/$name.bin" "$dir/$name.o" &&
		printf '%s\n' "name=$name" version=1.0.0 provider=Merlon kind=vm level=PartnerSupported \
			"vcpus=$vcpus" memory-kib=4096 "$@" >"$dir/$name.manifest" &&
		build/bin/vmksign vm-image --out "$dir/$name.vm" kernel="$dir/$name.bin" &&
		build/bin/vmksign package --manifest "$dir/$name.manifest" --payload "$dir/$name.vm" \
			--key build/keys/provider.key --cert build/keys/provider.pem \
			--chain build/keys/intermediate.pem --out "$dir/$name.pkg"
}
