#!/bin/bash
# Sleep (S3) through tboot on both platforms: SEXIT, the reset that keeps memory, a second launch that
# measures the same, and tboot's return to the kernel with its memory verified. TAP output.
set -u
ROOT=$(cd "$(dirname "$0")/../.." && pwd)
. "$ROOT/tests/interop/txtsim_lib.sh"

build_kernel()
{
	clang-19 --target=i386-none-elf -std=gnu17 -Os -ffreestanding -fno-pic -fno-stack-protector -mno-sse \
		-Wall -Wextra -Werror -c "$ROOT/tests/interop/txtsim_sleep.c" -o "$SIM_DIR/kernel.o" &&
		ld.lld-19 -m elf_i386 -N -Ttext=0x4000000 -z noexecstack --defsym=image=0x4000000 \
			--defsym=image_end=_end -o "$SIM_DIR/kernel.elf" "$SIM_DIR/kernel.o" &&
		echo data >"$SIM_DIR/data.txt"
}

# tboot compresses a full memory log, which takes Bochs long: it logs to the serial port alone.
sleep_on() # NAME OPTION...
{
	local name=$1
	shift
	sim_run "$name" --mle "$SIM_DIR/kernel.elf" --module "$SIM_DIR/data.txt" --tboot "$ROOT/build/tboot.elf" \
		--tboot-args "logging=serial loglvl=all ap_wake_mwait=true" --no-reboot "$@"
	echo $? >"$SIM_DIR/$name.status"
}

check() # NAME
{
	local com1=$SIM_DIR/$1/com1.log log=$SIM_DIR/$1/txtsim.log
	grep -aq 'the test kernel goes to sleep' "$com1" && grep -q 'reset out of sleep' "$log"
	ok "$1: the machine sleeps" $? "$com1"
	grep -q 'TPM2_Startup(STATE) done' "$log"
	ok "$1: the TPM keeps its state" $? "$log"
	[ "$(grep -c 'SENTER: SINIT' "$log")" = 2 ] &&
		[ "$(grep -o 'launched PCR17 .*' "$log" | sort -u | wc -l)" = 1 ] &&
		[ "$(grep -o 'launched PCR18 .*' "$log" | sort -u | wc -l)" = 1 ]
	ok "$1: launched again, measured alike" $? "$log"
	grep -aq 'memory integrity OK' "$com1"
	ok "$1: tboot finds the kernel's memory as it was" $? "$com1"
	grep -aq 'the test kernel is resumed' "$com1" && grep -aq 'memory is as it was' "$com1" &&
		grep -aq 'launched again' "$com1"
	ok "$1: and resumes the kernel, measured" $? "$com1"
	[ "$(cat "$SIM_DIR/$1.status")" = 0 ] && [ "$(grep -c 'SEXIT: the measured' "$log")" = 2 ]
	ok "$1: which switches the machine off through tboot" $? "$log"
}

build_kernel >"$SIM_DIR/kernel.log" 2>&1
ok "a kernel that sleeps" $? "$SIM_DIR/kernel.log"
sleep_on qemu --platform qemu
check qemu
if [ -n "${MERLON_FULL:-}" ]; then
	sleep_on qemu-4 --platform qemu --smp 4
	check qemu-4
	sleep_on bochs
	check bochs
fi
finish
