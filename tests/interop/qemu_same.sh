#!/bin/bash
# One set of files, two emulated platforms: the same digests in the same order, the same policy, the same
# verdict. What may differ is what the kernel says about DMA (only QEMU has VT-d) and about the CPU, and the
# audit log with its times. TAP output.
set -uo pipefail
cd "$(dirname "$0")/../.."
. tests/tap.sh
. tests/system.sh

# The events of one log, and the PCRs that a quote showed, without what the boards differ in.
events() # NAME LOG
{
	build/bin/vmkverify log "$system/$1/out/merlon-1.$2.log" | grep -vE '^ +[0-9]+ +(19 +(DMA|CPU)|22 +AUDIT)|^PCR (19|22) '
}

make_host
ok "a host is enrolled in Bochs" test -f "$system/host.stamp"
has "and trusted there" "$system/first.log" '^TRUSTED host=merlon-1 launch=drtm'
start same --platform qemu
verdict same 0 '^TRUSTED host=merlon-1 launch=drtm'
ok "one policy for both" cmp "$system/first/policy.json" "$system/same/policy.json"
for log in txt-drtm vmk; do
	events first $log >"$system/same/bochs.$log"
	events same $log >"$system/same/qemu.$log"
	ok "$log: there are events" grep -q . "$system/same/qemu.$log"
	ok "$log: the same events with the same digests" diff "$system/same/bochs.$log" "$system/same/qemu.$log"
done
for pcr in 17 18 20 21; do
	is "PCR $pcr" "$(sed -n "s/^ $pcr  = \([0-9a-f]*\).*/\1/p" "$system/same.log")" \
		"$(sed -n "s/^ $pcr  = \([0-9a-f]*\).*/\1/p" "$system/first.log")"
done
ok "QEMU's board guards memory with VT-d" grep -q '^ 19  DMA .*VT-d guards' "$system/same.log"

# What was changed is named in QEMU as well, and a board without a launch is not trusted.
in_lanes_options()
{
	case $1 in
	tampered) start tampered --platform qemu --tamper kernel ;;
	unlaunched) start unlaunched --platform qemu --no-drtm ;;
	esac
}
in_lanes in_lanes_options tampered unlaunched
verdict tampered 1 '^UNTRUSTED host=merlon-1 .*vmkernel\.elf'
verdict unlaunched 1 '^UNTRUSTED host=merlon-1 .*reason=not-launched'

# A host without the known Bochs takes QEMU by itself.
mkdir -p "$system/nobochs.bin"
for program in /usr/bin/* /bin/*; do
	case ${program##*/} in
	bochs*) ;;
	*) ln -sf "$program" "$system/nobochs.bin/" ;;
	esac
done
PATH=$system/nobochs.bin start nobochs
verdict nobochs 0 '^TRUSTED host=merlon-1 launch=drtm'
has "which says so" "$system/nobochs.log" 'taking QEMU, as Bochs cannot be used here .*virtual machines will need Bochs'

ok "no process is left" bash -c "! pgrep -f '$system/(same|tampered|unlaunched|nobochs)/' >/dev/null"
build/bin/txtsim run --platform qemu --seed 1 --iso "$system/same/policy.json" --workdir "$system/seeded" >"$system/seeded.log" 2>&1
is "a seed is refused" $? 1
has "with the reason" "$system/seeded.log" 'seed needs --platform bochs'
done_testing
