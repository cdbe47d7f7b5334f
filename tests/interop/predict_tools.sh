#!/bin/bash
# vmkpredict agrees with the tools that tboot's authors ship: lcp2_mlehash and tb_polgen.
set -uo pipefail
cd "$(dirname "$0")/../.."
. tests/tap.sh
tools=build/third-party/tboot/usr/sbin
tboot=build/third-party/tboot/boot/tboot.gz
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

cp build/packages/{config,e1000,e1000e,igb,agent,console}.pkg "$work/"
head -c 10000 build/sinit.bin >"$work/vmkernel.elf"

predict() # VLP TBOOT TBOOT-ARGS
{
	build/bin/vmkpredict policy --boot-cfg tboot-integration/image/boot.cfg --dir "$work" --tboot "$2" \
		--tboot-args "$3" --sinit build/sinit.bin --platform policy/platforms/txtsim.json \
		${1:+--vlp "$1"} --out "$work/policy.json"
}

# The digest of the n-th event (from 0) of that name.
digest() # NAME N
{
	tr -d '\n' <"$work/policy.json" | sed 's/}, */}\n/g' | grep "\"name\": \"$1\"" |
		sed -n "$(($2 + 1))s/.*\"digest\": \"\([0-9a-f]*\)\".*/\1/p"
}

mle_of()
{
	"$tools/lcp2_mlehash" --create --alg sha256 --cmdline "$1" "$tboot" | tail -n 1 | tr -d ' \n'
}

for args in "logging=memory,serial loglvl=all" "" "x" "$(printf 'a%.0s' $(seq 500))"; do
	predict "" "$tboot" "$args"
	is "MLE_HASH is lcp2_mlehash's for a command line of ${#args} characters" "$(digest MLE_HASH 0)" "$(mle_of "$args")"
done
gzip -dc "$tboot" >"$work/tboot.elf"
first=$(mle_of abc)
predict "" "$work/tboot.elf" abc
is "the same for tboot uncompressed" "$(digest MLE_HASH 0)" "$first"

is "the built-in policy's digest is the one that real hosts log" "$(digest TB_MEASUREMENT 0 | head -c 8)" 71be5852
{
	"$tools/tb_polgen" --create --type nonfatal --ctrl 1 --alg sha256 "$work/vl.pol" &&
		"$tools/tb_polgen" --add --num 0 --pcr none --hash image --cmdline "a b" --image "$work/vmkernel.elf" "$work/vl.pol" &&
		"$tools/tb_polgen" --add --num 1 --pcr 21 --hash any "$work/vl.pol" &&
		"$tools/tb_polgen" --add --num any --pcr 17 --hash any "$work/vl.pol"
} >"$work/polgen.log"
predict "$work/vl.pol" "$tboot" abc
inner=$(sha256sum <"$work/vl.pol" | cut -d' ' -f1)
outer=$(printf "\\x01\\0\\0\\0$(sed 's/../\\x&/g' <<<"$inner")" | sha256sum | cut -d' ' -f1)
is "a policy with a module's hash, as tb_polgen writes it, is measured whole" "$(digest TB_MEASUREMENT 0)" "$outer"
printf '\xff' | dd of="$work/vl.pol" bs=1 seek=11 conv=notrunc status=none
ok "a policy with 255 entries is refused" test "$(predict "$work/vl.pol" "$tboot" abc 2>&1 | grep -c 'too many entries')" = 1
ok "a truncated tboot is refused" bash -c "head -c 20000 $tboot >$work/short.gz; ! build/bin/vmkpredict policy --boot-cfg \
	tboot-integration/image/boot.cfg --dir $work --tboot $work/short.gz --tboot-args x --sinit build/sinit.bin \
	--platform policy/platforms/txtsim.json --out $work/none.json 2>$work/error && grep -q gzip $work/error"
ok "the platform layer is what the emulator says of itself" bash -c "diff <(build/bin/txtsim platform) policy/platforms/txtsim.json"
done_testing
