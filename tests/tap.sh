# TAP output for test scripts: source this file, call ok/skip for each check, end with done_testing.
# shellcheck shell=bash
tap_count=0
tap_failed=0
# What an emulator is given, in seconds of its processor time, so that load takes nothing from it. Whoever waits for it
# waits until it has said what was waited for, or is gone.
patience=${MERLON_TIMEOUT:-600}
tap_build=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)/build
. "${tap_build%/build}/tboot-integration/ports.sh"

# ok DESCRIPTION COMMAND...: the check passes if the command succeeds.
ok()
{
	local description=$1
	shift
	tap_count=$((tap_count + 1))
	if "$@"; then
		echo "ok $tap_count - $description"
	else
		echo "not ok $tap_count - $description"
		echo "# failed: $*"
		tap_failed=$((tap_failed + 1))
	fi
}

# is DESCRIPTION GOT EXPECTED
is()
{
	ok "$1" test "$2" = "$3"
	[ "$2" = "$3" ] || printf '# expected: %s\n# got:      %s\n' "$3" "$2"
}

# await PROCESS COMMAND...: until the command succeeds; fails once the process has ended. Emulators have limits of their
# own (tests/limited, txtsim --timeout); the clock here is for what hangs without one.
await()
{
	local process=$1 end=$((SECONDS + 4 * patience))
	shift
	until "$@"; do
		# What it said last may have come after the look.
		if [ $SECONDS -ge $end ] || ! kill -0 "$process" 2>/dev/null; then
			"$@"
			return
		fi
		sleep 0.1
	done
}

# in_file REGEX FILE: a line of the file, which need not be there yet, matches.
in_file()
{
	grep -aqsE -- "$1" "$2"
}

# has DESCRIPTION FILE REGEX: a line of the file matches.
has()
{
	ok "$1" grep -aqE -- "$3" "$2"
}

skip()
{
	tap_count=$((tap_count + 1))
	echo "ok $tap_count - $1 # SKIP $2"
}

done_testing()
{
	echo "1..$tap_count"
	[ "$tap_failed" = 0 ]
}

# make ARGUMENT...: one at a time, also in what a test calls, since tests run side by side and would
# build the same thing twice. What a recipe calls has its turn already.
make()
{
	if [ -n "${MAKELEVEL:-}" ]; then
		command make "$@"
	else
		mkdir -p "$tap_build"
		flock "$tap_build/make.lock" make "$@"
	fi
}
export -f make
export tap_build
