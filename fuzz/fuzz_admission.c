/* sources: kernel/vmkmod/package.c kernel/vmkmod/manifest.c kernel/vmkmod/admission.c */
/* sources: kernel/vmkmod/manifest_text.c */
/* sources: kernel/vmkmod/parameters.c kernel/vmkmod/domain.c */
/* sources: kernel/vmkmod/load_policy.c kernel/vmkvm/image.c kernel/lib/keyval.c kernel/lib/hex.c */
/* quiet: tests/unit/shim/package_bytes.c */
/* coverage: edges, comparisons */
/*
 * Up to eight packages on one host, each with what its signature is said to be: none, bad, or good
 * with a limit and a signer's key. For each: {flags, 2 bytes manifest size, 2 bytes payload size,
 * manifest, payload}, after the host's level.
 * What is admitted obeys the rules of signing/README.md; and whatever a host admits would also be
 * admitted by one of a lower level, and by one without a policy.
 */
#include <stdlib.h>
#include <string.h>

#include "tests/unit/shim/package_bytes.h"
#include "vmkmod/admission.h"

#define PACKAGES    8u
#define PART_MAX    2048u
#define FLAG_SIGNED 0x01
#define FLAG_GOOD   0x02
#define FLAG_LIMIT  0x0c /* of the signer */
#define FLAG_KEY    0x70 /* the signer's key: 32 times this number */
#define FLAG_OTHER  0x80 /* the signer is another provider's */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct input {
	struct package_bytes bytes;
	struct package package;
	uint8_t flags;
};
static struct input inputs[PACKAGES];

static void check(bool condition)
{
	if (!condition)
		abort();
}

/* The flags of the package that lies in `package`'s buffer. */
static uint8_t flags_of(const struct package *package)
{
	for (unsigned i = 0; i < PACKAGES; i++)
		if (package->data == inputs[i].bytes.data)
			return inputs[i].flags;
	abort();
}

enum vmk_status package_verify(
	struct package *package, const uint8_t *roots, size_t roots_bytes, const char **why)
{
	const uint8_t flags = flags_of(package);

	package->path = (struct signature_path){0};
	*why = "as the input says";
	if (!(flags & FLAG_SIGNED))
		return VMK_UNSIGNED;
	if (!(flags & FLAG_GOOD))
		return VMK_BAD_SIGNATURE;
	*why = NULL;
	package->path.count = 1;
	package->path.limit = (enum acceptance_level)((flags & FLAG_LIMIT) >> 2);
	memset(package->path.keys[0], (flags & FLAG_KEY) >> 4, 32);
	memcpy(package->path.provider, package->provider, sizeof(package->provider));
	if (flags & FLAG_OTHER)
		package->path.provider[0] ^= 1;
	return VMK_OK;
}

/* Text without a zero byte, terminated: the shim measures it by its end. */
static char *take_text(struct reader *r, size_t size)
{
	static char text[PART_MAX + 1];
	const uint8_t *bytes = reader_bytes(r, size);

	for (size_t i = 0; i < size; i++)
		text[i] = bytes[i] ? (char)bytes[i] : '0';
	text[size] = 0;
	return text;
}

static bool take_input(struct reader *r, struct input *input)
{
	size_t manifest, payload;
	const uint8_t *bytes;
	const char *text;

	input->flags = reader_u8(r);
	manifest = reader_le16(r);
	payload = reader_le16(r);
	if (r->failed || manifest > PART_MAX || payload > PART_MAX ||
		manifest + payload > reader_left(r))
		return false;
	text = take_text(r, manifest);
	bytes = reader_bytes(r, payload);
	package_bytes_make(&input->bytes, text, bytes, payload);
	return true;
}

static void check_admitted(const struct admission *host, const struct input *input)
{
	const struct package *p = &input->package;

	if (input->flags & FLAG_SIGNED)
		check((input->flags & FLAG_GOOD) && !(input->flags & FLAG_OTHER) &&
			p->level >= host->host && p->level <= p->path.limit);
	else
		check(host->host == LEVEL_COMMUNITY && p->level == LEVEL_COMMUNITY &&
			p->kind != PACKAGE_POLICY);
	for (unsigned i = 0; i + 1 < host->count; i++) {
		check(strcmp(host->admitted[i]->name, p->name) != 0);
		check(p->kind != PACKAGE_CONFIG || host->admitted[i]->kind != PACKAGE_CONFIG);
		check(p->kind != PACKAGE_POLICY || host->admitted[i]->kind != PACKAGE_POLICY);
	}
}

/* The same question to a host that is like `before` but for one thing. */
static void check_easier(struct admission before, const struct package *package)
{
	struct package again = *package;
	const char *why;

	if (before.host > LEVEL_COMMUNITY)
		before.host--;
	check(admission_admit(&before, &again, &why) == VMK_OK);
}

static void check_policy_only_takes(struct admission before, const struct package *package)
{
	struct package again = *package;
	const char *why;

	before.policy = (struct load_policy){0};
	check(admission_admit(&before, &again, &why) == VMK_OK);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct reader r = reader_of(data, size);
	struct admission host = {.host = (enum acceptance_level)(reader_u8(&r) % LEVEL_COUNT)};

	for (unsigned i = 0; i < PACKAGES && take_input(&r, &inputs[i]); i++) {
		struct package *p = &inputs[i].package;
		struct admission before;
		const char *why = NULL;

		if (package_parse(inputs[i].bytes.data, inputs[i].bytes.size, p, &why) != VMK_OK)
			continue;
		before = host;
		if (admission_admit(&host, p, &why) != VMK_OK) {
			check(why && *why && host.count == before.count);
			check(host.policy.text == before.policy.text);
			continue;
		}
		check(!why && host.count == before.count + 1);
		check_admitted(&host, &inputs[i]);
		check_easier(before, p);
		check_policy_only_takes(before, p);
	}
	return 0;
}
