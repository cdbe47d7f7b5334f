# A Linux guest's boot, from its first instruction to its shell: the same kernel, initial file system and command
# line in the same Bochs on the VMkernel, under Debian's KVM, and on the bare machine. The guests meet the same
# board: under KVM kernel/worlds/vmx runs on kvm_vmx.c. One processor, no network, no disk. Sourced by tests/bench.
# Ticks are executed instructions and what the machine idles: simulated time, no cycles of hardware.
# shellcheck shell=bash
guest=$out/guest
guest_command="$linux_args mitigations=off"
guest_goal=1.15

# guest_run NAME UNTIL: that ISO in Bochs.
guest_run()
{
	build/bin/txtsim run --iso "$guest/$1.iso" --workdir "$guest/$1" --no-txt --tpm absent --model $vm_model \
		--mem 1024 --no-reboot --until "$2" --timeout "$bench_timeout" >"$guest/$1.log" 2>&1 ||
		die "$1: no shell in Linux: see $guest/$1.log and $guest/$1/com1.log"
	rm -f "$guest/$1.iso"
}

# The mark is set by GRUB when everything is in memory.
guest_bare()
{
	linux_iso "$guest/bare.iso" "$guest/initrd" "$guest_command" \
		'serial --unit=0 --speed=115200; terminal_output serial; echo everything is loaded'
	guest_run bare 'guest: a shell'
}

guest_merlon()
{
	mkdir -p "$guest/files"
	cp build/kernel/vmkernel.elf build/packages/{config,vmx}.pkg "$guest/files/"
	sed -e 's/^modules=.*/modules=config.pkg --- vmx.pkg --- linux.pkg/' -e 's/^kernelopt=.*/kernelopt=/' \
		-e 's/^enableTboot=.*/enableTboot=0/' tboot-integration/image/boot.cfg >"$guest/boot.cfg"
	sed -e 's/@VCPUS@/1/' -e '/^network=/d' tests/boot/guests/linux.manifest >"$guest/linux.manifest"
	{
		build/bin/vmksign vm-image --out "$guest/linux.vm" kernel="$(echo build/third-party/linux/boot/vmlinuz-*)" \
			initrd="$guest/initrd" cmdline="$guest/cmdline" &&
			build/bin/vmksign package --manifest "$guest/linux.manifest" --payload "$guest/linux.vm" \
				--key build/keys/provider.key --cert build/keys/provider.pem \
				--chain build/keys/intermediate.pem --out "$guest/files/linux.pkg" &&
			tboot-integration/image/mkiso --boot-cfg "$guest/boot.cfg" --from "$guest/files" --out "$guest/merlon.iso"
	} >"$guest/make.log" 2>&1 || die "no image with a guest: see $guest/make.log"
	guest_run merlon 'guest: a shell'
	rm -rf "$guest"/{files,linux.vm,merlon.iso.files}
}

guest_kvm()
{
	local tree=$guest/tree
	local flags=(-static -O2 -std=gnu17 -D_GNU_SOURCE -I. -Ikernel -Ikernel/include)
	linux_tree "$tree" irqbypass kvm kvm-intel
	mkdir "$tree/image"
	clang-19 "${flags[@]}" -Dmain=vmx_main -c -o "$guest/vmx.o" kernel/worlds/vmx/main.c
	clang-19 "${flags[@]}" -o "$tree/init" tests/benchmarks/{kvm_vmx,kvm,peer}.c "$guest/vmx.o" \
		$(find kernel/worlds/vmx -name '*.c' ! -name main.c)
	cp build/third-party/linux/boot/vmlinuz-* "$tree/image/kernel"
	cp "$guest"/{initrd,cmdline} "$tree/image/"
	linux_pack "$tree" "$guest/kvm.initrd"
	linux_iso "$guest/kvm.iso" "$guest/kvm.initrd" "$guest_command"
	guest_run kvm 'guest: a shell'
}

# guest_seconds NAME REGEX: simulated, from the first line that has it to the shell.
guest_seconds()
{
	awk -v sign="$2" '
		!from && $0 ~ sign { from = $1 }
		/guest: a shell/ { to = $1; exit }
		END { if (from && to) printf "%.3f\n", to - from }' "$guest/$1/com1.times"
}

bench_guest_boot()
{
	local bare merlon kvm ratio
	make -s build/bin/{vmkbootcfg,vmksign} txtsim kernel build/packages/{config,vmx}.pkg
	linux_fetch linux busybox
	rm -rf "$guest"
	mkdir -p "$guest"
	. tests/boot/guests/guests.sh
	linux_initrd "$guest/initrd"
	echo "$guest_command" >"$guest/cmdline"
	guest_bare
	guest_merlon
	guest_kvm
	bare=$(guest_seconds bare 'everything is loaded')
	merlon=$(guest_seconds merlon 'World linux: power on')
	kvm=$(guest_seconds kvm 'VMX: power on')
	begin "A Linux guest from its first instruction to its shell, in the same Bochs ($vm_model), 1 processor"
	row 'on the bare machine' 's simulated' "$bare"
	row 'under the VMkernel' 's simulated' "$merlon"
	row 'under KVM' 's simulated' "$kvm"
	ratio=$(quotient "$merlon" "$bare")
	row 'VMkernel / bare' ratio "$ratio"
	row 'KVM / bare' ratio "$(quotient "$kvm" "$bare")"
	row 'VMkernel / KVM' ratio "$(quotient "$merlon" "$kvm")"
	echo "goal of the VMkernel: at most $guest_goal of bare: $(awk -v r="$ratio" -v g=$guest_goal \
		'BEGIN { print r <= g ? "met" : "not met" }')"
	finish guest-boot
}
