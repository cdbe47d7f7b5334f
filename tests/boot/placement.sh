#!/bin/bash
# Random placement: ten boots, ten virtual and physical places. The log never says where; the
# emulator's monitor does. TAP output.
set -uo pipefail
cd "$(dirname "$0")/../.."
. tests/tap.sh
. tests/boot/boot_lib.sh
dir=build/tests/boot/placement
boots=10

has_qemu || {
	skip "places of ten boots" "qemu-system-x86_64 is not installed"
	done_testing
	exit
}
kernel_build "$dir"
kernel_iso "$dir" place onboot=halt --enable-tboot 0

# Boot until the kernel halts, then ask the monitor for RIP and what it maps to.
place()
{
	local log=$dir/place.log monitor=$dir/monitor.$1 rip
	rm -f "$log"
	{
		for _ in $(seq 600); do
			sleep 0.1
			grep -aq 'Power: [0-9]*: halt' "$log" 2>/dev/null && break
		done
		sleep 0.2
		echo "info registers"
		sleep 0.2
		rip=$(grep -aoE 'RIP=[0-9a-f]{16}' "$monitor" | head -n 1)
		echo "gva2gpa 0x${rip#RIP=}"
		sleep 0.2
		echo quit
	} | timeout 90 qemu-system-x86_64 -accel tcg -cpu max -M q35 -m 512 -display none -no-reboot \
		-serial "file:$log" -monitor stdio -cdrom "$dir/place.iso" >"$monitor" 2>&1
	grep -aoE 'RIP=[0-9a-f]{16}' "$monitor" | head -n 1 >>"$dir/virtual"
	grep -aoE 'gpa: 0x[0-9a-f]+' "$monitor" | head -n 1 >>"$dir/physical"
	no_addresses "$log" || echo "boot $1" >>"$dir/leaks"
}

for boot in $(seq $boots); do
	place "$boot"
done
is "every boot was seen" "$(wc -l <"$dir/virtual")" $boots
is "$boots boots, $boots virtual places" "$(sort -u "$dir/virtual" | wc -l)" $boots
ok "the places differ in their low page bits too" \
	test "$(cut -c 14-17 "$dir/virtual" | sort -u | wc -l)" -ge 8
ok "all lie in the upper half" test "$(grep -vc '^RIP=fffff[ef]' "$dir/virtual")" = 0
ok "the physical place differs too" test "$(sort -u "$dir/physical" | wc -l)" -ge 5
ok "no log shows an address" test ! -e "$dir/leaks"
done_testing
