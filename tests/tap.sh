# TAP output for test scripts: source this file, call ok/skip for each check, end with done_testing.
# shellcheck shell=bash
tap_count=0
tap_failed=0
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
