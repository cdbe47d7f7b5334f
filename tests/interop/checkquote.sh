#!/bin/bash
# What vmkverify writes and what the kernel's log format is, read by tpm2-tools. TAP output.
# tpm2_checkquote accepts more than it should (facts of its version 5.4): a reader, not an oracle.
ROOT=$(cd "$(dirname "$0")/../.." && pwd)
. "$ROOT/tests/vectors/live.sh"
paper=$LIVE_DIR/paper
mkdir -p "$paper"
"$ROOT/build/bin/vmkpaper" "$paper"
live_make_tpm tpm1
live_start_tpm tpm1
live_launch "$paper"
live_start_agent "$paper"
live_enroll paper
live_attest paper --out "$LIVE_DIR/files"
ok "appraisal with --out" $?
live_stop agent

files=$LIVE_DIR/files/paper
nonce=$(sed -n 's/^ *"nonce": "\([0-9a-f]*\)".*/\1/p' "$LIVE_DIR/state/evidence/00000001.json")
tpm2_checkquote -u "$files.ak.pem" -m "$files.msg" -s "$files.sig" -f "$files.pcrs" -g sha256 \
	-q "$nonce" >"$LIVE_DIR/out" 2>&1
ok "tpm2_checkquote accepts msg, sig, pcrs and key" $?
tpm2_checkquote -u "$files.ak.pem" -m "$files.msg" -s "$files.sig" -f "$files.pcrs" -g sha256 \
	-q "${nonce%??}00" >"$LIVE_DIR/out" 2>&1
[ $? -ne 0 ]
ok "and refuses them for another nonce" $?
for log in txt-drtm vmk; do
	tpm2_eventlog "$files.$log.log" >"$LIVE_DIR/out" 2>&1
	ok "tpm2_eventlog reads $log" $?
	[ "$(grep -c 'PCRIndex: ' "$LIVE_DIR/out")" -gt 4 ]
	ok "and sees its events" $?
done
pcr17=$(tpm2_pcrread sha256:17 | sed -n 's/.*0x//p' | tr A-F a-f)
tpm2_eventlog "$files.txt-drtm.log" >"$LIVE_DIR/out" 2>&1
"$VERIFY" log "$files.txt-drtm.log" | grep -q "^PCR 17 = $pcr17 "
ok "the replayed PCR 17 is the TPM's" $?
finish
