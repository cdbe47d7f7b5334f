#!/bin/bash
# User worlds confined: a hostile world makes a million random system calls, twice; nothing leaks,
# and every denial is counted. In full mode on Bochs too. TAP output.
set -uo pipefail
cd "$(dirname "$0")/../.."
. tests/tap.sh
. tests/boot/boot_lib.sh
dir=build/tests/boot/confined

kernel_build "$dir"
make -s build/packages/{e1000,hostile-calls-1000000,hostile-calls-100000}.pkg >>"$dir/make.log" 2>&1 || {
	echo "Bail out! make failed: $dir/make.log"
	exit 1
}
cp build/packages/{e1000,hostile-calls-*}.pkg "$dir/files/"

# image NAME WORLD: DIR/NAME.iso, with that hostile world.
image()
{
	sed -e "s/^modules=.*/modules=config.pkg --- e1000.pkg --- $2.pkg/" \
		-e "s/^kernelopt=.*/kernelopt=onboot=lives:$2/" -e 's/^enableTboot=.*/enableTboot=0/' \
		tboot-integration/image/boot.cfg >"$dir/$1.cfg"
	tboot-integration/image/mkiso --boot-cfg "$dir/$1.cfg" --from "$dir/files" --out "$dir/$1.iso" || exit 1
}

# The numbers that stand before or after a word, one life a line.
made()
{
	sed -n 's/.*calls: \([0-9]*\) made, .*/\1/p' "$1"
}
denied_by_world()
{
	sed -n 's/.*made, seed [0-9a-f]*, \([0-9]*\) denied.*/\1/p' "$1"
}
denied_by_kernel()
{
	sed -n 's/.*World hostile-calls-[0-9]*: \([0-9]*\) denials in its life.*/\1/p' "$1"
}
# What is in use after a life.
usage()
{
	sed -n "s/.*onboot=lives: .* after life $2: //p" "$1"
}

# two_lives WHAT LOG COUNT: what two lives of COUNT calls each must have left in the log.
two_lives()
{
	local what=$1 log=$2 count=$3

	is "$what: two lives make $count random system calls each" "$(made "$log" | head -2 | tr '\n' ' ')" "$count $count "
	ok "$what: no kernel address in registers or memory, no register lost" \
		test "$(grep -ac ' 0 addresses leaked, 0 broken' "$log")" -ge 2
	ok "$what: some calls were denied" test "$(denied_by_world "$log" | head -1)" -gt 1000
	is "$what: the kernel counted every denial" "$(denied_by_kernel "$log" | head -2)" \
		"$(denied_by_world "$log" | head -2)"
	ok "$what: what is in use was looked at" test -n "$(usage "$log" 1)"
	is "$what: nothing is left behind" "$(usage "$log" 2)" "$(usage "$log" 1)"
	is "$what: no page of the world stays" "$(usage "$log" 2 | grep -o 'user [0-9]*')" "user 0"
	ok "$what: no panic" test "$(grep -ac PANIC "$log")" = 0
	ok "$what: no kernel address in the log" no_addresses "$log"
}

image qemu hostile-calls-1000000
if has_qemu; then
	timeout 600 qemu-system-x86_64 -accel tcg -cpu max -M q35 -m 512 -display none \
		-serial "file:$dir/qemu.log" -monitor none -no-reboot -cdrom "$dir/qemu.iso" \
		-netdev user,id=net -device e1000,netdev=net </dev/null >"$dir/qemu.qemu" 2>&1 &
	qemu=$!
	until grep -aqE 'after life 2|PANIC' "$dir/qemu.log" 2>/dev/null || ! kill -0 $qemu 2>/dev/null; do
		sleep 0.5
	done
	kill $qemu 2>/dev/null
	wait $qemu 2>/dev/null
	two_lives QEMU "$dir/qemu.log" 1000000
fi
if [ -n "${MERLON_FULL:-}" ]; then
	image bochs hostile-calls-100000
	timeout 900 build/bin/txtsim run --iso "$dir/bochs.iso" --workdir "$dir/bochs" --net \
		--until 'after life 2' --timeout 880 >"$dir/txtsim.log" 2>&1
	two_lives Bochs "$dir/bochs/com1.log" 100000
fi
done_testing
