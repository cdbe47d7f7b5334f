#!/bin/bash
# A reset that the guest asks for boots the machine again, with one CPU and with several: through the
# keyboard controller, port 0xcf9, and SENTER's refusal. No GRUB, no tboot: seconds. TAP output.
set -u
ROOT=$(cd "$(dirname "$0")/../.." && pwd)
. "$ROOT/tests/interop/txtsim_lib.sh"

resets_iso() # -> $SIM_DIR/resets.iso
{
	mkdir -p "$SIM_DIR/resets" &&
		clang-19 --target=i386-none-elf -c "$ROOT/tests/interop/txtsim_resets.S" \
			-o "$SIM_DIR/resets.o" &&
		ld.lld-19 --oformat binary -Ttext 0x7c00 -o "$SIM_DIR/resets/boot.bin" "$SIM_DIR/resets.o" &&
		xorriso -as mkisofs -quiet -b boot.bin -no-emul-boot -boot-load-size 4 \
			-o "$SIM_DIR/resets.iso" "$SIM_DIR/resets"
}

resets_iso >"$SIM_DIR/iso.log" 2>&1
ok "boot image" $? "$SIM_DIR/iso.log"
for cpus in 1 2 4 ${MERLON_FULL:+8}; do
	sim_run "$cpus" --iso "$SIM_DIR/resets.iso" --smp "$cpus" --mem 64
	ok "$cpus CPUs: three resets, then power off" $? "$SIM_DIR/$cpus/txtsim.log"
	printf '%d%d\n' 0 "$cpus" 1 "$cpus" 2 "$cpus" 3 "$cpus" >"$SIM_DIR/expected"
	cmp "$SIM_DIR/expected" "$SIM_DIR/$cpus/com1.log" >&2
	ok "$cpus CPUs: all run again after each" $? "$SIM_DIR/$cpus/com1.log"
	[ "$(grep -c 'platform reset$' "$SIM_DIR/$cpus/txtsim.log")" = 3 ] &&
		grep -q 'reset through the keyboard controller' "$SIM_DIR/$cpus/txtsim.log" &&
		grep -q 'TXT shutdown' "$SIM_DIR/$cpus/txtsim.log"
	ok "$cpus CPUs: each the way that was meant" $? "$SIM_DIR/$cpus/txtsim.log"
done
finish
