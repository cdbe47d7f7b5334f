#!/bin/bash
# Drivers and worlds that are signed, and malformed: one boot with each malformation of each, all refused with
# what is wrong with them before anything of them runs. On QEMU. TAP output.
set -uo pipefail
cd "$(dirname "$0")/../.."
. tests/tap.sh
. tests/boot/boot_lib.sh
dir=build/tests/boot/malformed
log=$dir/malformed.log

has_qemu || {
	skip "malformed drivers and worlds" "no qemu-system-x86_64"
	done_testing
	exit
}
kernel_build "$dir"
make -s build/packages/{edu,spin}.pkg build/modules/e1000.elf build/bin/vmksign >>"$dir/make.log" 2>&1 || {
	echo "Bail out! make failed: $dir/make.log"
	exit 1
}

# value FILE OFFSET BYTES: a little-endian number
value()
{
	od -An -tu"$3" -j"$2" -N"$3" --endian=little "$1" | tr -d ' '
}
# put FILE OFFSET BYTE...: bytes in hexadecimal
put()
{
	local file=$1 at=$2
	shift 2
	printf "$(printf '\\x%s' "$@")" | dd of="$file" bs=1 seek="$at" conv=notrunc status=none
}
# header FILE TYPE [FLAGS]: where the first program header of this type begins (and with these flags: R 4, W 2, X 1).
header()
{
	local at
	for ((at = 64; at < 64 + 56 * 16; at += 56)); do
		[ "$(value "$1" "$at" 4)" != "$(($2))" ] || [ "$(value "$1" $((at + 4)) 4)" != "${3:-$(value "$1" $((at + 4)) 4)}" ] || break
	done
	echo "$at"
}
segment() { header "$1" 1 "$2"; }
relro=0x6474e552 stack=0x6474e551
# dynamic FILE INDEX: where this entry of PT_DYNAMIC lies.
dynamic() { echo $(($(value "$1" $(($(header "$1" 2) + 8)) 8) + 16 * $2)); }
# in_file FILE FLAGS ADDRESS: where a byte of the segment with these flags lies.
in_file()
{
	local at
	at=$(segment "$1" "$2")
	echo $(($3 - $(value "$1" $((at + 16)) 8) + $(value "$1" $((at + 8)) 8)))
}

