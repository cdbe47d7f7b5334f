/* sources: policy/predict/owner.c */
/* sources: tboot-integration/txtsim/model/lcp.c tboot-integration/txtsim/model/lcplist.c */
/* sources: tboot-integration/txtsim/model/digest.c */
/* libs: -lcrypto */
/* needs: build/tests/lcp/stamp */
/* What a prediction makes of an owner's launch control policy, written by the distribution's tools.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "policy/predict/owner.h"
#include "trust/txt_events.h"

#define VECTORS  "build/tests/lcp"
#define FILE_MAX 8192u

static struct owner owner;
static struct owner_event event;
static const char *why;

static struct buffer load(const char *name, const char *kind)
{
	struct buffer file = {.data = malloc(FILE_MAX)};
	char path[256];
	FILE *f;

	snprintf(path, sizeof(path), VECTORS "/%s.%s", name, kind);
	f = fopen(path, "rb");
	assert_non_null(f);
	assert_non_null(file.data);
	file.size = fread(file.data, 1, FILE_MAX, f);
	fclose(f);
	return file;
}

/* The MLE's digest is one byte, repeated. */
static enum vmk_status read_owner(const char *name, uint8_t mle, bool with_data)
{
	struct buffer policy = load(name, "pol"), data = {0};
	struct digests digests;
	enum vmk_status status;

	why = NULL;
	memset(&digests, mle, sizeof(digests));
	if (with_data)
		data = load(name, "data");
	status = owner_read(&policy, with_data ? &data : NULL, &digests, &owner, &why);
	free(policy.data);
	free(data.data);
	return status;
}

static void of_type_any_nothing_but_control_is_measured(void **state)
{
	static const uint8_t control[4] = {2};

	assert_int_equal(read_owner("any", 0xaa, false), VMK_OK);
	owner_event(&owner, TXT_EV_LCP_CONTROL, NULL, 0, &event);
	assert_int_equal(event.size, 4);
	assert_memory_equal(event.data, control, 4);
	owner_event(&owner, TXT_EV_LCP_DETAILS, NULL, 0, &event);
	assert_int_equal(event.size, 1);
	assert_int_equal(event.data[0], 0);
	owner_event(&owner, TXT_EV_LCP_AUTHORITIES, NULL, 0, &event);
	assert_int_equal(event.size, 1);
}

static void of_type_list_what_matched_and_whose_list(void **state)
{
	static const uint8_t header[6] = {0x10, 0, 0, 0, 0x0b, 0};

	assert_int_equal(read_owner("signed3072", 0xaa, true), VMK_OK);
	owner_event(&owner, TXT_EV_LCP_DETAILS, NULL, 0, &event);
	assert_int_equal(event.size, 2 * (6 + 32));
	assert_memory_equal(event.data, header, 6);
	for (unsigned i = 6; i < 38; i++)
		assert_int_equal(event.data[i], 0xaa);
	assert_int_equal(event.data[38], 0x11);
	owner_event(&owner, TXT_EV_LCP_AUTHORITIES, NULL, 0, &event);
	assert_int_equal(event.size, 64);
	assert_memory_equal(event.data, event.data + 32, 32);
}

static void what_would_not_be_launched_is_not_predicted(void **state)
{
	assert_int_equal(read_owner("a", 0xbb, true), VMK_BAD_FORMAT);
	assert_non_null(strstr(why, "on no list"));
	assert_int_equal(read_owner("a", 0xaa, false), VMK_BAD_FORMAT);
	assert_non_null(strstr(why, "none were loaded"));
	assert_int_equal(read_owner("revoked", 0xaa, true), VMK_BAD_FORMAT);
	assert_int_equal(read_owner("noalg", 0xaa, true), VMK_BAD_FORMAT);
}

/* The lists name two platforms, and which of them it is only the TPM knows. */
static void nobody_guesses_between_two_platforms(void **state)
{
	assert_int_equal(read_owner("mixed", 0xaa, true), VMK_BAD_FORMAT);
	assert_non_null(strstr(why, "several platforms"));
	assert_int_equal(read_owner("p", 0xaa, true), VMK_OK);
}

static void the_owners_index_joins_those_of_others(void **state)
{
	static const uint8_t index[15] = {
		1, 0x01, 0xc1, 0x01, 0x06, 0, 0x0b, 0x22, 0x04, 0, 0x0a, 0, 0, 0, 70};
	uint8_t seen[95] = {0};

	assert_int_equal(read_owner("a", 0xaa, true), VMK_OK);
	owner_event(&owner, TXT_EV_NV_INFO, seen, sizeof(seen), &event);
	assert_int_equal(event.size, 17);
	assert_int_equal(event.data[0] | event.data[1], 0);
	assert_memory_equal(event.data + 2, index, 15);

	/* The start-up module has an index with a policy of two bytes. */
	memcpy(seen, "\1\1\2\3\4\0\13\1\2\3\4\0\2pp\0\150", 17);
	owner_event(&owner, TXT_EV_NV_INFO, seen, sizeof(seen), &event);
	assert_int_equal(event.size, 17 + 1 + 15);
	assert_memory_equal(event.data, seen, 17);
	assert_memory_equal(event.data + 18, index, 15);

	/* The owner's was there when the platform was captured: as it was then. */
	memcpy(seen + 18, "\1\1\2\3\4\0\13\1\2\3\5\0\0\0\106", 15);
	owner_event(&owner, TXT_EV_NV_INFO, seen, sizeof(seen), &event);
	assert_int_equal(event.size, 17 + 1 + 15);
	assert_memory_equal(event.data, seen, 33);
}

static void nv_info_that_does_not_end_is_not_followed(void **state)
{
	static const uint8_t seen[14] = {1, 1, 2, 3, 4, 0, 11, 1, 2, 3, 4, 0xff, 0xff};

	assert_int_equal(read_owner("a", 0xaa, true), VMK_OK);
	for (size_t size = 0; size <= sizeof(seen); size++) {
		owner_event(&owner, TXT_EV_NV_INFO, seen, size, &event);
		assert_int_equal(event.size, 17);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(of_type_any_nothing_but_control_is_measured),
		cmocka_unit_test(of_type_list_what_matched_and_whose_list),
		cmocka_unit_test(what_would_not_be_launched_is_not_predicted),
		cmocka_unit_test(nobody_guesses_between_two_platforms),
		cmocka_unit_test(the_owners_index_joins_those_of_others),
		cmocka_unit_test(nv_info_that_does_not_end_is_not_followed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
