# Whole runs for test scripts: source this file after tap.sh. An enrolled host is made once; each run
# then starts from a copy of it, so that runs go on side by side and in any order.
# shellcheck shell=bash
system=$PWD/build/tests/system
lanes=${MERLON_LANES:-$(nproc)}

# The host that every other run copies: provisioned, booted and enrolled by one whole run.
make_host()
{
	(
		flock 9
		host_is_current || new_host
	) 9>"$system.lock"
}

host_is_current()
{
	[ -f "$system/host.stamp" ] && [ ! build/kernel/vmkernel.elf -nt "$system/host.stamp" ]
}

new_host()
{
	rm -rf "$system/host" "$system/first"
	mkdir -p "$system"
	MERLON_HOST=$system/host MERLON_RUN=$system/first tboot-integration/run --fresh >"$system/first.log" 2>&1 &&
		touch "$system/host.stamp"
}

# start NAME OPTIONS...: one run in build/tests/system/NAME; its output in NAME.log, status in NAME.status.
start()
{
	local name=$1
	shift
	rm -rf "${system:?}/$name" "$system/$name.host"
	cp -r "$system/host" "$system/$name.host"
	MERLON_HOST=$system/$name.host MERLON_RUN=$system/$name tboot-integration/run "$@" >"$system/$name.log" 2>&1
	echo $? >"$system/$name.status"
	rm -rf "$system/$name"/{boot.iso*,iso,good,stage} "$system/$name.host"
}

# in_lanes FUNCTION ARGUMENT...: FUNCTION once for each argument, as many at a time as there are processors
# (one, where other tests run beside this one).
in_lanes()
{
	local function=$1 argument
	shift
	for argument in "$@"; do
		while [ "$(jobs -rp | wc -l)" -ge "$lanes" ]; do
			wait -n || true
		done
		"$function" "$argument" &
	done
	wait
}

status_of()
{
	cat "$system/$1.status" 2>/dev/null || echo none
}

# verdict NAME STATUS REGEX: how a run ended, in status and last line.
verdict()
{
	is "$1: exit status" "$(status_of "$1")" "$2"
	ok "$1: last line" bash -c "tail -n 1 '$system/$1.log' | grep -qE -- \"\$0\"" "$3"
	tail -n 1 "$system/$1.log" | grep -qE -- "$3" || printf '# got: %s\n' "$(tail -n 1 "$system/$1.log")"
}
