# The same job by Debian's own programs: its Linux under its tboot on QEMU, its tpm2-tools for quote and
# check. Sourced by tests/bench. The guest is the least that does it: one program and tpm2_quote with its
# libraries, a network driver, a fixed address; so its time is a lower bound of what an installation takes.
# shellcheck shell=bash
peer=$out/linux
peer_args='logging=memory,serial loglvl=err,warn,info'
peer_ak=0x81010002

peer_initrd() # FILE
{
	local tree=$peer/tree modules=build/third-party/linux/lib/modules lib name n=0
	rm -rf "$tree"
	mkdir -p "$tree"/{bin,dev,modules}
	clang-19 -static -O2 -std=gnu17 -o "$tree/init" tests/benchmarks/linux_init.c
	cp "$(command -v tpm2_quote)" "$tree/bin/"
	for lib in $(ldd "$(command -v tpm2_quote)" | grep -oE '/[^ ]+') \
		/usr/lib/x86_64-linux-gnu/libtss2-tcti-device.so.0; do
		mkdir -p "$tree$(dirname "$lib")"
		cp -L "$lib" "$tree$lib"
	done
	for name in virtio virtio_ring virtio_pci_{legacy,modern}_dev virtio_pci failover net_failover virtio_net; do
		cp "$(find "$modules" -name "$name.ko")" "$tree/modules/$(printf %02d $n).ko"
		n=$((n + 1))
	done
	(cd "$tree" && find . | LC_ALL=C sort | cpio -o -H newc --quiet) >"$1"
	rm -rf "$tree"
}

# GRUB reads the fastest form of each file: tboot unpacked, the kernel as it is, the initrd unpacked.
peer_iso() # NAME LINUX-ARGUMENT...
{
	local tree=$peer/iso name=$1
	shift
	rm -rf "$tree"
	mkdir -p "$tree/boot/grub"
	gunzip -c build/third-party/tboot/boot/tboot.gz >"$tree/boot/tboot"
	cp build/third-party/linux/boot/vmlinuz-* "$tree/boot/vmlinuz"
	cp build/sinit.bin "$tree/boot/sinit.bin"
	peer_initrd "$tree/boot/initrd"
	# tboot loses Multiboot information that is shorter than what it makes room for: pad it.
	cat >"$tree/boot/grub/grub.cfg" <<-EOF2
		set timeout=0
		menuentry launch {
			multiboot2 /boot/tboot $peer_args
			module2 /boot/vmlinuz console=ttyS0 tpm_tis.force=1 tpm_tis.interrupts=0 quiet net.ifnames=0 $*
			module2 /boot/initrd
			module2 /boot/sinit.bin pad=$(head -c 3900 /dev/zero | tr '\0' p)
		}
	EOF2
	grub-mkrescue -d /usr/lib/grub/i386-pc -o "$peer/$name.iso" "$tree" --locales= --fonts= --themes= \
		>"$peer/mkrescue.log" 2>&1 || die "grub-mkrescue failed: see $peer/mkrescue.log"
	rm -rf "$tree"
}

# A TPM with a key that signs quotes, made persistent: what an installation does once.
peer_tpm()
{
	local state pid
	tboot-integration/image/provision-tpm make "$peer/tpm" "$peer/ca"
	state=$(realpath "$peer/tpm")
	rm -f "$peer"/tpm.sock*
	swtpm socket --tpm2 --tpmstate "dir=$state" --flags not-need-init,startup-clear \
		--server "type=unixio,path=$peer/tpm.sock" --ctrl "type=unixio,path=$peer/tpm.sock.ctrl" \
		>"$peer/swtpm.log" 2>&1 &
	pid=$!
	for _ in {1..100}; do [ -S "$peer/tpm.sock" ] && break || sleep 0.05; done
	(
		export TPM2TOOLS_TCTI="swtpm:path=$peer/tpm.sock"
		tpm2_createek -Q -c "$peer/ek.ctx" -G ecc
		tpm2_createak -Q -C "$peer/ek.ctx" -c "$peer/ak.ctx" -G ecc -g sha256 -s ecdsa \
			-u "$peer/ak.pem" -f pem
		tpm2_flushcontext -t
		tpm2_evictcontrol -Q -C o -c "$peer/ak.ctx" $peer_ak
		tpm2_shutdown -c
	) >"$peer/enroll.log" 2>&1 || {
		kill $pid
		die "the peer's TPM cannot be set up: see $peer/enroll.log"
	}
	kill $pid 2>/dev/null || true
	wait $pid 2>/dev/null || true
}

