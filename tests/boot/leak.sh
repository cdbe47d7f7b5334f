#!/bin/bash
# No kernel address leaves the kernel: a host boots on QEMU with everything on, its console is asked every
# question in text and JSON, it is enrolled by and attests to a verifier; then the emulator's monitor tells
# where the kernel lies, and all that came out is searched for it: serial line, screen, packets, logs and
# quotes. (Reports of panics: tests/boot/violations.sh; what system calls give: the world selftest and
# tests/boot/worlds.sh.) TAP output.
set -uo pipefail
cd "$(dirname "$0")/../.."
. tests/tap.sh
. tests/system.sh
. tests/boot/boot_lib.sh
. tests/boot/outside_lib.sh
dir=build/tests/boot/leak
. tests/boot/console_lib.sh

has_qemu && command -v swtpm >/dev/null || {
	skip "where the kernel lies" "qemu-system-x86_64 or swtpm is not installed"
	done_testing
	exit
}
make_host || {
	echo "Bail out! no host: $system/first.log"
	exit 1
}
kernel_build "$dir"
mapfile -t packages < <(build/bin/vmkbootcfg files --boot-cfg tboot-integration/image/boot.cfg | grep '\.pkg$')
make -s host "${packages[@]/#/build/packages/}" >>"$dir/make.log" 2>&1 && outside_prepare "$dir" || {
	echo "Bail out! make failed: $dir/make.log"
	exit 1
}
cp "${packages[@]/#/build/packages/}" "$dir/files/"
tboot-integration/image/mkiso --boot-cfg tboot-integration/image/boot.cfg --from "$dir/files" --enable-tboot 0 \
	--out "$dir/boot.iso" || exit 1
cp -r "$system/host/tpm" "$system/host/verifier" "$dir/"

# --- the host, with its TPM, its network and its console
rm -f "$dir"/serial.{in,out}
mkfifo "$dir"/serial.{in,out}
cat "$dir/serial.out" >/dev/null &
reader=$!
swtpm socket --tpm2 --tpmstate "dir=$dir/tpm" --ctrl "type=unixio,path=$dir/tpm.sock" --terminate \
	>"$dir/swtpm.log" 2>&1 &
tpm=$!
trap 'for p in $outside_pid $tpm $reader; do kill "$p" 2>/dev/null; done' EXIT
await "$tpm" test -S "$dir/tpm.sock"
port=$(free_port)
log=$dir/serial.log
outside_boot "$dir" boot -chardev "pipe,id=serial,path=$dir/serial,logfile=$log" -serial chardev:serial \
	-chardev "socket,id=tpm,path=$dir/tpm.sock" -tpmdev emulator,id=tpm,chardev=tpm -device tpm-tis,tpmdev=tpm \
	-netdev "user,id=net,hostfwd=udp:127.0.0.1:$port-10.0.2.15:5683" -device e1000,netdev=net \
	-object "filter-dump,id=dump,netdev=net,file=$dir/packets.pcap"
# shellcheck disable=SC2034
sim=$outside_pid
exec 8>"$dir/serial.in"
ok "the console greets" wait_for 0 '^vmk> $'
ok "the attester listens" wait_for 0 'World agent: attester listening on'

# --- everything that can be asked. Commands that change something are left out.
build/bin/vmkverify attest --host merlon-1 --state "$dir/verifier" --addr "127.0.0.1:$port" \
	--policy "$system/first/policy.json" --out "$dir/out" --wait 120 >"$dir/verdict.log" 2>&1
has "it attests, and says that it was not launched" "$dir/verdict.log" '^UNTRUSTED host=merlon-1 reason=not-launched'
mapfile -t commands < <(sed -n 's/^\t{"\([a-z0-9 ]*\)".*/\1/p' kernel/worlds/libvmk/commands.c |
	grep -E ' (get|list|log|tail|hardening)$|^version$' | sed -e 's/^system module get$/& agent/' \
	-e 's/^system module parameters list$/& e1000/' -e 's/^vm get$/& nothing/' -e 's/ log tail$/& -n 1000/')
ok "there are many commands" test ${#commands[@]} -ge 25
: >"$dir/answers"
silent=()
for command in "${commands[@]}" "vmkping 10.0.2.2 -c 1"; do
	for json in "" --json; do
		vmk "$command" $json
		[ $? != 255 ] || silent+=("$command $json")
		cat "$dir/answer" >>"$dir/answers"
	done
done
is "each command is answered" "${silent[*]}" ""
ok "the answers are many lines" test "$(wc -l <"$dir/answers")" -gt 300

# --- where it lies, and whether anybody said so
outside_regions "$dir" >"$dir/regions"
outside_ask "screendump $dir/screen.ppm" >/dev/null
outside_leave
exec 8>&-
build/bin/vmkscreen "$dir/screen.ppm" >"$dir/screen"
is "the monitor names the regions" "$(wc -l <"$dir/regions")" 11
ok "and the pages that are mapped" test "$(wc -l <"$dir/tlb")" -gt 500
ok "the screen shows something" test "$(grep -c . "$dir/screen")" -gt 5
ok "packets went by" test "$(stat -c %s "$dir/packets.pcap")" -gt 5000

# leaks FILE...: 1 if any tells; what it tells goes to DIR/leaks.
leaks()
{
	build/bin/vmkleak "$dir/regions" "$dir/tlb" "$@" >>"$dir/leaks"
	echo $?
}
: >"$dir/leaks"
read -r _ start _ <"$dir/regions"
page=$(sed -n '1s/ .*//p' "$dir/tlb")
bytes=$(sed 's/../\\x&/g' <<<"$start")
printf "see $bytes" >"$dir/control.big"
printf "see $(sed 's/../& /g' <<<"$start" | tr ' ' '\n' | tac | sed 's/..*/\\x&/' | tr -d '\n')" >"$dir/control.little"
echo "at 0x$start" >"$dir/control.hex"
echo "at ${start:0:10}" >"$dir/control.prefix"
echo "at ${page:4}" >"$dir/control.short"
printf 'at %u\n' "0x$start" >"$dir/control.decimal"
printf 'at %d\n' $((0x$start)) >"$dir/control.negative"
printf 'digest f%dc\n' $((0x$start)) | tr -d - >"$dir/control.digest"
for form in big little hex prefix short decimal negative; do
	is "an address would be found: $form" "$(leaks "$dir/control.$form")" 1
done
is "but none in the decimal digits of a digest" "$(leaks "$dir/control.digest")" 0
: >"$dir/leaks"
ok "what the verifier fetched is there" test "$(find "$dir/out" -type f | wc -l)" -ge 3
mapfile -t fetched < <(find "$dir/out" "$dir/verifier" -type f)
is "serial line: no address" "$(leaks "$log")" 0
is "screen: no address" "$(leaks "$dir/screen")" 0
is "commands: no address" "$(leaks "$dir/answers")" 0
is "packets: no address" "$(leaks "$dir/packets.pcap")" 0
is "quotes, logs and evidence: no address" "$(leaks "${fetched[@]}" "$dir/verdict.log")" 0
physical=$(sed -n 's/^physical \([0-9a-f]*\) .*/\1/p' "$dir/regions")
ok "nor the physical place of the image" bash -c '! grep -aiE "(^|[^0-9a-f])(0x)?0*'"$physical"'([^0-9a-f]|$)" "$@"' \
	_ "$log" "$dir/screen" "$dir/answers"
sed 's/^/# /' "$dir/leaks"
done_testing
