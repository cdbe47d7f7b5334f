#!/bin/bash
# Drivers while the kernel runs: loaded and unloaded again and again, each time somewhere else, and nothing is left
# behind; by hand at the console, with parameters, and refused with the reason; and what was loaded after the boot
# stands in the verifier's verdict. On QEMU. TAP output.
set -uo pipefail
trap "" PIPE
cd "$(dirname "$0")/../.."
. tests/tap.sh
. tests/boot/boot_lib.sh
dir=build/tests/boot/modules
. tests/boot/console_lib.sh
has_qemu || {
	skip "drivers while the kernel runs" "no qemu-system-x86_64"
	done_testing
	exit
}
e1000=1000 edu=10
[ -z "${MERLON_FULL:-}" ] || edu=1000
warm=40 # rounds before anything is counted (kernel/boot/onboot.c)

console_prepare
kernel_build "$dir/build"
make -s build/packages/{e1000,edu,igb,console}.pkg >>"$dir/build/make.log" 2>&1 || {
	echo "Bail out! make failed: $dir/build/make.log"
	exit 1
}
cp build/packages/{e1000,edu,igb,console}.pkg "$dir/build/files/"
cp build/packages/edu.pkg "$dir/build/files/bad.pkg"
printf '\xff' | dd of="$dir/build/files/bad.pkg" bs=1 seek=3000 conv=notrunc status=none

# iso NAME KERNEL-OPTIONS MODULES
iso()
{
	sed -e "s/^modules=.*/modules=$3/" -e "s/^kernelopt=.*/kernelopt=$2/" \
		tboot-integration/image/boot.cfg >"$dir/$1.cfg"
	tboot-integration/image/mkiso --boot-cfg "$dir/$1.cfg" --from "$dir/build/files" --enable-tboot 0 \
		--out "$dir/$1.iso" || exit 1
}
devices=(-smp 2 -netdev "user,id=n0" -device "e1000,netdev=n0" -device "edu,dma_mask=0xffffffff"
	-device "intel-iommu,intremap=on")

# --- again and again
iso rounds "onboot=modules:e1000:$e1000,edu:$edu" \
	'config.pkg --- e1000.pkg --- edu.pkg load=manual interrupts=3 dma=0'
tests/limited qemu-system-x86_64 -accel tcg -cpu max -M q35 -m 512 -display none \
	-serial "file:$dir/rounds.log" -monitor none -no-reboot -cdrom "$dir/rounds.iso" "${devices[@]}" \
	</dev/null >"$dir/rounds.qemu" 2>&1
healthy rounds "$dir/rounds.log"
counted()
{
	grep -a "onboot=modules: $1 [0-9]* frames" "$dir/rounds.log" | sed "s/.*: $1 //;s/\r//"
}
for name in e1000 edu; do
	rounds=$((warm + ${!name}))
	has "$name: loaded and unloaded $rounds times, each time elsewhere" "$dir/rounds.log" \
		"onboot=modules: $rounds of $rounds rounds of $name, moved $((rounds - 1)) times in (1[89]|[2-4][0-9]) address bits"
done
has "edu: its interrupts arrive wherever it is" "$dir/rounds.log" 'edu: stops after 3 interrupts'
is "two drivers are counted" "$(counted before | wc -l)" 2
is "frames, heap and interrupts are what they were" "$(counted after)" "$(counted before)"

# --- by hand
iso hand "" "config.pkg --- e1000.pkg --- edu.pkg load=manual --- igb.pkg load=manual --- bad.pkg load=manual --- console.pkg"
mkdir -p "$dir/sim"
tests/limited qemu-system-x86_64 -accel tcg -cpu max -M q35 -m 512 -display none -monitor none \
	-chardev stdio,id=com1,signal=off -serial chardev:com1 -no-reboot -cdrom "$dir/hand.iso" "${devices[@]}" \
	<"$dir/typed" >"$log" 2>"$dir/hand.qemu" 8>&- &