peer_make()
{
	kernel/port/fetch linux >"$raw/fetch-linux.log" 2>&1 ||
		die "Linux cannot be fetched: $(tail -n 1 "$raw/fetch-linux.log")"
	rm -rf "$peer"
	mkdir -p "$peer"
	peer_iso linux
	peer_tpm
}

# A quote over a fresh nonce, over the network, checked by tpm2_checkquote and against the PCRs of the
# first boot, which stand for reference values.
peer_quote() # DIRECTORY PORT
{
	local nonce part hex
	nonce=$(od -An -vtx1 -N32 /dev/urandom | tr -d ' \n')
	exec 8<>"/dev/tcp/127.0.0.1/$2" || return 1
	echo "$nonce" >&8
	for part in msg sig pcrs; do
		read -r -t 60 -u 8 hex || return 1
		basenc -d --base16 <<<"$hex" >"$1/$part"
	done
	exec 8>&-
	tpm2_checkquote -u "$peer/ak.pem" -m "$1/msg" -s "$1/sig" -f "$1/pcrs" -g sha256 -q "$nonce" >"$1/check.log" 2>&1 ||
		return 1
	[ -f "$peer/good.pcrs" ] || cp "$1/pcrs" "$peer/good.pcrs"
	cmp -s "$1/pcrs" "$peer/good.pcrs"
}

# peer_boot DIRECTORY PROCESSORS: sets peer_seconds, from power-on to the verdict, and peer_cpu of its emulator.
peer_boot()
{
	local dir=$1 port start=$EPOCHREALTIME serial=$1/sim/com1.log
	port=$(free_port)
	rm -rf "$dir"
	mkdir -p "$dir"
	cp -r "$peer/tpm" "$dir/tpm"
	build/bin/txtsim run --platform qemu --iso "$peer/linux.iso" --workdir "$dir/sim" --tpm-state "$dir/tpm" \
		--sinit-key build/keys/sinit.key --smp "$2" --mem 512 --timeout 300 \
		--qemu-arg -netdev --qemu-arg "user,id=n,hostfwd=tcp:127.0.0.1:$port-10.0.2.15:5683" \
		--qemu-arg -device --qemu-arg virtio-net-pci,netdev=n,romfile= >"$dir/txtsim.log" 2>&1 &
	sim_pid=$!
	until grep -aq 'INIT: listening' "$serial" 2>/dev/null; do
		kill -0 $sim_pid 2>/dev/null || die "the peer ended early: $(tail -n 1 "$dir/txtsim.log")"
		sleep 0.1
	done
	peer_quote "$dir" "$port" || die "the peer's quote does not hold: see $dir"
	peer_seconds=$(awk -v a="$EPOCHREALTIME" -v b="$start" 'BEGIN { printf "%.3f", a - b }')
	peer_cpu=$(emulator_seconds "$sim_pid")
	power_off
}

# The same Linux in Bochs, as far as its first program: sets peer_simulated. Bochs repeats itself, so once is
# enough. It has no remapping unit, which Linux wants under tboot, and no network card that this kernel knows.
peer_in_bochs()
{
	local dir=$peer/bochs
	mkdir -p "$dir"
	peer_iso bochs intel_iommu=tboot_noforce "$linux_clock"
	cp -r "$peer/tpm" "$dir/tpm"
	build/bin/txtsim run --platform bochs --iso "$peer/bochs.iso" --workdir "$dir/sim" --tpm-state "$dir/tpm" \
		--sinit-key build/keys/sinit.key --model corei7_skylake_x --smp 1 --mem 512 --timeout 1200 --no-reboot \
		--until 'INIT: user space' >"$dir/txtsim.log" 2>&1 || die "the peer in Bochs failed: see $dir/txtsim.log"
	peer_simulated=$(at "$dir" 1 'INIT: user space')
}
