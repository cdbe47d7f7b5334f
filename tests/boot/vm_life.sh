#!/bin/bash
# Virtual machines as an administrator has them: `vmk vm` at the console, from power-on to the power button, their
# consoles, and their parts of the CPUs. In a kernel that nobody measured, on two processors. TAP output.
set -uo pipefail
cd "$(dirname "$0")/../.."
. tests/tap.sh
. tests/boot/boot_lib.sh
. tests/boot/guests/flat.sh
. tests/boot/guests/shares.sh
dir=build/tests/boot/vm_life${MERLON_VM_MACHINE:+_$MERLON_VM_MACHINE}
. tests/boot/console_lib.sh
seconds=4
[ -z "${MERLON_FULL:-}" ] || seconds=20

console_prepare
kernel_build "$dir/build"
make -s build/packages/{console,vmx}.pkg build/bin/vmksign >>"$dir/build/make.log" 2>&1 &&
	flat_guest "$dir" echo:echo 1 &&
	flat_guest "$dir" four:four 4 &&
	flat_guest "$dir" eight:eight 8 &&
	flat_guest "$dir" ticks:ticks 1 &&
	flat_guest "$dir" attack:attack 3 &&
	elf_guest "$dir" multiboot1 && elf_guest "$dir" multiboot2 && elf_guest "$dir" pvh &&
	elf_guest "$dir" far memory-kib=6291456 memory-reservation-kib=0 &&
	flat_guest "$dir" huge:echo 1 memory-kib=16777216 &&
	flat_guest "$dir" heavy:work 1 cpu-shares=high cpu-affinity=1 &&
	flat_guest "$dir" light:work 1 cpu-affinity=1 &&
	flat_guest "$dir" greedy:work 1 cpu-reservation=100 &&
	flat_guest "$dir" obey:obey 1 memory-kib=65536 memory-reservation-kib=0 &&
	flat_guest "$dir" needy:echo 1 memory-kib=460800 memory-reservation-kib=460800 &&
	flat_guest "$dir" pooled:echo 1 cpu-reservation=90 latency-sensitivity=high cpu-pool=host/user/gold &&
	flat_guest "$dir" clocks:clocks 1 &&
	flat_guest "$dir" rest:rest 1 &&
	flat_guest "$dir" wires:wires 1 &&
	flat_guest "$dir" rated:clocks 1 tsc-khz=2000 || {
	echo "Bail out! make failed: $dir/build/make.log"
	exit 1
}
cp build/packages/{console,vmx}.pkg "$dir"/{echo,four,eight,ticks,attack,heavy,light,greedy,pooled,multiboot1,multiboot2,pvh,clocks,rest,wires,rated,obey,needy,far,huge}.pkg "$dir/build/files/"
sed -e 's/^modules=.*/modules=config.pkg --- console.pkg --- vmx.pkg --- echo.pkg --- four.pkg --- eight.pkg --- ticks.pkg --- attack.pkg --- heavy.pkg --- light.pkg --- greedy.pkg --- pooled.pkg --- multiboot1.pkg --- multiboot2.pkg --- pvh.pkg --- clocks.pkg --- rest.pkg --- wires.pkg --- rated.pkg --- obey.pkg --- needy.pkg --- far.pkg --- huge.pkg/' \
	-e 's,^kernelopt=.*,kernelopt=ibrs=entry schedcheck=16 pools=host/user/gold:shares=high:reservation=30:fixed,' -e 's/^enableTboot=.*/enableTboot=0/' tboot-integration/image/boot.cfg >"$dir/boot.cfg"
tboot-integration/image/mkiso --boot-cfg "$dir/boot.cfg" --from "$dir/build/files" --out "$dir/boot.iso" || exit 1
power_on --smp 2 --timeout $((2 * patience)) --iso "$dir/boot.iso"
ok "the console greets" wait_for 0 '^vmk> $'
# does DESCRIPTION WORDS...: a command that answers nothing.
does()
{
	local description=$1
	shift
	"$@"
	is "$description" $? 0
}
# logs REGEX: the log comes to have such a line.
logs()
{
	wait_for 0 "$1"
}

