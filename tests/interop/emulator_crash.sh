#!/bin/bash
# An emulator that crashes is named as what failed, with its signal: it is no verdict on the guest. The
# emulator is QEMU up to the moment when a machine shall start. TAP output.
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
[[ " \$* " != *' -nodefaults '* ]] || kill -SEGV \$\$
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
done_testing
