#!/bin/bash
# The kernel without a measured launch on other platforms: QEMU (xAPIC, one-shot timer), 1 to 8
# CPUs, memory above 4 GiB, power off, reboot, panic. TAP output.
set -uo pipefail
cd "$(dirname "$0")/../.."
. tests/tap.sh
. tests/boot/boot_lib.sh
dir=build/tests/boot/platforms

has_qemu || {
	skip "boots on QEMU" "qemu-system-x86_64 is not installed"
	done_testing
	exit
}
kernel_build "$dir"

for smp in 1 4 8; do
	kernel_iso "$dir" "smp$smp" onboot=poweroff --enable-tboot 0
	qemu "$dir" "smp$smp" -smp "$smp"
	is "$smp CPUs: the machine switches itself off" $? 0
	healthy "$smp CPUs" "$dir/smp$smp.log"
	has "$smp CPUs: all run" "$dir/smp$smp.log" "Boot: [0-9]+: $smp CPUs"
	has "$smp CPUs: the last thing said is the power off" "$dir/smp$smp.log" 'Power: [0-9]+: power off'
done

kernel_iso "$dir" limit "onboot=poweroff cpus=2" --enable-tboot 0
qemu "$dir" limit -smp 4
has "cpus=2 uses two of four" "$dir/limit.log" 'Boot: [0-9]+: 2 CPUs'

kernel_iso "$dir" large onboot=poweroff --enable-tboot 0
qemu "$dir" large -m 6144 -smp 2
healthy "6 GiB" "$dir/large.log"
has "6 GiB: memory above 4 GiB is used" "$dir/large.log" 'memory: (5[89]|6[01])[0-9][0-9] MiB usable'

kernel_iso "$dir" reboot onboot=reboot --enable-tboot 0
qemu "$dir" reboot -smp 2
is "reboot: the machine resets" $? 0
has "reboot: and says so" "$dir/reboot.log" 'Power: [0-9]+: reboot'

kernel_iso "$dir" panic "onboot=panic onpanic=poweroff" --enable-tboot 0
qemu "$dir" panic -smp 4
is "panic: the machine is left" $? 0
has "panic: the reason is logged" "$dir/panic.log" 'Em\(176\).*PANIC cpu[0-3]: asked for by onboot=panic'
has "panic: with a symbolized backtrace" "$dir/panic.log" 'Panic: [0-9]+:   kmain_guarded\+0x'
ok "panic: no kernel address in the log" no_addresses "$dir/panic.log"
done_testing
