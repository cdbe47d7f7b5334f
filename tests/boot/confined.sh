#!/bin/bash
# User worlds confined: a hostile world makes a million random system calls, twice; nothing leaks,
# and every denial is counted; worlds that take all they can get leave the others their part. In full
# mode on Bochs too. TAP output.
set -uo pipefail
cd "$(dirname "$0")/../.."
. tests/tap.sh
. tests/boot/boot_lib.sh
dir=build/tests/boot/confined

kernel_build "$dir"
hogs=$(sed -n 's/^\tX(\([a-z]*\)).*/hostile-hog-\1/p' kernel/worlds/hostile/hogs.h)
# shellcheck disable=SC2046,SC2086 # names
make -s build/packages/{e1000,agent,witness,hostile-calls-1000000,hostile-calls-100000}.pkg \
	$(printf 'build/packages/%s.pkg ' $hogs) >>"$dir/make.log" 2>&1 || {
	echo "Bail out! make failed: $dir/make.log"
	exit 1
}
cp build/packages/{e1000,agent,witness,hostile-calls-*,hostile-hog-*}.pkg "$dir/files/"

# image NAME OPTIONS PACKAGE...: DIR/NAME.iso.
image()
{
	local name=$1 options=$2 modules
	shift 2
	modules=$(printf -- ' --- %s.pkg' "$@")
	sed -e "s/^modules=.*/modules=config.pkg --- e1000.pkg$modules/" -e "s/^kernelopt=.*/kernelopt=$options/" \
		-e 's/^enableTboot=.*/enableTboot=0/' tboot-integration/image/boot.cfg >"$dir/$name.cfg"
	tboot-integration/image/mkiso --boot-cfg "$dir/$name.cfg" --from "$dir/files" --out "$dir/$name.iso" || exit 1
}

# start NAME MIB NETWORK: boots DIR/NAME.iso with so much memory; log in DIR/NAME.log, its process in $qemu.
start()
{
	tests/limited qemu-system-x86_64 -accel tcg -cpu max -M q35 -m "$2" -display none \
		-serial "file:$dir/$1.log" -monitor none -no-reboot -cdrom "$dir/$1.iso" \
		-netdev "user,id=net$3" -device e1000,netdev=net </dev/null >"$dir/$1.qemu" 2>&1 &
	qemu=$!
}

# wait_for NAME PATTERN: until the log has it, or the machine is gone.
wait_for()
{
	await $qemu in_file "$2|PANIC" "$dir/$1.log"
}

stop()
{
	kill $qemu 2>/dev/null
	wait $qemu 2>/dev/null
}

# The numbers that stand before or after a word, one life a line.
made()
{
	sed -n 's/.*calls: \([0-9]*\) made, .*/\1/p' "$1"
}
denied_by_world()
{
	sed -n 's/.*made, seed [0-9a-f]*, \([0-9]*\) denied.*/\1/p' "$1"
}
denied_by_kernel()
{
	sed -n 's/.*World hostile-calls-[0-9]*: \([0-9]*\) denials in its life.*/\1/p' "$1"
}
# By the audit log, since the boot.
denied_by_audit()
{
	sed -n 's/.*denials recorded or counted by the audit log: \([0-9]*\).*/\1/p' "$1"
}
# What is in use after a life.
usage()
{
	sed -n "s/.*onboot=lives: .* after life $2: //p" "$1"
}

# Once it was killed: whether it had listened before is up to how soon it was given an address.
listens_again()
{
	[ "$(sed '1,/World agent: is being killed/d' "$dir/hogs.log" | grep -ac 'World agent: attester listening on')" = 1 ]
}

# A client gives up after RFC 7252's four retransmissions; asking again is up to who uses it.
asks()
{
	answer=$("$client" -B 60 -m get "coap://127.0.0.1:$port/none" 2>&1) && grep -qa '^4\.0[0-9]' <<<"$answer"
}

