/* An index that was checked, clipped once more without a branch. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "lib/nospec.h"

static void is_the_index_below_the_count(void **state)
{
	for (uint64_t count = 1; count < 300; count++)
		for (uint64_t index = 0; index < count; index++)
			assert_int_equal(index_nospec(index, count), index);
}

static void is_zero_from_the_count_on(void **state)
{
	for (uint64_t count = 0; count < 300; count++)
		for (uint64_t index = count; index < 600; index++)
			assert_int_equal(index_nospec(index, count), 0);
}

/* Unsigned, in 64 bits: nothing is cut off, nothing is taken for negative. */
static void knows_all_64_bits(void **state)
{
	static const uint64_t edges[] = {0, 1, 0x7fffffff, 0x80000000, UINT32_MAX, 1ull << 32,
		INT64_MAX, 1ull << 63, UINT64_MAX - 1, UINT64_MAX};

	for (unsigned i = 0; i < ARRAY_SIZE(edges); i++)
		for (unsigned c = 0; c < ARRAY_SIZE(edges); c++)
			assert_int_equal(index_nospec(edges[i], edges[c]), i < c ? edges[i] : 0);
}

/* With the optimizer free to look at both. */
static void constants_are_clipped_too(void **state)
{
	assert_int_equal(index_nospec(7, 8), 7);
	assert_int_equal(index_nospec(8, 8), 0);
	assert_int_equal(index_nospec(0, 0), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(is_the_index_below_the_count),
		cmocka_unit_test(is_zero_from_the_count_on),
		cmocka_unit_test(knows_all_64_bits),
		cmocka_unit_test(constants_are_clipped_too),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
