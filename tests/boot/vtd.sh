#!/bin/bash
# VT-d in QEMU: a device works within its own memory, and what it tries outside is blocked and named.
cd "$(dirname "$0")/../.." || exit 1
. tests/tap.sh
. tests/boot/boot_lib.sh
dir=build/tests/boot/vtd
has_qemu || {
	skip "VT-d" "no qemu-system-x86_64"
	done_testing
	exit
}
packages=$(printf "build/packages/%s.pkg " config e1000 e1000e agent dmaprobe)
rm -rf "$dir"
mkdir -p "$dir/files"
# shellcheck disable=SC2086
make -s build/bin/vmkbootcfg kernel $packages >"$dir/make.log" 2>&1 || {
	echo "Bail out! make failed: $dir/make.log"
	exit 1
}
# shellcheck disable=SC2086
cp build/kernel/vmkernel.elf $packages "$dir/files/"

# iso NAME KERNEL-OPTIONS PACKAGE...: config.pkg and these.
iso()
{
	local name=$1 options=$2 modules=config.pkg package
	shift 2
	for package in "$@"; do
		modules+=" --- $package.pkg"
	done
	sed -e "s/^modules=.*/modules=$modules/" -e "s/^kernelopt=.*/kernelopt=$options/" \
		tboot-integration/image/boot.cfg >"$dir/$name.cfg"
	tboot-integration/image/mkiso --boot-cfg "$dir/$name.cfg" --from "$dir/files" --enable-tboot 0 \
		--out "$dir/$name.iso" || exit 1
}

# sent NAME: how many bytes that are not zero the network saw in the probe's second frame.
sent()
{
	tail -c 1024 "$dir/$1.pcap" | tr -d '\0' | wc -c
}

net=(-netdev 'user,id=n0')
iommu=(-device 'intel-iommu,intremap=on')

# Until the attester has its address: frames went out and came in, and interrupts arrived.
until_listening()
{
	local name=$1 pid
	shift
	tests/limited qemu-system-x86_64 -accel tcg -cpu max -M q35 -m 512 -display none \
		-serial "file:$dir/$name.log" -monitor none -no-reboot -cdrom "$dir/agent.iso" "$@" \
		</dev/null >"$dir/$name.qemu" 2>&1 &
	pid=$!
	await "$pid" in_file 'attester listening' "$dir/$name.log"
	kill "$pid" 2>/dev/null
	wait "$pid" 2>/dev/null
}

iso agent "" e1000 e1000e agent
iso open onboot=poweroff dmaprobe
cp "$dir/open.iso" "$dir/guarded.iso"
# One on the root bus, one behind a bridge that hides who is who, one with access control before it.
devices_of()
{
	case $1 in
	e1000) echo -device e1000,netdev=n0 ;;
	bridged) echo -device pcie-root-port,id=root,chassis=1 -device pcie-pci-bridge,id=bridge,bus=root \
		-device e1000,netdev=n0,bus=bridge,addr=3 ;;
	e1000e) echo -device pcie-root-port,id=root,chassis=1 -device e1000e,netdev=n0,bus=root ;;
	esac
}

for nic in e1000 bridged e1000e; do
	# shellcheck disable=SC2046
	until_listening "$nic" -smp 2 "${net[@]}" "${iommu[@]}" $(devices_of "$nic")
	has "$nic: each device in its own domain" "$dir/$nic.log" 'each device reaches only its own memory \(1 units\); interrupts are remapped'
	has "$nic: the network works through it" "$dir/$nic.log" 'attester listening on 10\.0\.2\.15'
	ok "$nic: no fault" test "$(grep -ac 'blocked' "$dir/$nic.log")" = 0
done
has "e1000 interrupts through the IOAPIC" "$dir/e1000.log" '8086:100e interrupts by INTx'
has "e1000e interrupts by messages" "$dir/e1000e.log" '8086:10d3 interrupts by MSI'
has "access control services are on" "$dir/e1000e.log" 'access control services are on in [1-9]'

for name in open guarded; do
	options=()
	[ $name = open ] || options=("${iommu[@]}")
	qemu "$dir" "$name" "${net[@]}" -device e1000,netdev=n0 \
		-object "filter-dump,id=f0,netdev=n0,file=$dir/$name.pcap" "${options[@]}"
	healthy "$name" "$dir/$name.log"
done
has "without VT-d the log says so" "$dir/open.log" 'NO DMA PROTECTION: .* the platform has no VT-d'
ok "without VT-d the device sends memory that is not its driver's" test "$(sent open)" -gt 100
is "with VT-d it sends none of it" "$(sent guarded)" 0
has "reading is blocked, by the names of device and driver" "$dir/guarded.log" \
	'pci 00:[0-9a-f.]+ 8086:100e \(dmaprobe\): DMA blocked, reading bus address 0xf0000: it may not read there'
has "writing is blocked too" "$dir/guarded.log" \
	'8086:100e \(dmaprobe\): DMA blocked, writing bus address 0xf0000: it may not write there'
has "a device that insists loses the bus" "$dir/guarded.log" '8086:100e: 8 faults: it is taken off the bus'
has "and then moves nothing" "$dir/guarded.log" 'insisting: the device says nothing'
done_testing