# hogs_hurt_nobody LOG: what the witness and the attester must have said beside those that take all.
hogs_hurt_nobody()
{
	local log=$1 got hogs limited left

	got=$(sed -n 's/.*witness: got \([0-9]*\) % .*/\1/p' "$log")
	hogs=$(sed -n 's/.*where \([0-9]*\) hogs are.*/\1/p' "$log")
	limited=$(sed -n 's/.*the limited one got \([0-9]*\) %.*/\1/p' "$log")
	left=$(sed -n 's/.*witness: \([0-9]*\) MiB are left.*/\1/p' "$log")
	has "hogs: a world beside them gets memory and handles in each round" "$log" 'witness: 20 rounds of 20 came about'
	is "hogs: all of them live all the time" "$hogs" 6
	ok "hogs: a world beside them has at least half of its share of the CPU ($got %)" \
		test "${got:-0}" -ge $((100 / (hogs + 1) / 2))
	ok "hogs: one with a limit of 10 % keeps it ($limited %)" test "${limited:-100}" -le 15
	ok "hogs: memory is taken, but for what others can count on ($left MiB)" \
		test "${left:-0}" -ge 8 -a "${left:-999}" -lt 100
	ok "hogs: the attester starts again beside them" listens_again
	if [ -n "$client" ]; then
		is "hogs: the attester answers" "$(grep -ao '^4\.0[0-9]' <<<"$answer")" 4.04
	else
		skip "hogs: the attester answers" "no coap-client"
	fi
	ok "hogs: no panic" test "$(grep -ac PANIC "$log")" = 0
}

# two_lives WHAT LOG COUNT: what two lives of COUNT calls each must have left in the log.
two_lives()
{
	local what=$1 log=$2 count=$3

	is "$what: two lives make $count random system calls each" "$(made "$log" | head -2 | tr '\n' ' ')" "$count $count "
	ok "$what: no kernel address in registers or memory, no register lost" \
		test "$(grep -ac ' 0 addresses leaked, 0 broken' "$log")" -ge 2
	ok "$what: some calls were denied" test "$(denied_by_world "$log" | head -1)" -gt 1000
	is "$what: the kernel counted every denial" "$(denied_by_kernel "$log" | head -2)" \
		"$(denied_by_world "$log" | head -2)"
	is "$what: so did the audit log" "$(denied_by_audit "$log" | head -2)" \
		"$(denied_by_world "$log" | awk '{ print sum += $1 }' | head -2)"
	ok "$what: what is in use was looked at" test -n "$(usage "$log" 1)"
	is "$what: nothing is left behind" "$(usage "$log" 2)" "$(usage "$log" 1)"
	is "$what: no page of the world stays" "$(usage "$log" 2 | grep -o 'user [0-9]*')" "user 0"
	ok "$what: no panic" test "$(grep -ac PANIC "$log")" = 0
	ok "$what: no kernel address in the log" no_addresses "$log"
}

if has_qemu; then
	image calls onboot=lives:hostile-calls-1000000 hostile-calls-1000000
	start calls 512 ''
	wait_for calls 'after life 2'
	stop
	two_lives QEMU "$dir/calls.log" 1000000

	# The agent is killed while all is taken: it must find what it needs to start again.
	port=$(free_port)
	# shellcheck disable=SC2086 # names
	image hogs onboot=kill:agent agent $hogs witness
	start hogs 192 ",hostfwd=udp:127.0.0.1:$port-:5683"
	wait_for hogs 'rounds of .* came about'
	client=$(command -v coap-client-notls || command -v coap-client)
	await $qemu listens_again
	[ -z "$client" ] || await $qemu asks
	stop
	hogs_hurt_nobody "$dir/hogs.log"
fi
if [ -n "${MERLON_FULL:-}" ]; then
	image bochs onboot=lives:hostile-calls-100000 hostile-calls-100000
	build/bin/txtsim run --iso "$dir/bochs.iso" --workdir "$dir/bochs" --net \
		--until 'after life 2' --timeout "$patience" >"$dir/txtsim.log" 2>&1
	two_lives Bochs "$dir/bochs/com1.log" 100000
fi
done_testing
