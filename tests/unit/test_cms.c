/* sources: kernel/trust/signature.c kernel/trust/hash.c tests/unit/shim/panic.c */
/* needs: build/host-lib/libmbedtls.a */
/* libs: build/host-lib/libmbedtls.a */
/* signature_verify() against chains and signatures that the openssl command makes here and now. */
#include "trust/hash.h"
#include "trust/signature.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#define FILE_MAX 8192

struct file {
	uint8_t bytes[FILE_MAX];
	size_t size;
};

static char directory[] = "/tmp/test_cms_XXXXXX";

/*
 * root -> signers of each key type; root -> sub -> signer; a stranger's root and signer; signers
 * that lack a usage. `leaf NAME KEYALG ISSUER EXTENSIONS` makes one certificate and one signature.
 */
static const char script[] =
	"set -e; cd \"$0\"; printf 'what is signed' > data\n"
	"exec >log 2>&1\n"
	"EC='EC -pkeyopt ec_paramgen_curve:P-'\n"
	"key() { openssl genpkey -algorithm $2 -out $1.key; }\n"
	"cert() { openssl req -new -key $1.key -subj \"/O=Test/CN=$2\" -out $1.csr\n"
	"  printf \"$4\" > $1.ext\n"
	"  openssl x509 -req -in $1.csr -CA $3.pem -CAkey $3.key -CAcreateserial -days 9 \\\n"
	"    -extfile $1.ext -out $1.pem -sha384; openssl x509 -in $1.pem -outform DER -out "
	"$1.der; }\n"
	"sign() { openssl cms -sign -binary -noattr -nocerts -md $3 -outform DER -in data \\\n"
	"  -signer $1.pem -inkey $1.key -out $2 $4; }\n"
	"root() { key $1 \"${EC}384\"; openssl req -x509 -new -key $1.key -subj \"/CN=$1\" -days 9 "
	"\\\n"
	"  -addext keyUsage=critical,keyCertSign -out $1.pem\n"
	"  openssl x509 -in $1.pem -outform DER -out $1.der; }\n"
	"USE='keyUsage=critical,digitalSignature\\nextendedKeyUsage=codeSigning\\n'\n"
	"POL=certificatePolicies=" LEVEL_POLICY_ARC "\n"
	"CODE=\"$USE$POL.4\\n\"\n"
	"leaf() { key $1 \"$2\"; cert $1 \"$1 signer\" $3 \"$4\"; sign $1 $1.cms ${5:-sha256}; }\n"
	"root root; root stranger\n"
	"leaf p256 \"${EC}256\" root \"$CODE\"; leaf p384 \"${EC}384\" root \"$CODE\" sha384\n"
	"leaf rsa3072 'RSA -pkeyopt rsa_keygen_bits:3072' root \"$CODE\"\n"
	"leaf rsa4096 'RSA -pkeyopt rsa_keygen_bits:4096' root \"$CODE\" sha512\n"
	"leaf rsa2048 'RSA -pkeyopt rsa_keygen_bits:2048' root \"$CODE\"\n"
	"leaf strange \"${EC}256\" stranger \"$CODE\"\n"
	"CA='basicConstraints=critical,CA:TRUE\\nkeyUsage=critical,keyCertSign\\n'\n"
	"key sub \"${EC}256\"; cert sub sub root \"$CA$POL.3\\n\"\n"
	"key bare \"${EC}256\"; cert bare bare root \"$CA\"; leaf unlimited \"${EC}256\" bare "
	"\"$CODE\"\n"
	"leaf partner \"${EC}256\" root \"$USE$POL.2\\n\"; leaf nolevel \"${EC}256\" root "
	"\"$USE\"\n"
	"leaf twolevels \"${EC}256\" root \"$USE$POL.2,${POL#*=}.3\\n\"\n"
	"leaf oddlevel \"${EC}256\" root \"$USE$POL.9\\n\"\n"
	"leaf mixed \"${EC}256\" root "
	"\"${USE}certificatePolicies=1.2.3.4,${POL#*=}.1,2.5.29.32.0\\n\"\n"
	"leaf partnersub \"${EC}256\" sub \"$USE$POL.2\\n\"\n"
	"cat root.der stranger.der >both.der; cat both.der root.der >three.der\n"
	"for c in p256 sub root; do openssl x509 -in $c.pem -noout -pubkey | openssl pkey -pubin "
	"-outform DER |\n"
	"  openssl dgst -sha256 -binary >$c.spki; done\n"
	"leaf below \"${EC}256\" sub \"$CODE\"\n"
	"key notca \"${EC}256\"; cert notca notca root \"$CODE\"; leaf fake \"${EC}256\" notca "
	"\"$CODE\"\n"
	"leaf server \"${EC}256\" root "
	"\"keyUsage=digitalSignature\\nextendedKeyUsage=serverAuth\\n$POL.4\\n\"\n"
	"leaf any \"${EC}256\" root \"keyUsage=digitalSignature\\n"
	"extendedKeyUsage=anyExtendedKeyUsage\\n$POL.4\\n\"\n"
	"leaf plain \"${EC}256\" root \"basicConstraints=CA:FALSE\\n$POL.4\\n\"\n"
	"leaf ca \"${EC}256\" root \"basicConstraints=CA:TRUE\\n"
	"keyUsage=digitalSignature,keyCertSign\\nextendedKeyUsage=codeSigning\\n$POL.4\\n\"\n"
	"sign p256 sha1.cms sha1\n"
	"sign p256 two.cms sha256 '-signer p384.pem -inkey p384.key'\n"
	"sign p256 attached.cms sha256 -nodetach\n"
	"openssl cms -sign -binary -nocerts -md sha256 -outform DER -in data -signer p256.pem \\\n"
	"  -inkey p256.key -out attributes.cms\n"
	"openssl cms -sign -binary -noattr -md sha256 -outform DER -in data -signer p256.pem \\\n"
	"  -inkey p256.key -out certs.cms\n";

