#!/bin/bash
# What tests read of a console: the answer to what they type, whichever byte the console had come to when they typed,
# and only when all of it is there. TAP output.
set -uo pipefail
cd "$(dirname "$0")/../.."
. tests/tap.sh
dir=build/tests/build/typing
. tests/boot/console_lib.sh
log=$dir/log
rm -rf "$dir"
mkdir -p "$dir"

line=$'2026-01-01T00:00:00.000Z Vm: one\r\n'
drawn=$'\rvmk> \e[K'
logged=$'\r\e[K'$line
echoed=$'vm start eight\r\n'
said=$line$'It was started\r\n'$line
prompt=$'\rvmk[3]> \e[K'

# reads_from TEXT REST: what stands in the answer when the console has come to the end of TEXT and goes on with REST.
reads_from()
{
	local from
	printf %s "$1" >"$log"
	from=$(line_start)
	printf %s "$2" >>"$log"
	answer "$from" 'vm start eight' | grep -v '^2026-' | tr '\n' '|'
}

expected='It was started|vmk[3]> |'
wrong=
before=$drawn$logged$drawn
for ((i = 0; i <= ${#before}; i++)); do
	got=$(reads_from "${before::i}" "${before:i}$echoed$said$prompt")
	[ "$got" = "$expected" ] || wrong+=" $i"
done
is "typed at whichever moment, the answer is read" "$wrong" ""
is "the same where a line of the log comes before the echo" \
	"$(reads_from "$drawn" "$logged$drawn$echoed$said$prompt")" "$expected"
is "and where one comes within it" \
	"$(reads_from "$drawn" "vm st$logged${drawn}vm st${echoed#vm st}$said$prompt")" "$expected"
is "what is logged later changes nothing" \
	"$(reads_from "$drawn" "$echoed$said$prompt$logged$prompt")" "$expected"

early=
whole=$echoed$said${prompt%?$'\e[K'}
for ((i = 0; i <= ${#whole}; i++)); do
	printf %s "$drawn${whole::i}" >"$log"
	! answer 0 'vm start eight' >"$dir/answer" || early+=" $i"
done
is "nothing is an answer before its prompt stands there, whole" "$early" ""
done_testing
