#!/bin/bash
# The tests of virtual machines once more in QEMU on this machine's own processor, where its KVM offers VMX to guests;
# where it does not, the VMkernel there says why no VM starts. TAP output.
set -uo pipefail
cd "$(dirname "$0")/../.."
. tests/tap.sh
. tests/boot/boot_lib.sh
. tests/boot/machine_lib.sh
dir=build/tests/boot/vm_nested
mkdir -p "$dir"

why=$(no_nested_vmx)
for script in vm vm_life vm_linux vm_linux_shares; do
	if [ -n "$why" ]; then
		skip "$script on nested VMX" "$why"
		continue
	fi
	MERLON_VM_MACHINE=kvm tests/boot/$script.sh >"$dir/$script.log" 2>&1
	is "$script on nested VMX" $? 0
	grep -A4 '^not ok' "$dir/$script.log" | sed 's/^/# /'
done
if [ -z "$why" ] || ! has_qemu || [ ! -w /dev/kvm ]; then
	done_testing
	exit
fi
kernel_build "$dir"
make -s build/packages/tinyvmx.pkg tiny-guests >>"$dir/make.log" 2>&1
cp build/packages/{tinyvmx,guest-tiny}.pkg "$dir/files/"
sed -e 's/^modules=.*/modules=config.pkg --- tinyvmx.pkg --- guest-tiny.pkg/' -e 's/^kernelopt=.*/kernelopt=onboot=poweroff/' \
	-e 's/^enableTboot=.*/enableTboot=0/' tboot-integration/image/boot.cfg >"$dir/boot.cfg"
tboot-integration/image/mkiso --boot-cfg "$dir/boot.cfg" --from "$dir/files" --out "$dir/boot.iso" || exit 1
(MERLON_VM_MACHINE=kvm machine --iso "$dir/boot.iso" --workdir "$dir/kvm" --smp 2 --timeout 120) >"$dir/machine.log" 2>&1
is "KVM: the machine switches itself off" $? 0
has "KVM: two processors" "$dir/kvm/com1.log" 'Boot: [0-9]+: 2 CPUs'
has "KVM: why no VM runs" "$dir/kvm/com1.log" 'VM tiny: not powered on: the processor has no VMX'
healthy KVM "$dir/kvm/com1.log"
done_testing
