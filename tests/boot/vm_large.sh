#!/bin/bash
# A virtual machine of 6 GiB, all of it reserved, on a host that has that much: frames and page tables beyond 4 GiB on
# both sides. Takes minutes before the machine even starts, as Bochs makes a list of its memory. TAP output.
set -uo pipefail
cd "$(dirname "$0")/../.."
. tests/tap.sh
. tests/boot/boot_lib.sh
. tests/boot/machine_lib.sh
. tests/boot/guests/flat.sh
dir=build/tests/boot/vm_large${MERLON_VM_MACHINE:+_$MERLON_VM_MACHINE}
log=$dir/run/com1.log
rounds=3

if [ -z "${MERLON_FULL:-}" ]; then
	skip "a guest of 6 GiB" "Bochs takes minutes for a host that has them: only with --full"
	done_testing
	exit
fi
kernel_build "$dir"
make -s build/packages/vmx.pkg build/bin/vmksign >>"$dir/make.log" 2>&1 &&
	elf_guest "$dir" far memory-kib=6291456 &&
	flat_guest "$dir" huge:echo 1 memory-kib=16777216 autostart=yes || {
	echo "Bail out! make failed: $dir/make.log"
	exit 1
}
cp build/packages/vmx.pkg "$dir"/{far,huge}.pkg "$dir/files/"
sed -e 's/^modules=.*/modules=config.pkg --- vmx.pkg --- far.pkg --- huge.pkg/' -e "s/^kernelopt=.*/kernelopt=onboot=vms:far:$rounds/" \
	-e 's/^enableTboot=.*/enableTboot=0/' tboot-integration/image/boot.cfg >"$dir/boot.cfg"
tboot-integration/image/mkiso --boot-cfg "$dir/boot.cfg" --from "$dir/files" --out "$dir/boot.iso" || exit 1
(machine --mem 7424 --iso "$dir/boot.iso" --workdir "$dir/run" --no-reboot --until 'rounds of far,' \
	--timeout "$((2 * patience))") >"$dir/txtsim.log" 2>&1
is "the machine runs until all is over" $? 0
has "the host has memory beyond 4 GiB" "$log" 'Frames: .* 6[0-9]{3} MiB usable'
for what in "the map's RAM goes up to the hole" 'and on from 4 GiB' 'what nobody touched is zero' \
	'each end of it keeps what it is told' 'the hole is none' 'nor is what lies beyond its end'; do
	is "$what, each time" "$(grep -ac "World far: | held: $what" "$log")" "$rounds"
done
counts=$(grep -a 'rounds of far,' "$log" | grep -aoE 'frames in use .* after')
ok "$rounds rounds leave every count where it was: $counts" \
	grep -qE '^frames in use ([0-9]+) before, \1 after, heap bytes ([0-9]+) before, \2 after$' <<<"$counts"
has "nothing is left of it" "$log" 'VM far: is gone, 0 KiB of virtual machines are left'
has "16 GiB are refused with what is needed and what there is" "$log" \
	'VM huge: not powered on: memory: 16777216 KiB needed for its RAM, 6[0-9]{6} KiB available'
healthy large "$log"
done_testing
