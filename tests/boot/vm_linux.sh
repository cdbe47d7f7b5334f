#!/bin/bash
# A guest that is not ours: Debian's cloud kernel with busybox, to a shell and off again; its console,
# disk, network adapter and entropy are the VMX world's. Only with --full: it is minutes of emulation.
# TAP output.
set -uo pipefail
cd "$(dirname "$0")/../.."
. tests/tap.sh
. tests/system.sh
. tests/boot/guests/guests.sh
. tests/boot/boot_lib.sh
. tests/boot/machine_lib.sh
dir=build/tests/boot/vm_linux${MERLON_VM_MACHINE:+_$MERLON_VM_MACHINE}
log=$dir/run/com1.log

if [ -z "${MERLON_FULL:-}" ]; then
	skip "Linux as a guest" "only with --full"
	done_testing
	exit
fi
rm -rf "$dir"
mkdir -p "$dir/files"
if ! kernel/port/fetch linux busybox >"$dir/fetch.log" 2>&1; then
	skip "Linux as a guest" "it cannot be fetched: $(tail -n 1 "$dir/fetch.log")"
	done_testing
	exit
fi
make -s build/bin/{vmkbootcfg,vmksign} txtsim kernel build/packages/{config,e1000,vmx}.pkg >"$dir/make.log" 2>&1 || {
	echo "Bail out! make failed: $dir/make.log"
	exit 1
}
cp build/kernel/vmkernel.elf build/packages/{config,e1000,vmx}.pkg "$dir/files/"
sed -e 's/^modules=.*/modules=config.pkg --- e1000.pkg --- vmx.pkg --- linux.pkg/' -e 's/^kernelopt=.*/kernelopt=/' \
	-e 's/^enableTboot=.*/enableTboot=0/' tboot-integration/image/boot.cfg >"$dir/boot.cfg"

# More than the kernel takes while it unpacks itself twice; the rest is the balloon's.
memory='s/^memory-kib=.*/memory-kib=196608\nmemory-limit-kib=163840/'

# boot VCPUS PCPUS: until the guest has switched itself off.
boot()
{
	linux_guest "$dir" linux "$1" "" "$memory" >>"$dir/make.log" 2>&1 && cp "$dir/linux.pkg" "$dir/files/" &&
		tboot-integration/image/mkiso --boot-cfg "$dir/boot.cfg" --from "$dir/files" --out "$dir/boot.iso" || return 1
	rm -rf "$dir/run"
	(machine --iso "$dir/boot.iso" --workdir "$dir/run" --mem 768 --net \
		--smp "$2" --until "VM linux: is gone" --timeout $((2 * patience))) >"$dir/txtsim.log" 2>&1
}
boot 1 1
is "the guest switches itself off" $? 0

said()
{
	has "$1" "$log" "World linux: \| .*$2"
}
said "a shell with a prompt" 'guest# '
said "its processors" 'vcpus 1\b'
said "the processor's vector units, whose state is switched" 'vector units avx2'
said "the disk is the image's" "disk $(sha256sum <"$dir/disk" | cut -d ' ' -f 1)"
said "what is written to it reads back" 'reads back written'
said "entropy comes from the host" 'entropy from virtio_rng.0: 16 bytes'
said "the virtio console" 'hello on the virtio console'
said "the network adapter, under an address of its own" 'net [0-9a-f][26ae]:([0-9a-f]{2}:){4}[0-9a-f]{2} mtu 1500'
said "an address by DHCP, through the virtual switch" 'lease of 10\.0\.2\.[0-9]+ obtained'
said "and twenty more, by processes that lose nothing to each other" 'leases 20\b'
said "its drivers have interrupts" 'virtio interrupts ([4-9]|1[0-9])\b'
said "its balloon holds what is beyond its limit" 'balloon pages 8192'
said "what is left of its memory holds" 'filled 16777216'
has "it said how much of its memory is free" "$log" 'VM linux: its guest said that of [1-9][0-9]{5} KiB [1-9][0-9]* are free'
has "the host has that memory back" "$log" 'VM linux: [1-9][0-9]* KiB of RAM of at most 163840, .* 32768 KiB in its balloon'
said "it says good-bye" 'guest: off'
ok "no device of it broke" test "$(grep -ac 'stopped until the guest resets it' "$log")" = 0
ok "no panic, of nobody" test "$(grep -acE 'PANIC|Kernel panic' "$log")" = 0

for vcpus in 2 4; do
	boot $vcpus 2
	is "$vcpus virtual processors on two: the guest switches itself off" $? 0
	said "all $vcpus are Linux's" "vcpus $vcpus\b"
	ok "$vcpus virtual processors: no panic, of nobody" test "$(grep -acE 'PANIC|Kernel panic' "$log")" = 0
done

# Beyond 4 GiB: rings and buffers are wherever Linux puts them, and it takes the highest memory first.
memory='s/^memory-kib=.*/memory-kib=6291456\nmemory-reservation-kib=0/'
boot 1 1
is "6 GiB, of which the host has an eighth: the guest switches itself off" $? 0
said "it has them" 'memory 6[0-9]{6} KiB, parts beyond 4 GiB 1\b'
said "its disk is the image's" "disk $(sha256sum <"$dir/disk" | cut -d ' ' -f 1)"
said "what is written to it reads back" 'reads back written'
said "an address by DHCP" 'lease of 10\.0\.2\.[0-9]+ obtained'
ok "6 GiB: no device of it broke" test "$(grep -ac 'stopped until the guest resets it' "$log")" = 0
ok "6 GiB: no panic, of nobody" test "$(grep -acE 'PANIC|Kernel panic' "$log")" = 0

if [ -n "${MERLON_VM_MACHINE:-}" ]; then
	done_testing
	exit
fi
# The same as everybody meets it: a measured host with a guest, which the verdict names and does not wait for.
ok "an enrolled host" make_host
MERLON_TIMEOUT=$patience MERLON_GUEST_TIMEOUT=$((2 * patience)) start guest --guest linux
verdict guest 0 '^TRUSTED host=merlon-1 launch=drtm boot=[0-9]+\.[0-9] s$'
has "the guest's image is in PCR 20 as predicted" "$system/guest.log" '^ 20 +VM_IMAGE +HOST +linux\.pkg .* ok$'
ok "its event names the file's digest" bash -c "build/bin/vmkverify log '$system/guest/out/merlon-1.vmk.log' |
	grep -q 'linux.*$(sha256sum <build/packages/linux.pkg | cut -c 1-16)'"
has "the guest reaches its shell" "$system/guest.log" 'the guest is at its shell, [0-9.]+ simulated seconds'
is "the verdict is the last line again" "$(grep -c '^TRUSTED' "$system/guest.log")" 2
done_testing
