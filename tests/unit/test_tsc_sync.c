/* sources: kernel/arch/x86/tsc_sync.c */
/* Two processors' TSCs, apart by any number of ticks either way. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include "arch/x86/tsc_sync.h"

/* The time that both go by, and what the other one's TSC shows more. */
static uint64_t now, seed;
static int64_t ahead;

static unsigned some(unsigned below)
{
	seed = seed * 6364136223846793005ull + 1442695040888963407ull;
	return (unsigned)(seed >> 33) % below;
}

static uint64_t first_tsc(void)
{
	now += 1 + some(30);
	return now;
}

static uint64_t other_tsc(void)
{
	now += 1 + some(30);
	return now + (uint64_t)ahead;
}

/* In any order. */
static int64_t measure(unsigned rounds)
{
	struct tsc_sync sync;

	tsc_sync_start(&sync);
	while (rounds && !tsc_sync_is_done(&sync)) {
		if (some(2))
			tsc_sync_first(&sync, first_tsc);
		else
			tsc_sync_other(&sync, other_tsc);
		rounds--;
	}
	return tsc_sync_lag(&sync);
}

/* As near as what two messages take. */
static void a_tsc_is_corrected_either_way(void **state)
{
	static const int64_t apart[] = {
		1000, -1000, 123456789, -123456789, 1ll << 60, -(1ll << 60)};

	for (unsigned i = 0; i < ARRAY_SIZE(apart); i++) {
		for (unsigned run = 0; run < 200; run++) {
			int64_t left;

			seed = run;
			now = 1ull << 61;
			ahead = apart[i];
			left = measure(100000) + ahead;
			assert_true(left >= -62 && left <= 62);
		}
	}
}

static void equal_ones_are_left_alone(void **state)
{
	now = 1ull << 40;
	ahead = 0;
	for (unsigned run = 0; run < 200; run++) {
		seed = run;
		assert_int_equal(measure(100000), 0);
	}
}

/* Who has the bound alone from which the correction follows may go by it. */
static void one_side_is_enough(void **state)
{
	struct tsc_sync sync;

	seed = 1;
	now = 1ull << 40;
	ahead = -5000;
	tsc_sync_start(&sync);
	tsc_sync_first(&sync, first_tsc);
	tsc_sync_other(&sync, other_tsc);
	assert_in_range(tsc_sync_lag(&sync), 5000 - 62, 5000);
	ahead = 5000;
	tsc_sync_start(&sync);
	tsc_sync_other(&sync, other_tsc);
	tsc_sync_first(&sync, first_tsc);
	assert_in_range(-tsc_sync_lag(&sync), 5000 - 62, 5000);
}

static void without_a_message_nothing_is_known(void **state)
{
	struct tsc_sync sync;

	now = 1ull << 40;
	ahead = 77777;
	tsc_sync_start(&sync);
	assert_int_equal(tsc_sync_lag(&sync), 0);
	tsc_sync_first(&sync, first_tsc);
	assert_int_equal(tsc_sync_lag(&sync), 0);
	assert_false(tsc_sync_is_done(&sync));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_tsc_is_corrected_either_way),
		cmocka_unit_test(equal_ones_are_left_alone),
		cmocka_unit_test(one_side_is_enough),
		cmocka_unit_test(without_a_message_nothing_is_known),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
