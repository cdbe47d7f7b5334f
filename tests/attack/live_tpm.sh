#!/bin/bash
# Attacks on a real (software) TPM: what an appraisal says when PCRs, not records, were tampered with.
# TAP output. Needs build/bin/{vmkverify,vmkagent-host,vmkpaper,vmkextend}, swtpm, tpm2-tools.
ROOT=$(cd "$(dirname "$0")/../.." && pwd)
. "$ROOT/tests/vectors/live.sh"
host=paper
paper=$LIVE_DIR/paper
record=$LIVE_DIR/state/evidence/00000001.json
mkdir -p "$paper"
"$ROOT/build/bin/vmkpaper" "$paper"

replay() # EVIDENCE
{
	"$VERIFY" replay "$1" --policy "$paper/policy.json" --state "$LIVE_DIR/state" \
		>"$LIVE_DIR/out" 2>&1
}

show()
{
	"$VERIFY" show --host paper --state "$LIVE_DIR/state" >"$LIVE_DIR/out" 2>&1
}

trusted()
{
	"$@" && last_line "TRUSTED host=paper launch=drtm"
}

change() # LINE: to the TPM, from locality 2, while the agent is away
{
	local status
	live_stop agent
	live_extend <<<"$1" >"$LIVE_DIR/out" 2>&1
	status=$?
	live_start_agent "$paper"
	return $status
}

live_make_tpm tpm1
live_make_tpm tpm2
live_start_tpm tpm1
live_launch "$paper"
live_start_agent "$paper"
check "enrollment: EK chain, credential activation, attestation key" live_enroll paper
check "enrollment says so" last_line "ENROLLED host=paper"
check "a launched host is trusted" trusted live_attest paper
live_attest paper --boot-started "$(($(date +%s) - 5))"
check "with the time that the boot took" grep -qE "^TRUSTED host=paper launch=drtm boot=[5-7]\.[0-9] s$" "$LIVE_DIR/out"
check "the record appraises again" trusted replay "$record"
check "the evidence chain holds" show

# Resettable-PCR masquerade: golden PCR 17 is replayed into PCR 23, which anybody can reset, and a
# quote over 18 to 23 by the enrolled key is offered for one over 17 to 22.
live_stop agent
{
	echo "23:sha256=$(sha256sum <"$paper/hash-start.bin" | cut -d' ' -f1)"
	sed -n 's/^17:/23:/p' "$paper/extends.txt"
} | live_extend
hexadecimal()
{
	od -An -v -tx1 "$1" | tr -d ' \n'
}
tpm2_createprimary -Q -C e -G ecc256:ecdsa-sha256:null -c "$LIVE_DIR/ak.ctx" \
	-a 'fixedtpm|fixedparent|sensitivedataorigin|userwithauth|noda|restricted|sign'
nonce=$(sed -n 's/^ *"nonce": "\([0-9a-f]*\)".*/\1/p' "$record")
tpm2_quote -Q -c "$LIVE_DIR/ak.ctx" -l sha256:18,19,20,21,22,23 -q "$nonce" -g sha256 \
	-m "$LIVE_DIR/msg" -s "$LIVE_DIR/sig"
tpm2_flushcontext -t
sed "s/\"attest\": \"[0-9a-f]*\"/\"attest\": \"$(hexadecimal "$LIVE_DIR/msg")\"/
	s/\"signature\": \"[0-9a-f]*\"/\"signature\": \"$(hexadecimal "$LIVE_DIR/sig")\"/" \
	"$record" >"$LIVE_DIR/masquerade.json"
# A log may hold anything; what a terminal would obey does not reach it.
LC_ALL=C sed 's/package /\x1b[2Jage /' "$paper/vmk.log" >"$LIVE_DIR/escape.log"
"$VERIFY" log "$LIVE_DIR/escape.log" >"$LIVE_DIR/out" 2>&1
check "a log's control characters are not printed" \
	bash -c "grep -aq 'age name=' '$LIVE_DIR/out' && ! grep -aq $'\\x1b' '$LIVE_DIR/out'"
check "PCR 23 relabelled as 17, signed by the enrolled key" \
	refused 'selection-mismatch' replay "$LIVE_DIR/masquerade.json"
tpm2_pcrread -Q -o "$LIVE_DIR/pcr23" sha256:23
"$VERIFY" log "$paper/txt-drtm.log" >"$LIVE_DIR/out" 2>&1
check "and PCR 23 did hold what PCR 17 should" \
	grep -q "^PCR 17 = $(hexadecimal "$LIVE_DIR/pcr23") " "$LIVE_DIR/out"

change "22:sha256=$(printf '%064d' 1)"
check "PCR 22 extended, and no log says so" \
	refused 'pcr-not-covered what="PCR 22"' live_attest paper
check "PCR 22 can be reset from ring 0, so it proves nothing of its own" change "22:reset"
check "and leaves no trace then" trusted live_attest paper
ok "PCR 17 cannot" test "$(change "17:reset" || echo refused)" = refused
change "19:sha256=$(printf '%064d' 2)"
check "PCR 19 extended behind the log's back" \
	refused 'replay-mismatch what="PCR 19"' live_attest paper

live_stop agent
live_stop swtpm
live_start_tpm tpm1
live_start_agent "$paper"
check "after a power cycle without a launch, with the golden log" \
	refused 'not-launched' live_attest paper

live_stop agent
live_stop swtpm
live_start_tpm tpm2
live_launch "$paper"
live_start_agent "$paper"
check "another TPM under the host's address" refused 'unknown-key' live_attest paper
check "the name stays bound to the first TPM" refused 'already-enrolled' live_enroll paper
check "until an operator re-keys it" live_enroll paper --rekey
check "and then the new TPM is trusted" trusted live_attest paper

openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "/CN=swtpm-localca" \
	-keyout "$LIVE_DIR/foreign.key" -out "$LIVE_DIR/foreign.pem" -days 2 2>/dev/null
host=other
cp "$LIVE_DIR/foreign.pem" "$LIVE_DIR/ca/issuercert.pem"
check "an EK whose maker has a trusted CA's name, but not its key" \
	refused 'ek-untrusted' live_enroll other
host=paper
live_stop agent
live_attest paper --wait 2
check "a host that does not answer is unreachable, exit status 3" test $? -eq 3
done_testing