answers "twenty virtual machines, all off" 0 '^ *1?[0-9] +[a-z]+[12]? +off +0 +[12348] +4096 +[0-9]+ +false$' vmk vm list
answers "what one may have" 0 '^   CPU Affinity: 1$' vmk vm get heavy
answers "high shares" 0 '^   CPU Shares: 2000$' vmk vm get heavy
answers "nothing of that name" 1 "no virtual machine 'nobody'" vmk vm get nobody
answers "what is off cannot be paused" 1 'echo cannot be paused: it is off' vmk vm pause echo
answers "nor has it a console" 1 'echo is off' vmk vm console echo
answers "nor any memory" 1 'echo is off: it has no memory' vmk vm memory set echo --target-kib 1024
answers "more than a pCPU can promise" 1 'a reservation of 100 % of a pCPU needed, 9[0-9] % available' vmk vm start greedy
answers "more than a pool has that takes nothing from above" 1 'a reservation of 90 % of a pCPU needed, 30 % available in host/user/gold' vmk vm start pooled
answers "a pool of the boot's options" 0 '^host/user/gold +pool +8000 +30.00 +none +0.00 +0.00 +false' vmk sched pool list
does "a pool gets another part" vmk sched pool set host/user/gold --shares 3000 --reservation 95
answers "and has it" 0 '^   Shares: 3000$' vmk sched pool get host/user/gold
answers "no more than there is" 1 'host/user/gold keeps its reservation: [0-9]+ % of a CPU needed, [0-9]+ % available in host$' vmk sched pool set host/user/gold --reservation 500
does "what was refused now starts" vmk vm start pooled
answers "with a promise of the pool's" 0 '^host/user/gold +pool +3000 +95.00 +none +90.00 +0.00 +false' vmk sched pool list
answers "it is latency-sensitive" 0 '^   Latency Sensitivity: high$' vmk vm get pooled
answers "its vCPU too" 0 'vm[0-9]+:vcpu0 .* high +pooled$' vmk sched stats get
answers "the others are not" 0 '^   Latency Sensitivity: normal$' vmk vm get heavy
does "it is switched off" vmk vm stop --hard pooled
answers "and the usual ones" 0 '^host/vim +pool +4000 +0.00 ' vmk sched pool list
answers "and it is off again" 0 '^   State: off$' vmk vm get greedy

# --- what protects the VMkernel, on a CPU with all that Bochs has
if [ -z "${MERLON_VM_MACHINE:-}" ]; then
	answers "returns of ring 0 are guarded" 0 '^kernel-shadow +holds ' vmk selftest hardening
	answers "and branches" 0 '^ibt +holds ' vmk selftest hardening
	answers "code of ring 3 is not read" 0 '^pku +holds ' vmk selftest hardening
	vmk vmk selftest hardening --json
	ok "no rule fails, and only what no CPU of Bochs has is missing" says \
		'all(.State != "FAILS") and (map(select(.State != "holds").Name) - ["lass", "pks", "speculation"] == [])'
	has "IBRS is set at each entry, as asked" "$log" 'speculation: IBRS is set at each entry'
fi

# --- a console in both directions
does "one is powered on" vmk vm start echo
ok "its console is in the log" logs 'World echo: \| echo is here'
answers "it cannot be powered on twice" 1 'echo cannot be started: it is running' vmk vm start echo
answers "a running guest reaches its own memory alone" 0 '^guests +holds .* 0 of [1-9][0-9]* mappings of guests' vmk selftest hardening
answers "and ring 0 has no mapping of it" 0 '^private +holds .* 0 of [1-9][0-9]* mappings' vmk selftest hardening
from=$(size)
printf 'vm console echo\r' >&8
ok "who comes is told what was said" wait_for "$from" '^echo is here'
printf 'ab~c' >&8
ok "what is typed reaches the guest, and its answer the terminal" wait_for "$from" '<a><b><~><c>'
from=$(size)
printf '\r~.' >&8
ok "~. leaves" wait_for "$from" '^Left the console of echo'

