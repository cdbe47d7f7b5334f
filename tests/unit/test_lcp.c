/* sources: tboot-integration/txtsim/model/lcp.c tboot-integration/txtsim/model/lcplist.c */
/* sources: tboot-integration/txtsim/model/digest.c */
/* libs: -lcrypto */
/* needs: build/tests/lcp/stamp */
/* Launch control policies as the distribution's tools write them, and every way to spoil them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "tboot-integration/txtsim/model/bytes.h"
#include "tboot-integration/txtsim/model/lcp.h"

#define VECTORS     "build/tests/lcp"
#define FILE_MAX    8192u
#define POLICY_SIZE 70u
#define DATA_HEADER 36u

struct file {
	uint8_t bytes[FILE_MAX];
	size_t size;
};

static struct file policy_file, data_file;
static struct lcp_launch launch;
static struct lcp_outcome outcome;

static bool read_file(const char *name, const char *kind, struct file *file)
{
	char path[256];
	FILE *f;

	snprintf(path, sizeof(path), VECTORS "/%s.%s", name, kind);
	f = fopen(path, "rb");
	file->size = f ? fread(file->bytes, 1, FILE_MAX, f) : 0;
	if (f)
		fclose(f);
	return f != NULL;
}

/* The MLE and platform that the vectors speak of. */
static int setup(void **state)
{
	memset(&launch, 0, sizeof(launch));
	memset(launch.mle.sha256, 0xaa, sizeof(launch.mle.sha256));
	memset(launch.mle.sha1, 0xa1, sizeof(launch.mle.sha1));
	memset(launch.pcr[0].sha256, 0xc0, 32);
	memset(launch.pcr[2].sha256, 0xc0, 32);
	launch.sinit_version = 1;
	return 0;
}

static enum lcp_result evaluate(void)
{
	struct lcp_policy policy;
	enum lcp_result result = lcp_parse(policy_file.bytes, policy_file.size, &policy);

	if (result != LCP_ALLOWED)
		return result;
	return lcp_evaluate(&policy, data_file.size ? data_file.bytes : NULL, data_file.size,
		&launch, &outcome);
}

static enum lcp_result of(const char *name)
{
	assert_true(read_file(name, "pol", &policy_file));
	read_file(name, "data", &data_file);
	return evaluate();
}

static void what_the_tools_wrote(void **state)
{
	static const struct {
		const char *name;
		enum lcp_result result;
	} rows[] = {
		{"any", LCP_ALLOWED},
		{"any9", LCP_OLD_SINIT},
		{"a", LCP_ALLOWED},
		{"b", LCP_NO_MLE},
		{"p", LCP_ALLOWED},
		{"ab", LCP_ALLOWED},
		{"mixed", LCP_ALLOWED},
		{"bq", LCP_NO_MLE},
		{"new", LCP_OLD_SINIT},
		{"sha1", LCP_ALLOWED},
		{"sha1masked", LCP_NO_MLE},
		{"byte1", LCP_ALLOWED},
		{"signed2048", LCP_ALLOWED},
		{"signed3072", LCP_ALLOWED},
		{"revoked", LCP_REVOKED},
		{"noalg", LCP_BAD_SIGNATURE},
		{"pss", LCP_ALLOWED},
		{"plain3", LCP_ALLOWED},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		enum lcp_result result = of(rows[i].name);

		if (result != rows[i].result)
			fail_msg("%s: %s, expected %s", rows[i].name, lcp_result_text(result),
				lcp_result_text(rows[i].result));
	}
}

static void another_platform_is_refused(void **state)
{
	launch.pcr[2].sha256[31] ^= 1;
	assert_int_equal(of("p"), LCP_NO_PCONF);
	assert_int_equal(of("mixed"), LCP_NO_PCONF);
	assert_int_equal(of("signed2048"), LCP_NO_PCONF);
	assert_int_equal(of("a"), LCP_ALLOWED); /* says nothing of the platform */
	setup(NULL);
	launch.pcr[3].sha256[0] = 1; /* not selected */
	assert_int_equal(of("p"), LCP_ALLOWED);
	launch.mle.sha256[0] ^= 1;
	assert_int_equal(of("a"), LCP_NO_MLE);
	assert_int_equal(of("p"), LCP_ALLOWED); /* says nothing of the MLE */
}