sim=$!
ok "the console greets" wait_for 0 '^vmk> $'
answers "one waits" 0 '^edu +false +false$' vmk system module list
answers "one runs" 0 '^e1000 +true +true$' vmk system module list
answers "what waits is no fault" 2 '^Modules +red .*bad.pkg: ' vmk system health status get
answers "a port is in use" 1 'module e1000 cannot be unloaded: busy: world console has a port on its network' \
	vmk system module unload e1000
answers "parameters" 0 '^interrupts +uint +2 +1 to 100, by default 2$' vmk system module parameters list -m edu
answers "beyond its limits" 1 'interrupts is a number from 1 to 100' vmk system module parameters set edu interrupts=101
vmk vmk system module parameters set -m edu -p interrupts=7
is "a parameter is set" $? 0
vmk vmk system module load -m edu
is "the driver is loaded" $? 0
answers "it runs" 0 '^edu +true +false$' vmk system module list
answers "it takes memory" 0 '^   Memory Size: [1-9][0-9]+$' vmk system module get edu
answers "it has its device" 0 '^   Module Name: edu$' vmk hardware pci list
answers "it cannot be loaded twice" 1 'module edu is already loaded' vmk system module load edu
vmk vmk system module unload -m edu
is "the driver is unloaded" $? 0
answers "what it gave back holds nothing of it" 0 '^freed +holds .* 0 of [1-9][0-9]+ free frames hold something' \
	vmk selftest hardening
ok "it was started with the parameter" wait_for 0 'edu: stops after 7 interrupts'
vmk vmk system module get edu --json
ok "JSON says that nothing is left of it" says '(.IsLoaded | not) and .MemorySize == 0 and .Loads == 1 and .Error == ""'
answers "no device" 1 'igb cannot be loaded: not-found: there is no device that it drives' vmk system module load igb
answers "what was refused stays so" 1 'bad.pkg cannot be loaded: bad-signature: ' vmk system module load bad.pkg
answers "the audit log has the refusal, with its reason" 0 " package-refused .* file=bad.pkg status=bad-signature" vmk system auditrecords list
answers "and who had the driver loaded" 0 " package-loaded .* name=edu .* by=console" vmk system auditrecords list
answers "a world is no driver" 1 'console is no driver, but a world' vmk system module load console
answers "nothing of that name" 1 "no module 'nobody'" vmk system module unload nobody
ok "the network still works" vmk vmkping 10.0.2.2 -c 1
printf 'system shutdown poweroff\r' >&8
wait "$sim"
is "the host goes off" $? 0
healthy hand "$log"

# --- measured: what is loaded after the boot is named by the verifier
export MERLON_HOST=$dir/host MERLON_RUN=$dir/run
ok "a measured host with a driver that waits is trusted" bash -c \
	"tboot-integration/run --platform qemu --with edu:manual --fresh >'$dir/run.log' 2>&1"
port=$(free_port)
rm -f "$log"
power_on --platform qemu --tpm-state "$MERLON_HOST/tpm" --sinit-key build/keys/sinit.key \
	--iso "$MERLON_RUN/boot.iso" --net-fwd "udp:$port:5683"
ok "it boots again" boots 0
appraise()
{
	build/bin/vmkverify attest --host merlon-1 --state "$MERLON_HOST/verifier" --addr "127.0.0.1:$port" \
		--policy "$MERLON_RUN/policy.json" >"$dir/verdict" 2>&1
}
appraise
is "it is trusted" $? 0
ok "nothing came late" bash -c "! grep -q 'edu.pkg .*runtime' '$dir/verdict'"
vmk vmk system module load edu # there is no such device, but it is measured before it starts
appraise
is "it is trusted with the driver" $? 0
has "the verdict names it" "$dir/verdict" '^ 19 +PACKAGE .*edu\.pkg .* runtime$'
kill "$sim"
wait "$sim" 2>/dev/null
done_testing