# --- its life
does "pause" vmk vm pause echo
answers "a paused one cannot be asked to stop" 1 'echo cannot be asked to stop: it is paused' vmk vm stop echo
answers "it is shown as paused" 0 '^ *1 +echo +paused ' vmk vm list
does "resume" vmk vm resume echo
answers "its part of the CPUs" 0 '^   Shares: 1000$' vmk vm sched get echo
does "it gets another one" vmk vm sched set echo --shares 700 --reservation 20 --limit 60
answers "what it reserves its vCPU is promised" 0 '^host/user/echo +vm +700 +20.00 +60.00 +20.00 ' vmk sched pool list
answers "no more than there is" 1 'host/user/echo keeps its reservation: [0-9]+ % of a CPU needed, [0-9]+ % available in host$' vmk vm sched set echo --limit 0 --reservation 500
answers "a refusal changes nothing" 0 '^   Promised: 20.00$' vmk vm sched get echo
answers "what is off has no part" 1 "no virtual machine 'heavy' that is on" vmk vm sched set heavy --shares 1
does "it is asked to make do with less memory" vmk vm memory set echo --target-kib 1024
answers "and knows how much it is to give up" 0 '^   Balloon Target KiB: 3072$' vmk vm get echo
does "reset" vmk vm reset echo
ok "its board is reset" logs 'World echo: reset'
does "stop" vmk vm stop echo
ok "the guest obeys the power button" logs 'World echo: power off'
ok "and is gone" logs 'VM echo: is gone, 0 KiB of virtual machines are left'
does "it can be powered on again" vmk vm start echo
does "and be switched off" vmk vm stop --hard echo
answers "it was on twice" 0 '^   Starts: 2$' vmk vm get echo

# --- its clocks
does "one that looks at its clocks" vmk vm start clocks
ok "it does" logs 'World clocks: \| it looks at its clocks'
does "it is paused" vmk vm pause clocks
vmk vmk sched stats get --interval 2 --json
does "and resumed" vmk vm resume clocks
from=$(size)
printf 'vm console clocks\r' >&8
ok "somebody comes" wait_for "$from" '^it looks at its clocks'
printf 'x' >&8
ok "it has looked" logs 'VM clocks: is gone'
for what in 'the TSC stood still' 'the ACPI timer stood still' 'the 8254 stood still with the TSC' 'the time of day went on'; do
	has "while it was paused $what" "$log" "held: $what"
done
does "one with a TSC of another rate than the host's" vmk vm start rated
ok "has it" logs 'World rated: \| its TSC goes at 00002000 kHz'
ok "and by its other clocks, too" logs 'World rated: \| held: it keeps its rate'
does "it is switched off" vmk vm stop --hard rated
has "the host's is another" "$log" 'World clocks: \| its TSC goes at [0-9]*[1-9][0-9]{4} kHz'

# --- which there are: one is forgotten, another made of its package beside it
answers "a package that is none" 1 "no package 'console' of a virtual machine was loaded" vmk vm create console second
answers "a name that is taken" 1 "of the name 'echo': choose another" vmk vm create echo
answers "one that a user world has" 1 "of the name 'console'" vmk vm create echo console
answers "one that is none" 1 "'-x' is no name" vmk vm create echo --name=-x
does "a second one of a package" vmk vm create echo second
answers "it is off, under an id of its own" 0 '^ *2[0-9] +second +off +0 +1 +4096 ' vmk vm list
answers "it knows its package" 0 '^   Package: echo$' vmk vm get second
does "it is powered on" vmk vm start second
ok "beside the first one's is a VMX world of its name" logs 'World second: \| echo is here'
answers "one that runs cannot be destroyed" 1 'second cannot be destroyed: it is running' vmk vm destroy second
does "it is switched off" vmk vm stop --hard second
ok "and is gone" logs 'VM second: is gone'
does "it is destroyed" vmk vm destroy second
answers "nobody knows it any more" 1 "no virtual machine 'second'" vmk vm get second
does "so is the boot's own" vmk vm destroy echo
does "and made again" vmk vm create echo
answers "all this is in the audit log" 0 ' vm-power .*action=destroyed vm=2[0-9] name=second' vmk system auditrecords list

