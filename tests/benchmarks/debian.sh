# Debian's kernel with one program of ours in Bochs, for what is set beside it. Sourced by tests/bench.
# shellcheck shell=bash

# Bochs' processors name a frequency of 3.5 GHz and tick with 50 MHz: left to believe it, Linux takes 70 times the
# interrupts of its timer. And with ERMS it clears memory by REP STOSB, which takes a tick for each byte here.
linux_clock='tsc=reliable tsc_early_khz=50000 no_timer_check clearcpuid=erms,fsrm'
linux_args="console=ttyS0 quiet $linux_clock"
linux_modules=build/third-party/linux/lib/modules

linux_fetch() # NAME...
{
	kernel/port/fetch "$@" >"$raw/fetch-linux.log" 2>&1 ||
		die "Linux cannot be fetched: $(tail -n 1 "$raw/fetch-linux.log")"
}

# linux_tree TREE MODULE...: an initial file system's folders, and modules named in this order.
linux_tree()
{
	local tree=$1 name n=0 file
	shift
	rm -rf "$tree"
	mkdir -p "$tree"/{dev,modules}
	for name; do
		file=$(find "$linux_modules" -name "$name.ko" | head -n 1)
		[ -n "$file" ] || die "Linux has no module $name"
		cp "$file" "$tree/modules/$(printf %02d $n).ko"
		n=$((n + 1))
	done
}

linux_pack() # TREE FILE
{
	(cd "$1" && find . | LC_ALL=C sort | cpio -o -H newc --quiet) >"$2"
	rm -rf "$1"
}

# linux_iso ISO INITRD ARGUMENTS [COMMANDS]: Debian's kernel by GRUB, which does those commands last.
linux_iso()
{
	local tree=$1.tree
	rm -rf "$tree"
	mkdir -p "$tree/boot/grub"
	cp build/third-party/linux/boot/vmlinuz-* "$tree/boot/vmlinuz"
	cp "$2" "$tree/boot/initrd"
	cat >"$tree/boot/grub/grub.cfg" <<-EOF2
		set timeout=0
		menuentry linux {
			linux /boot/vmlinuz $3
			initrd /boot/initrd
			${4:-}
		}
	EOF2
	grub-mkrescue -d /usr/lib/grub/i386-pc -o "$1" "$tree" --locales= --fonts= --themes= >"$1.log" 2>&1 ||
		die "grub-mkrescue failed: see $1.log"
	rm -rf "$tree"
}
