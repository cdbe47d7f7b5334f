#!/bin/bash
# What the scheduler does with virtual machines and tells of them: a guest that works and one that the 8254 wakes a
# thousand times a second, on one pCPU of two, with the invariants checked. TAP output.
set -uo pipefail
cd "$(dirname "$0")/../.."
. tests/tap.sh
. tests/boot/boot_lib.sh
. tests/boot/guests/flat.sh
dir=build/tests/boot/vm_sched${MERLON_VM_MACHINE:+_$MERLON_VM_MACHINE}
. tests/boot/console_lib.sh

console_prepare
kernel_build "$dir/build"
make -s build/packages/{console,vmx}.pkg build/bin/vmksign >>"$dir/build/make.log" 2>&1 &&
	flat_guest "$dir" works:work 1 cpu-affinity=1 &&
	flat_guest "$dir" beats 1 cpu-affinity=1 vcpu-limit=50 || {
	echo "Bail out! make failed: $dir/build/make.log"
	exit 1
}
cp build/packages/{console,vmx}.pkg "$dir"/{works,beats}.pkg "$dir/build/files/"
sed -e 's/^modules=.*/modules=config.pkg --- console.pkg --- vmx.pkg --- works.pkg --- beats.pkg/' \
	-e 's/^kernelopt=.*/kernelopt=schedcheck=16/' -e 's/^enableTboot=.*/enableTboot=0/' tboot-integration/image/boot.cfg >"$dir/boot.cfg"
tboot-integration/image/mkiso --boot-cfg "$dir/boot.cfg" --from "$dir/build/files" --out "$dir/boot.iso" || exit 1
power_on --smp 2 --timeout "$patience" --iso "$dir/boot.iso"
ok "the console greets" wait_for 0 '^vmk> $'
# holds FILTER: of the table, with numbers where there are some.
holds()
{
	jq -e "map(with_entries(.value = ((.value | tonumber?) // .value))) | $1" "$dir/answer" >/dev/null
}

# --- whose time interrupts take
vmk vm start works
is "one that works is on" $? 0
ok "and works" wait_for 0 'World works: \| [0-9a-f]{8}$'
vmk vm start beats
is "one that only takes interrupts is on" $? 0
vmk sched stats get --interval 2 --json
ok "%USED is %RUN + %SYS - %OVRLP, in every row" \
	holds 'all((.USED - .RUN - .SYS + .OVRLP) | fabs < 0.04)'
ok "%RUN, %RDY, %CSTP and %WAIT are the whole" \
	holds 'all((.RUN + .RDY + .CSTP + .WAIT) | . > 99.5 and . < 100.01)'
ok "what interrupts did for some they did in the time of others" \
	holds '(map(.SYS) | add) - (map(.OVRLP) | add) | fabs < 0.5'
ok "the timer wakes for the guest's device: %SYS of its worlds" holds 'map(select(.VM == "beats").SYS) | add > 0.1'
ok "which the other one's vCPU is kept from its work for: %OVRLP" \
	holds 'map(select(.VM == "works" and .VMWAIT != "").OVRLP) | add > 0.1'
ok "a vCPU waits for work, or for its VMX world" \
	holds 'map(select(.VMWAIT != "")) | length == 2 and all((.IDLE + .VMWAIT - .WAIT) | fabs < 0.03)'
ok "none waits for memory" holds 'all(.SWPWT == 0)'

# --- a limit for each vCPU
answers "its package's" 0 '^   vCPU Limit: 50 % of a pCPU$' vmk vm get beats
answers "that holds while it is on" 0 '^   vCPU Limit: 50.00$' vmk vm sched get beats
answers "another one has none" 0 '^   vCPU Limit: none$' vmk vm sched get works
vmk vm sched set works --vcpu-limit 30
is "until it gets one" $? 0
answers "which is shown" 0 '^   vCPU Limit: 30.00$' vmk vm sched get works
answers "no less than it reserves" 1 'works keeps its reservation: a limit is not below the reservation' \
	vmk vm sched set works --reservation 31
vmk sched stats get --interval 2 --json
ok "its vCPU has no more than that" holds 'map(select(.VM == "works" and .VMWAIT != "")) | length == 1 and .[0].RUN > 20 and .[0].RUN < 31'
ok "and is held back for it" holds 'map(select(.VM == "works" and .VMWAIT != "")) | .[0].MLMTD > 50'
vmk vm sched set works --vcpu-limit 0
is "it is limited no longer" $? 0

printf 'system shutdown poweroff\r' >&8
wait "$sim"
is "the host goes off" $? 0
healthy sched "$log"
done_testing
