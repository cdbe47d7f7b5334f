# Sourced by tests that need a TPM with a history: swtpm, the agent on it, vmkverify before both.
# Needs ROOT (the repository) and a base port in LIVE_PORT; everything lives in LIVE_DIR.
LIVE_DIR=$(mktemp -d "${TMPDIR:-/tmp}/merlon-live.XXXXXX")
VERIFY=$ROOT/build/bin/vmkverify
. "$ROOT/tests/tap.sh"
LIVE_PORT=${LIVE_PORT:-$(free_port 3)}
export TPM2TOOLS_TCTI=swtpm:host=127.0.0.1,port=$LIVE_PORT

# ok of tests/tap.sh; what vmkverify said is shown when it fails.
check() # DESCRIPTION COMMAND...
{
	local failed=$tap_failed
	ok "$@"
	[ "$tap_failed" = "$failed" ] || tail -n 12 "$LIVE_DIR/out" | sed 's/^/# /'
}

live_stop() # NAME
{
	[ -f "$LIVE_DIR/$1.pid" ] || return 0
	kill "$(cat "$LIVE_DIR/$1.pid")" 2>/dev/null
	wait "$(cat "$LIVE_DIR/$1.pid")" 2>/dev/null
	rm -f "$LIVE_DIR/$1.pid"
}

live_cleanup()
{
	live_stop agent
	live_stop swtpm
	rm -rf "$LIVE_DIR"
}
trap live_cleanup EXIT

# A TPM of its own with an EK certificate; the CA is this directory's.
live_make_tpm() # NAME
{
	local ca=$LIVE_DIR/ca
	mkdir -p "$ca" "$LIVE_DIR/$1"
	cat >"$ca/localca.conf" <<-E
		statedir = $ca
		signingkey = $ca/signkey.pem
		issuercert = $ca/issuercert.pem
		certserial = $ca/certserial
	E
	printf -- '--platform-manufacturer Merlon\n--platform-version 1\n--platform-model Paper\n' \
		>"$ca/localca.options"
	cat >"$ca/setup.conf" <<-E
		create_certs_tool=$(command -v swtpm_localca)
		create_certs_tool_config=$ca/localca.conf
		create_certs_tool_options=$ca/localca.options
		active_pcr_banks=sha256
	E
	swtpm_setup --tpm2 --tpmstate "$LIVE_DIR/$1" --create-ek-cert --config "$ca/setup.conf" \
		--pcr-banks sha256 >"$LIVE_DIR/setup.log" 2>&1
}

live_tpm_answers()
{
	tpm2_pcrread -Q sha256:0 2>/dev/null
}

live_start_tpm() # NAME
{
	swtpm socket --tpm2 --tpmstate "dir=$LIVE_DIR/$1" \
		--server "type=tcp,port=$LIVE_PORT" --ctrl "type=tcp,port=$((LIVE_PORT + 1))" \
		--flags not-need-init,startup-clear >"$LIVE_DIR/swtpm.log" 2>&1 &
	echo $! >"$LIVE_DIR/swtpm.pid"
	await $! live_tpm_answers
}

# The launch from locality 4, then every event from locality 2, as SINIT, tboot and kernel do.
live_launch() # PAPER-DIRECTORY
{
	swtpm_ioctl --tcp "127.0.0.1:$((LIVE_PORT + 1))" -h - <"$1/hash-start.bin"
	live_extend <"$1/extends.txt"
}

live_extend() # lines for vmkextend on standard input
{
	"$ROOT/build/bin/vmkextend" "$TPM2TOOLS_TCTI" 2
}

live_start_agent() # LOG-DIRECTORY
{
	"$ROOT/build/bin/vmkagent-host" --tcti "$TPM2TOOLS_TCTI" --port $((LIVE_PORT + 2)) \
		--no-limits --log "txt-drtm=$1/txt-drtm.log" --log "vmk=$1/vmk.log" \
		>"$LIVE_DIR/agent.log" 2>&1 &
	echo $! >"$LIVE_DIR/agent.pid"
}

live_enroll() # HOST [OPTION...]
{
	"$VERIFY" enroll --host "$1" --addr "127.0.0.1:$((LIVE_PORT + 2))" --state "$LIVE_DIR/state" \
		--ek-ca "$LIVE_DIR/ca/issuercert.pem" "${@:2}" >"$LIVE_DIR/out" 2>&1
}

live_attest() # HOST [OPTION...]
{
	"$VERIFY" attest --host "$1" --policy "$LIVE_DIR/paper/policy.json" \
		--state "$LIVE_DIR/state" "${@:2}" >"$LIVE_DIR/out" 2>&1
}

# Did the last command end with this as its last line's beginning?
last_line() # TEXT
{
	case $(tail -n 1 "$LIVE_DIR/out") in
	"$1"*) return 0 ;;
	esac
	return 1
}

# An attestation that is refused, with these words in its last line.
refused() # REASON-AND-MORE COMMAND...
{
	local words=$1
	shift
	! "$@" && last_line "UNTRUSTED host=$host reason=$words"
}
