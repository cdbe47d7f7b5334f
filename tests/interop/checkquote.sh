#!/bin/bash
# What vmkverify writes and what the logs' format is, read by tpm2-tools. TAP output.
# tpm2_checkquote 5.4 accepts more than it should: it is a reader here, never an oracle.
ROOT=$(cd "$(dirname "$0")/../.." && pwd)
. "$ROOT/tests/vectors/live.sh"
paper=$LIVE_DIR/paper
files=$LIVE_DIR/files/paper
mkdir -p "$paper"
"$ROOT/build/bin/vmkpaper" "$paper"
live_make_tpm tpm1
live_start_tpm tpm1
live_launch "$paper"
live_start_agent "$paper"
live_enroll paper
check "appraisal with --out" live_attest paper --out "$LIVE_DIR/files"
live_stop agent

checkquote() # NONCE
{
	tpm2_checkquote -u "$files.ak.pem" -m "$files.msg" -s "$files.sig" -f "$files.pcrs" \
		-g sha256 -q "$1" >"$LIVE_DIR/out" 2>&1
}

refused_checkquote()
{
	! checkquote "$1"
}

eventlog() # LOG
{
	tpm2_eventlog "$files.$1.log" >"$LIVE_DIR/out" 2>&1 &&
		[ "$(grep -c 'PCRIndex: ' "$LIVE_DIR/out")" -gt 4 ]
}

nonce=$(sed -n 's/^ *"nonce": "\([0-9a-f]*\)".*/\1/p' "$LIVE_DIR/state/evidence/00000001.json")
check "tpm2_checkquote accepts msg, sig, pcrs and key" checkquote "$nonce"
check "and refuses them for another nonce" refused_checkquote "${nonce#??}00"
check "tpm2_eventlog reads SINIT's and tboot's log" eventlog txt-drtm
check "and the kernel's" eventlog vmk
pcr17=$(tpm2_pcrread sha256:17 | sed -n 's/.*0x//p' | tr A-F a-f)
"$VERIFY" log "$files.txt-drtm.log" >"$LIVE_DIR/out" 2>&1
check "the replayed PCR 17 is the TPM's" grep -q "^PCR 17 = $pcr17 " "$LIVE_DIR/out"
pcr19=$(tpm2_pcrread sha256:19 | sed -n 's/.*0x//p' | tr A-F a-f)
"$VERIFY" log "$files.vmk.log" >"$LIVE_DIR/out" 2>&1
check "so is PCR 19, from the kernel's log alone" grep -q "^PCR 19 = $pcr19 from zero" "$LIVE_DIR/out"
done_testing
