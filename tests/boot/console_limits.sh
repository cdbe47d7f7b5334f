#!/bin/bash
# What the host's configuration leaves of the console: console=read shows and changes nothing, off leaves
# none; where it names accounts, each has what is his, after he has logged in. TAP output.
set -uo pipefail
cd "$(dirname "$0")/../.."
. tests/tap.sh
. tests/boot/boot_lib.sh
dir=$PWD/build/tests/console_limits
. tests/boot/console_lib.sh
console_prepare
kernel_build "$dir/image"
cp build/packages/console.pkg "$dir/image/files/"
printf 'name=policy\nversion=1\nprovider=Merlon\nkind=policy\nlevel=PartnerSupported\n' >"$dir/policy.manifest"
echo floor.nobody=1 >"$dir/policy"
build/bin/vmksign package --manifest "$dir/policy.manifest" --payload "$dir/policy" --key build/keys/provider.key \
	--cert build/keys/provider.pem --chain build/keys/intermediate.pem --out "$dir/image/files/policy.pkg"

# configured LINES KERNEL-OPTIONS: $dir/image/console.iso, the kernel with that configuration.
configured()
{
	config_package "$1" "$dir/image/files/config.pkg"
	sed -e 's/^modules=.*/modules=config.pkg --- console.pkg --- policy.pkg/' -e "s/^kernelopt=.*/kernelopt=$2/" \
		tboot-integration/image/boot.cfg >"$dir/image/console.cfg"
	tboot-integration/image/mkiso --boot-cfg "$dir/image/console.cfg" --from "$dir/image/files" --enable-tboot 0 \
		--out "$dir/image/console.iso"
}

configured console=read ''
power_on --platform qemu --no-txt --iso "$dir/image/console.iso"
ok "read: the console greets" wait_for 0 '^vmk> $'
answers "read: it shows" 0 '^console +true +true$' system module list
answers "read: it changes no setting" 1 "denied: the host's configuration" system settings set enableTboot true
answers "read: nothing is stored" 0 '^enableTboot +Bool +not set ' system settings list
answers "read: it does not leave" 1 'denied' system shutdown poweroff
ok "read: the host still runs" kill -0 "$sim"
kill "$sim"
wait "$sim"

configured console=off onboot=poweroff
power_on --platform qemu --no-txt --iso "$dir/image/console.iso"
wait "$sim"
is "off: the boot goes on and ends" $? 0
has "off: the log says so" "$log" 'World console: not started: the configuration says console=off'
healthy "off" "$log"
is "off: nobody greets" "$(grep -ac 'Merlon console' "$log")" 0

# --- log-ins
configured "$(account admin control 'correct horse')
$(account eve read 'battery staple')
console.timeout=6" ''
power_on --platform qemu --no-txt --iso "$dir/image/console.iso"
ok "log-in: it is asked for" wait_for 0 '^login: $'
has "log-in: the log says who may" "$log" 'Console: [0-9]+: 2 accounts may log in'
is "log-in: nothing else is offered" "$(grep -ac 'vmk>' "$log")" 0
from=$(size)
types admin 'battery staple'
ok "log-in: another's password is wrong" wait_for "$from" '^Login incorrect\.$'
from=$(size)
types nobody 'correct horse'
ok "log-in: so is any for an unknown name" wait_for "$from" '^Login incorrect\.$'
from=$(size)
types eve 'battery staple'
ok "log-in: the right one is let in" wait_for "$from" '^vmk> $'
is "log-in: no password is on the screen" "$(grep -acE 'horse|staple' "$log")" 0
answers "read: accounts" 0 '^admin +control$' system account list
answers "read: changes no setting" 1 "denied: the host's configuration" system settings set enableTboot true
answers "read: does not leave" 1 'denied' system shutdown poweroff
from=$(size)
printf 'exit\r' >&8
ok "log-out: the next is asked" wait_for "$from" '^login: $'
from=$(size)
types admin 'correct horse'
ok "log-in: another is let in" wait_for "$from" '^vmk> $'
vmk system auditrecords list
has "audit: refusals with the name" "$dir/answer" 'login-refused .*account=admin known=yes$'
has "audit: an unknown name" "$dir/answer" 'login-refused .*account=unknown known=no$'
ok "audit: an unknown name is not told, it may be a password" bash -c "! grep -aq account=nobody '$dir/answer'"
has "audit: a log-in" "$dir/answer" ' login +false +world=console account=eve role=read$'
has "audit: a log-out" "$dir/answer" ' logout +false +world=console account=eve why=asked$'
has "audit: the policy that decides what loads" "$dir/answer" ' policy .*name=policy version=1 kind=policy provider=Merlon level=PartnerSupported signer=.*sha256=[0-9a-f]{64}'
has "audit: how the host was launched" "$dir/answer" '^ *0 .* boot .*launch=none'
from=$(size)
printf 'system log follow\r' >&8
ok "idle: the next is asked, whatever runs" wait_for "$from" '^login: $'
types admin 'correct horse'
vmk system settings set enableTboot default
is "control: sets what it may" $? 0
answers "audit: the setting, and who changed it" 0 ' setting .*world=console setting=enableTboot value=.not set.$' system auditrecords list
printf 'system shutdown poweroff\r' >&8
wait "$sim"
is "control: leaves" $? 0
has "idle: the log says who left" "$log" 'World console: admin has logged out'
healthy "log-in" "$log"
done_testing