static int run_script(const char *text)
{
	char command[sizeof(script) + 256];

	setenv("CMS_SCRIPT", text, 1);
	snprintf(command, sizeof(command), "bash -c \"$CMS_SCRIPT\" %s", directory);
	return system(command);
}

static int make_fixtures(void **state)
{
	if (!mkdtemp(directory))
		return -1;
	return run_script(script);
}

static int remove_fixtures(void **state)
{
	return run_script("rm -r \"$0\"");
}

static struct file read_file(const char *name, const char *suffix)
{
	struct file file = {0};
	char path[128];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s%s", directory, name, suffix);
	f = fopen(path, "rb");
	if (!f)
		fail_msg("%s is missing", path);
	file.size = fread(file.bytes, 1, sizeof(file.bytes), f);
	fclose(f);
	return file;
}

struct result {
	enum vmk_status status;
	struct signature_path path;
	const char *why;
};

static struct result verify(const struct file *data, const struct file *cms, const char *cert,
	const char *intermediate, const char *root)
{
	struct file leaf = read_file(cert, ".der"), top = read_file(root, ".der"), middle = {0};
	struct signature_cert certs[2] = {{leaf.bytes, leaf.size}};
	struct signature_data signed_data = {data->bytes, data->size, NULL};
	struct result r;

	if (intermediate)
		middle = read_file(intermediate, ".der");
	certs[1] = (struct signature_cert){middle.bytes, middle.size};
	r.status = signature_verify(&signed_data, cms->bytes, cms->size, certs,
		intermediate ? 2 : 1, top.bytes, top.size, &r.path, &r.why);
	return r;
}

static struct result verify_named(
	const char *cms, const char *cert, const char *intermediate, const char *root)
{
	struct file data = read_file("data", ""), signature = read_file(cms, ".cms");

	return verify(&data, &signature, cert, intermediate, root);
}

static void expect(struct result r, enum vmk_status status, const char *in_why)
{
	if (r.status != status || !r.why || !strstr(r.why, in_why))
		fail_msg("%s (%s), expected %s (%s)", vmk_status_name(r.status),
			r.why ? r.why : "-", vmk_status_name(status), in_why);
	assert_string_equal(r.path.signer, "");
	assert_int_equal(r.path.count, 0);
}

static void test_accepts(void **state)
{
	static const char *const signers[] = {"p256", "p384", "rsa3072", "rsa4096"};
	struct result r;
	char name[64];

	for (size_t i = 0; i < sizeof(signers) / sizeof(signers[0]); i++) {
		r = verify_named(signers[i], signers[i], NULL, "root");
		if (r.status != VMK_OK)
			fail_msg("%s: %s", signers[i], r.why);
		snprintf(name, sizeof(name), "%s signer", signers[i]);
		assert_string_equal(r.path.signer, name);
		assert_null(r.why);
	}
	r = verify_named("below", "below", "sub", "root");
	assert_int_equal(r.status, VMK_OK);
}

