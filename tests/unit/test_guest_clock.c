/* sources: kernel/vtx/guest_clock.c */
/* A VM's clock at any rate, while it is paused, and read while somebody changes it. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
#include <pthread.h>
#include <stdint.h>

#include "vtx/guest_clock.h"

#define GHZ 1000000000ull
#define ONE (1ull << GUEST_CLOCK_FRACTION_BITS)

static struct guest_clock guest;

static uint64_t ticks(uint64_t tsc)
{
	return guest_clock_ticks(&guest, tsc, 0);
}

static void rates_that_are_one(void **state)
{
	assert_false(guest_clock_needs_scaling(GHZ, GHZ));
	assert_false(guest_clock_needs_scaling(GHZ, GHZ + GHZ / 4000));
	assert_true(guest_clock_needs_scaling(GHZ, GHZ + GHZ / 4000 + 1));
	assert_true(guest_clock_needs_scaling(GHZ, GHZ - GHZ / 4000 - 1));
	guest_clock_init(&guest, GHZ, GHZ + 1, 77);
	assert_int_equal(guest.multiplier, 0);
	assert_int_equal(guest_clock_tsc(&guest, ticks(77)), 0);
	assert_int_equal(guest_clock_tsc(&guest, ticks(177)), 100);
	assert_int_equal(guest_clock_host_ticks(&guest, 100), 100);
}

static void a_rate_that_cannot_be_is_refused(void **state)
{
	char why[128] = "";

	assert_int_equal(guest_clock_check(GHZ, GHZ + 1, false, why, sizeof(why)), VMK_OK);
	assert_int_equal(guest_clock_check(GHZ, 2 * GHZ, true, why, sizeof(why)), VMK_OK);
	assert_string_equal(why, "");
	assert_int_equal(guest_clock_check(GHZ, 2 * GHZ, false, why, sizeof(why)), VMK_UNSUPPORTED);
	assert_string_equal(why, "TSC: 2000000 kHz needed, the processor's 1000000 kHz available: "
				 "it has no TSC scaling");
}

static void multiplies_as_the_processor(void **state)
{
	assert_int_equal(guest_clock_scale(12345, 0), 12345);
	assert_int_equal(guest_clock_scale(12345, ONE), 12345);
	assert_int_equal(guest_clock_scale(3, ONE / 2), 1);
	assert_int_equal(guest_clock_scale(UINT64_MAX, ONE / 2), UINT64_MAX / 2);
	assert_int_equal(guest_clock_scale(1ull << 60, UINT64_MAX), (1ull << 60) * 65536 - 4096);
	guest_clock_init(&guest, GHZ, 2 * GHZ, 1000);
	assert_int_equal(guest.multiplier, 2 * ONE);
	assert_int_equal(guest_clock_tsc(&guest, ticks(1000)), 0);
	assert_int_equal(guest_clock_tsc(&guest, ticks(1500)), 1000);
	guest_clock_init(&guest, 3 * GHZ, GHZ, 0);
	assert_int_equal(guest.multiplier, ONE / 3);
	/* A year at the highest rate there is: off by no more than 2^-32 of it. */
	guest_clock_init(&guest, GUEST_CLOCK_HZ_MIN, GUEST_CLOCK_HZ_MAX, 0);
	assert_int_equal(guest.multiplier, 64000 * ONE);
	guest_clock_init(&guest, GUEST_CLOCK_HZ_MAX, GUEST_CLOCK_HZ_MIN, 0);
	assert_in_range(guest_clock_tsc(&guest, ticks(31536000 * GUEST_CLOCK_HZ_MAX)),
		31536000 * GUEST_CLOCK_HZ_MIN - 10000, 31536000 * GUEST_CLOCK_HZ_MIN);
}

/* A timer that is waited for so long is due, whenever that began, and not much later. */
static void never_too_early(void **state)
{
	static const uint64_t rates[] = {
		GUEST_CLOCK_HZ_MIN, 50000000, GHZ, 2893437000, GUEST_CLOCK_HZ_MAX};
	static const uint64_t waits[] = {0, 1, 2, 3, 999, 123456789, 1ull << 40};

	for (size_t h = 0; h < ARRAY_SIZE(rates); h++)
		for (size_t g = 0; g < ARRAY_SIZE(rates); g++)
			for (size_t i = 0; i < ARRAY_SIZE(waits); i++) {
				uint64_t wait;

				guest_clock_init(&guest, rates[h], rates[g], 12345);
				wait = guest_clock_host_ticks(&guest, waits[i]);
				for (uint64_t at = 0; at < 64; at++)
					assert_true(ticks(at + wait) - ticks(at) >= waits[i]);
				if (wait > 2)
					assert_true(ticks(wait - 2) < waits[i]);
			}
	guest_clock_init(&guest, GUEST_CLOCK_HZ_MAX, GUEST_CLOCK_HZ_MIN, 0);
	assert_int_equal(guest_clock_host_ticks(&guest, UINT64_MAX), UINT64_MAX);
}

