# Typing at a machine's serial console: source after tests/tap.sh. The caller sets `dir`, its own directory.
# shellcheck shell=bash
. tests/boot/machine_lib.sh
log=$dir/sim/com1.log

# console_prepare: an empty $dir, and something to type into.
console_prepare()
{
	rm -rf "$dir"
	mkdir -p "$dir"
	mkfifo "$dir/typed"
	exec 8<>"$dir/typed"
	trap '[ -z "${sim:-}" ] || kill $sim 2>/dev/null' EXIT
}

# power_on OPTIONS...: the machine, as txtsim takes them, typed at; its process is $sim.
power_on()
{
	rm -rf "$dir/sim"
	machine --workdir "$dir/sim" --serial-in "$dir/typed" --net \
		--timeout "$patience" "$@" >"$dir/txtsim.log" 2>&1 8>&- &
	sim=$!
}

# What the terminal shows: what stands before a return on a line was written over.
screen() # BYTES-TO-SKIP
{
	tail -c +"$(($1 + 1))" "$log" 2>/dev/null | sed -e 's/\r*$//' -e 's/.*\r//' -e 's/\x1b\[[0-9]*[A-Z]//g'
}

size()
{
	stat -c %s "$log" 2>/dev/null || echo 0
}

shows() # SKIP REGEX
{
	screen "$1" | grep -aqE -- "$2"
}

# wait_for SKIP REGEX: a line after SKIP bytes matches. Fails when the machine stops, which its own limit sees to.
wait_for()
{
	await "$sim" shows "$1" "$2"
}

# line_start: where the last line begins. A line of the log draws the prompt again, a byte at a time: read from within
# it, that is no prompt.
line_start()
{
	head -n "$(wc -l <"$log")" "$log" | wc -c
}

# answer SKIP WORDS: what stands behind the typed line, up to the next prompt and with it; fails while that isn't there.
# (The prompt that a line of the log draws again before what was typed is echoed is not the next.)
answer()
{
	screen "$1" | words=$2 awk '
		BEGIN { words = ENVIRON["words"] }
		{ line = $0; prompt = sub(/^vmk(\[[0-9]+\])?> /, "", line) }
		typed && !whole { said = said $0 "\n"; whole = prompt && line == "" }
		prompt && line == words { typed = 1 }
		END { printf "%s", said; exit !whole }'
}

said_all() # SKIP WORDS
{
	answer "$1" "$2" >"$dir/said"
}

# vmk WORDS: types the line, waits for the next prompt; the answer is in $dir/answer, without lines of the log
# that came meanwhile, its status in $?.
vmk()
{
	local from prompt
	from=$(line_start)
	printf '%s\r' "$*" >&8
	await "$sim" said_all "$from" "$*" || return 255
	sed -e '/^[0-9]\{4\}-[0-9-]*T[0-9:.]*Z /d' -e '$d' "$dir/said" >"$dir/answer"
	prompt=$(tail -n 1 "$dir/said" | tr -dc 0-9)
	return "${prompt:-0}"
}

# account NAME ROLE PASSWORD: its line of a configuration.
account()
{
	build/bin/vmksign account --name "$1" --role "$2" --password-file - --iterations 10000 <<<"$3"
}
# types NAME PASSWORD: at the prompts; returns when one follows.
types()
{
	local from
	wait_for 0 '^login: $' || return 1
	from=$(size)
	printf '%s\r' "$1" >&8
	wait_for "$from" '^Password: $' || return 1
	printf '%s\r' "$2" >&8
	wait_for "$from" '^(vmk> |login: )$'
}

# config_package LINES FILE: the configuration of the host, and these lines.
config_package()
{
	{
		cat tboot-integration/image/host.cfg
		printf '%s\n' "$1"
	} >"$dir/host.cfg"
	build/bin/vmksign package --manifest tboot-integration/image/config.manifest --payload "$dir/host.cfg" \
		--key build/keys/provider.key --cert build/keys/provider.pem --chain build/keys/intermediate.pem --out "$2"
}

answers() # DESCRIPTION STATUS REGEX WORDS...
{
	local description=$1 status=$2 regex=$3 got
	shift 3
	vmk "$@"
	got=$?
	is "$description: exit status" "$got" "$status"
	has "$description" "$dir/answer" "$regex"
}

# says FILTER: the last answer is JSON for which the filter holds.
says()
{
	jq -e "$1" "$dir/answer" >/dev/null
}

# A boot, in what the log has after so many bytes.
boots() # SKIP
{
	wait_for "$1" '^Merlon console' && wait_for "$1" 'attester listening' && wait_for "$1" '^vmk> $'
}