# --- more vCPUs than pCPUs
for guest in four eight; do
	does "$guest vCPUs on two pCPUs" vmk vm start "$guest"
	ok "all $guest make progress" logs "World $guest: \\| $guest vCPUs did their parts"
	ok "and it is gone" logs "VM $guest: is gone"
done

# --- a guest of the days before APICs
does "real mode with 8259s" vmk vm start ticks
ok "their interrupts come, and only those that are wanted" logs 'World ticks: \| three ticks of the 8254, and none while it is masked'
ok "and it is gone" logs 'VM ticks: is gone'

does "clock and PCI at the 8259s" vmk vm start wires
ok "all of it comes" logs 'VM wires: is gone'
for what in "the clock's periodic interrupts" 'its update interrupt' 'its alarm' "the device's line, level-triggered" \
	'its interrupt' 'and no other'; do
	has "$what" "$log" "World wires: \| held: $what"
done

# --- payloads of the other kinds
for kind in multiboot1 multiboot2 pvh; do
	does "$kind" vmk vm start "$kind"
	ok "it is started as its protocol says" logs "World $kind: \\| started by "
	ok "and is gone" logs "VM $kind: is gone"
done

# --- more RAM than 4 GiB, and than the host has: what is reserved must be there, what is not comes as it is touched
does "6 GiB, none of it reserved" vmk vm start far
ok "it is gone at last" logs 'VM far: is gone, 0 KiB of virtual machines are left'
for what in "the map's RAM goes up to the hole" 'and on from 4 GiB' 'what nobody touched is zero' \
	'each end of it keeps what it is told' 'the hole is none' 'nor is what lies beyond its end'; do
	has "$what" "$log" "World far: \\| held: $what"
done
answers "16 GiB are refused with what is needed and what there is" 1 \
	'huge was not started: memory: 16777216 KiB needed for its RAM, [1-9][0-9]{4,5} KiB available' vmk vm start huge
answers "its record says so" 0 '^   Error: memory: 16777216 KiB needed for its RAM,' vmk vm get huge
answers "and the audit log" 0 ' vm-power .*action=.not powered on. vm=[0-9]+ name=huge why=.memory: 16777216 KiB needed for its RAM,' vmk system auditrecords list

# --- one that attacks, with another beside it
does "a guest that works" vmk vm start echo
does "a guest that attacks" vmk vm start attack
ok "it has tried everything" logs 'World attack: \| it halts with interrupts off'
for what in 'instructions of the host' 'forbidden MSRs' 'all other MSRs' ports 'memory outside of its own' \
	'page tables that change themselves' 'storms of interrupts' 'malformed virtio rings' 'a good one after them'; do
	has "$what" "$log" "World attack: \| held: $what"
