#!/bin/bash
# Virtual machines in a kernel that nobody measured: guests that work, that attack and that spy, all
# at once on two processors, with the VMX world of the kernel's tests. TAP output.
set -uo pipefail
cd "$(dirname "$0")/../.."
. tests/tap.sh
. tests/boot/boot_lib.sh
. tests/boot/machine_lib.sh
dir=build/tests/boot/vm${MERLON_VM_MACHINE:+_$MERLON_VM_MACHINE}
log=$dir/run/com1.log
guests=(tiny smp secret spy hostile eater keeper)
greedy=1048576 # KiB
rounds=200
[ -z "${MERLON_FULL:-}" ] || rounds=1000 patience=$((3 * patience))

kernel_build "$dir"
make -s build/bin/vmksecret build/packages/tinyvmx.pkg tiny-guests >>"$dir/make.log" 2>&1 || {
	echo "Bail out! make failed: $dir/make.log"
	exit 1
}
cp build/packages/{tinyvmx,guest-*}.pkg "$dir/files/"
sed -e "s/^modules=.*/modules=config.pkg --- tinyvmx.pkg$(printf ' --- guest-%s.pkg' "${guests[@]}" round greedy)/" \
	-e 's/^kernelopt=.*/kernelopt=onboot=vms:secret:1,spy:1,eater:1,keeper:1,round:'"$rounds"'/' -e 's/^enableTboot=.*/enableTboot=0/' tboot-integration/image/boot.cfg >"$dir/boot.cfg"
tboot-integration/image/mkiso --boot-cfg "$dir/boot.cfg" --from "$dir/files" --out "$dir/boot.iso" || exit 1
# secret and spy have 64 MiB each, one after the other: of a machine with 128 MiB, some frames are both's.
(machine --mem 128 --iso "$dir/boot.iso" --workdir "$dir/run" --count-vmx --no-reboot \
	--dump-at 'World keeper: guest: the secret|VM keeper: is gone' --until 'rounds of round,' --timeout "$patience") >"$dir/txtsim.log" 2>&1
is "the machine runs until all is over" $? 0
counts=$(grep -a 'rounds of round,' "$log" | grep -aoE 'frames in use .* after')
ok "$rounds rounds of a VM, each made, powered on, gone and destroyed, leave every count where it was: $counts" \
	grep -qE '^frames in use ([0-9]+) before, \1 after, heap bytes ([0-9]+) before, \2 after$' <<<"$counts"
# Bochs knows what was executed; another machine does not say it.
if [ -z "${MERLON_VM_MACHINE:-}" ]; then
	is "every VMREAD, VMWRITE and VM entry that Bochs executed is in some VM's counts, and no other" \
		"$(grep -aoE '[0-9]+ (entries|VMREADs|VMWRITEs)' "$log" |
			awk '{ sum[$2] += $1 } END { print sum["VMREADs"], sum["VMWRITEs"], sum["entries"] }')" \
		"$(awk '{ sums = $2 " " $3 " " $8 } END { print sums }' "$dir/run/vmx.counts")"
fi
is "the last VM to go leaves no memory behind" \
	"$(grep -aoE 'is gone, [0-9]+ KiB of virtual machines are left' "$log" | tail -n 1)" \
	'is gone, 0 KiB of virtual machines are left'

for guest in "${guests[@]}"; do
	has "$guest: its VMX world starts" "$log" "World $guest: version 1.0.0 starts"
	has "$guest: its end leaves nothing" "$log" "VM $guest: is gone"
done
# said GUEST TEXT...: what the guest prints.
said()
{
	local guest=$1 text
	shift
	for text in "$@"; do
		has "$guest: $text" "$log" "World $guest: guest: $text"
	done
}
has "greedy: more memory than there is, refused with both amounts" "$log" \
	"VM greedy: not powered on: memory: [1-9][0-9]* KiB needed for its RAM, [1-9][0-9]* KiB available"
said tiny 'real mode' 'string and ii'
said smp 'protected mode' 'device memory answers' 'the second vCPU came' 'the timer woke it' 'the device woke it'
said secret 'the secret is planted' 'vector registers keep it'
has "secret: its VMX world dies" "$log" 'World secret: page fault at image'
said spy 'fresh memory is zero' 'vector registers are zero'
said eater 'it eats'
has "eater: what it was not promised and there is not stops it, with a report" "$log" \
	'VM eater: vCPU 0 is stopped: no memory for its RAM: it has [1-9][0-9]* KiB, the machine has no more'
