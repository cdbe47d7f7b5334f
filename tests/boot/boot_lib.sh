# Boot images with the kernel alone, for tests of the boot path: source after tests/tap.sh.
# shellcheck shell=bash

# kernel_build DIR PROGRAM...: the kernel and what the test boots it with.
kernel_build()
{
	rm -rf "$1"
	mkdir -p "$1/files"
	make -s build/bin/vmkbootcfg txtsim kernel build/tboot.elf build/packages/config.pkg >"$1/make.log" 2>&1 || {
		echo "Bail out! make failed: $1/make.log"
		exit 1
	}
	cp build/kernel/vmkernel.elf build/packages/config.pkg "$1/files/"
}

# kernel_iso DIR NAME KERNEL-OPTIONS [mkiso options...]: DIR/NAME.iso.
kernel_iso()
{
	local dir=$1 name=$2 options=$3
	shift 3
	sed -e 's/^modules=.*/modules=config.pkg/' -e "s/^kernelopt=.*/kernelopt=$options/" \
		tboot-integration/image/boot.cfg >"$dir/$name.cfg"
	tboot-integration/image/mkiso --boot-cfg "$dir/$name.cfg" --from "$dir/files" \
		--out "$dir/$name.iso" "$@" || exit 1
}

# qemu DIR NAME [options...]: boot DIR/NAME.iso until the machine switches itself off; log in
# DIR/NAME.log.
qemu()
{
	local dir=$1 name=$2
	shift 2
	tests/limited qemu-system-x86_64 -accel tcg -cpu max -M q35 -m 512 -display none \
		-serial "file:$dir/$name.log" -monitor none -no-reboot -cdrom "$dir/$name.iso" "$@" \
		</dev/null >"$dir/$name.qemu" 2>&1
}

has_qemu()
{
	command -v qemu-system-x86_64 >/dev/null
}

# no_addresses LOG: no kernel address, of 48 bits with the upper half's sign.
no_addresses()
{
	! grep -aqE '(0x)?ffff[89a-f][0-9a-f]{11}' "$1"
}

# healthy WHAT LOG: what every boot's log has.
healthy()
{
	has "$1: nothing is writable and executable" "$2" 'W\^X audit: [0-9]+ mappings.* 0 both'
	has "$1: no rule of hardening fails" "$2" 'hardening: [0-9]+ rules hold, .* 0 fail'
	has "$1: the boot completes" "$2" 'Boot: [0-9]+: Boot Complete after'
	ok "$1: no panic" test "$(grep -ac PANIC "$2")" = 0
	ok "$1: no kernel address in the log" no_addresses "$2"
}
