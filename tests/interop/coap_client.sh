#!/bin/bash
# libcoap's coap-client against the agent's server (build/bin/vmkagent-host) with a software TPM:
# Echo, Block2 in two sizes, and the refusals. Output: TAP. Needs swtpm and libcoap3-bin.
set -u
cd "$(dirname "$0")/../.." || exit 1
. tests/tap.sh

agent=build/bin/vmkagent-host
client=$(command -v coap-client-notls || command -v coap-client || command -v coap-client-openssl)
for program in swtpm swtpm_setup "${client:-coap-client}"; do
	if ! command -v "$program" >/dev/null; then
		skip "libcoap's client" "$program is not installed"
		done_testing
		exit
	fi
done
if [ ! -x "$agent" ]; then
	echo "Bail out! $agent is not built (make $agent)"
	exit 1
fi

work=$(mktemp -d)
pids=()
stop() {
	[ ${#pids[@]} -eq 0 ] || kill "${pids[@]}" 2>/dev/null
	rm -rf "$work"
}
trap stop EXIT

tpm_listens() {
	(: >"/dev/tcp/127.0.0.1/$((tpm_port + 1))") 2>/dev/null
}

start() {
	local base
	base=$(free_port 3)
	tpm_port=$base
	coap_port=$((base + 2))
	mkdir "$work/tpm"
	swtpm_setup --tpm2 --tpmstate "$work/tpm" --overwrite --pcr-banks sha256 \
		>"$work/setup.log" 2>&1 || return 1
	swtpm socket --tpm2 --tpmstate "dir=$work/tpm" --flags not-need-init \
		--server "type=tcp,port=$tpm_port" --ctrl "type=tcp,port=$((tpm_port + 1))" \
		>"$work/swtpm.log" 2>&1 &
	pids+=($!)
	head -c 20000 /dev/urandom >"$work/vmk.log"
	await $! tpm_listens || return 1
	"$agent" --tcti "swtpm:host=127.0.0.1,port=$tpm_port" --port "$coap_port" \
		--log "vmk=$work/vmk.log" >"$work/agent.log" 2>&1 &
	pids+=($!)
	await $! in_file listening "$work/agent.log"
}

# request FILE NONCE: attest/PROTOCOL.md's request by hand, for PCR 17 and the log `vmk`.
request() {
	printf '\x86\x1a\x00\x02\x02\x00\xf4\x40\x50%-16.16s\x81\x82\x0b\x81\x11' "$2" >"$1"
	printf '\x81\x83\x63vmk\x00\x00' >>"$1"
}

# fetch REQUEST ANSWER PATH OPTIONS...; what the client said is in $work/client.log.
fetch() {
	local payload=$1 answer=$2 path=$3
	shift 3
	rm -f "$answer"
	"$client" -m fetch -t 60 -B "$patience" -f "$payload" -o "$answer" "$@" \
		"coap://127.0.0.1:$coap_port/$path" >"$work/client.log" 2>&1
	[ -e "$answer" ] || : >"$answer"
}

# The log is the answer's last member: the answer ends with its bytes, and begins with the quote.
is_whole() {
	local magic
	cmp -s <(tail -c 20000 "$1") "$work/vmk.log" || return 1
	magic=$(head -c 10 "$1" | od -An -v -tx1 | tr -d ' \n')
	[[ $magic == 8284000058??ff544347 ]]
}

says() {
	grep -q -- "$1" "$work/client.log"
}

if ! start; then
	cat "$work"/*.log >&2
	echo "Bail out! TPM or agent did not start"
	exit 1
fi
request "$work/request" "first nonce"
fetch "$work/request" "$work/answer" attest
ok "an answer of 20 blocks arrives whole" is_whole "$work/answer"
request "$work/request" "second nonce"
fetch "$work/request" "$work/answer" attest -b 64
ok "an answer in blocks of 64 bytes arrives whole" is_whole "$work/answer"
ok "another nonce gets another quote" grep -q "second nonce" "$work/answer"
fetch "$work/request" "$work/answer" elsewhere
ok "another path is not found" says '4\.04'
printf 'no CBOR' >"$work/garbage"
fetch "$work/garbage" "$work/answer" attest
ok "garbage is refused with the reason" says 'request: not an array'
"$client" -m get -B "$patience" "coap://127.0.0.1:$coap_port/attest" >"$work/client.log" 2>&1
ok "GET is not allowed" says '4\.05'
request "$work/request" "third nonce"
fetch "$work/request" "$work/answer" attest
ok "and the next good request is answered" is_whole "$work/answer"
done_testing
