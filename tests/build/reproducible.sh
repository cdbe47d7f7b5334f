#!/bin/bash
# The same sources and keys give the same bytes in another directory.
set -uo pipefail
cd "$(dirname "$0")/../.."
. tests/tap.sh
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
products=(kernel/vmkernel.elf packages/{config,e1000,agent,console}.pkg sinit.bin)

git ls-files -co --exclude-standard -z | xargs -0 cp --parents -t "$work"
mkdir -p "$work/build"
cp -r build/third-party build/keys "$work/build/"
ok "the sources build in another directory" make -s -C "$work" -j"$(nproc)" all
for product in "${products[@]}"; do
	ok "$product is the same" cmp "build/$product" "$work/build/$product"
done

iso() # OUT
{
	tboot-integration/image/mkiso --boot-cfg tboot-integration/image/boot.cfg --from "$work/files" \
		--tboot "$work/files/tboot.elf" --sinit build/sinit.bin --tboot-args x --out "$1"
}
mkdir "$work/files"
cp build/kernel/vmkernel.elf build/packages/*.pkg build/tboot.elf "$work/files/"
iso "$work/one.iso"
sleep 1.1
iso "$work/two.iso"
ok "the ISO is the same a second later" cmp "$work/one.iso" "$work/two.iso"
done_testing
