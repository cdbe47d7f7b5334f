#!/bin/bash
# Page tables of ring 3's own, as CPUs need them that Meltdown affects: system calls, faults, interrupts and a
# non-maskable one find their way in and out. In QEMU, asked for by pti=on. TAP output.
set -uo pipefail
cd "$(dirname "$0")/../.."
. tests/tap.sh
. tests/boot/boot_lib.sh
dir=build/tests/boot/isolation
log=$dir/boot.log

has_qemu || {
	skip "page tables of ring 3's own" "no qemu-system-x86_64"
	done_testing
	exit
}
kernel_build "$dir"
hostile="single_step read_kernel flags registers"
# shellcheck disable=SC2046
packages="selftest fault spin console $(printf 'hostile-%s ' $hostile)"
# shellcheck disable=SC2086
make -s $(printf 'build/packages/%s.pkg ' $packages) >>"$dir/make.log" 2>&1 || {
	echo "Bail out! make failed: $dir/make.log"
	exit 1
}
# shellcheck disable=SC2086
cp $(printf 'build/packages/%s.pkg ' $packages) "$dir/files/"
# shellcheck disable=SC2086
sed -e "s/^modules=.*/modules=config.pkg$(printf ' --- %s.pkg' $packages)/" \
	-e 's/^kernelopt=.*/kernelopt=pti=on onpanic=poweroff/' tboot-integration/image/boot.cfg >"$dir/boot.cfg"
tboot-integration/image/mkiso --boot-cfg "$dir/boot.cfg" --from "$dir/files" --enable-tboot 0 --out "$dir/boot.iso" || exit 1

# shows REGEX: the log comes to have such a line while the machine runs.
shows()
{
	await "$qemu" in_file "$1" "$log"
}

mkfifo "$dir/monitor"
exec 7<>"$dir/monitor"
tests/limited qemu-system-x86_64 -accel tcg -cpu max -M q35 -m 512 -display none -no-reboot -smp 2 \
	-cdrom "$dir/boot.iso" -monitor stdio -serial "file:$log" <"$dir/monitor" >"$dir/qemu.log" 2>&1 7>&- &
qemu=$!
trap 'kill $qemu 2>/dev/null' EXIT
ok "the checks of selftest end" shows 'World selftest: exited with code'
has "they pass" "$log" 'World selftest: selftest: [0-9]+ passed, 0 failed'
has "the kernel says that it splits page tables" "$log" 'speculation: ring 3 has page tables without the VMkernel'
has "no rule of hardening fails" "$log" 'hardening: [0-9]+ rules hold, [0-9]+ the CPU does not offer, 0 fail'
ok "a world that faults dies, twice" shows 'World fault: will be restarted in 2 s'
has "each time at its own fault" "$log" 'World fault: page fault at image\+0x[0-9a-f]+: write to null\+0x0'
while read -r name expected; do
	[ "$expected" != survives ] || expected='exited with code 0'
	ok "hostile world: $name" shows "World hostile-$name: $expected"
done < <(sed -n 's/^\tX(\([a-z_0-9]*\), "\(.*\)").*/\1 \2/p' kernel/worlds/hostile/attacks.h | sed 's/\\\\/\\/g' |
	grep -E "^(${hostile// /|}) ")
has "a processor is busy in ring 3" "$log" 'World spin: version .* starts'
ok "nothing of that ends the kernel" test "$(grep -ac PANIC "$log")" = 0
# Both processors get one; the first in ring 0 or 3, the other as well.
echo nmi >&7
ok "a non-maskable interrupt is reported as what it is" shows 'PANIC cpu[0-9]+: non-maskable interrupt'
kill "$qemu" 2>/dev/null
wait "$qemu" 2>/dev/null
ok "no kernel address is logged" no_addresses "$log"
done_testing
