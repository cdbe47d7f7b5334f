#!/bin/bash
# Attacks on a real (software) TPM: what an appraisal says when PCRs, not records, were tampered with.
# TAP output. Needs build/bin/{vmkverify,vmkagent-host,vmkpaper}, swtpm, tpm2-tools.
ROOT=$(cd "$(dirname "$0")/../.." && pwd)
. "$ROOT/tests/vectors/live.sh"
paper=$LIVE_DIR/paper
mkdir -p "$paper"
"$ROOT/build/bin/vmkpaper" "$paper"

live_make_tpm tpm1
live_make_tpm tpm2
live_start_tpm tpm1
live_launch "$paper"
live_start_agent "$paper"

live_enroll paper
ok "enrollment: EK chain, credential activation, attestation key" $?
last_line "ENROLLED host=paper"
ok "enrollment says so" $?
live_attest paper
ok "a launched host is trusted" $?
last_line "TRUSTED host=paper launch=drtm"
ok "and the last line says so" $?
"$VERIFY" replay "$LIVE_DIR"/state/evidence/00000001.json --policy "$paper/policy.json" \
	--state "$LIVE_DIR/state" >"$LIVE_DIR/out" 2>&1 && last_line "TRUSTED"
ok "the record appraises again" $?
"$VERIFY" show --host paper --state "$LIVE_DIR/state" >"$LIVE_DIR/out" 2>&1
ok "the evidence chain holds" $?

live_stop agent
echo "22:sha256=$(printf '%064d' 1)" | live_extend
live_start_agent "$paper"
live_attest paper
last_line 'UNTRUSTED host=paper reason=pcr-not-covered what="PCR 22"'
ok "PCR 22 extended, and no log says so" $?

live_stop agent
echo "22:reset" | live_extend 2>"$LIVE_DIR/out"
ok "PCR 22 is resettable by ring 0, so it proves nothing of its own" $?
echo "17:reset" | live_extend >"$LIVE_DIR/out" 2>&1
[ $? -ne 0 ]
ok "PCR 17 is not" $?
echo "19:sha256=$(printf '%064d' 2)" | live_extend
live_start_agent "$paper"
live_attest paper
last_line 'UNTRUSTED host=paper reason=replay-mismatch what="PCR 19"'
ok "PCR 19 extended behind the log's back" $?

live_stop agent
live_stop swtpm
live_start_tpm tpm1
live_start_agent "$paper"
live_attest paper
last_line 'UNTRUSTED host=paper reason=not-launched'
ok "after a power cycle without a launch, with the golden log" $?

live_stop agent
live_stop swtpm
live_start_tpm tpm2
live_launch "$paper"
live_start_agent "$paper"
live_attest paper
last_line 'UNTRUSTED host=paper reason=unknown-key'
ok "another TPM under the host's address" $?
live_enroll paper
last_line 'UNTRUSTED host=paper reason=already-enrolled'
ok "the name stays bound to the first TPM" $?
live_enroll paper --rekey
ok "until an operator re-keys it" $?
live_attest paper
ok "and then the new TPM is trusted" $?

openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "/CN=swtpm-localca" \
	-keyout "$LIVE_DIR/foreign.key" -out "$LIVE_DIR/foreign.pem" -days 2 2>/dev/null
"$VERIFY" enroll --host other --addr "127.0.0.1:$((LIVE_PORT + 2))" --state "$LIVE_DIR/state" \
	--ek-ca "$LIVE_DIR/foreign.pem" >"$LIVE_DIR/out" 2>&1
last_line 'UNTRUSTED host=other reason=ek-untrusted'
ok "an EK of a foreign maker, whose CA has the trusted one's name" $?
live_stop agent
live_attest paper --wait 2
[ $? -eq 3 ]
ok "a host that does not answer is unreachable, exit status 3" $?
finish
