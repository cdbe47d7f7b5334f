#!/bin/bash
# The openssl command verifies the signatures that vmksign makes, and no others.
set -u
cd "$(dirname "$0")/../.."
. tests/tap.sh
vmksign=$PWD/build/bin/vmksign
work=$(mktemp -d)
trap 'rm -r "$work"' EXIT

printf 'name=probe\nversion=1\nprovider=Merlon\nkind=config\nlevel=PartnerSupported\n' >"$work/manifest"
printf 'hostname=probe\n' >"$work/payload"

# le FILE OFFSET BYTES: a little-endian number
le()
{
	od -An -tu"$3" -j"$2" -N"$3" --endian=little "$1" | tr -d ' '
}

# Cuts a package at its signed size, and its records into certificates and signature.
split()
{
	local at size type bytes
	at=$(le "$1" 48 8)
	size=$(stat -c %s "$1")
	head -c "$at" "$1" >"$1.content"
	while [ "$at" -lt "$size" ]; do
		type=$(le "$1" "$at" 2)
		bytes=$(le "$1" $((at + 4)) 4)
		tail -c +$((at + 9)) "$1" | head -c "$bytes" >"$1.record$type"
		[ "$type" != 1 ] || openssl x509 -inform DER -in "$1.record1" -out "$1.certificate$at.pem"
		at=$((at + 8 + (bytes + 7) / 8 * 8))
	done
	cat "$1".certificate*.pem >"$1.chain.pem"
}

verify() # PACKAGE ROOT: the command takes intermediates from where the roots are
{
	cat "$2" "$1.chain.pem" >"$1.ca.pem"
	openssl cms -verify -binary -inform DER -in "$1.record2" -content "$1.content" \
		-certfile "$1.chain.pem" -CAfile "$1.ca.pem" -purpose any -out /dev/null 2>"$work/log"
}

refused()
{
	! "$@"
}

for type in rsa3072 rsa4096 p256 p384; do
	"$vmksign" keys --out "$work/$type" --type "$type"
	"$vmksign" package --manifest "$work/manifest" --payload "$work/payload" \
		--key "$work/$type/provider.key" --cert "$work/$type/provider.pem" \
		--chain "$work/$type/intermediate.pem" --out "$work/$type.pkg"
	split "$work/$type.pkg"
	ok "$type: openssl cms accepts the signature" verify "$work/$type.pkg" "$work/$type/root.pem"
	ok "$type: openssl x509 knows a code signer" \
		grep -q 'Code Signing' <(openssl x509 -in "$work/$type/provider.pem" -noout -text)
	printf X | dd of="$work/$type.pkg.content" bs=1 seek=70 conv=notrunc status=none
	ok "$type: and refuses it for other content" refused \
		verify "$work/$type.pkg" "$work/$type/root.pem"
done
# Signed by the command alone, with certificates of its own making.
(
	cd "$work" || exit
	ec='-quiet -algorithm EC -pkeyopt ec_paramgen_curve:P-384'
	for name in ca maker; do openssl genpkey $ec -out $name.key; done
	openssl req -x509 -new -key ca.key -subj /CN=CA -days 9 -addext keyUsage=critical,keyCertSign -out ca.pem
	openssl req -new -key maker.key -subj /O=Merlon/CN=Maker -out maker.csr
	printf 'keyUsage=critical,digitalSignature\nextendedKeyUsage=codeSigning\n' >maker.ext
	echo certificatePolicies=2.25.101178048353285153420751361743956730322.1.2 >>maker.ext
	openssl x509 -req -in maker.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 9 -extfile maker.ext -out maker.pem
	"$vmksign" package --manifest manifest --payload payload --out theirs.unsigned
	openssl cms -sign -binary -noattr -nocerts -md sha384 -outform DER -in theirs.unsigned -signer maker.pem \
		-inkey maker.key -out theirs.cms
	"$vmksign" package --manifest manifest --payload payload --signature theirs.cms --cert maker.pem --out theirs.pkg
) >"$work/log" 2>&1
has "a package that the command has signed loads" <("$vmksign" dry-run --root "$work/ca.pem" "$work/theirs.pkg" 2>&1) \
	'theirs.pkg: loads: .* signed by Maker'
split "$work/p256.pkg"
ok "another root: refused" refused verify "$work/p256.pkg" "$work/p384/root.pem"
done_testing
