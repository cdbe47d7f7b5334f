#!/bin/bash
# Each protection of the kernel, broken on purpose by a driver that is signed for this test only: every
# boot ends in a panic that names what was done (kernel/vmkdev/drivers/violate/violations.h). On QEMU,
# and what needs control-flow enforcement by the CPU on Bochs; --full does on Bochs what QEMU did, too.
# TAP output.
set -uo pipefail
cd "$(dirname "$0")/../.."
. tests/tap.sh
. tests/system.sh
. tests/boot/boot_lib.sh
dir=build/tests/boot/violations
driver=kernel/vmkdev/drivers/violate

kernel_build "$dir"
make -s build/modules/violate.elf build/bin/vmksign >>"$dir/make.log" 2>&1 || {
	echo "Bail out! make failed: $dir/make.log"
	exit 1
}

# The table, as the compiler sees it: LIST CASE PANIC in three columns.
# shellcheck disable=SC2016
table()
{
	clang-19 -E -P -x c - <<-END | tr -d '\n' | sed 's/;/\n/g' |
		#include "$driver/violations.h"
		#define X(name, panic) qemu name panic;
		VIOLATIONS(X)
		#undef X
		#define X(name, panic) user name panic;
		USER_PAGE_VIOLATIONS(X)
		#undef X
		#define X(name, panic) cet name panic;
		CET_VIOLATIONS(X)
	END
		sed -n 's/" *"//g; s/^ *\([a-z]*\) \([a-z_]*\) *"\(.*\)"$/\1 \2 \3/p'
}
table >"$dir/table"

# case_iso LIST CASE: DIR/CASE.iso.
case_iso()
{
	local list=$1 name=$2 dashes=--------------------------------
	local padded=$name${dashes:${#name}}
	mkdir -p "$dir/$name.files"
	LC_ALL=C sed "s/violate=$dashes/violate=$padded/" build/modules/violate.elf >"$dir/$name.elf"
	cp "$driver/violate.manifest" "$dir/$name.manifest"
	[ "$list" != user ] || echo "pci=8086:10d3" >>"$dir/$name.manifest"
	build/bin/vmksign package --manifest "$dir/$name.manifest" --payload "$dir/$name.elf" \
		--key build/keys/provider.key --cert build/keys/provider.pem \
		--chain build/keys/intermediate.pem --out "$dir/$name.files/violate.pkg"
	cp "$dir/files"/* "$dir/$name.files/"
	sed -e 's/^modules=.*/modules=config.pkg --- violate.pkg/' -e 's/^kernelopt=.*/kernelopt=onpanic=poweroff onboot=poweroff/' \
		tboot-integration/image/boot.cfg >"$dir/$name.cfg"
	tboot-integration/image/mkiso --boot-cfg "$dir/$name.cfg" --from "$dir/$name.files" \
		--enable-tboot 0 --out "$dir/$name.iso"
}

on_qemu() # CASE
{
	qemu "$dir" "$1"
}

on_bochs() # CASE
{
	build/bin/txtsim run --iso "$dir/$1.iso" --workdir "$dir/$1.bochs" \
		--until "PANIC" --timeout "$patience" >"$dir/$1.txtsim" 2>&1
	cp "$dir/$1.bochs/com1.log" "$dir/$1-bochs.log"
}

# reported LOG CASE PANIC WHERE: the driver began, did not get past it, and the report has these words.
reported()
{
	has "$2$4: is tried" "$1" "Driver: [0-9]+: about to do what is forbidden: $2"
	is "$2$4: is reported as what it is" "$(sed -n 's/.*PANIC cpu0: //p' "$1" | tr -d '\r' | head -n 1)" "$3"
	ok "$2$4: the report shows no kernel address" no_addresses "$1"
}

while read -r list name _; do
	case_iso "$list" "$name"
done <"$dir/table"
ok "there are as many cases as the table has lines" test "$(wc -l <"$dir/table")" -ge 20

if has_qemu; then
	mapfile -t cases < <(awk '$1 != "cet" { print $2 }' "$dir/table")
	in_lanes on_qemu "${cases[@]}"
	while read -r list name panic; do
		[ "$list" = cet ] || reported "$dir/$name.log" "$name" "$panic" ""
	done <"$dir/table"
else
	skip "violations on QEMU" "qemu-system-x86_64 is not installed"
fi
mapfile -t cases < <(awk -v full="${MERLON_FULL:-}" '$1 == "cet" || (full && $1 == "qemu") { print $2 }' "$dir/table")
in_lanes on_bochs "${cases[@]}"
for name in "${cases[@]}"; do
	reported "$dir/$name-bochs.log" "$name" "$(sed -n "s/^[a-z]* $name //p" "$dir/table")" " (Bochs)"
done
done_testing
