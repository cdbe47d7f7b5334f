/* sources: kernel/vmkmod/package.c kernel/vmkmod/manifest.c kernel/vmkmod/verify.c */
/* sources: kernel/vmkmod/manifest_text.c */
/* sources: kernel/vmkmod/parameters.c kernel/vmkmod/domain.c */
/* sources: kernel/lib/keyval.c kernel/trust/signature.c kernel/trust/hash.c */
/* sources: tests/unit/shim/panic.c */
/* sources: tests/unit/shim/test_file.c */
/* needs: build/host-lib/libmbedtls.a build/bin/vmksign */
/* libs: build/host-lib/libmbedtls.a */
/* What vmksign signs with OpenSSL, the kernel's own verification (mbedTLS) accepts, unchanged only.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "tests/unit/shim/test_file.h"
#include "vmkmod/package.h"

static char directory[] = "/tmp/test_vmksign_XXXXXX";

static const char script[] =
	"set -e; cd \"$0\"; v=$1; exec >log 2>&1\n"
	"printf 'name=probe\\nversion=7\\nprovider=Merlon\\nkind=config\\n"
	"level=PartnerSupported\\n' > manifest\n"
	"printf 'hostname=test\\n' > payload\n"
	"make() { $v package --manifest manifest --payload payload --out $1 $2; }\n"
	"for t in rsa3072 rsa4096 p256 p384; do\n"
	"  $v keys --out $t --type $t --name \"Test $t\"\n"
	"  make $t.pkg \"--key $t/provider.key --cert $t/provider.pem --chain "
	"$t/intermediate.pem\"\n"
	"done\n"
	"make again.pkg '--key rsa3072/provider.key --cert rsa3072/provider.der --chain "
	"rsa3072/intermediate.der'\n"
	"make unsigned.pkg\n"
	"no() { if \"$@\"; then exit 1; fi; }\n"
	"no $v keys --out rsa3072\n"
	"sed s/=Merlon/=Other/ manifest >other\n"
	"no $v package --manifest other --payload payload --out other.pkg --key p256/provider.key "
	"--cert p256/provider.pem --chain p256/intermediate.pem\n"
	"no make mixed.pkg '--key p256/provider.key --cert p384/provider.pem --chain "
	"p384/intermediate.pem'\n"
	"no $v package --manifest payload --payload payload --out bad.pkg\n"
	"printf 'vcpus=1\nmemory-kib=4096\n' | sed 's/kind=config/kind=vm/' manifest - >guest\n"
	"no $v package --manifest guest --payload payload --out guest.pkg 2>told\n"
	"grep -q '^vmksign: payload: VM image: .*: .vmksign vm-image. makes' told\n"
	"test ! -e guest.pkg; $v vm-image --out guest.vm kernel=payload\n"
	"$v package --manifest guest --payload guest.vm --out guest.pkg\n"
	"$v package --help >told; grep -q '^vm-image ' told\n"
	"no $v verify rsa3072.pkg 2>told; grep -q 'vmksign verify PACKAGE --root' told\n"
	"no grep -q 'vmksign keys' told; no $v frob 2>told; grep -q \"no command 'frob'\" told\n"
	"$v verify rsa3072.pkg --root rsa3072/root.pem\n"
	"no $v verify rsa3072.pkg --root p256/root.der\n"
	"no $v verify unsigned.pkg --root p256/root.der\n"
	"echo old >victim; ln -s victim link.pkg.new; make link.pkg\n"
	"test $(cat victim) = old; test ! -L link.pkg\n"
	"echo secret >password; : >empty; head -c 200 /dev/zero | tr '\\0' x >long\n"
	"a=\"account --name a.b_c-1 --iterations 10000\"\n"
	"$v $a --role read --password-file password >line\n"
	"grep -qE '^account.a.b_c-1=read "
	"SCRAM-SHA-256.10000:[A-Za-z0-9+/]{22}==.[A-Za-z0-9+/]{43}=:' line\n"
	"$v $a --role read --password-file - <password | no cmp - line\n"
	"cat payload line >accounts; sed 's/=read/=full/' accounts >typo\n"
	"config() { $v package --manifest manifest --payload $1 --out $1.pkg; }\n"
	"config accounts; no config typo 2>told; grep -q '^vmksign: typo: line 2 "
	"(account.a.b_c-1): .*role' told\n"
	"no $v $a --role full --password-file password\n"
	"no $v $a --role read --password-file empty\n"
	"no $v $a --role read --password-file long\n"
	"no $v $a --role read --password-file absent\n"
	"no $v $a --role read --password-file password --name 'a b'\n"
	"no $v $a --role read --password-file password --iterations 9999\n"
	"test -z \"$(ls *.new mixed.pkg bad.pkg other.pkg typo.pkg 2>/dev/null)\"\n";

static struct test_file load(const char *name)
{
	struct test_file file;

	test_file_load(directory, name, &file);
	return file;
}

static enum vmk_status verify(
	const struct test_file *f, const char *root_name, struct package *package)
{
	struct test_file root = load(root_name);
	const char *why = NULL;
	enum vmk_status status = package_parse(f->data, f->size, package, &why);

	if (status == VMK_OK)
		status = package_verify(package, root.data, root.size, &why);
	if (status != VMK_OK)
		assert_non_null(why);
	return status;
}

static void check_type(const char *type)
{
	char name[64], root[64], signer[64];
	struct package package;
	struct test_file f;

	snprintf(name, sizeof(name), "%s.pkg", type);
	snprintf(root, sizeof(root), "%s/root.der", type);
	snprintf(signer, sizeof(signer), "Test %s provider", type);
	f = load(name);
	assert_int_equal(verify(&f, root, &package), VMK_OK);
	assert_string_equal(package.path.signer, signer);
	assert_string_equal(package.path.provider, "Merlon");
	assert_string_equal(package.name, "probe");
}

static void test_key_types(void **state)
{
	check_type("rsa3072");
	check_type("rsa4096");
	check_type("p256");
	check_type("p384");
}

static void test_deterministic(void **state)
{
	struct test_file a = load("rsa3072.pkg"), b = load("again.pkg");

	assert_int_equal(a.size, b.size);
	assert_memory_equal(a.data, b.data, a.size);
}

static void test_stranger(void **state)
{
	struct test_file f = load("rsa3072.pkg");
	struct package package;

	assert_int_equal(verify(&f, "p256/root.der", &package), VMK_UNKNOWN_SIGNER);
	assert_string_equal(package.path.signer, "");
}

static void test_unsigned(void **state)
{
	struct test_file f = load("unsigned.pkg");
	struct package package;

	assert_int_equal(verify(&f, "p256/root.der", &package), VMK_UNSIGNED);
}

/* Every byte of the signed part counts, in value. */
static void test_each_byte(void **state)
{
	struct test_file f = load("p256.pkg");
	struct package package;
	size_t signed_bytes;

	assert_int_equal(verify(&f, "p256/root.der", &package), VMK_OK);
	signed_bytes = package.signed_bytes;
	for (size_t i = 0; i < signed_bytes; i++) {
		f.data[i] ^= 1;
		assert_int_not_equal(verify(&f, "p256/root.der", &package), VMK_OK);
		f.data[i] ^= 1;
	}
	f.data[signed_bytes - 8] ^= 1;
	assert_int_equal(verify(&f, "p256/root.der", &package), VMK_BAD_SIGNATURE);
}

/* The whole file's digest, trailer included, is what is measured. */
static void test_digest(void **state)
{
	struct test_file f = load("p256.pkg");
	struct package package;
	uint8_t before[32];

	verify(&f, "p256/root.der", &package);
	memcpy(before, package.sha256, sizeof(before));
	f.data[f.size - 20] ^= 1;
	verify(&f, "p256/root.der", &package);
	assert_memory_not_equal(before, package.sha256, sizeof(before));
}

static int set_up(void **state)
{
	char tool[4096], command[12288];

	if (!mkdtemp(directory) || !realpath("build/bin/vmksign", tool))
		return -1;
	if (setenv("SCRIPT", script, 1) != 0)
		return -1;
	snprintf(command, sizeof(command), "bash -c \"$SCRIPT\" %s %s", directory, tool);
	return system(command);
}

static int tear_down(void **state)
{
	char command[128];

	snprintf(command, sizeof(command), "rm -r %s", directory);
	return system(command);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_key_types),
		cmocka_unit_test(test_deterministic),
		cmocka_unit_test(test_stranger),
		cmocka_unit_test(test_unsigned),
		cmocka_unit_test(test_each_byte),
		cmocka_unit_test(test_digest),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
