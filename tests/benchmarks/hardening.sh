# Paths into the kernel (paths.h) beside Linux on the same Bochs: the VMkernel as it is, with the world
# kernel/worlds/bench, and Debian's kernel as its package configures it. Sourced by tests/bench. A tick is one
# executed instruction, or one step of a REP: this counts instructions, not cycles of hardware. What a mitigation
# costs by emptying buffers or predictors does not show.
# shellcheck shell=bash
hard=$out/hardening

# What Linux is started with in each column. "hardened" is what the VMkernel does too, beside Debian's defaults
# (page tables of ring 3's own among them): freed memory is zeroed, the kernel's stack is placed anew at each call,
# modules are refused without a signature.
hard_columns=(hardened default off)
declare -A hard_args=(
	[hardened]='init_on_free=1 slab_nomerge randomize_kstack_offset=on vsyscall=none module.sig_enforce=1'
	[default]=''
	[off]='mitigations=off'
)
declare -A hard_words=([hardened]='hardened' [default]='installed' [off]='unhardened')
# None needs another that does not stand before it.
hard_modules=(irqbypass crc-itu-t nfnetlink libcrc32c virtio virtio_ring failover net_failover virtio_net kvm)
hard_small=01 hard_large=08 # crc-itu-t, virtio_net

hard_paths=(call clock poll pointer protect page pages ping)
declare -A hard_titles=(
	[call]='system call' [clock]='monotonic clock' [poll]='wait for nothing' [pointer]='pointer to nothing refused'
	[protect]='page read-only and writable again' [page]='map, touch, unmap: one page'
	[pages]='map, touch, unmap: each of 64 pages' [ping]='to another world and back, two switches'
)

# hard_kernel DIR KERNEL MODEL [OPTION]: the VMkernel with the world that measures, and a guest that measures CPUID
# exits.
hard_kernel()
{
	local dir=$1 kernel=$2 model=$3 option=${4:-}
	rm -rf "$dir"
	mkdir -p "$dir/files"
	printf '%s\n' name=cpuid version=1.0.0 provider=Merlon kind=vm level=PartnerSupported vcpus=1 \
		memory-kib=4096 autostart=no >"$dir/cpuid.manifest"
	sed -e 's/^modules=.*/modules=config.pkg --- tinyvmx.pkg --- guest.pkg'\
' --- small.pkg load=manual --- large.pkg load=manual --- bench.pkg/' \
		-e "s/^kernelopt=.*/kernelopt=$option/" -e 's/^enableTboot=.*/enableTboot=0/' \
		tboot-integration/image/boot.cfg >"$dir/boot.cfg"
	cp "$kernel" "$dir/files/vmkernel.elf"
	cp build/packages/{config,tinyvmx,small,large,bench}.pkg "$dir/files/"
	{
		clang-19 --target=i386-none-elf -I. -DCPUID -DSTAY -c -o "$dir/guest.o" tests/benchmarks/vm_guest.S &&
			ld.lld-19 -m elf_i386 --oformat binary -Ttext 0x7c00 -o "$dir/guest" "$dir/guest.o" &&
			build/bin/vmksign vm-image --out "$dir/guest.vm" kernel="$dir/guest" &&
			build/bin/vmksign package --manifest "$dir/cpuid.manifest" --payload "$dir/guest.vm" \
				--key build/keys/provider.key --cert build/keys/provider.pem \
				--chain build/keys/intermediate.pem --out "$dir/files/guest.pkg" &&
			tboot-integration/image/mkiso --boot-cfg "$dir/boot.cfg" --from "$dir/files" --out "$dir/boot.iso"
	} >"$dir/make.log" 2>&1 || die "no image with the world that measures: see $dir/make.log"
	build/bin/txtsim run --iso "$dir/boot.iso" --workdir "$dir/run" --no-txt --tpm absent --model "$model" \
		--no-reboot --until 'paths: done' --timeout "$bench_timeout" >"$dir/txtsim.log" 2>&1 ||
		die "the world that measures did not end: see $dir/run/com1.log"
	rm -rf "$dir"/{boot.iso*,files,run/iso}
}