# Each changes one thing. Fields of program headers (gABI): flags 4, offset 8, address 16, bytes in the file 32, in
# memory 40, alignment 48.
magic() { put "$1" 1 58; }
header_end() { truncate -s 57 "$1"; }
machine() { put "$1" 18 03; }
header_size() { put "$1" 52 41; }
no_headers() { put "$1" 56 00 00; }
headers_away() { put "$1" 39 80; }
entry() { put "$1" 24 40 00; }
short() { truncate -s 5000 "$1"; }
in_memory() { put "$1" $(($(segment "$1" 4) + 40)) 01 00; }
far() { put "$1" $(($(segment "$1" 5) + 20)) 01; }
wx() { put "$1" $(($(segment "$1" 5) + 4)) 07; }
unreadable() { put "$1" $(($(segment "$1" 5) + 4)) 01; }
alignment() { put "$1" $(($(segment "$1" 6) + 55)) 80; }
misaligned() { put "$1" $(($(segment "$1" 5) + 16)) 01; }
overlap() # the address, modulo a page as in the file
{
	local at=$(($(segment "$1" 5) + 17))
	put "$1" $at "$(printf %02x $(($(value "$1" $at 1) & 15)))"
}
interpreter() { put "$1" 64 03; }
stack() { put "$1" $(($(header "$1" $stack) + 4)) 07; }
relro_away() { put "$1" $(($(header "$1" $relro) + 47)) 80; }
relro_inside() { put "$1" $(($(header "$1" $relro) + 16)) 08; }
relro_twice()
{
	put "$1" $(($(header "$1" $stack) + 40)) 08
	put "$1" "$(header "$1" $stack)" 52 e5 74 64
}
dynamic_away() { put "$1" $(($(header "$1" 2) + 15)) 80; }
dynamic_end() { put "$1" $(($(header "$1" 2) + 32)) d0; }
needed() { put "$1" "$(dynamic "$1" 0)" 01; }
text_relocations() { put "$1" "$(dynamic "$1" 0)" 16; }
other_relocations() { put "$1" "$(dynamic "$1" 0)" 02; }
relocations_odd() { put "$1" $(($(dynamic "$1" 4) + 8)) 21; }
relocations_away() { put "$1" $(($(dynamic "$1" 3) + 15)) 80; }
# Of drivers alone: these have tables of RELA, and what the kernel calls must begin with ENDBR64.
no_pad() { put "$1" "$(in_file "$1" 5 "$(value "$1" 24 8)")" 90; }
rela() { echo $((16#$(readelf -dW "$1" | sed -n 's/.*(RELA) *0x//p'))); }
relocation_type() { put "$1" $(($(rela "$1") + 8)) 01; }
relocation_symbol() { put "$1" $(($(rela "$1") + 12)) 01; }
relocation_of_code() { put "$1" "$(rela "$1")" 00 10; }
relocation_out() { put "$1" $(($(rela "$1") + 20)) 01; }

# What is changed, and what the kernel says of it.
both=(
	"magic|not a 64-bit little-endian ELF file"
	"header_end|the file ends inside its header"
	"machine|not a position-independent x86-64 image"
	"header_size|unexpected header sizes"
	"no_headers|no or too many program headers"
	"headers_away|program headers outside the file"
	"entry|the entry point is not in an executable segment"
	"short|a segment's bytes lie outside the file"
	"in_memory|a segment's file size exceeds its memory size"
	"far|the image spans more than 64 MiB"
	"wx|a segment is writable and executable"
	"unreadable|a segment is not readable"
	"alignment|a segment's alignment is no power of two up to a page"
	"misaligned|a segment is misaligned"
	"overlap|segments overlap or are not in ascending order"
	"interpreter|it asks for an interpreter"
	"stack|it asks for an executable stack"
	"relro_away|PT_GNU_RELRO lies outside the image"
	"relro_inside|PT_GNU_RELRO is not the start of a writable segment"
	"relro_twice|there are two PT_GNU_RELRO"
	"dynamic_away|PT_DYNAMIC lies outside the file"
	"dynamic_end|PT_DYNAMIC has no end"
	"needed|it needs a shared library"
	"text_relocations|it relocates its code"
	"other_relocations|it has relocations other than RELA and RELR"
	"relocations_odd|DT_REL[AR] has an odd size"
	"relocations_away|DT_REL[AR] lies outside the image"
)
drivers=(
	"no_pad|its entry point has no landing pad"
	"relocation_type|a relocation is not R_X86_64_RELATIVE"
	"relocation_symbol|a relocation names a symbol: there is nothing to link against"
	"relocation_of_code|a relocation is outside writable data"
	"relocation_out|a relocation points outside the image"
)

# package NAME ELF MANIFEST
package()
{
	sed -e "s/^name=.*/name=$1/" -e "/^parameters=/d; /^restart=/d" "$3" >"$dir/$1.manifest"
	build/bin/vmksign package --manifest "$dir/$1.manifest" --payload "$2" --key build/keys/provider.key \
		--cert build/keys/provider.pem --chain build/keys/intermediate.pem --out "$dir/files/$1.pkg" || exit 1
	modules+=" --- $1.pkg"
}
# malformed KIND ELF MANIFEST CASE|WORDS...
malformed()
{
	local kind=$1 elf=$2 manifest=$3 name
	shift 3
	for name in "${@%%|*}"; do
		cp "$elf" "$dir/$name.elf"
		"$name" "$dir/$name.elf"
		package "$kind-${name//_/-}" "$dir/$name.elf" "$manifest"
	done
}
modules=config.pkg
malformed driver build/modules/e1000.elf kernel/vmkdev/drivers/edu/edu.manifest "${both[@]}" "${drivers[@]}"
malformed world build/worlds/spin.elf kernel/worlds/spin/spin.manifest "${both[@]}"
# The kernel takes 64 modules.
ok "all fit into one boot" test "$(grep -o 'pkg' <<<"$modules" | wc -l)" -le 64
sed -e "s/^modules=.*/modules=$modules/" -e 's/^kernelopt=.*/kernelopt=onboot=poweroff/' \
	tboot-integration/image/boot.cfg >"$dir/malformed.cfg"
tboot-integration/image/mkiso --boot-cfg "$dir/malformed.cfg" --from "$dir/files" --enable-tboot 0 \
	--out "$dir/malformed.iso" || exit 1
qemu "$dir" malformed -device edu
for row in "${both[@]}" "${drivers[@]}"; do
	name=${row%%|*}
	has "driver: $name" "$log" "driver-${name//_/-} did not start: bad-format: ${row#*|}"
done
for row in "${both[@]}"; do
	name=${row%%|*}
	has "world: $name" "$log" "World world-${name//_/-}: not started: ${row#*|} \(bad-format\)"
done
is "nothing of them runs" "$(grep -acE 'World world-[a-z-]*: version|Module: [0-9]+: driver-[a-z-]* drives' "$log")" 0
healthy malformed "$log"
done_testing
