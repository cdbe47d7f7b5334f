/* sources: */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "lib/bitmap.h"
#include "lib/checked.h"
#include "lib/list.h"

struct item {
	int value;
	struct list node;
};

static void lists_keep_their_order(void **state)
{
	struct item items[4] = {{.value = 0}, {.value = 1}, {.value = 2}, {.value = 3}};
	struct list head;
	int sum = 0;

	list_init(&head);
	assert_true(list_empty(&head));
	assert_null(list_first(&head));
	list_append(&head, &items[1].node);
	list_append(&head, &items[3].node);
	list_insert(&items[0].node, &items[1].node);
	list_insert(&items[2].node, &items[3].node);
	list_for_each (node, &head) {
		assert_int_equal(list_entry(node, struct item, node)->value, sum);
		sum++;
	}
	assert_int_equal(sum, 4);
	list_for_each_safe (node, &head) {
		if (list_entry(node, struct item, node)->value % 2)
			list_remove(node);
	}
	assert_false(list_linked(&items[1].node));
	assert_ptr_equal(list_first(&head), &items[0].node);
	assert_ptr_equal(items[0].node.next, &items[2].node);
}

static void bitmaps_find_what_was_set(void **state)
{
	uint64_t map[BITMAP_WORDS(200)] = {0};

	assert_int_equal(bitmap_next(map, 200, 0, true), BITMAP_NONE);
	assert_int_equal(bitmap_next(map, 200, 63, false), 63);
	bitmap_set(map, 63);
	bitmap_set(map, 64);
	bitmap_set(map, 199);
	assert_int_equal(bitmap_next(map, 200, 0, true), 63);
	assert_int_equal(bitmap_next(map, 200, 64, true), 64);
	assert_int_equal(bitmap_next(map, 200, 65, true), 199);
	assert_int_equal(bitmap_next(map, 199, 65, true), BITMAP_NONE);
	assert_int_equal(bitmap_next(map, 200, 63, false), 65);
	assert_int_equal(bitmap_next_cyclic(map, 199, 65, true), 63);
	bitmap_clear(map, 63);
	assert_false(bitmap_test(map, 63));
	assert_true(bitmap_test(map, 64));
}

static void checked_arithmetic_says_no(void **state)
{
	uint64_t r;
	uint32_t small;

	assert_true(checked_add(UINT64_MAX - 1, 1, &r));
	assert_int_equal(r, UINT64_MAX);
	assert_false(checked_add(UINT64_MAX, 1, &r));
	assert_false(checked_sub(1ull, 2ull, &r));
	assert_false(checked_mul(1ull << 32, 1ull << 32, &r));
	assert_false(checked_add(UINT32_MAX, 1u, &small));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lists_keep_their_order),
		cmocka_unit_test(bitmaps_find_what_was_set),
		cmocka_unit_test(checked_arithmetic_says_no),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
