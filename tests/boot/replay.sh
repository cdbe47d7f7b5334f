#!/bin/bash
# What the fuzzers feed to the kernel's code on the host goes through the real kernel in an emulator,
# and every step agrees; without the option, such a package does not load; and a kernel that differs
# from the target is noticed. With --full: more inputs, and planted bugs. TAP output.
set -uo pipefail
cd "$(dirname "$0")/../.."
. tests/tap.sh
. fuzz/tools/common.sh
. fuzz/tools/replay.sh
dir=build/tests/boot/replay
rm -rf "$dir"
mkdir -p "$dir"
make -s build/fuzz/fuzz_sched build/fuzz/fuzz_sched_long build/fuzz/fuzz_guest kernel txtsim build/packages/config.pkg build/bin/vmksign \
	build/bin/vmkbootcfg >"$dir/make.log" 2>&1 || {
	echo "Bail out! make failed: $dir/make.log"
	exit 1
}

# The nth largest seeds of a target.
seed() # TARGET N
{
	find "fuzz/corpus/${1#fuzz_}" -type f -printf '%s %p\n' | sort -k 1,1rn -k 2 |
		sed -n "$2s/^[0-9]* //p"
}

agrees() # PLATFORM TARGET FILE NAME
{
	local to=$dir/$4
	replay_image "$2" "$3" "$to" >"$to.image" 2>&1
	trace_host "$2" "$3" >"$to/host"
	replay_boot "$1" "$to"
	ok "$2 on $1: each step of $(basename "$3") agrees ($(wc -l <"$to/host"))" replay_agrees "$to"
}

agrees qemu fuzz_sched_long "$(seed sched_long 1)" sched-1

# One hexadecimal digit of one step.
mkdir -p "$dir/other"
cp "$dir/sched-1/log" "$dir/other/"
sed '100s/^\(step 100 ......\)./\1-/' "$dir/sched-1/host" >"$dir/other/host"
replay_agrees "$dir/other" >"$dir/other/said"
is "a step that differs is noticed" $? 1
has "and which is the first" "$dir/other/said" '^kernel: step 100 '

# A package of this kind is nothing that a host loads by itself.
mkdir -p "$dir/refused"
sed 's/replay=[a-z_]* //' "$dir/sched-1/boot.cfg" >"$dir/refused/boot.cfg"
tboot-integration/image/mkiso --boot-cfg "$dir/refused/boot.cfg" --from "$dir/sched-1/files" \
	--enable-tboot 0 --out "$dir/refused/replay.iso"
replay_boot qemu "$dir/refused"
has "without the option the package is refused" "$dir/refused/log" \
	'replay.pkg refused: denied: the kernel option replay='
is "and nothing is replayed" "$(trace_kernel "$dir/refused/log" | wc -l)" 0

agrees bochs fuzz_guest fuzz/corpus/guest/replay-each guest-each

# The target with a planted bug, beside the kernel without it.
planted_differs() # BUG TARGET INPUT AGREED
{
	local to=$dir/planted
	rm -rf "$to"
	mkdir -p "$to"
	make_tree "$to/tree"
	plant "$to/tree" "fuzz/planted/$1.patch"
	make -s -C "$to/tree" "build/fuzz/$2" >"$to/make.log" 2>&1
	programs=$to/tree/build/fuzz trace_host "$2" "$3" >"$to/host"
	cp "$dir/$4/log" "$to/"
	replay_agrees "$to" >"$to/said"
	is "a target with the bug $1 does something else than the kernel" $? 1
	has "from a certain step on" "$to/said" '^kernel: step [0-9]+ '
}

if [ -n "${MERLON_FULL:-}" ]; then
	. fuzz/tools/planted.sh
	for ((n = 2; n <= 11; n++)); do
		agrees qemu fuzz_sched_long "$(seed sched_long "$n")" "sched-$n"
	done
	agrees qemu fuzz_sched "$(seed sched 1)" short-1
	agrees bochs fuzz_sched "$(seed sched 2)" short-bochs
	for input in events memory msrs registers; do
		agrees bochs fuzz_guest "fuzz/corpus/guest/replay-$input" "guest-$input"
	done
	planted_differs sched-refund-twice fuzz_sched_long "$(seed sched_long 1)" sched-1
	planted_differs inject-window-stays fuzz_guest fuzz/corpus/guest/replay-events guest-events
fi
done_testing
