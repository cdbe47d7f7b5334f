/* sources: kernel/vmkmod/package.c kernel/vmkmod/manifest.c kernel/vmkmod/verify.c */
/* sources: kernel/vmkmod/manifest_text.c */
/* sources: kernel/vmkmod/parameters.c kernel/vmkmod/domain.c */
/* sources: kernel/vmkmod/admission.c kernel/vmkmod/load_policy.c kernel/vmkvm/image.c */
/* sources: kernel/lib/keyval.c kernel/lib/hex.c kernel/trust/signature.c kernel/trust/hash.c */
/* sources: kernel/trust/security.c kernel/boot/options.c tests/unit/shim/panic.c */
/* sources: tests/unit/shim/test_file.c */
/* needs: build/host-lib/libmbedtls.a build/bin/vmksign */
/* libs: build/host-lib/libmbedtls.a */
/*
 * Which packages load on which host, with real signatures: the 48 verdicts, what a signer's
 * certificate allows, revocation, floors, two roots, and that every refusal has a name of its own.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "tests/unit/shim/test_file.h"
#include "trust/security.h"
#include "vmkmod/admission.h"

#define FILES_KEPT 16

struct file {
	struct test_file bytes;
	struct package package;
};

static char directory[] = "/tmp/test_levels_XXXXXX";

/* Packages NAME.pkg of each level, by providers of each limit, of three roots. */
static const char script[] =
	"set -e; cd \"$0\"; v=$1; exec >log 2>&1\n"
	"levels='CommunitySupported PartnerSupported Accepted Certified'\n"
	"body() { printf \"name=$1\\nversion=7\\nprovider=merlon\\nkind=$2\\nlevel=$3\\n$4\" "
	">manifest; }\n"
	"make() { out=$1; shift; $v package --manifest manifest --payload payload --out $out.pkg "
	"\"$@\"; }\n"
	"by() { make $1 --key $2.key --cert $2.pem --chain $3.pem; }\n"
	"root() { $v certificate --role root --type p256 --name $1 --out $1; }\n"
	"sub() { $v certificate --role intermediate --type p256 --name $1 --out $1 --level $3 \\\n"
	"  --issuer $2.pem --issuer-key $2.key; }\n"
	"provider() { $v certificate --role provider --type p256 --name $1 --out $1 --level $3 \\\n"
	"  --provider ${4:-merlon} \\\n"
	"  --issuer $2.pem --issuer-key $2.key; }\n"
	"printf 'hostname=test\\n' >payload\n"
	"root old; root new; root stranger; cat old.der new.der >roots\n"
	"sub oldsub old Certified; sub newsub new Accepted; sub strangesub stranger Certified\n"
	"provider newp newsub Certified; provider strangep strangesub Certified\n"
	"for l in $levels; do provider may$l oldsub $l; done\n"
	"for l in $levels; do\n"
	"  body probe config $l; make absent$l; by good$l mayCertified oldsub\n"
	"  by new$l newp newsub; for m in $levels; do by $m-gives-$l may$m oldsub; done\n"
	"done\n"
	"body probe config Certified; by stranger strangep strangesub\n"
	"printf 'payload' >payload; P=PartnerSupported\n"
	"body first driver $P 'vmkapi=4\\n'; by driver mayCertified oldsub\n"
	"body first driver $P 'vmkapi=1\\n'; by oldapi mayCertified oldsub\n"
	"body vmx world $P 'syscalls=exit\\nvm=yes\\n'; by oldvmx mayCertified oldsub\n"
	"body vmx world $P 'syscalls=exit\\nvm=yes\\nvm-calls=3\\n'; by vmx mayCertified oldsub\n"
	"body same world $P 'syscalls=exit\\nsecurity-version=4\\n'; by v4 mayCertified oldsub\n"
	"body same world $P 'syscalls=exit\\nsecurity-version=5\\n'; by v5 mayAccepted oldsub\n"
	"$v second v4.pkg --signature payload --out two.pkg\n"
	"! $v second two.pkg --signature payload --out three.pkg; test ! -f three.pkg\n"
	"fp() { openssl x509 -in $1.pem -noout -pubkey | openssl pkey -pubin -outform DER |\n"
	"  openssl dgst -sha256 -r | cut -d' ' -f1; }\n"
	"policy() { body $1 policy $P; by $1 mayPartnerSupported oldsub; }\n"
	"echo floor.same=5 >payload; policy floor\n"
	"echo revoked-keys=$(fp strangep),$(fp mayAccepted) >payload; policy nosigner\n"
	"echo revoked-keys=$(fp newsub) >payload; policy nosub\n"
	"echo revoked-keys=$(fp old) >payload; policy noroot\n"
	"echo second-signature=demanded >payload; policy second\n"
	/* Another's package, signed by one of ours: vmksign makes none, so it is put together. */
	"echo floor.same=1 >payload; body free policy CommunitySupported; make unsignedpolicy\n"
	"by signedpolicy mayCommunitySupported oldsub\n"
	"byte() { printf \"\\\\$(printf %o $1)\"; }\n"
	"record() { n=$(wc -c <$2); byte $1; byte 0; byte 0; byte 0; byte $((n % 256));\n"
	"  byte $((n / 256)); byte 0; byte 0; cat $2; head -c $(((8 - n % 8) % 8)) /dev/zero; }\n"
	"echo hostname=test >payload; body probe config $P; make raw\n"
	"provider otherp oldsub Certified Other\n"
	"! by foreign otherp oldsub; test ! -f foreign.pkg\n"
	"openssl cms -sign -binary -noattr -nocerts -md sha256 -outform DER -in raw.pkg \\\n"
	"  -signer otherp.pem -inkey otherp.key -out raw.cms\n"
	"{ cat raw.pkg; record 1 otherp.der; record 1 oldsub.der; record 2 raw.cms; } "
	">foreign.pkg\n"
	"openssl cms -sign -binary -noattr -nocerts -md sha256 -outform DER -in raw.pkg \\\n"
	"  -signer mayAccepted.pem -inkey mayAccepted.key -out raw.cms\n"
	"{ cat raw.pkg; record 1 mayAccepted.der; record 1 oldsub.der; record 2 raw.cms; } \\\n"
	"  >own.pkg\n";

