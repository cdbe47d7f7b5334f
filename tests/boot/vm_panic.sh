#!/bin/bash
# The kernel panics while a guest runs that has its processor's interrupts off: on another processor, on the first one
# (who alone may leave through tboot), and on the only one. The report is whole, no processor stays in VMX operation,
# and the machine goes back through tboot to SEXIT. Launched by tboot, in Bochs. TAP output.
set -uo pipefail
trap "" PIPE
cd "$(dirname "$0")/../.."
. tests/tap.sh
. tests/boot/boot_lib.sh
. tests/boot/guests/flat.sh
dir=build/tests/boot/vm_panic
. tests/boot/console_lib.sh
driver=kernel/vmkdev/drivers/violate
panic="page fault in the kernel, error 0x3: write to code or read-only data of a module"

console_prepare
kernel_build "$dir/build"
make -s build/packages/{console,vmx}.pkg build/modules/violate.elf build/bin/vmksign >>"$dir/build/make.log" 2>&1 &&
	flat_guest "$dir" zero:deaf 1 cpu-affinity=0 &&
	flat_guest "$dir" one:deaf 1 cpu-affinity=1 &&
	LC_ALL=C sed "s/violate=-\{8\}/violate=own_text/" build/modules/violate.elf >"$dir/violate.elf" &&
	build/bin/vmksign package --manifest $driver/violate.manifest --payload "$dir/violate.elf" \
		--key build/keys/provider.key --cert build/keys/provider.pem \
		--chain build/keys/intermediate.pem --out "$dir/build/files/violate.pkg" || {
	echo "Bail out! make failed: $dir/build/make.log"
	exit 1
}
cp build/packages/{console,vmx}.pkg "$dir"/{zero,one}.pkg "$dir/build/files/"
sed -e 's/^modules=.*/modules=config.pkg --- console.pkg --- vmx.pkg --- zero.pkg --- one.pkg --- violate.pkg load=manual/' \
	-e 's/^kernelopt=.*/kernelopt=onpanic=poweroff/' tboot-integration/image/boot.cfg >"$dir/boot.cfg"
tboot-integration/image/mkiso --boot-cfg "$dir/boot.cfg" --from "$dir/build/files" --out "$dir/boot.iso" \
	--enable-tboot 1 --tboot build/tboot.elf --sinit build/sinit.bin \
	--tboot-args "logging=serial,memory loglvl=err,warn,info ap_wake_mwait=true" || exit 1

# counted COLUMN REGEX: that column of the counters at the last line of COM1 that matches.
counted()
{
	column=$1 regex=$2 awk '$0 ~ ENVIRON["regex"] { n = $ENVIRON["column"] } END { print n }' "$dir/sim/vmx.counts"
}

# panics WHAT CPUS GUEST PANICKING-CPU CPUS-IN-THE-GUEST
panics()
{
	power_on --smp "$2" --iso "$dir/boot.iso" --count-vmx --no-reboot
	ok "$1: the console greets" wait_for 0 '^vmk> $'
	vmk vmk vm start "$3"
	is "$1: a guest starts" $? 0
	ok "$1: and hears nothing any more" wait_for 0 "World $3: \| deaf"
	printf 'vmk system module load -m violate\r' >&8
	wait "$sim"
	is "$1: the machine switches itself off" $? 0
	has "$1: the panic says what was done, and where" "$log" "PANIC cpu$4: $panic"
	is "$1: when it is said, so many processors are in the guest" "$(counted 11 "PANIC cpu$4")" "$5"
	has "$1: with registers" "$log" 'Panic: [0-9]+: rip=violate\+0x[0-9a-f]+ '
	has "$1: and the way there" "$log" 'Panic: [0-9]+:   violate\+0x[0-9a-f]+'
	ok "$1: but no kernel address" no_addresses "$log"
	ok "$1: it is said once" test "$(grep -ac PANIC "$log")" = 1
	ok "$1: nobody has to be left behind" bash -c "! grep -aqE 'left behind|CPUs are back in tboot' '$log'"
	has "$1: it leaves through tboot" "$log" 'Power: [0-9]+: power off through tboot'
	is "$1: with each processor in VMX operation until then" "$(counted 9 PANIC)" "$2"
	is "$1: and none from then on" "$(counted 10 .)" "$2"
	has "$1: tboot clears the secrets flag" "$log" 'TBOOT: secrets flag cleared'
	has "$1: and reaches SEXIT" "$dir/sim/txtsim.log" 'SEXIT: the measured environment has ended'
	mv "$dir/sim" "$dir/$3-$2"
}
panics "a guest on another processor" 2 one 0 1
panics "a guest on the first processor" 2 zero 1 1
panics "a guest on the only processor" 1 zero 0 0
done_testing
