# Small guests in assembly for the VMX world: source after tests/tap.sh.
# shellcheck shell=bash

# flat_c DIR NAME SOURCE: DIR/NAME.c.o of SOURCE.c, if there is one; it joins the caller's objects.
flat_c()
{
	[ -e "$3.c" ] || return 0
	objects+=("$1/$2.c.o")
	clang-19 --target=i386-none-elf -std=gnu17 -O1 -Wall -Wextra -Werror -ffreestanding -fno-pic \
		-mno-sse -mno-mmx -mno-80387 -I. -c -o "$1/$2.c.o" "$3.c"
}

# flat_guest DIR NAME VCPUS [MANIFEST-LINE...]: DIR/NAME.pkg from tests/boot/guests/flat/NAME.S and NAME.c, if there is
# one; NAME:SOURCE takes another source's.
flat_guest()
{
	local dir=$1 name=${2%:*} source=tests/boot/guests/flat/${2#*:} vcpus=$3
	local objects=("$dir/$name.o")
	shift 3
	flat_c "$dir" "$name" "$source" &&
		clang-19 --target=i386-none-elf -I. -c -o "$dir/$name.o" "$source.S" &&
		ld.lld-19 -m elf_i386 --oformat binary -Ttext 0x7c00 -o "$dir/$name.bin" "${objects[@]}" &&
		flat_package "$dir" "$name" "$vcpus" "$name.bin" "$@"
}

# elf_guest DIR NAME [MANIFEST-LINE...]: DIR/NAME.pkg with one vCPU, an ELF file at 2 MiB.
elf_guest()
{
	local dir=$1 name=$2
	local objects=("$dir/$name.o")
	shift 2
	flat_c "$dir" "$name" "tests/boot/guests/flat/$name" &&
		clang-19 --target=i386-none-elf -I. -c -o "$dir/$name.o" "tests/boot/guests/flat/$name.S" &&
		ld.lld-19 -m elf_i386 --image-base=0x200000 -o "$dir/$name.elf" "${objects[@]}" &&
		flat_package "$dir" "$name" 1 "$name.elf" "$@"
}

# flat_package DIR NAME VCPUS KERNEL [MANIFEST-LINE...]: DIR/NAME.pkg of DIR/KERNEL.
flat_package()
{
	local dir=$1 name=$2 vcpus=$3 kernel=$4 memory=(memory-kib=4096)
	shift 4
	[[ " $*" != *" memory-kib="* ]] || memory=()
	printf '%s\n' "name=$name" version=1.0.0 provider=Merlon kind=vm level=PartnerSupported \
		"vcpus=$vcpus" "${memory[@]}" "$@" >"$dir/$name.manifest" &&
		build/bin/vmksign vm-image --out "$dir/$name.vm" kernel="$dir/$kernel" &&
		build/bin/vmksign package --manifest "$dir/$name.manifest" --payload "$dir/$name.vm" \
		--key build/keys/provider.key --cert build/keys/provider.pem \
		--chain build/keys/intermediate.pem --out "$dir/$name.pkg"
}
