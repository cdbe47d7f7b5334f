#!/bin/bash
# The console at the serial line of a measured host: commands are typed, answers read; enableTboot is
# changed, and the next boot is another. TAP output.
set -uo pipefail
cd "$(dirname "$0")/../.."
. tests/tap.sh
. tests/system.sh
dir=$system/console
. tests/boot/console_lib.sh

make_host || {
	echo "Bail out! no host: $system/first.log"
	exit 1
}
console_prepare
cp -r "$system/host/tpm" "$dir/tpm"
# In QEMU, which boots in seconds.
power_on --platform qemu --tpm-state "$dir/tpm" --sinit-key build/keys/sinit.key --iso "$system/first/boot.iso"
ok "the console greets" boots 0
has "it is measured" "$log" 'Package: [0-9]+: console .* \(world, PartnerSupported\) signed by'
answers "version" 0 '^Merlon [0-9.]+ build-[0-9a-f]{8}$' vmk -v
answers "modules" 0 '^console +true +true$' vmk system module list
answers "the launch" 0 '^   Drtm Enabled: true$' vmk hardware trustedboot get
answers "health is green" 0 '^Measured launch +green ' vmk system health status get
answers "what protects the VMkernel" 0 '^wx +holds +no page is both writable and executable +0 of [0-9]+ mappings are' vmk selftest hardening
answers "no storage paths" 0 'no storage paths' vmk storage core path list
answers "interfaces" 0 '^   MAC Address: ([0-9a-f]{2}:){5}[0-9a-f]{2}$' vmk network ip interface list
answers "the attester's address" 0 '^vmk0 +10\.0\.2\.15 +255\.255\.255\.0 +10\.0\.2\.255 +(DHCP|STATIC) +10\.0\.2\.2$' vmk network ip interface ipv4 get
answers "the registers, in words" 0 '^STS.SENTER.DONE +true$' hardware trustedboot register list
answers "the heap" 0 '^SinitMleData.bytes +[0-9]+$' hardware trustedboot heap list
answers "what they add up to" 0 '^launch +launched$' hardware trustedboot status get
answers "the log of tboot" 0 '^TBOOT: .*executing GETSEC.SENTER' hardware trustedboot tboot log
answers "and what it says" 0 'the launch succeeded' hardware trustedboot tboot list
answers "the event log" 0 '^ *vmk +19 +BOOT_COMPLETE ' vmk hardware trustedboot log
answers "ping" 0 '2 packets transmitted, 2 packets received, 0% packet loss' vmkping 10.0.2.2 -c 2
answers "a wrong word is named" 2 "unknown command or namespace 'modul' in system" vmk system modul list
answers "a wrong value too" 2 "wants one of true" vmk system settings set enableTboot maybe

vmk vmk system module list --json
ok "JSON parses, and says the same" says 'map(select(.Name == "agent" and .IsLoaded)) | length == 1'
vmk vmk system health status get --json
ok "health as JSON" says 'all(.State == "green") and length > 5'
vmk vmk selftest hardening --json
ok "no rule fails, and those that QEMU lacks are few" says \
	'all(.State != "FAILS") and (map(select(.State != "holds").Name) - ["ibt", "user-ibt", "shadow-stack", "kernel-shadow", "lass", "isolation", "entropy", "speculation"] == [])'
ok "what was given back meanwhile holds nothing" says \
	'map(select(.Name == "freed")) | length == 1 and (.[0].Found | test("^0 of [1-9][0-9]* free frames hold something$"))'
vmk vmk world list --json
ok "worlds as JSON" says '(map(select(.Kind == "user").Name) == ["agent", "console"]) and any(.Kind == "system")'

vmk vmk world stats get --json
ok "what worlds did in a second" says 'map(.Name) | index("console") != null'

printf 'system shutdown poweroff --reason "a test"\r' >&8
ok "it says why it leaves" wait_for 0 'World console: power off asked for: a test'
wait $sim
is "the console switches the host off" $? 0
ok "no panic" test "$(grep -ac PANIC "$log")" = 0

# --- the setting chooses the loader's entry: a menu whose default is the kernel alone
stage=$system/first/stage
tboot-integration/image/mkiso --boot-cfg "$stage/boot.cfg" --from "$stage" --tboot "$stage/tboot.elf" \
	--sinit "$stage/sinit.bin" --tboot-args "$(cat "$stage/launch.args")" --enable-tboot 0 \
	--work "$dir/iso" --out "$dir/plain.iso" >"$dir/iso.log" 2>&1
rm -f "$log"
tests/limited qemu-system-x86_64 -accel tcg -cpu max -M q35 -m 512 -display none -monitor none \
	-chardev stdio,id=com1,signal=off -serial chardev:com1 -nic user,model=e1000 -cdrom "$dir/plain.iso" \
	<"$dir/typed" >"$log" 2>"$dir/qemu.log" 8>&- &
sim=$!
ok "the kernel alone greets too" boots 0
answers "it is not measured" 0 '^   Drtm Enabled: false$' vmk hardware trustedboot get
answers "TXT says so too" 0 '^launch +not launched$' hardware trustedboot status get
answers "and says so" 1 '^Measured launch +yellow ' vmk system health status get
answers "nothing is stored" 0 '^enableTboot +Bool +not set +false ' vmk system settings list
vmk vmk system settings set enableTboot true
is "enableTboot is set for the next boot" $? 0
answers "and shown beside what runs" 0 '^enableTboot +Bool +true +false ' vmk system settings list
from=$(size)
printf 'system shutdown reboot\r' >&8
ok "the next boot goes through tboot" wait_for "$from" '^TBOOT: \*+ TBOOT'
ok "no panic" test "$(grep -ac PANIC "$log")" = 0
done_testing
