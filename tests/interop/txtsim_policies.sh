#!/bin/bash
# Any kernel under tboot with `txtsim run --mle`; launch policies by the distribution's tools: the
# owner's launch control policy (lcp2_*), which SINIT honours, and tboot's verified launch policy
# (tb_polgen); three launches in a row over resets that leave secrets behind. TAP output.
set -u
ROOT=$(cd "$(dirname "$0")/../.." && pwd)
. "$ROOT/tests/interop/txtsim_lib.sh"
tools=$TBOOT/usr/sbin
work=$SIM_DIR/work
mkdir "$work"

build_kernel()
{
	clang-19 --target=i386-none-elf -c "$ROOT/tests/interop/txtsim_kernel.S" -o "$work/kernel.o" &&
		ld.lld-19 -m elf_i386 -N -Ttext 0x4000000 -z noexecstack -o "$work/kernel.elf" "$work/kernel.o" &&
		echo data >"$work/data.txt"
}

make_policies()
{
	cd "$work" || return
	openssl genrsa -out list.key 2048 2>/dev/null && openssl rsa -in list.key -pubout -out list.pub 2>/dev/null &&
		"$tools/lcp2_mlehash" --create --alg sha256 --cmdline "$TBOOT_ARGS" "$TBOOT/boot/tboot.gz" >good.hash &&
		"$tools/lcp2_mlehash" --create --alg sha256 --cmdline "another" "$TBOOT/boot/tboot.gz" >bad.hash || return
	local what
	for what in good bad; do
		"$tools/lcp2_crtpolelt" --create --type mle2 --alg sha256 --ctrl 0 --out $what.elt $what.hash &&
			"$tools/lcp2_crtpollist" --create --listver 0x200 --sigalg rsa --out $what.lst $what.elt &&
			"$tools/lcp2_crtpollist" --sign --sigalg rsa --hashalg sha256 --pub list.pub --priv list.key \
				--out $what.lst &&
			"$tools/lcp2_crtpol" --create --alg sha256 --type list --sign rsa-2048-sha256 --pol $what.pol \
				--data $what.data $what.lst || return
		"$tools/tb_polgen" --create --type halt --alg sha256 $what.vlp &&
			"$tools/tb_polgen" --add --num 0 --pcr none --hash image --cmdline $what \
				--image kernel.elf $what.vlp &&
			"$tools/tb_polgen" --add --num any --pcr none --hash any $what.vlp || return
	done
}

# The same list, which also says what PCR 0 must be: this firmware measures nothing.
make_platform_policies()
{
	cd "$work" || return
	local what zero=$(printf '%064d' 0)
	for what in platform other; do
		[ $what = platform ] || zero=${zero/0/1}
		"$tools/lcp2_crtpolelt" --create --type pconf2 --alg sha256 --pcr0 "$zero" --ctrl 0 --out $what.elt &&
			"$tools/lcp2_crtpollist" --create --listver 0x200 --sigalg rsa --out $what.lst good.elt $what.elt &&
			"$tools/lcp2_crtpollist" --sign --sigalg rsa --hashalg sha256 --pub list.pub --priv list.key \
				--out $what.lst &&
			"$tools/lcp2_crtpol" --create --alg sha256 --type list --sign rsa-2048-sha256 --pol $what.pol \
				--data $what.data $what.lst || return
	done
}

# A TPM with policies in it.
provision() # NAME OPTION...
{
	local state=$SIM_DIR/$1.tpm pid status
	shift
	mkdir "$state" && swtpm_setup --tpm2 --tpmstate "$state" --pcr-banks sha1,sha256 || return
	swtpm socket --tpm2 --tpmstate "dir=$state" --flags not-need-init,startup-clear \
		--server "type=unixio,path=$state/sock" --ctrl "type=unixio,path=$state/sock.ctrl" &
	pid=$!
	until [ -S "$state/sock" ]; do
		kill -0 $pid || return
		sleep 0.05
	done
	[ $# = 0 ] || (
		export TPM2TOOLS_TCTI="swtpm:path=$state/sock"
		"$ROOT/tboot-integration/image/provision" "$@" && tpm2_shutdown -c
	)
	status=$?
	kill $pid 2>/dev/null
	wait $pid 2>/dev/null
	return $status
}

# What others copy into their CI, with an installed txtsim.
recipe()
{
	make -s -C "$ROOT" install-txtsim PREFIX="$SIM_DIR/installed" &&
		TXTSIM=$SIM_DIR/installed/bin/txtsim TBOOT=$TBOOT/boot/tboot.gz MLEHASH=$tools/lcp2_mlehash \
			"$ROOT/tboot-integration/txtsim/ci-example" "$work/kernel.elf" 'the test kernel runs' "$work/data.txt"
}