/* A host; the files of what it admitted stay until the next one. */
static struct admission host;
static struct test_file roots;
static struct file files[FILES_KEPT];
static unsigned file_count;
static const char *why;

static void new_host(enum acceptance_level level, const char *roots_name)
{
	test_file_load(directory, roots_name, &roots);
	host = (struct admission){.host = level, .roots = roots.data, .roots_bytes = roots.size};
	file_count = 0;
}

static enum vmk_status admit_file(struct file *f)
{
	enum vmk_status status = package_parse(f->bytes.data, f->bytes.size, &f->package, &why);

	if (status == VMK_OK)
		status = admission_admit(&host, &f->package, &why);
	assert_true((status == VMK_OK) == (why == NULL));
	return status;
}

static enum vmk_status admit(const char *name)
{
	char file[128];

	snprintf(file, sizeof(file), "%s.pkg", name);
	assert_in_range(file_count, 0, FILES_KEPT - 1);
	test_file_load(directory, file, &files[file_count].bytes);
	return admit_file(&files[file_count++]);
}

static void expect(const char *name, enum vmk_status status)
{
	enum vmk_status found = admit(name);

	if (found != status)
		fail_msg("%s: %s (%s), expected %s", name, vmk_status_name(found), why ? why : "",
			vmk_status_name(status));
}

/*
 * The 48 verdicts: the package's level, the host's, and what each kind of signature leads to. Good
 * is by a signer who may give every level; bad is the same with one bit of the payload changed.
 */
