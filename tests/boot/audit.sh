#!/bin/bash
# The audit log of a measured host on which a world faults, another asks for what it may not have, and somebody
# at the console does not know his password at first:
# anchored in PCR 22, proven from outside, and whoever changes one byte of it is found out. TAP output.
set -uo pipefail
cd "$(dirname "$0")/../.."
. tests/tap.sh
. tests/system.sh
name=audit
dir=$system/$name state=$system/$name.host/verifier
verify=build/bin/vmkverify
. tests/boot/console_lib.sh

ok "a good host is trusted first" make_host
make -s build/packages/{fault,selftest}.pkg || exit 1
rm -rf "$system/$name.host"
cp -r "$system/host" "$system/$name.host"
console_prepare
config_package "$(account eve read 'battery staple')" "$dir/config.pkg"
trap 'kill "$(cat "$dir/txtsim.pid")" 2>/dev/null' EXIT
MERLON_CONFIG=$dir/config.pkg MERLON_TYPED=$dir/typed MERLON_HOST=$system/$name.host MERLON_RUN=$dir tboot-integration/run --platform qemu --smp 1 \
	--with fault,selftest --keep >"$system/$name.log" 2>&1
is "a host whose worlds misbehave is trusted all the same" $? 0
port=$(sed -n 's/.*--addr 127.0.0.1:\([0-9]*\).*/\1/p' "$system/$name.log")

attest() # OPTIONS...: again, into $dir/again.log
{
	$verify attest --host merlon-1 --state "$state" --addr "127.0.0.1:$port" --policy "$dir/policy.json" \
		--out "$dir/out" "$@" >"$dir/again.log" 2>&1
}
sim=$(cat "$dir/txtsim.pid")
types eve 'correct horse'
types eve 'battery staple'
answers "who may only look changes nothing" 1 'denied' system settings set enableTboot true
# What happens is anchored some seconds later.
anchored()
{
	attest && $verify show --host merlon-1 --state "$state" --audit >"$dir/show" &&
		in_file world-fault "$dir/show" && in_file ' denial .*call=control' "$dir/show"
}
await "$sim" anchored
is "attested again" "$(tail -n 1 "$dir/again.log" | cut -d ' ' -f 1)" TRUSTED
has "the boot is recorded" "$dir/show" '^ *0 .* boot +yes +launch=drtm loader=.* tpm='
has "and each package that was loaded" "$dir/show" ' package-loaded +yes +name=agent version=1.0.0 kind=world .*sha256=[0-9a-f]{64}'
has "a world's fault is" "$dir/show" " world-fault +yes +world=fault fault='page fault' kind='write to' at=image.0x[0-9a-f]+ address=null"
has "a denial is" "$dir/show" ' denial +yes +world=selftest .*call=quote'
has "a refused log-in is" "$dir/show" ' login-refused +yes +world=console account=eve known=yes$'
has "a log-in is" "$dir/show" ' login +yes +world=console account=eve role=read$'
has "and that he was denied what his role has not" "$dir/show" ' denial +yes +world=console .*call=control .*why=.*right'
has "the verdict tells of the refusal" "$dir/again.log" '^note: audit log: 1 x login-refused'
has "the verdict says what a person should look at" "$dir/again.log" '^note: audit log: [0-9]+ x world-fault, the first is record [0-9]+$'
has "PCR 22 is what the checkpoints lead to" "$dir/again.log" '^ 22  = [0-9a-f]{64}  ok'
has "a checkpoint says how much it covers" "$dir/again.log" '^ 22  AUDIT .* audit log, [0-9]+ records'
ours=$(sed -n 's/^ 22  = \([0-9a-f]*\) .*/\1/p' "$dir/again.log")
theirs=$(tpm2_eventlog "$dir/out/merlon-1.vmk.log" 2>/dev/null | sed -n '/^pcrs:/,$s/^ *22 *: 0x\([0-9a-f]*\)$/\1/p' | tail -n 1)
is "tpm2_eventlog replays the log to the same PCR 22" "$theirs" "$ours"
# The part of the log that is known already does not travel again.
attest --json
fetched=$(sed -n 's/.*"bytes-received": \([0-9]*\).*/\1/p' "$dir/again.log" | head -n 1)
rm -f "$state/audit/merlon-1.log"
attest --json
whole=$(sed -n 's/.*"bytes-received": \([0-9]*\).*/\1/p' "$dir/again.log" | head -n 1)
ok "only what is new is fetched ($fetched of $whole bytes)" test "${fetched:-0}" -gt 0 -a "${fetched:-0}" -lt "$((${whole:-0} - 1000))"
sed 's/^{$/{ "audit-forbid": ["denial"],/' "$dir/policy.json" >"$dir/strict.json"
evidence=$(printf '%s\n' "$state"/evidence/*.json | tail -n 1)
replay() # EVIDENCE POLICY
{
	$verify replay "$1" --policy "$2" --state "$state" 2>&1 | tail -n 1
}
ok "recorded evidence replays" bash -c "grep -q ^TRUSTED <<<'$(replay "$evidence" "$dir/policy.json")'"
ok "a policy can refuse a host for it" bash -c "grep -qE '^UNTRUSTED .*reason=audit-forbidden what=.audit record [0-9]+ .denial' <<<\"\$0\"" \
	"$(replay "$evidence" "$dir/strict.json")"

# --- a liar: the log in hexadecimal, as the record of evidence holds it
log=$(sed -n 's/.*"audit": "\([0-9a-f]\{64,\}\)".*/\1/p' "$evidence" | head -n 1)
lie() # LOG-IN-HEX
{
	sed "s/\"audit\": \"[0-9a-f]\{64,\}\"/\"audit\": \"$1\"/" "$evidence" >"$dir/lie.json"
	replay "$dir/lie.json" "$dir/policy.json"
}
# record N: offset and size in digits of hexadecimal
at=32
for i in 0 1 2 3; do
	size=$((2 * 0x${log:at+2:2}${log:at:2}))
	starts[i]=$at sizes[i]=$size
	at=$((at + size))
done
said=$(lie "${log:0:starts[2]+120}$([ "${log:starts[2]+120:1}" = 0 ] && echo 1 || echo 0)${log:starts[2]+121}")
ok "a changed byte: the record is named" bash -c "grep -qE 'reason=audit-altered what=.audit record 2' <<<\"\$0\"" "$said"
said=$(lie "${log:0:starts[1]}${log:starts[2]}")
ok "a record that is left out is named" bash -c "grep -qE 'reason=audit-missing what=.audit record 1 ' <<<\"\$0\"" "$said"
said=$(lie "${log:0:starts[1]}${log:starts[2]:sizes[2]}${log:starts[1]:sizes[1]}${log:starts[3]}")
ok "two that changed places are named" bash -c "grep -qE 'reason=audit-order what=.audit record 1 ' <<<\"\$0\"" "$said"
said=$(lie "${log:0:starts[3]}")
ok "a log that ends early is found out" bash -c "grep -qE 'reason=audit-truncated what=.audit record 3' <<<\"\$0\"" "$said"
done_testing
