#!/bin/bash
# A host whose TPM holds the owner's launch control policy, a signed list with this tboot on it, made by the
# distribution's lcp2 tools: SINIT honours it, and what it then measures is what was predicted from the
# policy's two files. In QEMU, which is quicker. TAP output.
set -uo pipefail
cd "$(dirname "$0")/../.."
. tests/tap.sh
. tests/system.sh
work=$system/owner-policy
tools=build/third-party/tboot/usr/sbin
tboot_args='logging=memory,serial loglvl=err,warn,info ap_wake_mwait=true'

make_policy()
{
	local zero
	zero=$(printf '%064d' 0)
	rm -rf "$work" && mkdir -p "$work" &&
		openssl genrsa -out "$work/list.key" 3072 && openssl rsa -in "$work/list.key" -pubout -out "$work/list.pub" &&
		"$tools/lcp2_mlehash" --create --alg sha256 --cmdline "$tboot_args" build/third-party/tboot/boot/tboot.gz >"$work/mle.hash" &&
		"$tools/lcp2_crtpolelt" --create --type mle2 --alg sha256 --ctrl 0 --out "$work/mle.elt" "$work/mle.hash" &&
		"$tools/lcp2_crtpolelt" --create --type pconf2 --alg sha256 --pcr0 "$zero" --ctrl 0 --out "$work/pconf.elt" &&
		"$tools/lcp2_crtpollist" --create --listver 0x200 --sigalg rsa --out "$work/list.lst" "$work/mle.elt" "$work/pconf.elt" &&
		"$tools/lcp2_crtpollist" --sign --sigalg rsa --hashalg sha256 --pub "$work/list.pub" --priv "$work/list.key" \
			--out "$work/list.lst" &&
		"$tools/lcp2_crtpol" --create --alg sha256 --type list --sign rsa-3072-sha256 --ctrl 2 --pol "$work/owner.pol" \
			--data "$work/owner.data" "$work/list.lst"
}

make_host
ok "a policy of type list by the distribution's tools" bash -c "$(declare -f make_policy)
	work='$work' tools='$tools' tboot_args='$tboot_args' system='$system'; make_policy >'$system/owner-policy.log' 2>&1"
MERLON_TBOOT_ARGS=$tboot_args start owned --platform qemu --lcp "$work/owner.pol,$work/owner.data"
verdict owned 0 '^TRUSTED host=merlon-1 launch=drtm'
has "SINIT went by the list" "$system/owned/sim/txtsim.log" 'launch control policy: allowed by type list'
for type in LCP_CONTROL LCP_DETAILS NV_INFO; do
	has "$type is predicted from the policy's file" "$system/owned.log" "^ 17  ${type}_HASH +LAUNCH +lcp.pol .* ok$"
done
has "LCP_AUTHORITIES too" "$system/owned.log" '^ 18  LCP_AUTHORITIES_HASH +LAUNCH +lcp.pol .* ok$'
ok "the policy of a host without an owner's policy is another" bash -c "! cmp -s '$system/first/policy.json' '$system/owned/policy.json'"
if [ -n "${MERLON_FULL:-}" ]; then
	ok "a policy of type any" "$tools/lcp2_crtpol" --create --alg sha256 --type any --polver 3.2 --mask sha256 \
		--sign rsa-3072-sha256 --pol "$work/any.pol"
	start owned-any --lcp "$work/any.pol"
	verdict owned-any 0 '^TRUSTED host=merlon-1 launch=drtm'
	has "by type any" "$system/owned-any/sim/txtsim.log" 'launch control policy: allowed by type any'
fi
done_testing