has "eater: all that it had comes back" "$log" 'onboot=vms: 1 rounds of eater, frames in use ([0-9]+) before, \1 after'
said hostile 'first life' 'outside of its memory is nothing' 'forbidden MSRs fault' \
	'GETSEC and VMCALL are undefined' 'second life'
has "hostile: a triple fault is told" "$log" 'VM hostile: vCPU 0: triple fault'
has "hostile: a guest that cannot go on is reported" "$log" 'VM hostile: vCPU 0: exit 48 \(ept-violation\)'
said keeper 'the secret is hidden'

# --- what it hid, sought from outside: in all of the machine's memory, and in what page tables map of it
if [ -z "${MERLON_VM_MACHINE:-}" ]; then
	veiled=$(sed -n 's/^#define KEEPER_VEILED *"\(.*\)".*/\1/p' kernel/worlds/tinyvmx/guests/guest.h | tr -d '\n' | od -An -v -tx1 | tr -d ' \n')
	is "the secret has 32 bytes" "${#veiled}" 64
	seek() # DUMP BYTES [veiled]
	{
		local cr3
		cr3=$(sed -n "s/.*memory\.$1: RAM, with CR3=0x\([0-9a-f]*\),.*/\1/p" "$dir/run/txtsim.log")
		build/bin/vmksecret "$dir/run/memory.$1" "${cr3:-0}" "${@:2}" || echo "vmksecret failed"
	}
	found=$(seek 1 "$(printf 'World keeper: guest: ' | od -An -tx1 | tr -d ' \n')")
	ok "the search sees what the kernel has in its memory: $found" \
		grep -qE '^pages=[1-9][0-9]* spaces=[2-9][0-9]* kernel=[1-9][0-9]* ' <<<"$found"
	found=$(seek 1 "$veiled" veiled)
	ok "the secret lies on one page, which the kernel does not map, and no world but the VM's: $found" \
		grep -qE '^pages=1 spaces=[0-9]+ kernel=0 worlds=[01] ' <<<"$found"
	found=$(seek 2 "$veiled" veiled)
	ok "it is nowhere once the VM is gone: $found" grep -qE '^pages=0 spaces=[0-9]+ kernel=0 worlds=0 ' <<<"$found"
	rm -f "$dir"/run/memory.*
fi
ok "no guest finds anything wrong" test "$(grep -acE 'something (is wrong|was left)' "$log")" = 0
ok "no VMX world is restarted" test "$(grep -ac 'will be restarted' "$log")" = 0
healthy vm "$log"

# Firmware that has locked VMX off.
sed -i 's/^kernelopt=.*/kernelopt=onboot=poweroff/' "$dir/boot.cfg"
tboot-integration/image/mkiso --boot-cfg "$dir/boot.cfg" --from "$dir/files" --out "$dir/locked.iso" || exit 1
build/bin/txtsim run --mem 128 --iso "$dir/locked.iso" --workdir "$dir/locked" --no-reboot \
	--inject vmx-disabled --timeout "$patience" >"$dir/locked.log" 2>&1
has "VMX locked off: the kernel says so, and what to do" "$dir/locked/com1.log" \
	'no virtual machines: IA32_FEATURE_CONTROL is 0xff01: firmware has disabled VMX; the setup menu calls it'
has "VMX locked off: why no VM runs" "$dir/locked/com1.log" 'VM tiny: not powered on: IA32_FEATURE_CONTROL is 0xff01: firmware has disabled VMX'
healthy locked "$dir/locked/com1.log"

# The same where there is no VMX.
if has_qemu && [ -z "${MERLON_VM_MACHINE:-}" ]; then
	sed -i 's/^kernelopt=.*/kernelopt=onboot=poweroff/' "$dir/boot.cfg"
	tboot-integration/image/mkiso --boot-cfg "$dir/boot.cfg" --from "$dir/files" --out "$dir/qemu.iso" || exit 1
	qemu "$dir" qemu
	has "QEMU: why no VM runs" "$dir/qemu.log" 'VM tiny: not powered on: the processor has no VMX'
	healthy qemu "$dir/qemu.log"
fi
done_testing
