#!/bin/bash
# Signing with keys that never leave a PKCS #11 token: SoftHSM's, through OpenSSL.
set -u
cd "$(dirname "$0")/../.."
. tests/tap.sh
vmksign=$PWD/build/bin/vmksign
work=$(mktemp -d)
trap 'rm -r "$work"' EXIT
module=$(echo /usr/lib/*/softhsm/libsofthsm2.so /usr/lib/softhsm/libsofthsm2.so | tr ' ' '\n' | while read -r f; do
	[ ! -f "$f" ] || echo "$f"
done | head -n 1)
if [ -z "$module" ] || ! command -v softhsm2-util >/dev/null; then
	skip "signing with a key on a token" "SoftHSM is not installed"
	done_testing
	exit
fi
export SOFTHSM2_CONF=$work/softhsm2.conf PKCS11_MODULE_PATH=$module
mkdir "$work/tokens"
printf 'directories.tokendir = %s\nobjectstore.backend = file\nlog.level = ERROR\n' "$work/tokens" >"$SOFTHSM2_CONF"
softhsm2-util --init-token --free --label merlon --so-pin 12345678 --pin 4321 >"$work/log" 2>&1

# token NAME TYPE ID: a key that was made elsewhere and is known to the token alone from now on
token()
{
	openssl genpkey -quiet -algorithm "${@:4}" -out "$work/$1.pem"
	softhsm2-util --import "$work/$1.pem" --token merlon --label "$1" --id "$3" --pin 4321 >>"$work/log" 2>&1
	rm "$work/$1.pem"
}
token root EC 01 EC -pkeyopt ec_paramgen_curve:P-384
token sub RSA 02 RSA -pkeyopt rsa_keygen_bits:3072
token provider EC 03 EC -pkeyopt ec_paramgen_curve:P-256

key() # NAME [PIN]
{
	echo "pkcs11:token=merlon;object=$1;type=private?pin-value=${2:-4321}"
}
certificate()
{
	"$vmksign" certificate --role "$1" --name "token $2" --key "$(key "$2")" --out "$work/$2" "${@:3}"
}
printf 'name=probe\nversion=1\nprovider=Merlon\nkind=config\nlevel=Accepted\n' >"$work/manifest"
printf 'hostname=probe\n' >"$work/payload"
package() # OUT KEY-URI
{
	"$vmksign" package --manifest "$work/manifest" --payload "$work/payload" --key "$2" --cert "$work/provider.pem" \
		--chain "$work/sub.pem" --out "$work/$1.pkg" >"$work/$1.log" 2>&1
}

refused()
{
	! "$@"
}
ok "a root for a key on the token" certificate root root
ok "an intermediate" certificate intermediate sub --issuer "$work/root.pem" --issuer-key "$(key root)" --level Certified
ok "a provider" certificate provider provider --issuer "$work/sub.pem" --issuer-key "$(key sub)" --level Accepted --provider Merlon
ok "no private key is in a file" refused grep -rlq PRIVATE "$work" --include=*.pem --include=*.key
ok "a package signed on the token" package probe "$(key provider)"
has "loads by the kernel's rules" <("$vmksign" dry-run --root "$work/root.pem" --level Accepted "$work/probe.pkg" 2>&1) \
	'probe.pkg: loads: .*signed by token provider'
ok "a wrong PIN signs nothing" refused package wrong "$(key provider 1111)"
ok "nor does another key than the certificate's" refused package other "$(key sub)"
ok "the PIN is in no message" refused grep -rqE "4321|1111" "$work"/{probe,wrong,other}.log
done_testing