#define C    LEVEL_COMMUNITY
#define P    LEVEL_PARTNER
#define A    LEVEL_ACCEPTED
#define X    LEVEL_CERTIFIED
#define OK   VMK_OK
#define LOW  VMK_LEVEL_TOO_LOW
#define BAD  VMK_BAD_SIGNATURE
#define NONE VMK_UNSIGNED
static const struct {
	enum acceptance_level package, host;
	enum vmk_status good, bad, absent;
} verdicts[] = {
	/* clang-format off */
	{C, C, OK,  BAD, OK},   {C, P, LOW, BAD, NONE}, {C, A, LOW, BAD, NONE}, {C, X, LOW, BAD, NONE},
	{P, C, OK,  BAD, NONE}, {P, P, OK,  BAD, NONE}, {P, A, LOW, BAD, NONE}, {P, X, LOW, BAD, NONE},
	{A, C, OK,  BAD, NONE}, {A, P, OK,  BAD, NONE}, {A, A, OK,  BAD, NONE}, {A, X, LOW, BAD, NONE},
	{X, C, OK,  BAD, NONE}, {X, P, OK,  BAD, NONE}, {X, A, OK,  BAD, NONE}, {X, X, OK,  BAD, NONE},
	/* clang-format on */
};
#undef C
#undef P
#undef A
#undef X
#undef OK
#undef LOW
#undef BAD
#undef NONE

static void check(unsigned row, const char *signature, enum vmk_status expected)
{
	enum vmk_status found;
	char name[64];

	snprintf(name, sizeof(name), "%s%s.pkg", strcmp(signature, "absent") ? "good" : "absent",
		acceptance_level_name(verdicts[row].package));
	new_host(verdicts[row].host, "old.der");
	test_file_load(directory, name, &files[0].bytes);
	if (strcmp(signature, "bad") == 0) {
		assert_int_equal(package_parse(files[0].bytes.data, files[0].bytes.size,
					 &files[0].package, &why),
			VMK_OK);
		files[0].bytes.data[files[0].package.payload - files[0].bytes.data] ^= 1;
	}
	found = admit_file(&files[0]);
	if (found != expected)
		fail_msg("%s package, %s host, signature %s: %s, expected %s",
			acceptance_level_name(verdicts[row].package),
			acceptance_level_name(verdicts[row].host), signature,
			vmk_status_name(found), vmk_status_name(expected));
	assert_int_equal(host.count, expected == VMK_OK);
	assert_int_equal(files[0].package.path.count, strcmp(signature, "good") == 0 ? 3 : 0);
}

static void test_48_verdicts(void **state)
{
	bool seen[LEVEL_COUNT][LEVEL_COUNT] = {0};

	for (unsigned i = 0; i < ARRAY_SIZE(verdicts); i++) {
		check(i, "good", verdicts[i].good);
		check(i, "bad", verdicts[i].bad);
		check(i, "absent", verdicts[i].absent);
		seen[verdicts[i].package][verdicts[i].host] = true;
	}
	for (unsigned i = 0; i < LEVEL_COUNT * LEVEL_COUNT; i++)
		assert_true(seen[i / LEVEL_COUNT][i % LEVEL_COUNT]);
}

/* A signer gives its own level and those below, on any host that would take them. */
static void test_signers_limit(void **state)
{
	for (unsigned may = 0; may < LEVEL_COUNT; may++)
		for (unsigned level = 0; level < LEVEL_COUNT; level++) {
			char name[64];

			snprintf(name, sizeof(name), "%s-gives-%s", acceptance_level_name(may),
				acceptance_level_name(level));
			new_host(LEVEL_COMMUNITY, "old.der");
			expect(name, level <= may ? VMK_OK : VMK_LEVEL_TOO_HIGH);
			assert_int_equal(files[0].package.path.limit, may);
		}
}

/* The provider may give Certified, but its intermediate only Accepted. */
static void test_intermediates_limit(void **state)
{
	new_host(LEVEL_COMMUNITY, "roots");
	expect("newCertified", VMK_LEVEL_TOO_HIGH);
	expect("newAccepted", VMK_OK);
}