# An initial file system of one program and some modules.
hard_initrd() # FILE
{
	local tree=$hard/tree
	linux_tree "$tree" "${hard_modules[@]}"
	clang-19 -static -O2 -std=gnu17 -D_GNU_SOURCE -I. -o "$tree/init" tests/benchmarks/{linux_paths,peer}.c
	linux_pack "$tree" "$1"
}

hard_linux() # COLUMN
{
	local dir=$hard/$1
	rm -rf "$dir"
	mkdir -p "$dir"
	linux_iso "$dir/linux.iso" "$hard/initrd" "$linux_args ${hard_args[$1]}"
	build/bin/txtsim run --iso "$dir/linux.iso" --workdir "$dir/run" --no-txt --tpm absent --model $vm_model \
		--no-reboot --until 'paths: done' --timeout "$bench_timeout" >"$dir/txtsim.log" 2>&1 ||
		die "Linux ($1) did not end: see $dir/run/com1.log"
	rm -f "$dir/linux.iso"
}

# path_ticks LOG PATH: of one round, an empty one's taken off; of `pages`, of one page.
path_ticks()
{
	local pages=1
	[ "$2" != pages ] || pages=64
	tr -d '\r' <"$1" | awk -v path="$2" -v pages=$pages '
		match($0, /path [a-z]+: [0-9]+ ticks of [0-9]+/) {
			split(substr($0, RSTART, RLENGTH), word, /[ :]+/)
			ticks[word[2]] = word[3] / word[6]
		}
		END {
			if (path in ticks)
				printf "%.1f\n", (ticks[path] - ticks["nothing"]) / pages
		}'
}

quotient() # A B
{
	awk -v a="$1" -v b="$2" 'BEGIN { printf "%.3f", a / b }'
}

# hard_row TITLE PATH [PATH OF LINUX]: Merlon's ticks, then of each column Linux's and the ratio.
hard_row()
{
	local column ours theirs ratio
	ours=$(path_ticks "$hard/merlon/run/com1.log" "$2")
	[ -n "$ours" ] || die "the VMkernel has no figure for \"$1\""
	printf '%-44s %10s' "$1" "$ours"
	record "$1: Merlon" ticks "$ours" "$ours" "$ours" 1
	for column in "${hard_columns[@]}"; do
		theirs=$(path_ticks "$hard/$column/run/com1.log" "${3:-$2}")
		[ -n "$theirs" ] || die "Linux has no figure for \"$1\""
		ratio=$(quotient "$ours" "$theirs")
		record "$1: Linux, ${hard_words[$column]}" ticks "$theirs" "$theirs" "$theirs" 1
		record "$1: Merlon / Linux, ${hard_words[$column]}" ratio "$ratio" "$ratio" "$ratio" 1
		printf ' %10s %8s' "$theirs" "$ratio"
	done
	printf '\n'
}

# --- modules: the VMkernel verifies a package when the boot loader brings it, and checks its bytes again when it
# loads it; Linux does both in finit_module(). Characters of the log take 10 bits each at 115200 bit/s, in which
# both wait: they are taken off. Simulated seconds are 50 million ticks.

# Ticks from the log line before the package's to its own.
verify_ticks() # LOG-TIMES PACKAGE
{
	awk -v package="$2" '
		/Package: .* signed by / {
			if ($0 ~ "Package: [0-9]+: " package " ")
				printf "%.0f\n", ($1 - at - (length(line) - 20) * 10 / 115200) * 50e6
			at = $1
			line = $0
		}' "$1"
}

load_ticks() # LOG MODULE
{
	tr -d '\r' <"$1" | awk -v module="$2" '
		/asks that module [0-9]+ be loaded/ { said = length($0) + 2 }
		$0 ~ "Module: [0-9]+: " module " is loaded" { characters = said + length($0) + 2 }
		match($0, "module " module "(.ko)?: [0-9]+ ticks") {
			split(substr($0, RSTART, RLENGTH), word, " ")
			printf "%.0f\n", word[3] - characters * 10 / 115200 * 50e6
		}'
}

