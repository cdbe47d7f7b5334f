#!/bin/bash
# ./build.sh image: what a real machine boots, its launch policies in a TPM, refusals of a wrong SINIT; the
# image boots to TRUSTED where TXT is emulated, and by UEFI without a launch. TAP output.
set -uo pipefail
cd "$(dirname "$0")/../.."
. tests/tap.sh
dir=$PWD/build/tests/build/image
image=tboot-integration/image/build-image
provision=$dir/one/provision
rm -rf "$dir"
mkdir -p "$dir"

$image --sinit build/sinit.bin --chipset 8086:b001:1 --platform policy/platforms/txtsim.json --uefi \
	--out "$dir/one" >"$dir/one.log" 2>&1
is "an image is made" $? 0
$image --sinit build/sinit.bin --uefi --out "$dir/two" >"$dir/two.log" 2>&1
ok "the same files give the same image" cmp "$dir/one/merlon.iso" "$dir/two/merlon.iso"
has "without --platform it says how to capture one" "$dir/two/NEXT.txt" 'vmkpredict capture'
ok "and makes no policy" test ! -e "$dir/two/policy.json"
ok "the launch policies are there" test -s "$dir/one/files/vl.pol" -a -s "$dir/one/files/lcp.pol"
$image --uefi --out "$dir/none" >"$dir/none.log" 2>&1
has "without --sinit it says whose is used" "$dir/none/NEXT.txt" 'the firmware brings'
ok "and the module in its place is for no chipset" bash -c "! build/bin/txtstat acm '$dir/none/files/no-sinit.bin' --chipset 8086:b001:1 >/dev/null 2>&1"

refused() # WHAT REGEX OPTION...
{
	local what=$1 regex=$2
	shift 2
	$image "$@" --out "$dir/refused" >"$dir/refused.log" 2>&1
	is "$what: refused" $? 2
	has "$what: and why" "$dir/refused.log" "$regex"
}
head -c 60000 build/sinit.bin >"$dir/cut.bin"
refused "a SINIT cut off" 'not as long as' --sinit "$dir/cut.bin"
refused "a file that is none" 'no authenticated code module' --sinit build/kernel/vmkernel.elf
refused "a chipset without a SINIT" 'wants --sinit' --chipset 8086:b001:1
refused "a SINIT for another chipset" 'not made for that chipset' --sinit build/sinit.bin --chipset 8086:b002:1
refused "a file that is missing" 'is missing' --sinit "$dir/absent.bin"

# --- the launch policies, as an owner writes them
tpm_state=$dir/tpm
tboot-integration/image/provision-tpm make "$tpm_state" "$dir/ca" || exit 1
cp -r "$tpm_state" "$dir/tpm2"
swtpm socket --tpm2 --tpmstate "dir=$dir/tpm2" --flags not-need-init,startup-clear \
	--server "type=unixio,path=$dir/s" --ctrl "type=unixio,path=$dir/s.ctrl" >"$dir/swtpm.log" 2>&1 &
swtpm=$!
trap 'kill $swtpm 2>/dev/null' EXIT
await "$swtpm" test -S "$dir/s"
policies=(--vlp "$dir/one/files/vl.pol" --lcp "$dir/one/files/lcp.pol")
tools()
{
	TPM2TOOLS_TCTI="swtpm:path=$dir/s" "$@"
}
tools "$provision" "${policies[@]}" --check >"$dir/check.log" 2>&1
is "an empty TPM is not provisioned" $? 1
ok "both policies are written" tools "$provision" "${policies[@]}"
ok "and found again" tools "$provision" "${policies[@]}" --check
tools tpm2_nvreadpublic 0x01c10131 >"$dir/public" 2>&1
has "the launch policy of tboot: the owner writes" "$dir/public" 'friendly: ownerwrite\|.*authread'
ok "and not the platform" bash -c "! grep -q ppwrite '$dir/public'"
tools tpm2_nvreadpublic 0x01c10106 >"$dir/public" 2>&1
has "the launch control policy has the attributes that SINIT asks for" "$dir/public" 'value: 0x(2|22)0?4000A'
kill "$swtpm"
wait "$swtpm" 2>/dev/null

# --- with the emulated TXT platform
ok "the policy is written for the boot" tboot-integration/image/provision-tpm policy "$tpm_state" "$dir/one/files/vl.pol"
port=$(free_port)
build/bin/txtsim run --iso "$dir/one/merlon.iso" --workdir "$dir/sim" --tpm-state "$tpm_state" --smp 2 \
	--sinit-key build/keys/sinit.key --net-fwd "udp:$port:5683" --timeout "$patience" >"$dir/sim.log" 2>&1 &
sim=$!
trap 'kill $sim 2>/dev/null' EXIT
await "$sim" in_file 'attester listening' "$dir/sim/com1.log"
has "tboot's other processor waits for the mailbox" "$dir/sim/com1.log" 'tboot hand-off: .*, flags 0x1, 1 CPUs wait there'
has "and runs" "$dir/sim/com1.log" 'Boot: [0-9]+: 2 CPUs'
ok "so that tboot has seen it leave" bash -c "! grep -aq 'did not see its CPUs leave' '$dir/sim/com1.log'"
vmkverify=(build/bin/vmkverify)
common=(--host board --state "$dir/state" --wait "$patience")
"${vmkverify[@]}" enroll "${common[@]}" --addr "127.0.0.1:$port" --ek-ca "$dir/ca/swtpm-localca-rootca-cert.pem" \
	--ek-ca "$dir/ca/issuercert.pem" >"$dir/enroll.log" 2>&1
