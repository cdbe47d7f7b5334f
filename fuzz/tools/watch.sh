# What a campaign cannot see to while it waits for its processes: one beside it does.
# shellcheck shell=bash
FREE_MIB_MIN=2048
OVERTIME=120 # seconds that a process may take beyond a turn

# Sets free, in MiB.
has_room()
{
	free=$(($(stat -f -c '%a * %S / 1048576' "$results")))
	[ "$free" -ge "$FREE_MIB_MIN" ]
}

# Sets uptime: seconds since the machine started. The time of day may jump, and $SECONDS with it.
read_uptime()
{
	read -r uptime _ </proc/uptime
	uptime=${uptime%.*}
}

# How many seconds ago a process began.
age_of() # PID
{
	local uptime stat fields
	read_uptime
	stat=$(cat "/proc/$1/stat" 2>/dev/null) || return
	read -ra fields <<<"${stat##*) }"
	echo $((uptime - fields[19] / $(getconf CLK_TCK)))
}

signal_fuzzers() # SIGNAL [SECONDS]: only those that are older than that
{
	local file pid age
	for file in "$states"/*/job*.pid; do
		pid=$(cat "$file" 2>/dev/null) && is_fuzzer "$pid" "$(basename "${file%/*}")" &&
			age=$(age_of "$pid") && [ "$age" -ge "${2:-0}" ] && kill "-$1" "$pid"
	done
}

# As long as the campaign runs: who does not end in time (libFuzzer's clock, too, is that of the day)
# is killed, and nobody writes where there is no room. What the campaign has started ends with it,
# also if nobody could tell it so (kill -9): the next one need not wait for the lock.
watch_campaign()
{
	local free
	exec 9>&-
	while kill -0 "$campaign" 2>/dev/null; do
		sleep 1
		has_room || signal_fuzzers TERM
		signal_fuzzers KILL $((TURN + OVERTIME))
	done
	signal_fuzzers TERM
}
