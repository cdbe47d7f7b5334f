#!/bin/bash
# The distribution's Linux, launched by the distribution's tboot on QEMU, reaches user space; what it and
# the distribution's txt-stat see of the launch is what the platform did. TAP output.
set -u
ROOT=$(cd "$(dirname "$0")/../.." && pwd)
. "$ROOT/tests/interop/txtsim_lib.sh"
sim_need_linux

# A root file system of one program and txt-stat with its two libraries.
tree=$SIM_DIR/root
mkdir -p "$tree/bin" "$tree/lib64" "$tree/lib/x86_64-linux-gnu" "$tree/dev"
clang-19 -static -O2 -o "$tree/init" "$ROOT/tests/interop/linux_init.c" >"$SIM_DIR/init.log" 2>&1
ok "init" $? "$SIM_DIR/init.log"
cp "$TBOOT/usr/sbin/txt-stat" "$tree/bin/"
cp "$ROOT/build/bin/txtstat-static" "$tree/bin/txtstat"
cp /lib64/ld-linux-x86-64.so.2 "$tree/lib64/"
cp /lib/x86_64-linux-gnu/libc.so.6 "$tree/lib/x86_64-linux-gnu/"
(cd "$tree" && find . | cpio -o -H newc --quiet | gzip -9) >"$SIM_DIR/initrd"

# Linux finds the TPM without an entry in ACPI; what it says of the DMAR is looked for below.
sim_iso linux "$ROOT/build/sinit.bin" "console=ttyS0 tpm_tis.force=1 tpm_tis.interrupts=0 loglevel=7" "$SIM_DIR/initrd"
ok "boot image" $? "$SIM_DIR/linux.mkrescue.log"
sim_run linux --platform qemu --iso "$SIM_DIR/linux.iso" --mem 512 --no-reboot
status=$?
log=$SIM_DIR/linux/txtsim.log
serial=$SIM_DIR/linux/com1.log
grep -qa "INIT: user space" "$serial"
ok "Linux reaches user space" $? "$serial"
# Linux leaves through tboot, which resets after SEXIT where it finds no other way.
[ "$status" -eq 0 ] || [ "$status" -eq 5 ]
ok "and switches off" $? "$SIM_DIR/linux.out"
grep -q "SEXIT: the measured environment has ended" "$log"
ok "through tboot and SEXIT" $? "$log"

measured=$(sed -n 's/.*MLE sha256 \([0-9a-f]*\) .*/\1/p' "$log" | head -n 1)
expected=$("$TBOOT/usr/sbin/lcp2_mlehash" --create --alg sha256 --cmdline "$TBOOT_ARGS" \
	"$TBOOT/boot/tboot.gz" | tail -n 1 | tr -d ' \n')
[ -n "$measured" ] && [ "$measured" = "$expected" ]
ok "MLE hash is what lcp2_mlehash computes" $? "$log"

# What PCRs the log in the heap leads to, by another program than the one that wrote it.
"$ROOT/build/bin/txtstat" show --dumps "$SIM_DIR/linux" --json >"$SIM_DIR/txtstat.json" 2>&1
for pcr in 17 18; do
	seen=$(sed -n "s/^INIT: PCR$pcr \([0-9A-F]*\).*/\1/p" "$serial" | tr 'A-F' 'a-f' | head -n 1)
	[ ${#seen} -eq 64 ] && grep -q "$seen" "$SIM_DIR/txtstat.json"
	ok "PCR $pcr read by Linux is what the event log replays to" $? "$serial"
done

grep -qa "tboot: found shared page at phys addr" "$serial"
ok "Linux finds tboot's shared page" $? "$serial"
grep -qa "DMAR: Host address width 39" "$serial" && grep -qaE "DMAR: DRHD base: 0x0*fed90000" "$serial"
ok "and QEMU's remapping unit in the DMAR that SINIT left in SinitMleData" $? "$serial"

for line in 'senter_done: TRUE' 'private_open: TRUE' 'DIDVID: 0x00000001b0018086' \
	'SINIT.BASE: 0xfe200000' 'HEAP.BASE: 0xfe000000' \
	'TXT measured launch: TRUE' 'secrets flag set: TRUE'; do
	grep -qa "$line" "$serial"
	ok "txt-stat: $line" $? "$serial"
done

# Ours on the same machine, through the same /dev/mem: registers, heap and tboot's log are all within what
# the distribution's kernel (CONFIG_STRICT_DEVMEM, CONFIG_IO_STRICT_DEVMEM) lets root read.
tr -d '\r' <"$serial" | sed -n '/txt-stat ended with 0/,/INIT: done/p' >"$SIM_DIR/ours"
for line in '  launch: launched' '  reason: SENTER is done and no error is recorded' '  smx: yes' '  pcr17_set: yes' \
	'    SENTER.DONE: yes' '    value: 0x1b0018086' '    value: 0xfe200000' \
	'INIT: /bin/txtstat ended with 0'; do
	grep -qxaF -- "$line" "$SIM_DIR/ours"
	ok "txtstat: $line" $? "$SIM_DIR/ours"
done
grep -qa "from_zero: $seen" "$SIM_DIR/ours"
ok "txtstat replays the log in that heap to PCR 18" $? "$SIM_DIR/ours"
grep -qaF 'measured launch succeeded' "$SIM_DIR/ours" && ! grep -qa 'txtstat: ' "$SIM_DIR/ours"
ok "txtstat shows tboot's own log, and has nothing to complain of" $? "$SIM_DIR/ours"

# The same Linux, which tboot starts although there was no launch.
unlaunched() # NAME REASON OPTION...
{
	local name=$1 reason=$2
	shift 2
	sim_run "$name" --platform qemu --iso "$SIM_DIR/linux.iso" --mem 512 --no-reboot "$@"
	tr -d '\r' <"$SIM_DIR/$name/com1.log" >"$SIM_DIR/$name.text"
	grep -qxF -- '  launch: not launched' "$SIM_DIR/$name.text" && grep -qxF -- "  reason: $reason" "$SIM_DIR/$name.text" &&
		grep -qxF 'INIT: /bin/txtstat ended with 1' "$SIM_DIR/$name.text"
	ok "txtstat: not launched: $reason" $? "$SIM_DIR/$name.text"
}
unlaunched no-smx 'the processor shows no SMX' --inject no-smx
if [ -n "${MERLON_FULL:-}" ]; then
	unlaunched no-txt 'there is no TXT chipset: its registers read as nothing' --no-txt
	unlaunched disabled 'nobody executed GETSEC[SENTER]' --inject txt-disabled
fi
finish