static void expect_limit(
	const char *name, const char *intermediate, enum acceptance_level limit, unsigned count)
{
	struct result r = verify_named(name, name, intermediate, "root");

	if (r.status != VMK_OK)
		fail_msg("%s: %s", name, r.why);
	assert_int_equal(r.path.limit, limit);
	assert_int_equal(r.path.count, count);
}

/* The lowest of the path's levels; exactly one in each certificate below the root. */
static void test_limits(void **state)
{
	expect_limit("p256", NULL, LEVEL_CERTIFIED, 2);
	expect_limit("partner", NULL, LEVEL_PARTNER, 2);
	expect_limit("mixed", NULL, LEVEL_COMMUNITY, 2);
	expect_limit("below", "sub", LEVEL_ACCEPTED, 3);
	expect_limit("partnersub", "sub", LEVEL_PARTNER, 3);
	/* An intermediate that nobody needs limits nothing. */
	expect_limit("p256", "sub", LEVEL_CERTIFIED, 2);
	expect(verify_named("nolevel", "nolevel", NULL, "root"), VMK_UNKNOWN_SIGNER, "one accept");
	expect(verify_named("twolevels", "twolevels", NULL, "root"), VMK_UNKNOWN_SIGNER,
		"one accept");
	expect(verify_named("oddlevel", "oddlevel", NULL, "root"), VMK_UNKNOWN_SIGNER,
		"one accept");
	expect(verify_named("unlimited", "unlimited", "bare", "root"), VMK_UNKNOWN_SIGNER,
		"one accept");
}

static void test_keys(void **state)
{
	static const char *const path[] = {"p256", "root"};
	struct result r = verify_named("p256", "p256", NULL, "root");

	for (unsigned i = 0; i < 2; i++)
		assert_memory_equal(r.path.keys[i], read_file(path[i], ".spki").bytes, 32);
	r = verify_named("below", "below", "sub", "root");
	assert_memory_equal(r.path.keys[1], read_file("sub", ".spki").bytes, 32);
	assert_memory_equal(r.path.keys[2], read_file("root", ".spki").bytes, 32);
}

/* While a root is replaced, both sign. */
static void test_two_roots(void **state)
{
	assert_int_equal(verify_named("p256", "p256", NULL, "both").status, VMK_OK);
	assert_int_equal(verify_named("strange", "strange", NULL, "both").status, VMK_OK);
	assert_int_equal(verify_named("below", "below", "sub", "both").status, VMK_OK);
	expect(verify_named("fake", "fake", "notca", "both"), VMK_UNKNOWN_SIGNER, "at a root");
	expect(verify_named("p256", "p256", NULL, "three"), VMK_BAD_FORMAT, "root certificates");
}

static void test_changed_data(void **state)
{
	struct file data = read_file("data", ""), cms = read_file("p256", ".cms");

	data.bytes[3] ^= 1;
	expect(verify(&data, &cms, "p256", NULL, "root"), VMK_BAD_SIGNATURE, "match the data");
	data.bytes[3] ^= 1;
	data.size--;
	expect(verify(&data, &cms, "p256", NULL, "root"), VMK_BAD_SIGNATURE, "match the data");
}

static void test_every_truncation_and_flip(void **state)
{
	struct file data = read_file("data", ""), cms = read_file("p256", ".cms");
	size_t whole = cms.size;

	for (cms.size = 0; cms.size < whole; cms.size++)
		assert_int_not_equal(verify(&data, &cms, "p256", NULL, "root").status, VMK_OK);
	for (size_t i = 0; i < whole; i++) {
		cms.bytes[i] ^= 0x20;
		if (verify(&data, &cms, "p256", NULL, "root").status == VMK_OK)
			fail_msg("byte %zu changed and nobody noticed", i);
		cms.bytes[i] ^= 0x20;
	}
	cms.bytes[cms.size++] = 0;
	expect(verify(&data, &cms, "p256", NULL, "root"), VMK_BAD_FORMAT, "not a CMS");
}

static void test_strangers(void **state)
{
	expect(verify_named("strange", "strange", NULL, "root"), VMK_UNKNOWN_SIGNER, "at a root");
	expect(verify_named("below", "below", NULL, "root"), VMK_UNKNOWN_SIGNER, "at a root");
	expect(verify_named("below", "below", "p256", "root"), VMK_UNKNOWN_SIGNER, "at a root");
	expect(verify_named("fake", "fake", "notca", "root"), VMK_UNKNOWN_SIGNER, "at a root");
	expect(verify_named("p256", "p384", NULL, "root"), VMK_BAD_SIGNATURE, "another cert");
}

