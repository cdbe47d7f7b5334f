#!/bin/bash
# A world's memory is its own: a secret that it made is sought in all of the machine's memory, and in what
# every page table of the machine maps. TAP output.
set -uo pipefail
cd "$(dirname "$0")/../.."
. tests/tap.sh
. tests/boot/boot_lib.sh
dir=build/tests/boot/secrets
log=$dir/secrets.log

if ! has_qemu; then
	echo "1..0 # SKIP QEMU is missing"
	exit 0
fi
kernel_build "$dir"
make -s build/bin/vmksecret build/packages/{keeper,selftest,console}.pkg >>"$dir/make.log" 2>&1 || {
	echo "Bail out! make failed: $dir/make.log"
	exit 1
}
cp build/packages/{keeper,selftest,console}.pkg "$dir/files/"
sed -e 's/^modules=.*/modules=config.pkg --- keeper.pkg --- selftest.pkg --- console.pkg/' -e 's/^kernelopt=.*/kernelopt=/' \
	-e 's/^enableTboot=.*/enableTboot=0/' tboot-integration/image/boot.cfg >"$dir/boot.cfg"
tboot-integration/image/mkiso --boot-cfg "$dir/boot.cfg" --from "$dir/files" --out "$dir/secrets.iso" || exit 1

# Selftest has come and gone by then, so there are frames and address spaces that changed hands.
monitor=$dir/monitor qemu_pid=''
trap '[ -z "$qemu_pid" ] || kill "$qemu_pid" 2>/dev/null' EXIT
mkfifo "$monitor"
tests/limited qemu-system-x86_64 -accel tcg -cpu max -M q35 -m 256 -smp 2 -display none -no-reboot -monitor stdio \
	-serial "file:$log" -cdrom "$dir/secrets.iso" <"$monitor" >"$dir/secrets.qemu" 2>&1 &
qemu_pid=$!
exec 7>"$monitor"
await "$qemu_pid" in_file 'World selftest: exited' "$log"
await "$qemu_pid" in_file 'KiB in use beside' "$log"
printf '%s\n' stop 'info registers -a' "pmemsave 0 0x10000000 \"$dir/memory\"" quit >&7
exec 7>&-
wait "$qemu_pid"
qemu_pid=''

has "both rules on frames hold" "$log" 'hardening: [0-9]+ rules hold, .* 0 fail'
veiled=$(sed -n 's/.*World keeper: veiled \([0-9a-f]\{64\}\).*/\1/p' "$log" | head -n 1)
ok "the world has a secret" test -n "$veiled"
cr3=$(grep -aoE 'CR3=[0-9a-f]+' "$dir/secrets.qemu" | head -n 1)
seek() # BYTES [veiled]
{
	build/bin/vmksecret "$dir/memory" "${cr3#CR3=}" "$@" || echo "vmksecret failed"
}
# What the kernel has written to its log is found, so the search sees what there is.
line=$(printf 'World keeper: veiled ' | od -An -tx1 | tr -d ' \n')
found=$(seek "$line")
ok "the search sees what the kernel has in its memory: $found" \
	grep -qE '^pages=[1-9][0-9]* spaces=[3-9] kernel=[1-9][0-9]* ' <<<"$found"
found=$(seek "$veiled" veiled)
ok "the secret lies on one page, which one world maps and the kernel does not: $found" \
	grep -qE '^pages=1 spaces=[3-9] kernel=0 worlds=1 kernel-mib=[1-9][0-9]+$' <<<"$found"
ok "the kernel's half maps most of memory: $found" test "${found##*=}" -ge 200
rm -f "$dir/memory"
done_testing
