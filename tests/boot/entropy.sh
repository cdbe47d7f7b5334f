#!/bin/bash
# Random placement on the real thing: in several boots, every region of the kernel lies elsewhere, as the
# emulator's monitor sees it, and every region of a user world, as the worlds themselves say. How many
# places there are, and that each is as likely, is measured over 100,000 starts of the same code by
# tests/unit/test_places.c. Writes build/tests/boot/entropy/entropy.json. TAP output.
set -uo pipefail
cd "$(dirname "$0")/../.."
. tests/tap.sh
. tests/system.sh
. tests/boot/boot_lib.sh
. tests/boot/outside_lib.sh
dir=build/tests/boot/entropy
boots=6 worlds=4
[ -z "${MERLON_FULL:-}" ] || boots=64

has_qemu || {
	skip "places of several boots" "qemu-system-x86_64 is not installed"
	done_testing
	exit
}
kernel_build "$dir"
make -s build/packages/e1000e.pkg build/worlds/places.elf build/bin/vmksign build/tests/test_places \
	>>"$dir/make.log" 2>&1 && outside_prepare "$dir" || {
	echo "Bail out! make failed: $dir/make.log"
	exit 1
}
cp build/packages/e1000e.pkg "$dir/files/"
modules="config.pkg --- e1000e.pkg"
for world in $(seq $worlds); do
	sed "s/^name=.*/name=places$world/" kernel/worlds/places/places.manifest >"$dir/places.manifest"
	build/bin/vmksign package --manifest "$dir/places.manifest" --payload build/worlds/places.elf \
		--key build/keys/provider.key --cert build/keys/provider.pem \
		--chain build/keys/intermediate.pem --out "$dir/files/places$world.pkg" || exit 1
	modules+=" --- places$world.pkg"
done
sed -e "s/^modules=.*/modules=$modules/" -e 's/^kernelopt=.*/kernelopt=onpanic=poweroff/' \
	tboot-integration/image/boot.cfg >"$dir/boot.cfg"
tboot-integration/image/mkiso --boot-cfg "$dir/boot.cfg" --from "$dir/files" --enable-tboot 0 \
	--out "$dir/boot.iso" || exit 1

# One boot: DIR/N.places, lines REGION ADDRESS.
look()
{
	local own=$dir/$1 log=$dir/$1/boot.log
	mkdir -p "$own"
	cp "$dir"/{offsets,symbols,boot.iso} "$own/"
	outside_boot "$own" boot -serial "file:$log"
	for world in $(seq $worlds); do
		outside_until "$log" "World places$world: exited with code 0"
	done
	outside_regions "$own" >"$own/regions"
	outside_leave
	rm -f "$own/boot.iso"
	{
		awk '{ print $1, $2 }' "$own/regions"
		# Executable, and not the image's: the driver's code.
		read -r _ start end <<<"$(grep '^image' "$own/regions")"
		awk -v start="$start" -v end="$end" '$3 !~ /^X/ && ($1 < start || $1 >= end) {
			print "driver", $1; exit }' "$own/tlb"
		for world in $(seq $worlds); do
			sed -n "s/.*World places$world: \([a-z]*\) 0x\([0-9a-f]*\).*/world-\1 \2/p" "$log"
		done
	} >"$dir/$1.places"
}

mapfile -t numbers < <(seq $boots)
in_lanes look "${numbers[@]}"
cat "$dir"/*.places >"$dir/places"

# differ REGION TEXT COUNT: the region was seen COUNT times, each time elsewhere.
differ()
{
	local seen distinct
	seen=$(grep -c "^$1 " "$dir/places")
	distinct=$(grep "^$1 " "$dir/places" | sort -u | wc -l)
	is "$2: seen each time" "$seen" "$3"
	is "$2: never twice in one place" "$distinct" "$3"
	printf '%s\n {"region": "%s", "starts": %d, "distinct": %d}' "${json:+,}" "$2" "$seen" "$distinct" \
		>>"$dir/boots.json"
	json=1
}

json=''
differ image "kernel image, virtual" $boots
differ direct "direct map" $boots
areas=(modules "small heap objects" "large heap objects" stacks "device registers" windows "CPUs' areas")
for area in "${!areas[@]}"; do
	differ "area$area" "${areas[area]}" $boots
done
differ cpu "first CPU's area" $boots
differ driver "driver's code" $boots
for part in executable data mapping heap stack; do
	differ "world-$part" "world's $part" $((boots * worlds))
done
# 2 MiB places in half a GiB are not many.
ok "kernel image, physical: differs" \
	test "$(grep '^physical ' "$dir/places" | sort -u | wc -l)" -ge $((boots > 30 ? 30 : boots - 3))
low_bits=$(sed -n 's/^image .*\(...\)...$/\1/p' "$dir/places" | sort -u | wc -l)
ok "kernel image: the low page bits differ, too" test "$low_bits" -ge $((boots - 2))
ok "no log shows a kernel address" bash -c \
	'for log in "$0"/*/boot.log; do grep -aE "(0x)?ffff[89a-f][0-9a-f]{11}" "$log" && exit 1; done; exit 0' "$dir"

ENTROPY_JSON=$dir/starts.json build/tests/test_places >"$dir/starts.log" 2>&1
sed -n 's/^# /# /p' "$dir/starts.log"
printf '{"simulated": %s, "boots": [%s\n]}\n' "$(cat "$dir/starts.json")" "$(cat "$dir/boots.json")" \
	>"$dir/entropy.json"
ok "the figures are JSON" bash -c 'command -v jq >/dev/null || exit 0; jq -e .simulated "$0" >/dev/null' "$dir/entropy.json"
done_testing
