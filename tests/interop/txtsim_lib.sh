# Sourced by tests that launch something under tboot in txtsim. Needs ROOT; all lives in SIM_DIR.
SIM_DIR=$(mktemp -d "${TMPDIR:-/tmp}/merlon-txtsim.XXXXXX")
TXTSIM=$ROOT/build/bin/txtsim
TBOOT=$ROOT/build/third-party/tboot
TBOOT_ARGS="logging=serial,memory loglvl=all"
LINUX=$ROOT/build/third-party/linux/boot
sim_number=0
sim_failed=0
trap 'rm -rf "$SIM_DIR"' EXIT

ok() # NAME STATUS [FILE-TO-SHOW-ON-FAILURE]
{
	sim_number=$((sim_number + 1))
	if [ "$2" -eq 0 ]; then
		echo "ok $sim_number - $1"
	else
		echo "not ok $sim_number - $1"
		sim_failed=1
		[ ! -f "${3:-}" ] || tail -n 12 "$3" | tr -d '\r\000' | sed 's/^/# /'
	fi
}

finish()
{
	echo "1..$sim_number"
	exit $sim_failed
}

# The distribution's Linux: a kernel that is not ours, fetched once.
sim_need_linux()
{
	if ! "$ROOT/kernel/port/fetch" linux >"$SIM_DIR/fetch.log" 2>&1; then
		echo "1..0 # SKIP Linux cannot be fetched: $(tail -n 1 "$SIM_DIR/fetch.log")"
		exit 0
	fi
}

sim_iso() # NAME SINIT LINUX-COMMAND-LINE [INITRD] -> $SIM_DIR/NAME.iso
{
	local tree=$SIM_DIR/$1.files
	mkdir -p "$tree/boot/grub"
	# GRUB takes twice as long to decompress it; what is measured is the same.
	gunzip -c "$TBOOT/boot/tboot.gz" >"$tree/boot/tboot"
	cp "$LINUX"/vmlinuz-* "$tree/boot/vmlinuz"
	cp "$2" "$tree/boot/sinit.bin"
	[ -z "${4:-}" ] || cp "$4" "$tree/boot/initrd"
	# tboot loses Multiboot information that is shorter than what it makes room for: pad it.
	cat >"$tree/boot/grub/grub.cfg" <<EOF
set timeout=0
menuentry launch {
	multiboot2 /boot/tboot $TBOOT_ARGS
	module2 /boot/vmlinuz $3
${4:+	module2 /boot/initrd}
	module2 /boot/sinit.bin pad=$(head -c 3900 /dev/zero | tr '\0' p)
}
EOF
	grub-mkrescue -d /usr/lib/grub/i386-pc -o "$SIM_DIR/$1.iso" "$tree" --locales= --fonts= \
		--themes= >"$SIM_DIR/$1.mkrescue.log" 2>&1
}

sim_run() # NAME TXTSIM-OPTIONS... -> exit status; logs in $SIM_DIR/NAME
{
	local name=$1
	shift
	"$TXTSIM" run --workdir "$SIM_DIR/$name" --timeout "${MERLON_TIMEOUT:-600}" "$@" \
		>"$SIM_DIR/$name.out" 2>&1
}
