#!/bin/bash
# The console at the serial line of a measured host: commands are typed, answers read; enableTboot is
# changed, and the next boot is another. TAP output.
set -uo pipefail
cd "$(dirname "$0")/../.."
. tests/tap.sh
. tests/system.sh
dir=$system/console
log=$dir/sim/com1.log

make_host || {
	echo "Bail out! no host: $system/first.log"
	exit 1
}
rm -rf "$dir"
mkdir -p "$dir"
cp -r "$system/host/tpm" "$dir/tpm"
mkfifo "$dir/typed"
exec 8<>"$dir/typed"

# power_on OPTIONS...: the machine, in QEMU, which boots in seconds.
power_on()
{
	rm -rf "$dir/sim"
	build/bin/txtsim run --platform qemu --workdir "$dir/sim" --tpm-state "$dir/tpm" \
		--sinit-key build/keys/sinit.key --net --serial-in "$dir/typed" --timeout 200 "$@" >"$dir/txtsim.log" 2>&1 8>&- &
	sim=$!
}
power_on --iso "$system/first/boot.iso"
trap 'kill $sim 2>/dev/null' EXIT

# What the terminal shows: what stands before a return on a line was written over.
screen() # BYTES-TO-SKIP
{
	tail -c +"$(($1 + 1))" "$log" 2>/dev/null | sed -e 's/\r*$//' -e 's/.*\r//' -e 's/\x1b\[[0-9]*[A-Z]//g'
}

size()
{
	stat -c %s "$log" 2>/dev/null || echo 0
}

# wait_for SKIP REGEX: a line after SKIP bytes matches. Fails when the machine stops or never says so.
wait_for()
{
	local end=$((SECONDS + 200))
	until screen "$1" | grep -aqE -- "$2"; do
		[ $SECONDS -lt $end ] && kill -0 $sim 2>/dev/null || return 1
		sleep 0.1
	done
}

# vmk WORDS: types the line, waits for the next prompt; the answer is in $dir/answer, its status in $?.
vmk()
{
	local from prompt
	from=$(size)
	printf '%s\r' "$*" >&8
	wait_for "$from" '^vmk(\[[0-9]+\])?> $' || return 255
	screen "$from" | sed -e 1d -e '/^vmk\(\[[0-9]*\]\)\?> $/d' >"$dir/answer"
	prompt=$(screen "$from" | grep -aE '^vmk(\[[0-9]+\])?> $' | tail -n 1 | tr -dc 0-9)
	return "${prompt:-0}"
}

answers() # DESCRIPTION STATUS REGEX WORDS...
{
	local description=$1 status=$2 regex=$3 got
	shift 3
	vmk "$@"
	got=$?
	is "$description: exit status" "$got" "$status"
	has "$description" "$dir/answer" "$regex"
}

# says FILTER: the last answer is JSON for which the filter holds.
says()
{
	jq -e "$1" "$dir/answer" >/dev/null
}

# A boot, in what the log has after so many bytes.
boots() # SKIP
{
	wait_for "$1" '^Merlon console' && wait_for "$1" 'attester listening' && wait_for "$1" '^vmk> $'
}

ok "the console greets" boots 0
has "it is measured" "$log" 'Package: [0-9]+: console .* \(world, PartnerSupported\) signed by'
answers "version" 0 '^Merlon [0-9.]+ build-[0-9a-f]{8}$' vmk -v
answers "modules" 0 '^console +true +true$' vmk system module list
answers "the launch" 0 '^   Drtm Enabled: true$' vmk hardware trustedboot get
answers "health is green" 0 '^Measured launch +green ' vmk system health status get
answers "no storage paths" 0 'no storage paths' vmk storage core path list
answers "interfaces" 0 '^   MAC Address: ([0-9a-f]{2}:){5}[0-9a-f]{2}$' vmk network ip interface list
answers "the event log" 0 '^ *vmk +19 +BOOT_COMPLETE ' vmk hardware trustedboot log
answers "ping" 0 '2 packets transmitted, 2 packets received, 0% packet loss' vmkping 10.0.2.2 -c 2
answers "a wrong word is named" 2 "unknown command or namespace 'modul' in system" vmk system modul list
answers "a wrong value too" 2 "wants one of true" vmk system settings set enableTboot maybe

vmk vmk system module list --json
ok "JSON parses, and says the same" says 'map(select(.Name == "agent" and .IsLoaded)) | length == 1'
vmk vmk system health status get --json
ok "health as JSON" says 'all(.State == "green") and length > 5'
vmk vmk world list --json
ok "worlds as JSON" says 'map(.Name) == ["agent", "console"]'

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
timeout 200 qemu-system-x86_64 -accel tcg -cpu max -M q35 -m 512 -display none -monitor none \
	-chardev stdio,id=com1,signal=off -serial chardev:com1 -nic user,model=e1000 -cdrom "$dir/plain.iso" \
	<"$dir/typed" >"$log" 2>"$dir/qemu.log" 8>&- &
sim=$!
ok "the kernel alone greets too" boots 0
answers "it is not measured" 0 '^   Drtm Enabled: false$' vmk hardware trustedboot get
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
