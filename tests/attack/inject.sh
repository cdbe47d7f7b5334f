#!/bin/bash
# A platform with one fault at a time, from power-on to the verdict (inject.table): never trusted,
# never a hang, and the fault is named by whoever met it first. TAP output.
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

all=()
for name in "${!status[@]}"; do
	[ -n "${MERLON_FULL:-}" ] || [ "${when[$name]}" = often ] && all+=("$name")
done

one()
{
	local patience=180
	# tboot waits 210 seconds of the machine's time for each TPM command.
	[ "${when[$1]}" != long ] || patience=1500
	MERLON_TIMEOUT=$patience start "inject-$1" --smp 1 --inject "$1"
}

# Whether the console or the platform's log says this.
said() # RUN TEXT
{
	cat "$system/$1/sim/com1.log" "$system/$1/sim/txtsim.log" | grep -aqF -- "$2"
}

unlaunched() # RUN
{
	said "$1" TBOOT: && ! said "$1" 'measured launch succeeded'
}

ok "a good host is trusted first" make_host
in_lanes one "${all[@]}"
for name in "${all[@]}"; do
	verdict "inject-$name" "${status[$name]}" "^UNTRUSTED host=merlon-1 reason=${reason[$name]}"
	ok "inject-$name: ${end[$name]}" said "inject-$name" "${end[$name]#*: }"
	[[ ${end[$name]} != refused:* ]] || has "inject-$name: TXT.ERRORCODE names it" \
		"$system/inject-$name/sim/txtsim.log" 'refused: .* TXT.ERRORCODE=0x[8c]'
	[[ ${end[$name]} == launched:* ]] ||
		ok "inject-$name: no launch" unlaunched "inject-$name"
done
done_testing
