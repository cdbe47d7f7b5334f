#!/bin/bash
# Network adapters, screens, keyboard and serial ports that servers have, in QEMU: a measured host
# attests through each adapter, and the console is seen and typed at wherever it is. TAP output.
set -uo pipefail
trap "" PIPE
cd "$(dirname "$0")/../.."
. tests/tap.sh
. tests/boot/boot_lib.sh
dir=build/tests/boot/drivers

has_qemu || {
	skip "drivers of servers" "qemu-system-x86_64 is not installed"
	done_testing
	exit
}
kernel_build "$dir"
mapfile -t packages < <(build/bin/vmkbootcfg files --boot-cfg tboot-integration/image/boot.cfg | grep '\.pkg$')
make -s host build/tboot.elf "${packages[@]/#/build/packages/}" >>"$dir/make.log" 2>&1 || {
	echo "Bail out! make failed: $dir/make.log"
	exit 1
}

# --- a measured host behind each adapter
run_with() # NAME
{
	MERLON_HOST=$dir/host-$1 MERLON_RUN=$dir/run-$1 tboot-integration/run --nic "$1" --fresh \
		>"$dir/$1.log" 2>&1
}

# QEMU 7.2 may free what it is using while a guest switches VT-d on (accel/tcg, cpu_reloading_memory_map);
# that is a crash of QEMU, not of what is tested, so it may happen once.
attests_through() # NAME
{
	run_with "$1" || ! grep -q "QEMU ended" "$dir/$1.log" || run_with "$1"
	is "$1: the host attests through it" "$(tail -n 1 "$dir/$1.log" | cut -d' ' -f1)" TRUSTED
	has "$1: its own driver has it" "$dir/run-$1/sim/com1.log" "Module: [0-9]+: $1 drives pci"
	for other in e1000 e1000e igb; do
		[ "$other" = "$1" ] ||
			has "$1: $other is measured all the same" "$dir/run-$1/sim/com1.log" \
				"Package: [0-9]+: $other: there is no device that it drives"
	done
}

attests_through e1000e
if qemu-system-x86_64 -device help 2>/dev/null | grep -q '"igb"'; then
	attests_through igb
else
	skip "igb: the host attests through it" "this QEMU has no igb (8.0 has)"
fi

# --- consoles
monitor=$dir/monitor qemu_pid=''
trap '[ -z "$qemu_pid" ] || kill "$qemu_pid" 2>/dev/null' EXIT

# boot NAME [options...]: QEMU with DIR/NAME.iso; commands go to file descriptor 7.
boot()
{
	local name=$1
	shift
	rm -f "$monitor"
	mkfifo "$monitor"
	tests/limited qemu-system-x86_64 -accel tcg -cpu max -M q35 -m 512 -display none -no-reboot \
		-monitor stdio -serial "file:$dir/$name.log" -cdrom "$dir/$name.iso" "$@" \
		<"$monitor" >"$dir/$name.qemu" 2>&1 &
	qemu_pid=$!
	exec 7>"$monitor"
}

leave()
{
	kill -0 "$qemu_pid" 2>/dev/null && echo quit >&7
	exec 7>&-
	wait "$qemu_pid"
	qemu_pid=''
}

# until_has FILE REGEX: waits for a line; the time-out of QEMU ends it.
until_has()
{
	await "$qemu_pid" in_file "$2" "$1"
}

# picture NAME REGEX: what is on the framebuffer, as text in DIR/NAME.screen, once it has that line (the
# serial port has it first: drawing takes longer), or once the machine is gone.
picture()
{
	while kill -0 "$qemu_pid" 2>/dev/null; do
		rm -f "$dir/$1.ppm"
		echo "screendump $dir/$1.ppm" >&7
		for _ in $(seq 20); do
			build/bin/vmkscreen "$dir/$1.ppm" >"$dir/$1.screen" 2>/dev/null && break
			sleep 0.1
		done
		! grep -aqE -- "$2" "$dir/$1.screen" || return 0
		sleep 1
	done
}

