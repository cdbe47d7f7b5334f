# The machine that tests of virtual machines boot: source after boot_lib.sh. It is Bochs, or, with
# MERLON_VM_MACHINE=kvm, QEMU on the processor of this machine, which must offer VMX to guests.
# shellcheck shell=bash

# no_nested_vmx: why there is no VMX for a guest of this machine's KVM; nothing where there is.
no_nested_vmx()
{
	if ! has_qemu; then
		echo "qemu-system-x86_64 is not installed"
	elif [ ! -w /dev/kvm ]; then
		echo "there is no KVM: /dev/kvm cannot be opened"
	elif ! grep -qw vmx /proc/cpuinfo; then
		echo "the processor, $(sed -n 's/^vendor_id[^:]*: //p' /proc/cpuinfo | head -n 1), has no VMX"
	elif ! grep -qE '^[Y1]' /sys/module/kvm_intel/parameters/nested 2>/dev/null; then
		echo "KVM does not offer VMX to guests: /sys/module/kvm_intel/parameters/nested"
	fi
}

# machine OPTIONS...: as `txtsim run` takes them. It becomes the calling shell: (machine ...), or machine ... &
machine()
{
	case ${MERLON_VM_MACHINE:-bochs} in
	kvm) kvm_machine "$@" ;;
	*) exec build/bin/txtsim run "$@" ;;
	esac
}

# kvm_machine OPTIONS...: those of `txtsim run` that have a meaning there; 0: it switched itself off, or --until came.
kvm_machine()
{
	local dir='' iso='' typed=/dev/null until='' seconds=300 options=() end qemu
	while [ $# -gt 0 ]; do
		case $1 in
		--workdir) dir=$2 ;;
		--iso) iso=$2 ;;
		--serial-in) typed=$2 ;;
		--until) until=$2 ;;
		--timeout) seconds=$2 ;;
		--smp) options+=(-smp "$2") ;;
		--mem) options+=(-m "$2") ;;
		--dump-at) ;;
		--net)
			options+=(-nic user,model=e1000)
			shift
			continue
			;;
		*)
			shift
			continue
			;;
		esac
		shift 2
	done
	rm -rf "$dir"
	mkdir -p "$dir"
	qemu-system-x86_64 -accel kvm -cpu host -M q35 -m 512 -display none -monitor none -no-reboot \
		-chardev "stdio,id=com1,signal=off" -serial chardev:com1 -cdrom "$iso" "${options[@]}" \
		<"$typed" >"$dir/com1.log" 2>"$dir/qemu.log" &
	qemu=$!
	trap 'kill $qemu 2>/dev/null; exit 1' TERM
	end=$((SECONDS + seconds))
	while kill -0 $qemu 2>/dev/null; do
		if [ $SECONDS -ge $end ] || { [ -n "$until" ] && grep -aqE -- "$until" "$dir/com1.log"; }; then
			break
		fi
		sleep 0.1
	done
	if kill $qemu 2>/dev/null; then
		wait $qemu
		[ $SECONDS -lt $end ]
		exit
	fi
	wait $qemu
	exit
}