done
answers "it is still there, as nothing wakes it" 0 '^ *[0-9] +attack +running ' vmk vm list
# What the kernel gives for a VM, in bytes, as it says: the difference between two VMs is what comes free with one
# more than with the other. (A VMX world's share, the same for both, is in neither; the audit log grows a little.)
kernel_takes()
{
	vmk vmk hardware memory get --json
	jq '[.] | flatten | .[0] | (.Kernel | tonumber) + (."KernelHeapInUse" | tonumber) + (.VTx | tonumber)' "$dir/answer"
}
says_it_takes() # VM
{
	vmk vmk vm get "$1" --json
	jq '[.] | flatten | .[0].KernelMemoryBytes' "$dir/answer"
}
attack=$(says_it_takes attack) echo=$(says_it_takes echo)
vmk vmk vm get attack --json
vcpu=$(jq '[.] | flatten | .[0].KernelMemoryBytesofavCPU' "$dir/answer")
both=$(kernel_takes)
does "but it can be switched off" vmk vm stop --hard attack
ok "and is gone" logs 'VM attack: is gone'
one=$(kernel_takes)
from=$(size)
printf 'vm console echo\r' >&8
ok "the other one works on" wait_for "$from" '^echo is here'
printf 'x' >&8
ok "and answers" wait_for "$from" '<x>'
from=$(size)
printf '\r~.' >&8
ok "it is left" wait_for "$from" '^Left the console of echo'
does "it is switched off, too" vmk vm stop --hard echo
ok "and is gone" wait_for "$from" 'VM echo: is gone'
none=$(kernel_takes)
echo "# the kernel's memory: $attack bytes for 3 vCPUs, $vcpu of them for each, $echo for 1; measured $((both - one)) and $((one - none))"
off=$((both - one - (one - none) - (attack - echo)))
ok "the kernel's memory is as it says: $off bytes off" test "${off#-}" -le 4096
ok "and no less" test $((one - none)) -ge "$echo" -a $((3 * vcpu)) -lt "$attack"

# --- every reason to exit that a guest can bring about has been seen
does "one with those that are left" vmk vm start rest
ok "a triple fault resets it" logs 'World rest: triple fault: reset'
ok "an NMI waits for another one's end" logs 'World rest: \| a second NMI came after the first'
ok "a task switch ends its VM, with a report" logs 'VM rest: vCPU 0: exit 9 \(task-switch\)'
ok "and that alone" logs 'VM rest: is gone'
grep -a ' exits: ' "$log" | grep -oE '[0-9]+ [a-z][a-z-]+' | sed 's/.* //' | sort -u >"$dir/exits"
while read -r symbol; do
	name=$(sed -nE "s/^\tX\($symbol, [0-9]+, \"(.*)\"\).*/\1/p" kernel/vtx/exits.h)
	ok "a guest made it exit: $name" grep -qx -- "$name" "$dir/exits"
done < <(sed -nE 's/^X\((EXIT_[A-Z_]+), GUEST,.*/\1/p' tests/boot/exits.inc)

# --- memory that one has and another has a right to
does "one that takes all of its memory" vmk vm start obey
ok "has it" logs 'World obey: \| it has all of its memory$'
does "one that has a right to more than is free" vmk vm start needy
ok "the first gives it up" logs 'World obey: \| it gave up what was asked for$'
answers "which the host has back" 0 '^   Balloon KiB: [1-9][0-9]{4,5}$' vmk vm get obey
does "the second is switched off" vmk vm stop --hard needy
ok "the first has it all again" logs 'World obey: \| it has all of its memory again$'
answers "and is asked for nothing" 0 '^   Balloon Target KiB: 0$' vmk vm get obey
has "what it touches has come back" "$dir/answer" '^   Memory Granted KiB: 6[1-5][0-9]{3}$'
does "it is switched off, too" vmk vm stop --hard obey

# --- 2:1 on one pCPU
does "one with high shares" vmk vm start heavy
does "one with normal ones" vmk vm start light
ok "both work" logs 'World light: \| [0-9a-f]{8}$'
vmk vmk world list --json
ok "vCPUs are worlds with names" says 'map(select(.Kind == "vcpu") | .Name + " " + .VM) == ["vm6:vcpu0 heavy", "vm7:vcpu0 light"]'
vmk vmk sched pool list --json
ok "both are in the pool of VMs" says 'map(select(.Kind == "vm") | .Path) == ["host/user/heavy", "host/user/light"]'
two_to_one heavy light "$seconds"

answers "nothing is left on" 0 '^   State: (off|ending)$' vmk vm get light

# --- a host that goes off while a guest runs
does "one more is on" vmk vm start heavy
answers "and works" 0 '^   State: running$' vmk vm get heavy
printf 'system shutdown poweroff\r' >&8
wait "$sim"
is "the host goes off" $? 0
healthy life "$log"
done_testing
