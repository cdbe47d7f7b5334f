#!/bin/bash
# User worlds on the real thing: one boot without a measured launch, with the attester, a world that
# checks the system calls from ring 3, one that faults and one that never lets go. TAP output.
set -uo pipefail
cd "$(dirname "$0")/../.."
. tests/tap.sh
dir=build/tests/boot/worlds
log=$dir/run/com1.log

rm -rf "$dir"
mkdir -p "$dir/files"
make -s build/bin/vmkbootcfg txtsim kernel \
	build/packages/{config,e1000,agent,console,selftest,fault,spin}.pkg hostile-packages >"$dir/make.log" 2>&1 || {
	echo "Bail out! make failed: $dir/make.log"
	exit 1
}
# "case expected" lines, from the table that the program itself is made of.
attacks()
{
	sed -n 's/^\tX(\([a-z_0-9]*\), "\(.*\)").*/\1 \2/p' kernel/worlds/hostile/attacks.h | sed 's/\\\\/\\/g'
}
hostile=$(attacks | sed 's/ .*//; s/.*/ --- hostile-&.pkg/' | tr -d '\n')
cp build/kernel/vmkernel.elf build/packages/*.pkg "$dir/files/"
sed -e "s/^modules=.*/modules=config.pkg --- e1000.pkg --- agent.pkg --- console.pkg --- selftest.pkg --- fault.pkg --- spin.pkg$hostile/" \
	-e 's/^kernelopt=.*/kernelopt=onboot=kill:spin,agent/' -e 's/^enableTboot=.*/enableTboot=0/' \
	tboot-integration/image/boot.cfg >"$dir/boot.cfg"
tboot-integration/image/mkiso --boot-cfg "$dir/boot.cfg" --from "$dir/files" --out "$dir/boot.iso" ||
	exit 1
build/bin/txtsim run --iso "$dir/boot.iso" --workdir "$dir/run" --net \
	--until "World fault: will be restarted in 16 s" --timeout "$patience" >"$dir/txtsim.log" 2>&1
is "the machine runs until the faulting world has died five times" $? 0

has "the checks of selftest pass" "$log" 'World selftest: selftest: [0-9]+ passed, 0 failed'
ok "no check of selftest fails" test "$(grep -ac 'World selftest: not ok' "$log")" = 0
has "selftest's end is logged" "$log" 'World selftest: exited with code 0'
has "a call that is not granted is denied and logged" "$log" \
	'World selftest: system call quote is not granted'
for call in map protect; do
	has "execInstalledOnly: a world that asks $call for code is denied it, and that is logged" "$log" \
		"World selftest: system call $call: only what a package brought is executable"
done
has "a fault is logged with a masked address" "$log" \
	'World fault: page fault at image\+0x[0-9a-f]+: write to null\+0x0 \(not mapped\)'
has "the faulting world is restarted after a delay" "$log" 'World fault: will be restarted in 1 s'
has "which grows" "$log" 'World fault: will be restarted in 2 s'
is "it starts once for each life" "$(grep -ac 'World fault: version .* starts' "$log")" 5
has "the attester lives beside it" "$log" 'World agent: attester listening on'
has "a world in an endless loop can be killed" "$log" 'World spin: is being killed'
is "and starts again" "$(grep -ac 'World spin: version .* starts' "$log")" 2
is "a killed attester starts again" "$(grep -ac 'World agent: version .* starts' "$log")" 2
is "and listens again" "$(grep -ac 'World agent: attester listening on' "$log")" 2
while read -r name expected; do
	[ "$expected" = survives ] && what="is without effect" || what="ends only its world"
	has "hostile world: $name $what" "$log" "World hostile-$name: $expected"
done < <(attacks)
ok "nothing else dies" test "$(grep -a 'the world is ended' "$log" | grep -avcE 'World (fault|hostile-[a-z_0-9]+):')" = 0
ok "no kernel address is logged" test "$(grep -acE '0xffff[89a-f][0-9a-f]{11}' "$log")" = 0
done_testing