module_kib() # LOG MODULE
{
	tr -d '\r' <"$1" | awk -v module="$2" 'match($0, "module " module "(.ko)?: [0-9]+ ticks of [0-9]+") {
		n = split(substr($0, RSTART, RLENGTH), word, " ")
		printf "%.1f\n", word[n] / 1024 }'
}

# module_row TITLE KIB TICKS
module_row()
{
	[ -n "$3" ] || die "no figure of \"$1\""
	printf '%-64s %8s KiB %12s ticks\n' "$1" "$2" "$3"
	record "$1" ticks "$3" "$3" "$3" 1
}

hard_modules_table()
{
	local log=$hard/merlon/run/com1.log times=$hard/merlon/run/com1.times name kib verify load theirs i
	local ours_small ours_large small large
	printf '\nA module from its bytes to running\n'
	for name in small large; do
		kib=$(module_kib "$log" $name)
		verify=$(verify_ticks "$times" $name)
		load=$(load_ticks "$log" $name)
		module_row "Merlon, $name: verified at boot (signature, two hashes)" "$kib" "$verify"
		module_row "Merlon, $name: loaded (hash again, measured, placed, started)" "$kib" "$load"
		module_row "Merlon, $name: both" "$kib" $((verify + load))
	done
	theirs=$hard/hardened/run/com1.log
	for i in "${!hard_modules[@]}"; do
		name=$(printf %02d "$i")
		module_row "Linux, hardened: ${hard_modules[i]}" "$(module_kib "$theirs" "$name")" "$(load_ticks "$theirs" "$name")"
	done
	# By their smallest and one of some 150 KiB each.
	ours_small=$(($(verify_ticks "$times" small) + $(load_ticks "$log" small)))
	ours_large=$(($(verify_ticks "$times" large) + $(load_ticks "$log" large)))
	small=$(load_ticks "$theirs" "$hard_small")
	large=$(load_ticks "$theirs" "$hard_large")
	row 'the small module: Merlon / Linux' ratio "$(quotient "$ours_small" "$small")"
	row 'the large module: Merlon / Linux' ratio "$(quotient "$ours_large" "$large")"
	row 'each further KiB: Merlon' ticks \
		"$(each_kib "$ours_small" "$(module_kib "$log" small)" "$ours_large" "$(module_kib "$log" large)")"
	row 'each further KiB: Linux' ticks \
		"$(each_kib "$small" "$(module_kib "$theirs" $hard_small)" "$large" "$(module_kib "$theirs" $hard_large)")"
}

each_kib() # SMALL KIB LARGE KIB
{
	awk -v a="$1" -v ka="$2" -v b="$3" -v kb="$4" 'BEGIN { printf "%.0f\n", (b - a) / (kb - ka) }'
}

hard_table()
{
	local path column
	rows=()
	printf '\n%s\n%-44s %10s' "Beside Linux in the same Bochs ($vm_model): executed instructions, not cycles; the fastest of 31 batches" \
		'' Merlon
	for column in "${hard_columns[@]}"; do printf ' %10s %8s' "${hard_words[$column]}" ratio; done
	printf '\n'
	for path in "${hard_paths[@]}"; do
		hard_row "${hard_titles[$path]}" "$path"
	done
	hard_row 'the same, Linux with blocking reads instead' ping pipe
	grep -aoh '^mitigation .*' "$hard/default/run/com1.log" | tr -d '\r' | sed 's/^/Linux, as installed: /'
}

bench_hardening()
{
	local column
	make -s build/bin/{vmkbootcfg,vmksign} txtsim kernel build/packages/{config,tinyvmx,small,large,bench}.pkg
	linux_fetch linux
	rm -rf "$hard"
	mkdir -p "$hard"
	hard_initrd "$hard/initrd"
	hard_kernel "$hard/merlon" build/kernel/vmkernel.elf $vm_model
	for column in "${hard_columns[@]}"; do
		hard_linux "$column"
	done
	hard_table
	hard_modules_table
	finish hardening
}
