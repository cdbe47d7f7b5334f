/* sources: attest/agent/echo.c attest/agent/siphash.c attest/agent/bucket.c */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "agent/bucket.h"
#include "agent/echo.h"
#include "agent/siphash.h"

#define NS_PER_S 1000000000ull

static const uint8_t key[16] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};

/* The SipHash paper's appendix A, and the reference implementation's vectors for 0 and 8 bytes. */
static void test_siphash_vectors(void **state)
{
	uint8_t input[15];

	for (uint8_t i = 0; i < sizeof(input); i++)
		input[i] = i;
	assert_true(siphash(key, input, 15) == 0xa129ca6149be45e5ull);
	assert_true(siphash(key, input, 0) == 0x726fdb47dd0e0e31ull);
	assert_true(siphash(key, input, 8) == 0x93f5f5799a932462ull);
}

static void test_echo_is_good_for_its_client_and_time(void **state)
{
	struct agent_address a = {.ip = {[10] = 0xff, [11] = 0xff, [15] = 1}, .port = 7}, b = a;
	uint8_t value[ECHO_VALUE_SIZE], other_key[16] = {1};
	uint64_t now = 5 * ECHO_PERIOD_NS;

	echo_make(key, &a, now, value);
	assert_true(echo_valid(key, &a, now, value, sizeof(value)));
	assert_true(echo_valid(key, &a, now + 2 * ECHO_PERIOD_NS - 1, value, sizeof(value)));
	assert_false(echo_valid(key, &a, now + 2 * ECHO_PERIOD_NS, value, sizeof(value)));
	assert_false(echo_valid(key, &a, now - 1, value, sizeof(value)));
	assert_false(echo_valid(other_key, &a, now, value, sizeof(value)));
	assert_false(echo_valid(key, &a, now, value, sizeof(value) - 1));
	b.port = 8;
	assert_false(echo_valid(key, &b, now, value, sizeof(value)));
	b = a;
	b.ip[15] = 2;
	assert_false(echo_valid(key, &b, now, value, sizeof(value)));
	for (size_t bit = 0; bit < 8 * sizeof(value); bit++) {
		value[bit / 8] ^= 1u << bit % 8;
		assert_false(echo_valid(key, &a, now, value, sizeof(value)));
		value[bit / 8] ^= 1u << bit % 8;
	}
}

static void test_bucket_holds_its_burst_and_refills(void **state)
{
	const struct bucket_rate rate = {.burst = 3, .interval_ns = NS_PER_S};
	struct bucket bucket = {0};
	uint64_t now = 100 * NS_PER_S, wait;

	for (int i = 0; i < 3; i++)
		assert_true(bucket_take(&bucket, &rate, now, &wait));
	assert_false(bucket_take(&bucket, &rate, now, &wait));
	assert_int_equal(wait, NS_PER_S);
	assert_false(bucket_take(&bucket, &rate, now + NS_PER_S - 1, &wait));
	assert_int_equal(wait, 1);
	assert_true(bucket_take(&bucket, &rate, now + NS_PER_S, &wait));
	assert_false(bucket_take(&bucket, &rate, now + NS_PER_S, &wait));
	/* a long rest fills it to the brim and no further */
	now += 1000 * NS_PER_S;
	for (int i = 0; i < 3; i++)
		assert_true(bucket_take(&bucket, &rate, now, &wait));
	assert_false(bucket_take(&bucket, &rate, now, &wait));
}

static void test_full_table_forgets_the_fullest(void **state)
{
	static struct bucket_table table;
	uint8_t ip[16] = {0};

	for (unsigned i = 0; i < BUCKET_SOURCES; i++) {
		ip[15] = (uint8_t)(i + 1);
		bucket_of(&table, ip)->full_ns = 1000 + i;
	}
	ip[15] = 200;
	assert_int_equal(bucket_of(&table, ip)->full_ns, 0);
	ip[15] = 2;
	assert_int_equal(bucket_of(&table, ip)->full_ns, 1001);
	ip[15] = 1; /* it was forgotten */
	assert_int_equal(bucket_of(&table, ip)->full_ns, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_siphash_vectors),
		cmocka_unit_test(test_echo_is_good_for_its_client_and_time),
		cmocka_unit_test(test_bucket_holds_its_burst_and_refills),
		cmocka_unit_test(test_full_table_forgets_the_fullest),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