static void test_rotation(void **state)
{
	new_host(LEVEL_PARTNER, "old.der");
	expect("newAccepted", VMK_UNKNOWN_SIGNER);
	new_host(LEVEL_PARTNER, "new.der");
	expect("goodAccepted", VMK_UNKNOWN_SIGNER);
	expect("newAccepted", VMK_OK);
	new_host(LEVEL_PARTNER, "roots");
	expect("goodAccepted", VMK_OK);
	expect("stranger", VMK_UNKNOWN_SIGNER);
	/* The old root is given up without a new kernel. */
	new_host(LEVEL_PARTNER, "roots");
	expect("noroot", VMK_OK);
	expect("goodAccepted", VMK_REVOKED);
	expect("newAccepted", VMK_OK);
}

static void test_revocation(void **state)
{
	new_host(LEVEL_PARTNER, "roots");
	expect("nosigner", VMK_OK);
	expect("v5", VMK_REVOKED);
	assert_non_null(strstr(why, "revocation list"));
	expect("v4", VMK_OK);
	new_host(LEVEL_PARTNER, "roots");
	expect("nosub", VMK_OK);
	expect("newAccepted", VMK_REVOKED);
	expect("v5", VMK_OK);
}

static void test_floor(void **state)
{
	new_host(LEVEL_PARTNER, "old.der");
	expect("floor", VMK_OK);
	expect("v4", VMK_ROLLED_BACK);
	expect("v5", VMK_OK);
	expect("driver", VMK_OK);
}

static void test_other_refusals(void **state)
{
	struct file cut;

	new_host(LEVEL_PARTNER, "old.der");
	expect("oldapi", VMK_WRONG_VMKAPI);
	expect("oldvmx", VMK_WRONG_VMKAPI);
	assert_non_null(strstr(why, "vm-calls"));
	expect("vmx", VMK_OK);
	expect("driver", VMK_OK);
	expect("driver", VMK_DUPLICATE_NAME);
	expect("floor", VMK_OK);
	expect("nosub", VMK_EXISTS);
	test_file_load(directory, "v5.pkg", &cut.bytes);
	cut.bytes.size = 100;
	assert_int_equal(admit_file(&cut), VMK_TRUNCATED);
	new_host(LEVEL_PARTNER, "old.der");
	expect("second", VMK_OK);
	expect("driver", VMK_UNSUPPORTED);
	assert_non_null(strstr(why, "second signature"));
	expect("two", VMK_UNSUPPORTED);
	/* Where none is demanded it is passed over. */
	new_host(LEVEL_PARTNER, "old.der");
	expect("two", VMK_OK);
	assert_true(files[0].package.has_second);
}

/* In whose name a package comes is not its own word. */
static void test_provider(void **state)
{
	for (unsigned level = 0; level <= LEVEL_PARTNER; level++) {
		new_host((enum acceptance_level)level, "old.der");
		expect("foreign", VMK_WRONG_PROVIDER);
		assert_non_null(strstr(why, "organization (O)"));
		expect("own", VMK_OK);
		assert_string_equal(files[1].package.path.provider, "merlon");
	}
}

/* It must not take the place of a signed one, not even where anything else may be unsigned. */
static void test_unsigned_policy(void **state)
{
	new_host(LEVEL_COMMUNITY, "old.der");
	expect("unsignedpolicy", VMK_UNSIGNED);
	assert_non_null(strstr(why, "a policy needs a signature on every host"));
	assert_false(host.has_policy);
	expect("signedpolicy", VMK_OK);
	expect("absentCommunitySupported", VMK_OK);
	new_host(LEVEL_PARTNER, "old.der");
	expect("unsignedpolicy", VMK_UNSIGNED);
}

/* What a refused policy says counts for nothing. */
static void test_refused_counts_for_nothing(void **state)
{
	new_host(LEVEL_CERTIFIED, "old.der");
	expect("floor", VMK_LEVEL_TOO_LOW);
	assert_false(host.has_policy);
	assert_int_equal(load_policy_floor(&host.policy, "same"), 0);
	assert_int_equal(host.count, 0);
}

