#!/bin/bash
# Power is cut at a moment of the boot or of an attestation; the next boot must be trusted again, with
# the same enrollment. Nothing is shut down: emulator and TPM are killed.
set -uo pipefail
cd "$(dirname "$0")/../.."
. tests/tap.sh
. tests/system.sh

# What the console shows last, and how long power stays on after it: during an attestation, and after.
moments=(
	'attester listening|0.1'
	'Merlon VMkernel starts|0'
	'TBOOT: executing GETSEC|0'
	'signs of a measured launch hold|0'
	'Booting|0'
	'TBOOT: measured launch succeeded|0'
	'Package: [0-9]+: config|0'
	'World agent: version|0'
	'attester listening|0'
	'attester listening|1'
)
count=${MERLON_FULL:+10}
count=${count:-4}

# cut DIRECTORY HOST MOMENT: one boot that ends at that moment; 0 if it was reached. What the run says goes
# to DIRECTORY.log, and is shown if it ended before.
cut()
{
	local regex=${3%|*} delay=${3#*|} run status=1
	rm -rf "$1"
	MERLON_HOST=$2 MERLON_RUN=$1 tboot-integration/run --smp 1 --keep >"$1.log" 2>&1 &
	run=$!
	while :; do
		if grep -aqsE "$regex" "$1/sim/com1.log"; then
			sleep "$delay"
			kill -9 -- "-$(cat "$1/txtsim.pid")"
			status=$?
			break
		fi
		kill -0 "$run" 2>/dev/null || break
		sleep 0.2
	done
	[ "$status" = 0 ] || sed "s/^/# ${1##*/}: /" "$1.log" >&2
	wait
	# The emulator holds the host's lock until its memory is gone.
	flock -w "$patience" "$2/lock" true
	return $status
}

one()
{
	local name=cut-$1
	rm -rf "${system:?}/$name.tpm"
	cp -r "$system/host" "$system/$name.tpm"
	cut "$system/$name-off" "$system/$name.tpm" "${moments[$1]}"
	echo $? >"$system/$name.cut"
	MERLON_HOST=$system/$name.tpm MERLON_RUN=$system/$name tboot-integration/run --smp 1 >"$system/$name.log" 2>&1
	echo $? >"$system/$name.status"
}

ok "a good host is trusted first" make_host
in_lanes one $(seq 0 $((count - 1)))
for i in $(seq 0 $((count - 1))); do
	is "cut-$i: power was cut at \"${moments[$i]}\"" "$(cat "$system/cut-$i.cut")" 0
	verdict "cut-$i" 0 '^TRUSTED host=merlon-1 '
	ok "cut-$i: no second enrollment" bash -c "! grep -q ENROLLED '$system/cut-$i.log'"
done
done_testing
