/* sources: fuzz/models/library_memory.c */
/* Memory that fuzz targets give to libraries: what AddressSanitizer would stop, it stops here. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <sanitizer/asan_interface.h>
#include <string.h>

#include "fuzz/models/library_memory.h"

static void marks_each_size(void **state)
{
	for (size_t bytes = 0; bytes < 600; bytes++) {
		uint8_t *block = library_memory_give(bytes);

		assert_non_null(block);
		assert_int_equal(library_memory_bytes(block), bytes);
		assert_null(__asan_region_is_poisoned(block, bytes));
		assert_true(__asan_address_is_poisoned(block + bytes));
		memset(block, 0x5a, bytes);
		library_memory_take_back(block);
		for (size_t i = 0; i < bytes; i++)
			assert_true(__asan_address_is_poisoned(block + i));
	}
}

/* What was freed rests for a while, then comes again as it was asked for. */
static void rests(void **state)
{
	uint8_t *first = library_memory_give(100), *again = NULL;
	unsigned others = 0;

	library_memory_take_back(first);
	while (again != first) {
		assert_true(others++ < 100);
		again = library_memory_give(90);
		assert_true(__asan_address_is_poisoned(again + 90));
		assert_true(again != first || others > 16);
		library_memory_take_back(again);
	}
}

static void large_ones_too(void **state)
{
	uint8_t *block = library_memory_give(100000);

	assert_non_null(block);
	assert_int_equal(library_memory_bytes(block), 100000);
	assert_true(__asan_address_is_poisoned(block + 100000));
	library_memory_take_back(block);
	assert_null(library_memory_give(SIZE_MAX));
	library_memory_take_back(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(marks_each_size),
		cmocka_unit_test(rests),
		cmocka_unit_test(large_ones_too),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
