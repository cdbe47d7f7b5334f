#!/bin/bash
# A static launch: UEFI firmware and GRUB measure, and the verifier says so; no TXT, no tboot.
set -uo pipefail
cd "$(dirname "$0")/../.."
. tests/tap.sh
. tests/system.sh

if ! command -v qemu-system-x86_64 >/dev/null || [ ! -f /usr/share/OVMF/OVMF_CODE_4M.fd ]; then
	echo "1..0 # SKIP QEMU or OVMF is missing"
	exit 0
fi
make_host || true
base=$system/srtm-base.host
rm -rf "$base"
cp -r "$system/host" "$base"

# boot NAME OPTIONS...: as start, but what the firmware measures stays known from one run to the next.
boot()
{
	local name=$1
	shift
	rm -rf "${system:?}/$name" "$system/$name.host"
	cp -r "$base" "$system/$name.host"
	MERLON_HOST=$system/$name.host MERLON_RUN=$system/$name tboot-integration/run --uefi "$@" >"$system/$name.log" 2>&1
	echo $? >"$system/$name.status"
}

boot srtm
verdict srtm 0 '^TRUSTED host=merlon-1 launch=srtm boot=[0-9]+\.[0-9] s$'
has "the kernel finds every sign of a static launch" "$system/srtm/sim/com1.log" '7 of 7 signs of a static launch hold'
has "and says that nothing was launched dynamically" "$system/srtm/sim/com1.log" 'Drtm Enabled: false'
has "Secure Boot's state is told" "$system/srtm.log" '^note: UEFI Secure Boot is off$'
rm -rf "$base"
cp -r "$system/srtm.host" "$base"

# Another program's replay of the firmware's log gives the predicted values.
log=$system/srtm/out/merlon-1.tcg-boot.log
tpm2_eventlog "$log" >"$system/srtm.yaml" 2>/dev/null
theirs=$(sed -n '/^pcrs:/,$p' "$system/srtm.yaml" | sed -n '/sha256:/,$s/^ *\([0-9]*\) *: 0x\([0-9a-f]*\)$/\1 \2/p')
ours=$(sed -n 's/^ *"\([0-9]\)": "\([0-9a-f]*\)",*$/\1 \2/p' "$system/srtm/policy.json")
is "tpm2_eventlog replays the log to the predicted PCR 0 to 9" "$theirs" "$ours"
ok "vmkverify log reads it too" bash -c "build/bin/vmkverify log '$log' >'$system/srtm.table'"
has "and names GRUB's commands" "$system/srtm.table" 'multiboot2 /boot/vmkernel.elf$'
has "event types of UEFI have 32 bits in JSON too" <(build/bin/vmkverify log --json "$log") '"type": 2147483649,'

# The same evidence, and what a policy of a dynamic launch says of it.
evidence=$(ls "$system"/srtm.host/verifier/evidence/*.json | tail -n 1)
appraise() # POLICY
{
	build/bin/vmkverify replay "$evidence" --policy "$1" --state "$system/srtm.host/verifier" 2>&1 | tail -n 1
}
ok "a policy of a dynamic launch does not accept it" grep -q '^UNTRUSTED .* reason=selection-mismatch ' \
	<<<"$(appraise "$system/first/policy.json")"
ok "its own policy does" grep -q '^TRUSTED .* launch=srtm recorded=' <<<"$(appraise "$system/srtm/policy.json")"

# The same with VT-d asked for, which QEMU has.
good=$system/srtm/good
build/bin/vmkpredict policy --require-dma-protection --launch srtm --boot-cfg "$good/boot.cfg" --dir "$good" \
	--grub "$good/grub.efi" --grub-cfg "$good/grub.cfg" --platform "$(ls "$system"/srtm.host/uefi/*.json)" \
	--out "$system/srtm/vtd.json"
ok "and one that asks for VT-d" grep -q "^TRUSTED .* launch=srtm recorded=" <<<"$(appraise "$system/srtm/vtd.json")"

tampered()
{
	boot "srtm-$1" --tamper "$1"
}
cases=(kernel-cmdline)
[ -z "${MERLON_FULL:-}" ] || cases+=(kernel agent config add-module module-cmdline)
in_lanes tampered "${cases[@]}"
changed='^UNTRUSTED host=merlon-1 reason=event-(mismatch|unexpected) what="[^"]*'
declare -A expect=([kernel-cmdline]="${changed}module 0 .vmkernel.elf.: command line\" found=\"x\""
	[kernel]="${changed}module 0 .vmkernel.elf.: image\"" [config]="${changed}.config.pkg.: "
	[agent]='^UNTRUSTED host=merlon-1 reason=unreachable what=".*agent.pkg refused: bad-signature'
	[add-module]="${changed}extra.pkg" [module-cmdline]="${changed}.e1000.pkg.: command line")
for case in "${cases[@]}"; do
	verdict "srtm-$case" $([[ ${expect[$case]} == *unreachable* ]] && echo 3 || echo 1) "${expect[$case]}"
done

if [ -n "${MERLON_FULL:-}" ]; then
	boot srtm-crb --tpm-interface crb
	verdict srtm-crb 0 '^TRUSTED host=merlon-1 launch=srtm '
	boot srtm-shape --smp 4 --mem 1024
	verdict srtm-shape 0 '^TRUSTED host=merlon-1 launch=srtm '
fi
rm -rf "$system"/srtm*.host "$system"/srtm*/{boot.iso*,iso,good,stage}
done_testing
