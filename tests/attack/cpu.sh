#!/bin/bash
# What the CPU protects with is measured, and a policy can demand it. A CPU without NX boots nothing; threads that
# may read each other share no core.
set -uo pipefail
cd "$(dirname "$0")/../.."
. tests/tap.sh
. tests/system.sh
. tests/boot/boot_lib.sh

ok "a host is trusted first" make_host
has "its verdict says what the CPU protects with" "$system/first.log" \
	'CPU: protections=nx,smep,smap,umip,ibt,user-ibt,shadow-stack,kernel-shadow,pku,entropy mitigated='
has "and the level of what may load there" "$system/first.log" '^host acceptance level: PartnerSupported$'
has "the event has its place in PCR 19" "$system/first.log" '^ 19 +CPU .* runtime$'
issues=$(sed -n 's/^\tX(SPEC_[A-Z0-9_]*, "\(.*\)").*/\1/p' kernel/arch/x86/speculation.h)
is "the log says of each attack by transient execution what is done" \
	"$(sed -n 's/.*Cpu: .* speculation: \([a-z0-9_]*\): \(not affected\|mitigated\|exposed\), ..*/\1/p' "$system/first/sim/com1.log")" \
	"$issues"

has_qemu || {
	skip "other CPUs" "qemu-system-x86_64 is not installed"
	done_testing
	exit
}
MERLON_CPU=max,-smap,-rdrand,-rdseed MERLON_REQUIRE_CPU=nx,smep,smap,umip,entropy start no-smap --platform qemu --smp 1
verdict no-smap 1 '^UNTRUSTED host=merlon-1 reason=cpu-protection what="CPU: smap, entropy"'
has "the rest is as predicted" "$system/no-smap.log" 'protections=nx,smep,umip,pku,pks mitigated='
has "the log warns that the kernel's place is guessable" "$system/no-smap/sim/com1.log" \
	'WARNING: Boot: [0-9]+: this CPU has neither RDSEED nor RDRAND'
has "the TPM gives random numbers all the same" "$system/no-smap/sim/com1.log" \
	'Entropy: [0-9]+: random numbers come from TPM TSC'

dir=build/tests/attack/cpu
kernel_build "$dir"
kernel_iso "$dir" no-nx onboot=poweroff --enable-tboot 0
tests/limited qemu-system-x86_64 -accel tcg -cpu max,-nx -M q35 -m 512 -display none -serial "file:$dir/no-nx.log" \
	-monitor none -no-reboot -cdrom "$dir/no-nx.iso" </dev/null >"$dir/no-nx.qemu" 2>&1 &
qemu=$!
await "$qemu" in_file 'no NX' "$dir/no-nx.log"
kill "$qemu" 2>/dev/null
wait "$qemu" 2>/dev/null
has "without NX the kernel refuses to start, and says why" "$dir/no-nx.log" 'cannot start: this CPU has no NX bit'
ok "and does nothing else" test "$(grep -ac vmkernel "$dir/no-nx.log")" = 0

# Threads that may read each other, as nothing is known of this CPU's maker.
kernel_iso "$dir" threads onboot=poweroff --enable-tboot 0
qemu "$dir" threads -smp 4,threads=2
has "where threads leak, one of each core stays off" "$dir/threads.log" 'Smp: .* 2 hardware threads stay off'
has "the others run" "$dir/threads.log" ' 2 CPUs'
healthy threads "$dir/threads.log"
done_testing