static void test_usages(void **state)
{
	expect(verify_named("server", "server", NULL, "root"), VMK_UNKNOWN_SIGNER, "codeSigning");
	expect(verify_named("any", "any", NULL, "root"), VMK_UNKNOWN_SIGNER, "codeSigning");
	expect(verify_named("plain", "plain", NULL, "root"), VMK_UNKNOWN_SIGNER, "digitalSig");
	expect(verify_named("ca", "ca", NULL, "root"), VMK_UNKNOWN_SIGNER, "CA");
}

static void test_forms_refused(void **state)
{
	expect(verify_named("rsa2048", "rsa2048", NULL, "root"), VMK_UNSUPPORTED, "key or hash");
	expect(verify_named("sha1", "p256", NULL, "root"), VMK_UNSUPPORTED, "hash");
	expect(verify_named("attached", "p256", NULL, "root"), VMK_UNSUPPORTED, "detached");
	expect(verify_named("attributes", "p256", NULL, "root"), VMK_BAD_FORMAT, "not a CMS");
	expect(verify_named("certs", "p256", NULL, "root"), VMK_UNSUPPORTED, "own certificate");
	expect(verify_named("two", "p256", NULL, "root"), VMK_UNSUPPORTED, "");
}

static void test_nothing_there(void **state)
{
	struct file data = read_file("data", ""), none = {0}, leaf = read_file("p256", ".der");
	struct file cms = read_file("p256", ".cms"), root = read_file("root", ".der");
	struct signature_cert cert = {leaf.bytes, leaf.size}, tail = {leaf.bytes, leaf.size + 1};
	struct signature_data signed_data = {data.bytes, data.size, NULL};
	struct result r;

	expect(verify(&data, &none, "p256", NULL, "root"), VMK_UNSIGNED, "no signature");
	r.status = signature_verify(&signed_data, cms.bytes, cms.size, &cert, 0, root.bytes,
		root.size, &r.path, &r.why);
	expect(r, VMK_UNSIGNED, "no signature");
	r.status = signature_verify(&signed_data, cms.bytes, cms.size, &tail, 1, root.bytes,
		root.size, &r.path, &r.why);
	expect(r, VMK_BAD_FORMAT, "signer's certificate");
	r.status = signature_verify(
		&signed_data, cms.bytes, cms.size, &cert, 1, root.bytes, 0, &r.path, &r.why);
	expect(r, VMK_BAD_FORMAT, "root certificate");
}

/* The digest is taken for the data's, and a chain that is remembered changes no answer. */
static void test_known_digest_and_chain(void **state)
{
	struct file data = read_file("data", ""), leaf = read_file("p256", ".der");
	struct file cms = read_file("p256", ".cms"), root = read_file("root", ".der");
	struct signature_cert cert = {leaf.bytes, leaf.size};
	struct signature_path first;
	uint8_t digest[SHA256_BYTES];
	struct signature_data signed_data = {data.bytes, data.size, digest};
	struct result r;

	hash_sha256(data.bytes, data.size, digest);
	for (unsigned i = 0; i < 2; i++) {
		r.status = signature_verify(&signed_data, cms.bytes, cms.size, &cert, 1, root.bytes,
			root.size, &r.path, &r.why);
		assert_int_equal(r.status, VMK_OK);
		if (i == 0)
			first = r.path;
		assert_memory_equal(&first, &r.path, sizeof(first));
	}
	digest[7] ^= 1;
	r.status = signature_verify(&signed_data, cms.bytes, cms.size, &cert, 1, root.bytes,
		root.size, &r.path, &r.why);
	expect(r, VMK_BAD_SIGNATURE, "does not match");
	leaf.bytes[leaf.size - 1] ^= 1;
	digest[7] ^= 1;
	r.status = signature_verify(&signed_data, cms.bytes, cms.size, &cert, 1, root.bytes,
		root.size, &r.path, &r.why);
	expect(r, VMK_UNKNOWN_SIGNER, "does not end at a root");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_accepts),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_keys),
		cmocka_unit_test(test_two_roots),
		cmocka_unit_test(test_changed_data),
		cmocka_unit_test(test_every_truncation_and_flip),
		cmocka_unit_test(test_strangers),
		cmocka_unit_test(test_usages),
		cmocka_unit_test(test_forms_refused),
		cmocka_unit_test(test_nothing_there),
		cmocka_unit_test(test_known_digest_and_chain),
	};

	return cmocka_run_group_tests(tests, make_fixtures, remove_fixtures);
}
