# A kernel seen from outside: QEMU's monitor tells where everything lies, which the kernel itself never
# does. Source after tests/tap.sh and boot_lib.sh; one machine for each shell.
# shellcheck shell=bash
outside_pid='' outside_out=''

# outside_boot DIR NAME [options...]: QEMU with DIR/NAME.iso in the background, serial in DIR/NAME.log; its
# monitor is file descriptor 7, answers in DIR/NAME.monitor.
outside_boot()
{
	local dir=$1 name=$2
	shift 2
	rm -f "$dir/$name".{in,log,monitor}
	mkfifo "$dir/$name.in"
	outside_out=$dir/$name.monitor
	tests/limited qemu-system-x86_64 -accel tcg -cpu max -M q35 -m 512 -display none -no-reboot \
		-monitor stdio -cdrom "$dir/$name.iso" "$@" <"$dir/$name.in" >"$outside_out" 2>&1 &
	outside_pid=$!
	exec 7>"$dir/$name.in"
}

# outside_until FILE REGEX: waits for a line; false if the machine ends before.
outside_until()
{
	await "$outside_pid" in_file "$2" "$1"
}

# outside_ask COMMAND: the monitor's answer. What marks its end is a number that no earlier answer had: how much was
# said before. A counter would not do, as subshells ask.
outside_ask()
{
	local from mark
	from=$(wc -c <"$outside_out")
	mark=$((0x5eed00000000 + from))
	printf '%s\nprint %d\n' "$1" $mark >&7
	outside_until "$outside_out" "^0x$(printf %x $mark)" || return 1
	tail -c "+$((from + 1))" "$outside_out" | tr -d '\r'
}

outside_leave()
{
	! kill -0 "$outside_pid" 2>/dev/null || echo quit >&7
	exec 7>&-
	wait "$outside_pid"
	outside_pid=''
}

# The kernel's own map of its half is a static structure: its address in the image and the members' places.
outside_prepare() # DIR
{
	cat >"$1/offsets.c" <<-END
		#include <stdio.h>
		#include "boot/image.h"
		#include "mem/area.h"
		int main(void)
		{
			printf("%zu %d\n", offsetof(struct space, window), AREA_COUNT);
		}
	END
	clang-19 -std=gnu17 -I. -Ikernel -Ikernel/include -o "$1/offsets" "$1/offsets.c" || return 1
	nm build/kernel/image.elf >"$1/symbols"
}

symbol() # DIR NAME
{
	sed -n "s/^\([0-9a-f]*\) . $2\$/0x\1/p" "$1/symbols" | head -n 1
}

# outside_regions DIR: lines NAME START END of what is secret: image, physical, direct, then each area in the
# order of enum area (kernel/mem/area.h), and cpu, where the first processor's area is.
outside_regions()
{
	local dir=$1 registers base delta offset count words end physical
	registers=$(outside_ask "info registers")
	base=$(sed -n 's/^IDT= *\([0-9a-f]*\) .*/0x\1/p' <<<"$registers" | head -n 1)
	delta=$((base - $(symbol "$dir" idt)))
	end=$(symbol "$dir" __image_end)
	printf 'image %x %x\n' $((0x4000000 + delta)) $((end + delta))
	physical=$(outside_ask "$(printf 'gva2gpa 0x%x' $((0x4000000 + delta)))" |
		sed -n 's/^gpa: 0x\([0-9a-f]*\).*/0x\1/p')
	printf 'physical %x %x\n' $((physical)) $((physical + end - 0x4000000))
	outside_ask "info tlb" | sed -n 's/^\(ffff[0-9a-f]*\): \([0-9a-f]*\) \(.........\)$/\1 \2 \3/p' >"$dir/tlb"
	# Its pages are the large ones; all at one distance from physical memory.
	awk '$3 ~ /P/ { if (!n++) first = $1 " " $2; last = $1 } END { if (n) print first, last }' "$dir/tlb" | {
		read -r first physical last || return
		printf 'direct %x %x\n' $((0x$first - 0x$physical)) $((0x$last + 0x200000))
	}
	read -r offset count <<<"$("$dir/offsets")"
	words=$(outside_ask "$(printf 'x /%dgx 0x%x' $((2 * count)) $(($(symbol "$dir" kernel) + delta + offset)))" |
		grep -a '^ffff' | sed 's/^[^:]*: *//; s/0x//g')
	# shellcheck disable=SC2086
	printf '%s %s\n' $words | awk '{ print "area" NR - 1, $0 }'
	printf 'cpu %s %s\n' "$(sed -n 's/^GS =[0-9a-f]* \([0-9a-f]*\) .*/\1/p' <<<"$registers" | head -n 1)" 0
}
