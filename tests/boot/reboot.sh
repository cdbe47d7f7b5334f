#!/bin/bash
# Three boots in one run of the emulator, each by what was typed at the console of the one before:
# measured, enableTboot=false and not measured, enableTboot=true and measured again. TAP output.
set -uo pipefail
cd "$(dirname "$0")/../.."
. tests/tap.sh
. tests/system.sh
dir=$system/reboot
. tests/boot/console_lib.sh

make_host || {
	echo "Bail out! no host: $system/first.log"
	exit 1
}

# next_boot PLATFORM VALUE: stores enableTboot and starts the host anew; $from is where its log then begins.
next_boot()
{
	vmk system settings set enableTboot "$2"
	is "$1: enableTboot is set to $2" $? 0
	from=$(size)
	printf 'system shutdown reboot\r' >&8
	ok "$1: the next boot has its console" boots "$from"
}

# Values of the event log, which are the same in each measured boot of the same files (the audit log has times).
event_log()
{
	vmk vmk hardware trustedboot log --json
	jq -S 'map(select((.Log == "vmk" and .Event != "AUDIT") or .PCR == 17 or .PCR == 18))' "$dir/answer"
}

try() # PLATFORM
{
	console_prepare
	cp -r "$system/host/tpm" "$dir/tpm"
	power_on --platform "$1" --tpm-state "$dir/tpm" --sinit-key build/keys/sinit.key --reboots 2 --smp 2 --iso "$system/first/boot.iso"
	ok "$1: the first boot has its console" boots 0
	answers "$1: measured" 0 '^   Drtm Enabled: true$' vmk hardware trustedboot get
	event_log >"$dir/first.json"
	ok "$1: it has an event log" test "$(jq length "$dir/first.json")" -gt 10
	next_boot "$1" false
	answers "$1: not measured" 0 '^   Drtm Enabled: false$' vmk hardware trustedboot get
	answers "$1: the setting is shown" 0 '^enableTboot +Bool +false +false ' system settings list
	is "$1: tboot did not run" "$(screen "$from" | grep -acE '^TBOOT: \*+ TBOOT')" 0
	next_boot "$1" true
	answers "$1: measured again" 0 '^   Drtm Enabled: true$' vmk hardware trustedboot get
	event_log >"$dir/third.json"
	ok "$1: the same event log" cmp "$dir/first.json" "$dir/third.json"
	ok "$1: no panic" test "$(grep -ac PANIC "$log")" = 0
	printf 'system shutdown poweroff\r' >&8
	wait "$sim"
	is "$1: the console switches the host off" $? 0
}

try bochs
[ -z "${MERLON_FULL:-}" ] || ! command -v qemu-system-x86_64 >/dev/null || try qemu
done_testing