/* In the guest a pCPU's TSC and its lag are rounded one by one. */
static void lags_behind(void **state)
{
	guest_clock_init(&guest, 3 * GHZ, GHZ, 0);
	for (uint64_t lag = 0; lag < 9; lag++)
		for (uint64_t tsc = 0; tsc < 9; tsc++) {
			const uint64_t seen = guest_clock_scale(tsc, guest.multiplier) +
					      guest_clock_scale(lag, guest.multiplier);

			assert_in_range(guest_clock_ticks(&guest, tsc, lag), seen, seen + 1);
		}
	guest_clock_init(&guest, GHZ, GHZ, 0);
	assert_int_equal(guest_clock_ticks(&guest, 100, 23), 123);
}

static void stands_still(void **state)
{
	guest_clock_init(&guest, GHZ, 2 * GHZ, 0);
	assert_int_equal(guest_clock_tsc(&guest, ticks(100)), 200);
	guest_clock_stop(&guest, ticks(100), 5000);
	assert_int_equal(guest_clock_tsc(&guest, ticks(700)), 200);
	assert_int_equal(guest_clock_ns(&guest, 9000), 5000);
	guest_clock_stop(&guest, ticks(900), 9900); /* it stands already */
	guest_clock_go(&guest, ticks(1100), 10000);
	assert_int_equal(guest_clock_tsc(&guest, ticks(1100)), 201);
	assert_int_equal(guest_clock_tsc(&guest, ticks(1101)), 203);
	assert_int_equal(
		guest_clock_scale(1101, guest.multiplier) + guest_clock_offset(&guest), 203);
	assert_int_equal(guest_clock_ns(&guest, 10007), 5007);
	guest_clock_go(&guest, ticks(5000), 20000); /* it goes already */
	assert_int_equal(guest_clock_tsc(&guest, ticks(1101)), 203);
	assert_int_equal(guest_clock_ns(&guest, 10007), 5007);
	guest_clock_stop(&guest, ticks(2000), 11000);
	guest_clock_go(&guest, ticks(2000), 11001);
	assert_int_equal(guest_clock_ns(&guest, 11001), 6000);
}

static uint64_t host; /* atomic: the host's time, in ticks and in ns */

static void *pauses(void *unused)
{
	for (unsigned i = 0; i < 20000; i++) {
		guest_clock_hold(&guest);
		guest_clock_stop(&guest, ticks(__atomic_load_n(&host, __ATOMIC_SEQ_CST)),
			__atomic_load_n(&host, __ATOMIC_SEQ_CST));
		__atomic_add_fetch(&host, 1000000, __ATOMIC_SEQ_CST);
		guest_clock_go(&guest, ticks(__atomic_load_n(&host, __ATOMIC_SEQ_CST)),
			__atomic_load_n(&host, __ATOMIC_SEQ_CST));
	}
	return NULL;
}

/* What passes is what was not paused, which is nothing. */
static void one_reads_while_another_pauses(void **state)
{
	pthread_t thread;

	host = 12345;
	guest_clock_init(&guest, GHZ, GHZ, 12345);
	assert_int_equal(pthread_create(&thread, NULL, pauses, NULL), 0);
	for (unsigned i = 0; i < 20000; i++) {
		const uint64_t before = __atomic_load_n(&host, __ATOMIC_SEQ_CST);

		/* Time read before a pause that is over now lies in the past. */
		assert_true((int64_t)guest_clock_tsc(&guest, ticks(before)) <= 0);
		assert_true((int64_t)guest_clock_ns(&guest, before) <= 12345);
	}
	pthread_join(thread, NULL);
	assert_int_equal(guest_clock_tsc(&guest, ticks(host)), 0);
	assert_int_equal(guest_clock_ns(&guest, host), 12345);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rates_that_are_one),
		cmocka_unit_test(a_rate_that_cannot_be_is_refused),
		cmocka_unit_test(multiplies_as_the_processor),
		cmocka_unit_test(never_too_early),
		cmocka_unit_test(lags_behind),
		cmocka_unit_test(stands_still),
		cmocka_unit_test(one_reads_while_another_pauses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
