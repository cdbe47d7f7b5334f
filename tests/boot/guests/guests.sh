# Guests for tests: source after tests/tap.sh. Kernel and programs are the distribution's.
# shellcheck shell=bash

# linux_initrd FILE [CHECK]: busybox, virtio modules, linux-init as the first program. With CHECK it runs that
# in its shell and switches the guest off; without, the shell waits for somebody at the console.
linux_initrd()
{
	local tree modules=build/third-party/linux/lib/modules
	tree=$(mktemp -d)
	mkdir -p "$tree/bin" "$tree/modules"
	cp build/third-party/busybox/bin/busybox "$tree/bin/"
	find $modules \( -name 'virtio*.ko' -o -name failover.ko -o -name net_failover.ko \) \
		-exec cp {} "$tree/modules/" \;
	install -m 755 tests/boot/guests/linux-init "$tree/init"
	[ -z "${2:-}" ] || cp "$2" "$tree/check"
	find "$tree" -exec touch -h -d @0 {} +
	(cd "$tree" && find . | LC_ALL=C sort | cpio -o -H newc -R 0:0 --reproducible --quiet) >"$1"
	rm -rf "$tree"
}

# linux_guest DIR NAME VCPUS [COMMAND-LINE [SED-OF-MANIFEST]]: DIR/NAME.pkg, and its disk in DIR/disk.
linux_guest()
{
	local dir=$1 name=$2 keys=build/keys
	[ -f "$dir/initrd" ] || linux_initrd "$dir/initrd" tests/boot/guests/linux-check || return 1
	head -c 65536 /dev/zero | tr '\0' 'd' >"$dir/disk"
	echo "${4:-console=ttyS0 quiet tsc=reliable no_timer_check mitigations=off}" >"$dir/cmdline"
	sed "s/@VCPUS@/$3/; s/^name=.*/name=$name/" tests/boot/guests/linux.manifest >"$dir/$name.manifest"
	[ -z "${5:-}" ] || sed -i "$5" "$dir/$name.manifest"
	build/bin/vmksign vm-image --out "$dir/$name.vm" kernel="$(echo build/third-party/linux/boot/vmlinuz-*)" \
		initrd="$dir/initrd" cmdline="$dir/cmdline" disk="$dir/disk" &&
		build/bin/vmksign package --manifest "$dir/$name.manifest" --payload "$dir/$name.vm" \
			--key $keys/provider.key --cert $keys/provider.pem --chain $keys/intermediate.pem --out "$dir/$name.pkg"
}
