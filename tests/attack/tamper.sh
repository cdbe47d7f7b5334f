#!/bin/bash
# One thing changed at a time in what boots: each must be named by the verdict of a whole run.
set -uo pipefail
cd "$(dirname "$0")/../.."
. tests/tap.sh
. tests/system.sh

changed='^UNTRUSTED host=merlon-1 reason=event-mismatch what="'
declare -A expect=(
	[kernel]="${changed}module 0 \(vmkernel.elf\): image"
	[kernel-cmdline]="${changed}module 0 \(vmkernel.elf\): command line\""
	[host-level]="${changed}module 0 \(vmkernel.elf\): command line\""
	[config]="${changed}module 1 \(config.pkg\)"
	[e1000]='^UNTRUSTED .*reason=unreachable what=".*e1000.pkg refused: bad-signature'
	[agent]='^UNTRUSTED .*reason=unreachable what=".*agent.pkg refused: bad-signature'
	[module-cmdline]="${changed}module 2 \(e1000.pkg\): command line\""
	[add-module]='^UNTRUSTED .*reason=event-unexpected what=".*extra.pkg'
	[remove-module]='^UNTRUSTED .*reason=event-missing what=".*config.pkg'
	[reorder-modules]='^UNTRUSTED .*reason=event-order what="module 2 \(e1000.pkg\)'
	[tboot]="${changed}.*tboot.elf"
	[tboot-cmdline]="${changed}.*tboot.elf"
	[launch-policy]="${changed}.*vl.pol"
	[sinit]='^UNTRUSTED .*reason=not-launched'
)
declare -A bytes=([kernel]=vmkernel.elf [config]=config.pkg [e1000]=e1000.pkg [agent]=agent.pkg [tboot]=tboot.elf
	[launch-policy]=vl.pol [sinit]=sinit.bin)

# A boot for each mechanism; --full: for each thing that can be changed.
all=("${!expect[@]}")
[ -n "${MERLON_FULL:-}" ] || all=(kernel kernel-cmdline host-level config agent add-module tboot-cmdline sinit)

one()
{
	start "tamper-$1" --smp 1 --tamper "$1"
}

ok "a good host is trusted first" make_host
in_lanes one "${all[@]}"
for what in "${all[@]}"; do
	verdict "tamper-$what" $([[ ${expect[$what]} == *unreachable* ]] && echo 3 || echo 1) "${expect[$what]}"
	[ -z "${bytes[$what]:-}" ] ||
		has "tamper-$what: the byte is named" "$system/tamper-$what.log" "^${bytes[$what]} \(.*\): bytes 0x[0-9a-f]+ to 0x[0-9a-f]+ differ"
done
has "a refused SINIT is named by the platform" "$system/tamper-sinit/sim/txtsim.log" 'refused: .*SINIT'
has "tamper-host-level: the verdict names the level" "$system/tamper-host-level.log" '^host acceptance level: CommunitySupported$'
has "tamper-host-level: and PCR 19 differs by it" "$system/tamper-host-level.log" '^ *found +security .*acceptanceLevel=CommunitySupported '
is "every kind of tampering is tested" "$(tboot-integration/tamper help | wc -l)" "${#expect[@]}"
done_testing
