#!/bin/bash
# Two of Debian's kernels at once, each in a loop, on one pCPU with shares of 2:1: what each gets, by the scheduler's
# account and by what the guests get done. Only with --full: it is minutes of emulation. TAP output.
set -uo pipefail
cd "$(dirname "$0")/../.."
. tests/tap.sh
. tests/boot/boot_lib.sh
. tests/boot/guests/guests.sh
. tests/boot/guests/shares.sh
dir=build/tests/boot/vm_linux_shares${MERLON_VM_MACHINE:+_$MERLON_VM_MACHINE}
. tests/boot/console_lib.sh
patience=$((2 * patience))

if [ -z "${MERLON_FULL:-}" ]; then
	skip "Linux twice" "only with --full"
	done_testing
	exit
fi
console_prepare
kernel_build "$dir/build"
if ! kernel/port/fetch linux busybox >"$dir/fetch.log" 2>&1; then
	skip "Linux twice" "it cannot be fetched: $(tail -n 1 "$dir/fetch.log")"
	done_testing
	exit
fi

make -s build/packages/{console,vmx}.pkg build/bin/vmksign >>"$dir/build/make.log" 2>&1 &&
	linux_initrd "$dir/initrd" tests/boot/guests/linux-work &&
	linux_guest "$dir" heavy 1 "" "s/^autostart=.*/cpu-affinity=1\ncpu-shares=high/" >>"$dir/build/make.log" 2>&1 &&
	linux_guest "$dir" light 1 "" "s/^autostart=.*/cpu-affinity=1/" >>"$dir/build/make.log" 2>&1 || {
	echo "Bail out! make failed: $dir/build/make.log"
	exit 1
}
cp build/packages/{console,vmx}.pkg "$dir"/{heavy,light}.pkg "$dir/build/files/"
sed -e 's/^modules=.*/modules=config.pkg --- console.pkg --- vmx.pkg --- heavy.pkg --- light.pkg/' \
	-e 's/^kernelopt=.*/kernelopt=schedcheck=64/' -e 's/^enableTboot=.*/enableTboot=0/' tboot-integration/image/boot.cfg >"$dir/boot.cfg"
tboot-integration/image/mkiso --boot-cfg "$dir/boot.cfg" --from "$dir/build/files" --out "$dir/boot.iso" || exit 1
power_on --smp 2 --mem 768 --timeout "$patience" --iso "$dir/boot.iso"
ok "the console greets" wait_for 0 '^vmk> $'

# Together: the one that comes first would have the pCPU for itself.
vmk vm start heavy
is "one with high shares" $? 0
vmk vm start light
is "one with normal ones" $? 0
for guest in heavy light; do
	ok "$guest: Debian's kernel has a shell, which works" wait_for 0 "World $guest: \\| [0-9a-f]{8}\$"
done
answers "both are pinned to the same pCPU" 0 '^   CPU Affinity: 1$' vmk vm get light
# What Linux does at each tick of its clock it takes from its own share, and from a small one a larger part.
two_to_one heavy light 20 10
ok "both are gone" wait_for 0 'is gone, 0 KiB of virtual machines are left'
printf 'system shutdown poweroff\r' >&8
wait "$sim"
is "the host goes off" $? 0
ok "no panic, of nobody" test "$(grep -acE 'PANIC|Kernel panic' "$log")" = 0
healthy shares "$log"
done_testing