is "the host enrolls" $? 0
"${vmkverify[@]}" attest "${common[@]}" --policy "$dir/one/policy.json" --out "$dir/first" >"$dir/attest.log" 2>&1
is "and is trusted" $? 0
has "as a measured launch" "$dir/attest.log" '^TRUSTED host=board launch=drtm'
"${vmkverify[@]}" attest "${common[@]}" --policy "$dir/two/policy-uncaptured.json" --out "$dir/capture" \
	>"$dir/uncaptured.log" 2>&1
is "by the policy without a platform it is trusted here, where the platform is the emulated one" $? 0
ok "the platform is captured from that log" build/bin/vmkpredict capture --log "$dir/capture/board.txt-drtm.log" \
	--name board --sinit build/sinit.bin --out "$dir/board.json"
$image --sinit build/sinit.bin --platform "$dir/board.json" --uefi --out "$dir/two" >"$dir/two.log" 2>&1
pcrs()
{
	sed -n '/"pcrs"/,/}/p' "$1"
}
ok "from which the same reference values come" test -n "$(pcrs "$dir/one/policy.json")" -a \
	"$(pcrs "$dir/one/policy.json")" = "$(pcrs "$dir/two/policy.json")"
kill "$sim"
wait "$sim" 2>/dev/null

# txtstat reads what the run left.
build/bin/txtstat status --dumps "$dir/sim" >"$dir/txtstat.log"
is "txtstat: launched" $? 0
build/bin/txtstat show --dumps "$dir/sim" --tboot-log "$dir/sim/com1.log" --json >"$dir/txtstat.json"
is "txtstat: all of it" $? 0
ok "and in JSON the launch's log is there" grep -q '"name": "HASH_START"' "$dir/txtstat.json"
has "and tboot's words" "$dir/txtstat.json" 'the launch succeeded'

# --- enableTboot as the running system stores it: byte 0x7e of the clock's memory, written here by GRUB
chosen() # WHAT VALUE BOOT-CFG-DEFAULT REGEX
{
	rm -f "$dir/cmos.iso"
	xorriso -osirrox on -indev "$dir/one/merlon.iso" -extract /boot/grub/grub.cfg "$dir/grub.cfg" >/dev/null 2>&1
	chmod u+w "$dir/grub.cfg"
	sed -i -e "s/^outb 0x70 0x7e/&\noutb 0x71 $2\n&/" -e "s/^set default=.*/set default=$3/" "$dir/grub.cfg"
	xorriso -indev "$dir/one/merlon.iso" -outdev "$dir/cmos.iso" -boot_image any replay \
		-map "$dir/grub.cfg" /boot/grub/grub.cfg >"$dir/xorriso.log" 2>&1
	build/bin/txtsim run --iso "$dir/cmos.iso" --workdir "$dir/cmos" --sinit-key build/keys/sinit.key \
		--tpm-state "$tpm_state" --until Booting --timeout "$patience" >"$dir/cmos.log" 2>&1
	has "$1" "$dir/cmos/com1.log" "Booting .*$4"
}
chosen "stored enableTboot=0 wins" 0xa1 0 "no measured launch"
if [ -n "${MERLON_FULL:-}" ]; then
	chosen "stored enableTboot=1 wins" 0xa2 1 ", measured launch"
	chosen "what is no setting leaves boot.cfg's" 0xa3 1 "no measured launch"
fi

# --- by UEFI, without a launch
if command -v qemu-system-x86_64 >/dev/null && [ -f /usr/share/OVMF/OVMF_CODE_4M.fd ]; then
	$image --uefi --no-tboot --out "$dir/plain" >"$dir/plain.log" 2>&1
	is "an image without tboot" $? 0
	build/bin/txtsim run --platform qemu --uefi --no-txt --iso "$dir/plain/merlon.iso" \
		--workdir "$dir/uefi" --until 'Boot Complete' --timeout "$patience" >"$dir/uefi.log" 2>&1
	is "boots by UEFI" $? 0
	# tboot must not lie where GRUB puts modules there, and goes on although there is no TXT.
	build/bin/txtsim run --platform qemu --uefi --no-txt --tpm absent --iso "$dir/one/merlon.iso" \
		--workdir "$dir/uefi-tboot" --until "Boot Complete" --no-reboot --timeout "$patience" >"$dir/uefi-tboot.log" 2>&1
	is "boots by UEFI through tboot, which finds no TXT there" $? 0
	has "with every module where it was measured" "$dir/uefi-tboot/com1.log" "module [0-9]+: [0-9]+ bytes: console.pkg"
	ok "and whole" bash -c "! grep -aq refused '$dir/uefi-tboot/com1.log'"
else
	skip "boots by UEFI" "QEMU or OVMF is not installed"
fi
done_testing
