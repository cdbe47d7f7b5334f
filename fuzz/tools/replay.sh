# One input in the target and in the real kernel, in an emulator: the traces (kernel/replay/trace.h)
# have to agree line by line.
# shellcheck shell=bash
REPLAYED='sched sched_long guest' # targets whose input the kernel takes, too

# The target's lines.
trace_host() # TARGET FILE
{
	MERLON_FUZZ_TRACE=1 "$programs/$1" "$2" 2>/dev/null
}

# The kernel's, from the log of its serial port.
trace_kernel() # LOG
{
	tr -d '\r' <"$1" | sed -n 's/^.*)Replay: [0-9]*: \(step [0-9]* .*\)$/\1/p'
}

# DIR/replay.iso: the kernel, a package of kind `replay` with the input, the option that allows it,
# and no driver: nothing that depends on the time of day, or on who sends what.
replay_image() # TARGET FILE DIR
{
	local target=${1#fuzz_} file=$2 dir=$3
	mkdir -p "$dir/files"
	printf '%s\n' name=replay version=1.0 provider=Merlon kind=replay level=PartnerSupported \
		>"$dir/replay.manifest"
	cp build/kernel/vmkernel.elf build/packages/config.pkg "$dir/files/" &&
		build/bin/vmksign package --manifest "$dir/replay.manifest" --payload "$file" \
			--key build/keys/provider.key --cert build/keys/provider.pem \
			--chain build/keys/intermediate.pem --out "$dir/files/replay.pkg" &&
		sed -e 's/^modules=.*/modules=config.pkg --- replay.pkg/' \
			-e "s/^kernelopt=.*/kernelopt=replay=$target onboot=poweroff onpanic=poweroff/" \
			tboot-integration/image/boot.cfg >"$dir/boot.cfg" &&
		tboot-integration/image/mkiso --boot-cfg "$dir/boot.cfg" --from "$dir/files" \
			--enable-tboot 0 --out "$dir/replay.iso"
}

# Boots it; the log of the serial port is DIR/log.
replay_boot() # PLATFORM DIR
{
	rm -f "$2/log"
	if [ "$1" = qemu ]; then
		timeout 120 qemu-system-x86_64 -accel tcg -cpu max -M q35 -m 512 -display none \
			-serial "file:$2/log" -monitor none -no-reboot -nic none -cdrom "$2/replay.iso" \
			</dev/null >"$2/emulator" 2>&1
	else
		timeout 600 build/bin/txtsim run --iso "$2/replay.iso" --workdir "$2/bochs" \
			--until 'Power: [0-9]*: power off|HALTED' --timeout 580 >"$2/emulator" 2>&1
		cp "$2/bochs/com1.log" "$2/log"
	fi
}

# Both sides, in DIR/host and DIR/kernel: the kernel came to the end and they agree, or the first
# difference.
replay_agrees() # DIR
{
	trace_kernel "$1/log" >"$1/kernel"
	if ! grep -aq 'Replay: [0-9]*: the end after' "$1/log"; then
		echo "the kernel did not come to the end of the input:"
		grep -aE 'Replay|PANIC' "$1/log" | tail -n 3
		return 1
	fi
	cmp -s "$1/host" "$1/kernel" && [ -s "$1/host" ] && return
	awk 'NR == FNR { host[NR] = $0; next }
		FNR in host && host[FNR] == $0 { next }
		{ print "the first step that differs:\ntarget: " host[FNR] "\nkernel: " $0; exit }' \
		"$1/host" "$1/kernel"
	echo "$(wc -l <"$1/host") steps in the target, $(wc -l <"$1/kernel") in the kernel"
	return 1
}

replay() # TARGET FILE PLATFORM
{
	local dir=build/fuzz-replay/${1#fuzz_}
	grep -qw "${1#fuzz_}" <<<"$REPLAYED" || die "the kernel takes inputs of: $REPLAYED"
	[ "$3" = bochs ] || [ "$3" = qemu ] || die "--platform wants bochs or qemu"
	build_targets "$1"
	make -s kernel txtsim build/packages/config.pkg build/bin/vmksign build/bin/vmkbootcfg ||
		die "the kernel does not build; the error above says why"
	rm -rf "$dir"
	replay_image "$1" "$2" "$dir" || die "no image could be made"
	trace_host "$1" "$2" >"$dir/host"
	replay_boot "$3" "$dir"
	replay_agrees "$dir" || return
	echo "$(wc -l <"$dir/host") steps, the same in $1 and in the kernel on $3; they are in $dir/"
}
