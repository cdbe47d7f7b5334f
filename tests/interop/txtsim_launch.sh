#!/bin/bash
# txtsim refuses a SINIT that was changed or that another key signed, names the reason, and does the
# same twice with one seed. TAP output.
set -u
ROOT=$(cd "$(dirname "$0")/../.." && pwd)
. "$ROOT/tests/interop/txtsim_lib.sh"
sim_need_linux

cp "$ROOT/build/sinit.bin" "$SIM_DIR/changed.bin"
printf 'X' | dd of="$SIM_DIR/changed.bin" bs=1 seek=40000 conv=notrunc status=none
sim_iso changed "$SIM_DIR/changed.bin" "console=ttyS0"
ok "boot image with a changed SINIT" $? "$SIM_DIR/changed.mkrescue.log"
"$TXTSIM" sinit-hash "$SIM_DIR/changed.bin" >"$SIM_DIR/hash.out" 2>&1
[ $? -ne 0 ] && grep -q "signature does not verify" "$SIM_DIR/hash.out"
ok "sinit-hash names it" $? "$SIM_DIR/hash.out"

# Both runs begin with the same TPM.
mkdir "$SIM_DIR/tpm.a"
swtpm_setup --tpm2 --tpmstate "$SIM_DIR/tpm.a" --pcr-banks sha1,sha256 >"$SIM_DIR/setup.log" 2>&1
ok "a TPM" $? "$SIM_DIR/setup.log"
cp -r "$SIM_DIR/tpm.a" "$SIM_DIR/tpm.b"
sim_run a --iso "$SIM_DIR/changed.iso" --seed 42 --trace --no-reboot --tpm-state "$SIM_DIR/tpm.a" &
first=$!
sim_run b --iso "$SIM_DIR/changed.iso" --seed 42 --trace --no-reboot --tpm-state "$SIM_DIR/tpm.b"
second=$?
wait $first
[ $? -eq 5 ] && [ $second -eq 5 ]
ok "the platform resets instead of launching it" $? "$SIM_DIR/a.out"
grep -q "signature does not verify" "$SIM_DIR/a/txtsim.log" &&
	grep -q "TXT.ERRORCODE=0x80000007" "$SIM_DIR/a/txtsim.log"
ok "and says why" $? "$SIM_DIR/a/txtsim.log"
cmp "$SIM_DIR/a/com1.log" "$SIM_DIR/b/com1.log" &&
	cmp "$SIM_DIR/a/txtsim.log" "$SIM_DIR/b/txtsim.log"
ok "with one seed, two runs write the same bytes" $?

sim_iso good "$ROOT/build/sinit.bin" "console=ttyS0"
openssl genrsa -out "$SIM_DIR/other.key" 2048 2>/dev/null
sim_run other --iso "$SIM_DIR/good.iso" --sinit-key "$SIM_DIR/other.key" --no-reboot
[ $? -eq 5 ]
ok "a SINIT of another signer is refused" $? "$SIM_DIR/other.out"
grep -q "not the one in TXT.PUBLIC.KEY" "$SIM_DIR/other/txtsim.log"
ok "and says why" $? "$SIM_DIR/other/txtsim.log"

sim_run missing --iso "$SIM_DIR/good.iso" --tpm-state "$SIM_DIR/nowhere"
[ $? -eq 1 ] && grep -q "there is no TPM state" "$SIM_DIR/missing.out"
ok "an absent TPM state is named" $? "$SIM_DIR/missing.out"
finish
