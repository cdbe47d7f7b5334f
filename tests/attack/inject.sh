#!/bin/bash
# A platform with one fault at a time, from power-on to the verdict (inject.table): never trusted,
# never a hang, and the fault is named by whoever met it first. In QEMU, which is quicker; with --full
# every fault in Bochs too, and some there alone. TAP output.
set -uo pipefail
cd "$(dirname "$0")/../.."
. tests/tap.sh
. tests/system.sh
table=tests/attack/inject.table
txtsim=build/bin/txtsim

declare -A status reason when end
while read -r name s r w; do
	[[ $name == '#'* || -z $name ]] && continue
	status[$name]=$s reason[$name]=$r when[$name]=$w
done <"$table"
while IFS='|' read -r name text; do
	end[$name]=$text
done < <("$txtsim" run --inject help --json |
	sed -n 's/.*"name": "\([^"]*\)".*"end": "\([^"]*\)".*/\1|\2/p')
is "the table has every fault" "$(printf '%s\n' "${!status[@]}" | sort | xargs)" \
	"$(printf '%s\n' "${!end[@]}" | sort | xargs)"

# The long ones first, so that no lane waits for the other at the end.
all=()
for kind in ${MERLON_FULL:+long polls full} often; do
	for name in "${!status[@]}"; do
		[ "${when[$name]}" = "$kind" ] || continue
		[ "$kind" = long ] || [ "$kind" = polls ] || all+=("qemu:$name")
		[ -z "${MERLON_FULL:-}" ] || all+=("bochs:$name")
	done
done

run_of() # PLATFORM:FAULT
{
	echo "inject-${1%:*}-${1#*:}"
}

one() # PLATFORM:FAULT
{
	local seconds=$patience
	# tboot waits for minutes of the machine's time for each TPM command.
	[ "${when[${1#*:}]}" != long ] || seconds=$((4 * patience))
	MERLON_TIMEOUT=$seconds start "$(run_of "$1")" --platform "${1%:*}" --smp 1 --inject "${1#*:}"
}

# Whether the console or the platform's log says this.
said() # RUN TEXT
{
	grep -aqF -- "$2" "$system/$1/sim/com1.log" "$system/$1/sim/txtsim.log"
}

unlaunched() # RUN
{
	said "$1" TBOOT: && ! said "$1" 'measured launch succeeded'
}

ok "a good host is trusted first" make_host
tboot-integration/run --inject no-such-fault >"$system/inject-unknown.log" 2>&1
is "an unknown fault is wrong usage" $? 2
has "and named" "$system/inject-unknown.log" "no fault 'no-such-fault'"
# What would show nothing in QEMU, or never end there, is refused.
refused() # FAULT REASON [OPTION...]
{
	local fault=$1 reason=$2
	shift 2
	"$txtsim" run --platform qemu --inject "$fault" "$@" --workdir "$system/refused" --iso "$table" >"$system/refused.log" 2>&1
	is "qemu:$fault: refused" $? 1
	has "qemu:$fault: with the reason" "$system/refused.log" "$reason"
}
for name in "${!status[@]}"; do
	case ${when[$name]} in polls | long) refused "$name" "inject $name needs --platform bochs" ;; esac
done
refused tpm-failed "inject tpm-failed needs TXT" --no-txt

in_lanes one "${all[@]}"
for each in "${all[@]}"; do
	run=$(run_of "$each") name=${each#*:}
	verdict "$run" "${status[$name]}" "^UNTRUSTED host=merlon-1 reason=${reason[$name]}"
	ok "$run: ${end[$name]}" said "$run" "${end[$name]#*: }"
	[[ ${end[$name]} != refused:* ]] || has "$run: TXT.ERRORCODE names it" \
		"$system/$run/sim/txtsim.log" 'refused: .* TXT.ERRORCODE=0x[8c]'
	[[ ${end[$name]} == launched:* ]] || ok "$run: no launch" unlaunched "$run"
done
done_testing