static void events_say_what_decided(void **state)
{
	struct digests whole;

	assert_int_equal(of("any"), LCP_ALLOWED);
	assert_int_equal(outcome.details.size, 0);
	assert_int_equal(outcome.authorities.size, 0);

	assert_int_equal(of("a"), LCP_ALLOWED);
	assert_int_equal(outcome.details.size, 6 + 32);
	assert_int_equal(le32(outcome.details.data), 0x10);
	assert_int_equal(le16(outcome.details.data + 4), 0xb);
	assert_memory_equal(outcome.details.data + 6, launch.mle.sha256, 32);
	digest_of(data_file.bytes + DATA_HEADER, data_file.size - DATA_HEADER, &whole);
	assert_int_equal(outcome.authorities.size, 32);
	assert_memory_equal(outcome.authorities.data, whole.sha256, 32);

	assert_int_equal(of("signed2048"), LCP_ALLOWED);
	assert_int_equal(outcome.details.size, 2 * (6 + 32));
	assert_int_equal(le32(outcome.details.data + 38), 0x11);
	/* the authority is the key: its modulus lies before the signature */
	digest_of(data_file.bytes + data_file.size - 512, 256, &whole);
	assert_memory_equal(outcome.authorities.data, whole.sha256, 32);
	assert_memory_equal(outcome.authorities.data + 32, whole.sha256, 32);

	assert_int_equal(of("sha1"), LCP_ALLOWED);
	assert_int_equal(outcome.details.size, 6 + 20);
}

static void data_must_be_those_of_the_policy(void **state)
{
	struct file other;

	assert_int_equal(of("a"), LCP_ALLOWED);
	assert_true(read_file("ab", "data", &other));
	data_file = other;
	assert_int_equal(evaluate(), LCP_BAD_DATA);
	data_file.size = 0;
	assert_int_equal(evaluate(), LCP_NO_DATA);
}

/* No byte of the policy data can change unnoticed but the reserved ones. */
static void every_byte_counts(void **state)
{
	static const char *const names[] = {"mixed", "signed2048", "pss"};

	for (unsigned n = 0; n < 3; n++) {
		assert_int_equal(of(names[n]), LCP_ALLOWED);
		for (size_t at = 0; at < data_file.size; at++) {
			if (at >= 32 && at < 35)
				continue;
			data_file.bytes[at] ^= 0x10;
			if (evaluate() == LCP_ALLOWED)
				fail_msg("%s: byte %zu", names[n], at);
			data_file.bytes[at] ^= 0x10;
		}
	}
}

static void every_truncation(void **state)
{
	assert_int_equal(of("signed2048"), LCP_ALLOWED);
	for (size_t size = data_file.size; size-- > 1;) {
		uint8_t *exact = malloc(size);
		struct lcp_policy policy;

		memcpy(exact, data_file.bytes, size);
		assert_int_equal(
			lcp_parse(policy_file.bytes, policy_file.size, &policy), LCP_ALLOWED);
		assert_int_not_equal(
			lcp_evaluate(&policy, exact, size, &launch, &outcome), LCP_ALLOWED);
		free(exact);
	}
	for (policy_file.size = 0; policy_file.size < POLICY_SIZE; policy_file.size++)
		assert_int_equal(evaluate(), LCP_MALFORMED);
}

static void policies_of_other_kinds(void **state)
{
	assert_int_equal(of("a"), LCP_ALLOWED);
	policy_file.bytes[4] = 2;
	assert_int_equal(evaluate(), LCP_MALFORMED);
	assert_int_equal(of("a"), LCP_ALLOWED);
	policy_file.bytes[1] = 2;
	assert_int_equal(evaluate(), LCP_MALFORMED);
	assert_int_equal(of("a"), LCP_ALLOWED);
	put_le16(policy_file.bytes + 2, 0xc); /* SHA-384 */
	assert_int_equal(evaluate(), LCP_MALFORMED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(what_the_tools_wrote, setup),
		cmocka_unit_test_setup(another_platform_is_refused, setup),
		cmocka_unit_test_setup(events_say_what_decided, setup),
		cmocka_unit_test_setup(data_must_be_those_of_the_policy, setup),
		cmocka_unit_test_setup(every_byte_counts, setup),
		cmocka_unit_test_setup(every_truncation, setup),
		cmocka_unit_test_setup(policies_of_other_kinds, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