grew() # FILE BYTES
{
	[ "$(stat -c %s "$1")" -gt "$2" ]
}

# type_keys LOG KEY...: each once the one before it is echoed, as a keyboard's buffer is short.
type_keys()
{
	local log=$1 key before
	shift
	for key in "$@"; do
		before=$(stat -c %s "$log")
		echo "sendkey $key" >&7
		await "$qemu_pid" grew "$log" "$before"
	done
}

cp "${packages[@]/#/build/packages/}" "$dir/files/"
# Body of an SPCR (COM2, 115200): -acpitable makes the header.
printf '\0\0\0\0\1\10\0\1\370\2\0\0\0\0\0\0\1\3\0\0\0\0\7\0\1\0\0\0\377\377\377\377\0\0\0\0\0\0\0\0\0\0\0\0' \
	>"$dir/spcr.bin"
tboot-integration/image/mkiso --boot-cfg tboot-integration/image/boot.cfg --from "$dir/files" \
	--out "$dir/pixels.iso" --enable-tboot 0 || exit 1
rm -f "$dir"/pci.{in,out}
mkfifo "$dir"/pci.{in,out}
cat "$dir/pci.out" >"$dir/pci.log" &
reader=$!
boot pixels -chardev "pipe,id=pci,path=$dir/pci" -device pci-serial,chardev=pci \
	-serial "file:$dir/com2.log" -acpitable "sig=SPCR,rev=2,data=$dir/spcr.bin"
until_has "$dir/pixels.log" $'^(.*\r)?vmk> '
picture pixels '^vmk> '
has "framebuffer: lines of the log from before there was a screen" "$dir/pixels.screen" 'Iommu: [0-9]+: NO DMA PROTECTION'
has "framebuffer: lines from after" "$dir/pixels.screen" 'Boot: [0-9]+: Boot Complete after'
has "framebuffer: the prompt" "$dir/pixels.screen" '^vmk> '
ok "framebuffer: every cell is a letter" test "$(grep -c '~?' "$dir/pixels.screen")" = 0
has "ACPI's serial port shows the log" "$dir/com2.log" 'Boot: [0-9]+: Boot Complete after'
has "PCI's serial port shows the log" "$dir/pci.log" 'Boot: [0-9]+: Boot Complete after'

type_keys "$dir/pixels.log" v m k spc v e r s i o n ret
ok "keyboard: what is typed is a command" until_has "$dir/pixels.log" '^Merlon [0-9]+\.[0-9]+'
# Read-write: whoever opens a pipe that nobody reads any more would wait for ever.
printf 'vmk world list\r' 1<>"$dir/pci.in"
ok "PCI's serial port: what is typed is a command" until_has "$dir/pixels.log" 'World ID +Name'
leave
wait "$reader"

# A kernel whose header asks for no framebuffer: GRUB leaves the text screen on.
tag=$(LC_ALL=C grep -abom 1 -P '\x05\x00\x01\x00\x14\x00\x00\x00' "$dir/files/vmkernel.elf" | cut -d: -f1)
printf '\377' | dd of="$dir/files/vmkernel.elf" bs=1 seek="$tag" conv=notrunc status=none
tboot-integration/image/mkiso --boot-cfg tboot-integration/image/boot.cfg --from "$dir/files" \
	--out "$dir/text.iso" --enable-tboot 0 || exit 1
boot text
until_has "$dir/text.log" $'^(.*\r)?vmk> '
while kill -0 "$qemu_pid" 2>/dev/null; do
	echo "pmemsave 0xb8000 4000 \"$dir/text.vga\"" >&7
	sleep 1
	tr -d '\007' <"$dir/text.vga" | fold -w 80 >"$dir/text.screen"
	! grep -aqE 'Boot: [0-9]+: hardening: [0-9]+' "$dir/text.screen" || ! grep -aq '^vmk> ' "$dir/text.screen" || break
done
leave
has "text screen: what the boot says last is on it" "$dir/text.screen" 'Boot: [0-9]+: hardening: [0-9]+'
has "text screen: the prompt" "$dir/text.screen" '^vmk> '
done_testing
