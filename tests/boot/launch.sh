#!/bin/bash
# The kernel launched by tboot through SENTER: hand-off, with --full a second CPU from tboot's mailbox,
# and the way out through tboot to SEXIT. TAP output.
set -uo pipefail
cd "$(dirname "$0")/../.."
. tests/tap.sh
. tests/boot/boot_lib.sh
dir=build/tests/boot/launch
tboot=(--enable-tboot 1 --tboot build/tboot.elf --sinit build/sinit.bin)

# launch NAME CPUS TBOOT-ARGS KERNEL-OPTIONS
launch()
{
	kernel_iso "$dir" "$1" "$4" "${tboot[@]}" --tboot-args "logging=serial,memory loglvl=all $3"
	build/bin/txtsim run --iso "$dir/$1.iso" --workdir "$dir/$1" --smp "$2" \
		--no-reboot --timeout "$patience" >"$dir/$1.out" 2>&1
	is "$1: the machine switches itself off" $? 0
	has "$1: tboot's hand-off is read" "$dir/$1/com1.log" 'tboot hand-off: version 6'
	has "$1: $2 CPUs run" "$dir/$1/com1.log" "Boot: [0-9]+: $2 CPUs"
	has "$1: it leaves through tboot" "$dir/$1/com1.log" 'Power: [0-9]+: power off through tboot'
	has "$1: which clears the secrets flag" "$dir/$1/com1.log" 'TBOOT: secrets flag cleared'
	has "$1: and reaches SEXIT" "$dir/$1/txtsim.log" 'SEXIT: the measured environment has ended'
	ok "$1: no kernel address in the log" no_addresses "$dir/$1/com1.log"
}

kernel_build "$dir"
launch one 1 "" onboot=poweroff
healthy one "$dir/one/com1.log"
has "one: DRTM is enabled" "$dir/one/com1.log" 'Drtm Enabled: true'
launch panic 1 "" "onboot=panic onpanic=poweroff"
has "panic: the reason is logged" "$dir/panic/com1.log" 'PANIC cpu0: asked for by onboot=panic'
if [ -n "${MERLON_FULL:-}" ]; then
	launch mailbox 2 ap_wake_mwait=true onboot=poweroff
	healthy mailbox "$dir/mailbox/com1.log"
fi
done_testing
