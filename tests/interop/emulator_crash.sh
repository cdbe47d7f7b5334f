#!/bin/bash
# An emulator that crashes is named as what failed, with its signal: it is no verdict on the guest. One that does not
# come to an end is ended, by its processor time or, if it has none, by the clock. The emulator is QEMU up to the moment
# when a machine shall start. TAP output.
set -uo pipefail
cd "$(dirname "$0")/../.."
. tests/tap.sh
. tests/system.sh
fake=$system/crash.bin
command -v qemu-system-x86_64 >/dev/null || {
	skip "QEMU crashes" "qemu-system-x86_64 is not installed"
	done_testing
	exit
}
mkdir -p "$fake"
cat >"$fake/qemu-system-x86_64" <<EOF
#!/bin/bash
[[ " \$* " != *' -nodefaults '* ]] || eval "\${FAKE_QEMU:-kill -SEGV \$\$}"
exec $(command -v qemu-system-x86_64) "\$@"
EOF
chmod +x "$fake/qemu-system-x86_64"
make_host
PATH=$fake:$PATH start crashed --platform qemu
verdict crashed 3 '^UNTRUSTED host=merlon-1 reason=unreachable what="QEMU crashed with signal 11 \(Segmentation fault\), start it again"$'
has "with where to look" "$system/crashed.log" 'the emulator ended early: txtsim: QEMU crashed with signal 11 .* see qemu.out in /'
PATH=$fake:$PATH build/bin/txtsim run --platform qemu --iso build/sinit.bin --workdir "$system/crashed" --until x >"$system/crashed.log" 2>&1
is "txtsim alone: exit status of a crash" $? 4
has "txtsim alone: QEMU is named" "$system/crashed.log" '^txtsim: QEMU crashed with signal 11 \(Segmentation fault\)'

limit() # WHAT COMMAND REGEX
{
	FAKE_QEMU=$2 PATH=$fake:$PATH build/bin/txtsim run --platform qemu --no-txt --tpm absent --iso build/sinit.bin \
		--workdir "$system/limited" --timeout 1 >"$system/limited.log" 2>&1
	is "$1: exit status" $? 124
	has "$1: what it had is said" "$system/limited.log" "$3"
}
limit "QEMU that works for ever" 'while :; do :; done' '^txtsim: no end after [1-9][0-9]* seconds of processor time, .* allow more$'
limit "QEMU that waits for ever" 'exec sleep 600' '^txtsim: no end after 0 seconds of processor time, .* 4 times as many by the clock'
done_testing
