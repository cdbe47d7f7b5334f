#!/bin/bash
# A measured launch of an MLE and kernel that are not ours: the distribution's tboot and Linux.
# TAP output. Also: lcp2_mlehash agrees with what SENTER measured.
set -u
ROOT=$(cd "$(dirname "$0")/../.." && pwd)
. "$ROOT/tests/interop/txtsim_lib.sh"
sim_need_linux

# Linux insists on an IOMMU under tboot, which the board does not have; its XSAVE code is confused by
# what Bochs' tigerlake reports.
sim_iso linux "$ROOT/build/sinit.bin" "console=ttyS0 intel_iommu=tboot_noforce"
ok "boot image" $? "$SIM_DIR/linux.mkrescue.log"
sim_run linux --iso "$SIM_DIR/linux.iso" --mem 512 --model corei7_skylake_x \
	--until "end Kernel panic" --no-reboot
status=$?
log=$SIM_DIR/linux/txtsim.log
serial=$SIM_DIR/linux/com1.log
ok "the run ends where a Linux without root file system does" $status "$serial"

measured=$(sed -n 's/.*MLE sha256 \([0-9a-f]*\) .*/\1/p' "$log" | head -n 1)
expected=$("$TBOOT/usr/sbin/lcp2_mlehash" --create --alg sha256 --cmdline "$TBOOT_ARGS" \
	"$TBOOT/boot/tboot.gz" | tail -n 1 | tr -d ' \n')
[ -n "$measured" ] && [ "$measured" = "$expected" ]
ok "MLE hash is what lcp2_mlehash computes" $? "$log"

sinit=$("$TXTSIM" sinit-hash "$ROOT/build/sinit.bin")
grep -q "SINIT sha256 $sinit" "$log"
ok "SINIT hash is that of the file's signed area" $? "$log"

grep -qa "tboot: found shared page at phys addr" "$serial"
ok "Linux finds tboot's shared page" $? "$serial"
grep -qa "DMAR: Host address width 39" "$serial"
ok "Linux reads the DMAR that SINIT left in SinitMleData" $? "$serial"
finish
