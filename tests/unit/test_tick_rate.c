/* Ticks and nanoseconds: whoever waits for a time in ticks finds it over in nanoseconds. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdint.h>

#include "arch/x86/tick_rate.h"

static const uint64_t rates[] = {
	TICK_RATE_HZ_MIN, 3579545, 1000000000, 2893437000, 3000000000, 4999999999, 18000000000};

/* Over ten years they come apart by a moment, but never too early. */
static void both_ways_agree(void **state)
{
	for (size_t r = 0; r < ARRAY_SIZE(rates); r++) {
		const struct tick_rate rate = tick_rate_of(rates[r]);
		const uint64_t late = NS_PER_SECOND / rates[r] + 400;

		for (uint64_t ns = 1; ns < 315360000 * NS_PER_SECOND; ns = ns * 3 + 7) {
			const uint64_t ticks = tick_rate_ticks(&rate, ns);

			assert_in_range(tick_rate_ns(&rate, ticks), ns, ns + late);
		}
	}
}

static void a_second_is_one(void **state)
{
	for (size_t r = 0; r < ARRAY_SIZE(rates); r++) {
		const struct tick_rate rate = tick_rate_of(rates[r]);

		assert_in_range(tick_rate_ns(&rate, rates[r]), NS_PER_SECOND, NS_PER_SECOND + 1);
		assert_int_equal(tick_rate_ticks(&rate, NS_PER_SECOND), rates[r] + 1);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(both_ways_agree),
		cmocka_unit_test(a_second_is_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