launch() # NAME TPM KERNEL-ARGUMENTS TXTSIM-OPTIONS...
{
	local name=$1 tpm=$2 args=$3
	shift 3
	sim_run "$name" --mle "$work/kernel.elf,$args" --module "$work/data.txt,data" --tboot "$TBOOT/boot/tboot.gz" \
		--tboot-args "$TBOOT_ARGS" --tpm-state "$SIM_DIR/$tpm.tpm" "$@"
	echo $? >"$SIM_DIR/$name.status"
}

ended() # NAME STATUS TEXT FILE
{
	[ "$(cat "$SIM_DIR/$1.status")" = "$2" ] && grep -aqF -- "$3" "$SIM_DIR/$1/$4"
}

ran()
{
	grep -aq 'the test kernel runs' "$SIM_DIR/$1/com1.log"
}

build_kernel >"$work/kernel.log" 2>&1
ok "the smallest kernel" $? "$work/kernel.log"
(make_policies) >"$work/policies.log" 2>&1
ok "policies by the distribution's tools" $? "$work/policies.log"
{
	provision good --lcp "$work/good.pol" --vlp "$work/good.vlp" && provision bad --lcp "$work/bad.pol" &&
		provision halt --vlp "$work/bad.vlp" && provision plain
} >"$work/provision.log" 2>&1
ok "TPMs that hold them" $? "$work/provision.log"

# Two at a time.
launch good good good --module "$work/good.data" &
launch bad bad good --module "$work/bad.data" --no-reboot
wait
if [ -n "${MERLON_FULL:-}" ]; then
	launch nodata bad good --no-reboot
	(make_platform_policies) >"$work/platform.log" 2>&1
	ok "policies with the platform's PCRs" $? "$work/platform.log"
	for what in platform other; do
		provision $what --lcp "$work/$what.pol" >"$work/$what.log" 2>&1
		launch $what $what good --module "$work/$what.data" --platform qemu --no-reboot --until 'the test kernel runs'
	done
	launch row plain reset --smp 8
fi
launch halt halt good --until TB_SHUTDOWN_HALT &
launch often plain reset
wait

ended good 0 'launch control policy: allowed by type list' txtsim.log && ran good
ok "an MLE on the owner's signed list is launched" $? "$SIM_DIR/good/txtsim.log"
grep -aq 'verification succeeded\|all modules are verified' "$SIM_DIR/good/com1.log"
ok "and tboot's good policy lets the kernel run" $? "$SIM_DIR/good/com1.log"
ended bad 5 'launch control policy: the MLE is on no list' txtsim.log && ! ran bad
ok "an MLE that is not on it is refused" $? "$SIM_DIR/bad/txtsim.log"
ended bad 5 'TXT.ERRORCODE=0xc00012e1' txtsim.log
ok "with the class and code of the policy" $? "$SIM_DIR/bad/txtsim.log"
if [ -n "${MERLON_FULL:-}" ]; then
	ended nodata 5 'policy data, and none were loaded' txtsim.log && ! ran nodata
	ok "without the list's file as well" $? "$SIM_DIR/nodata/txtsim.log"
	ended platform 0 'launch control policy: allowed by type list' txtsim.log && ran platform
	ok "a list that fits the platform's PCRs" $? "$SIM_DIR/platform/txtsim.log"
	ended other 5 'launch control policy' txtsim.log && ! ran other
	ok "one that does not is refused" $? "$SIM_DIR/other/txtsim.log"
	[ "$(cat "$SIM_DIR/row.status")" = 0 ] && [ "$(grep -c 'WAKEUP: 7 CPUs' "$SIM_DIR/row/txtsim.log")" = 3 ]
	ok "three launches in a row with eight processors" $? "$SIM_DIR/row/txtsim.log"
	recipe >"$work/recipe.log" 2>&1
	ok "the recipe for CI, with an installed txtsim" $? "$work/recipe.log"
	grep -q '^launched, MLE [0-9a-f]\{64\}$' "$work/recipe.log" && grep -q '^refused: MLE pages' "$work/recipe.log"
	ok "compares the digest, and sees a broken launch refused" $? "$work/recipe.log"
fi
ended halt 0 'verifying module against policy failed' com1.log && ! ran halt
ok "tboot's halt policy: another command line stops the machine" $? "$SIM_DIR/halt/com1.log"
grep -aq 'SEXIT: the measured environment has ended' "$SIM_DIR/halt/txtsim.log"
ok "after SEXIT" $? "$SIM_DIR/halt/txtsim.log"
[ "$(cat "$SIM_DIR/often.status")" = 0 ] && [ "$(grep -ac 'the test kernel runs' "$SIM_DIR/often/com1.log")" = 3 ]
ok "three launches in a row" $? "$SIM_DIR/often/com1.log"
[ "$(grep -c 'the firmware scrubs memory' "$SIM_DIR/often/txtsim.log")" = 2 ]
ok "a reset with secrets in memory is answered by a scrub" $? "$SIM_DIR/often/txtsim.log"
[ "$(grep -o 'launched PCR17 .*' "$SIM_DIR/often/txtsim.log" | sort -u | wc -l)" = 1 ]
ok "and measured alike" $? "$SIM_DIR/often/txtsim.log"
finish