static void test_host_level(void **state)
{
	static const struct {
		const char *cmdline;
		enum vmk_status status;
		enum acceptance_level level;
	} cases[] = {
		{"", VMK_OK, LEVEL_PARTNER},
		{"cpus=4", VMK_OK, LEVEL_PARTNER},
		{"acceptanceLevel=CommunitySupported", VMK_OK, LEVEL_COMMUNITY},
		{"a acceptanceLevel=Accepted b", VMK_OK, LEVEL_ACCEPTED},
		{"xacceptanceLevel=Accepted", VMK_OK, LEVEL_PARTNER},
		{"acceptanceLevelx=Accepted", VMK_OK, LEVEL_PARTNER},
		{"acceptanceLevel", VMK_BAD_PARAM, LEVEL_CERTIFIED},
		{"acceptanceLevel=", VMK_BAD_PARAM, LEVEL_CERTIFIED},
		{"acceptanceLevel=Community", VMK_BAD_PARAM, LEVEL_CERTIFIED},
		{"acceptanceLevel=CommunitySupportedCommunitySupported", VMK_BAD_PARAM,
			LEVEL_CERTIFIED},
		{"acceptanceLevel=Accepted acceptanceLevel=CommunitySupported", VMK_OK,
			LEVEL_ACCEPTED},
	};
	char text[SECURITY_TEXT_MAX];

	for (unsigned i = 0; i < ARRAY_SIZE(cases); i++) {
		enum acceptance_level level;

		assert_int_equal(security_host_level(cases[i].cmdline, &level), cases[i].status);
		assert_int_equal(level, cases[i].level);
	}
	security_describe(LEVEL_CERTIFIED, text, sizeof(text));
	assert_string_equal(text,
		"security execInstalledOnly=TRUE acceptanceLevel=Certified kaslr=TRUE wx=TRUE");
}

static void test_policy_texts(void **state)
{
#define HEX "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
	static const struct {
		const char *text;
		bool good;
	} cases[] = {
		{"# nothing\n", true},
		{"revoked-keys=" HEX "\n", true},
		{"revoked-keys=" HEX "," HEX "\nfloor.a=1\nsecond-signature=no\n", true},
		{"revoked-keys=\n", false},
		{"revoked-keys=" HEX ",\n", false},
		{"revoked-keys=" HEX "0\n", false},
		{"revoked-keys=" HEX " " HEX "\n", false},
		{"revoked-keys=0" HEX "\n", false},
		{"revoked-keys=x0112233445566778899aabbccddeeff00112233445566778899aabbccddeeff\n",
			false},
		{"floor.=1\n", false},
		{"floor.a=0\n", false},
		{"floor.a=-1\n", false},
		{"floor.a=1000000001\n", false},
		{"floor.a=1\nfloor.a=2\n", false},
		{"second-signature=yes\n", false},
		{"colour=blue\n", false},
	};
	struct load_policy policy;
	const char *reason;

	for (unsigned i = 0; i < ARRAY_SIZE(cases); i++) {
		const bool good = load_policy_parse(cases[i].text, strlen(cases[i].text), &policy,
					  &reason) == VMK_OK;

		if (good != cases[i].good || good != (reason == NULL))
			fail_msg("%s", cases[i].text);
		if (!good)
			assert_null(policy.text);
	}
}

static int run(const char *format, const char *tool)
{
	char command[12288];

	snprintf(command, sizeof(command), format, directory, tool);
	return system(command);
}

static int set_up(void **state)
{
	char tool[4096];

	if (!mkdtemp(directory) || !realpath("build/bin/vmksign", tool) ||
		setenv("SCRIPT", script, 1) != 0)
		return -1;
	return run("bash -c \"$SCRIPT\" %s %s", tool);
}

static int tear_down(void **state)
{
	return run("rm -r %s%s", "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_48_verdicts),
		cmocka_unit_test(test_signers_limit),
		cmocka_unit_test(test_intermediates_limit),
		cmocka_unit_test(test_rotation),
		cmocka_unit_test(test_revocation),
		cmocka_unit_test(test_floor),
		cmocka_unit_test(test_provider),
		cmocka_unit_test(test_unsigned_policy),
		cmocka_unit_test(test_other_refusals),
		cmocka_unit_test(test_refused_counts_for_nothing),
		cmocka_unit_test(test_host_level),
		cmocka_unit_test(test_policy_texts),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
