#!/bin/bash
# Several launches in a row in one QEMU, each left through tboot and SEXIT; as many CPUs as it has; what
# the kernel's way out does to the machine. TAP output.
set -uo pipefail
cd "$(dirname "$0")/../.."
. tests/tap.sh
. tests/boot/boot_lib.sh
dir=build/tests/interop/qemu_launches
tboot=(--enable-tboot 1 --tboot build/tboot.elf --sinit build/sinit.bin)

# launch NAME OPTIONS...: the image DIR/NAME.iso in QEMU; exit status in $status.
launch()
{
	local name=$1
	shift
	build/bin/txtsim run --platform qemu --iso "$dir/$name.iso" --workdir "$dir/$name" \
		--timeout "$patience" "$@" >"$dir/$name.out" 2>&1
	status=$?
}

kernel_build "$dir"
kernel_iso "$dir" reboots onboot=reboot "${tboot[@]}" --tboot-args "logging=serial,memory ap_wake_mwait=true"
launch reboots --smp 4 --reboots 2
is "three launches: the third reset ends the run" "$status" 5
log=$dir/reboots/txtsim.log
is "three launches: SENTER each time" "$(grep -c 'SENTER: SINIT' "$log")" 3
is "three launches: three CPUs woken each time" "$(grep -c 'WAKEUP: 3 CPUs' "$log")" 3
is "three launches: SEXIT each time" "$(grep -c 'SEXIT: the measured environment has ended' "$log")" 3
is "three launches: one value of PCR 17" "$(sed -n 's/.*launched PCR17 //p' "$log" | sort -u | wc -l)" 1
is "three launches: four CPUs each time" "$(grep -acE 'Boot: [0-9]+: 4 CPUs' "$dir/reboots/com1.log")" 3
ok "three launches: no secrets were left over a reset" bash -c "! grep -q scrubs '$log'"
if [ -n "${MERLON_FULL:-}" ]; then
	launch reboots --smp 16 --reboots 2
	is "16 CPUs, three launches: the third reset ends the run" "$status" 5
	is "16 CPUs, three launches: fifteen CPUs woken each time" "$(grep -c "WAKEUP: 15 CPUs" "$log")" 3
fi

kernel_iso "$dir" off onboot=poweroff "${tboot[@]}" --tboot-args "logging=serial,memory ap_wake_mwait=true"
for cpus in 1 8 ${MERLON_FULL:+2 16}; do
	launch off --smp "$cpus"
	is "$cpus CPUs: the machine switches itself off" "$status" 0
	has "$cpus CPUs: all run" "$dir/off/com1.log" "Boot: [0-9]+: $cpus CPUs"
	has "$cpus CPUs: through tboot" "$dir/off/com1.log" 'Power: [0-9]+: power off through tboot'
	has "$cpus CPUs: and SEXIT" "$dir/off/txtsim.log" 'SEXIT: the measured environment has ended'
	healthy "$cpus CPUs" "$dir/off/com1.log"
done

# More memory than fits below the PCI hole: SINIT's memory descriptors have a third part.
if [ -n "${MERLON_FULL:-}" ]; then
	launch off --mem 5120
	is "5 GiB: the machine switches itself off" "$status" 0
	healthy "5 GiB" "$dir/off/com1.log"
fi
done_testing
