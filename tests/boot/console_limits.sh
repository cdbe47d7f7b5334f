#!/bin/bash
# What console= of the host's configuration leaves of the console: read shows and changes nothing, off
# leaves none. TAP output.
set -uo pipefail
cd "$(dirname "$0")/../.."
. tests/tap.sh
. tests/boot/boot_lib.sh
dir=$PWD/build/tests/console_limits
. tests/boot/console_lib.sh
console_prepare
kernel_build "$dir/image"
cp build/packages/console.pkg "$dir/image/files/"

# configured VALUE KERNEL-OPTIONS: $dir/image/console.iso, the kernel with that configuration.
configured()
{
	{
		cat tboot-integration/image/host.cfg
		echo "console=$1"
	} >"$dir/host.cfg"
	build/bin/vmksign package --manifest tboot-integration/image/config.manifest --payload "$dir/host.cfg" \
		--key build/keys/provider.key --cert build/keys/provider.pem --chain build/keys/intermediate.pem \
		--out "$dir/image/files/config.pkg"
	sed -e 's/^modules=.*/modules=config.pkg --- console.pkg/' -e "s/^kernelopt=.*/kernelopt=$2/" \
		tboot-integration/image/boot.cfg >"$dir/image/console.cfg"
	tboot-integration/image/mkiso --boot-cfg "$dir/image/console.cfg" --from "$dir/image/files" --enable-tboot 0 \
		--out "$dir/image/console.iso"
}

configured read ''
power_on --platform qemu --no-txt --iso "$dir/image/console.iso"
ok "read: the console greets" wait_for 0 '^vmk> $'
answers "read: it shows" 0 '^console +true +true$' system module list
answers "read: it changes no setting" 1 "denied: the host's configuration" system settings set enableTboot true
answers "read: nothing is stored" 0 '^enableTboot +Bool +not set ' system settings list
answers "read: it does not leave" 1 'denied' system shutdown poweroff
ok "read: the host still runs" kill -0 "$sim"
kill "$sim"
wait "$sim"

configured off onboot=poweroff
power_on --platform qemu --no-txt --iso "$dir/image/console.iso"
wait "$sim"
is "off: the boot goes on and ends" $? 0
has "off: the log says so" "$log" 'World console: not started: the configuration says console=off'
healthy "off" "$log"
is "off: nobody greets" "$(grep -ac 'Merlon console' "$log")" 0
done_testing
