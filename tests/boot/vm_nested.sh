#!/bin/bash
# The tests of virtual machines once more in QEMU on this machine's own processor, where its KVM offers VMX to guests;
# where it does not, the reason is told. TAP output.
set -uo pipefail
cd "$(dirname "$0")/../.."
. tests/tap.sh
. tests/boot/boot_lib.sh
. tests/boot/machine_lib.sh
dir=build/tests/boot/vm_nested
mkdir -p "$dir"

why=$(no_nested_vmx)
for script in vm vm_life vm_sched vm_large vm_linux vm_linux_shares; do
	if [ -n "$why" ]; then
		skip "$script on nested VMX" "$why"
		continue
	fi
	MERLON_VM_MACHINE=kvm tests/boot/$script.sh >"$dir/$script.log" 2>&1
	is "$script on nested VMX" $? 0
	grep -A4 '^not ok' "$dir/$script.log" | sed 's/^/# /'
done
done_testing
