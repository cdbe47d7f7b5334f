/* sources: kernel/vmkuser/handle.c kernel/vmkuser/budget.c */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "vmkuser/budget.h"
#include "vmkuser/handle.h"

static void test_kind_and_rights(void **state)
{
	struct handle_table table;
	int object;
	void *found = NULL;
	vmk_handle handle;

	handle_table_init(&table, HANDLES_MAX);
	assert_int_equal(handle_add(&table, VMK_KIND_PORT, RIGHT_READ, &object, &handle), VMK_OK);
	assert_int_not_equal(handle, VMK_NO_HANDLE);
	assert_int_equal(handle_get(&table, handle, VMK_KIND_PORT, RIGHT_READ, &found), VMK_OK);
	assert_ptr_equal(found, &object);
	assert_int_equal(
		handle_get(&table, handle, VMK_KIND_TRUST, RIGHT_READ, &found), VMK_BAD_HANDLE);
	assert_int_equal(
		handle_get(&table, handle, VMK_KIND_PORT, RIGHT_READ | RIGHT_WRITE, &found),
		VMK_DENIED);
	assert_int_equal(handle_get(&table, handle, VMK_KIND_PORT, 0, NULL), VMK_OK);
	assert_int_equal(handle_first(&table, VMK_KIND_PORT), handle);
	assert_int_equal(handle_first(&table, VMK_KIND_CONFIG), VMK_NO_HANDLE);
	assert_int_equal(handle_first(&table, VMK_KIND_NONE), VMK_NO_HANDLE);
	assert_int_equal(handle_add(&table, VMK_KIND_NONE, 0, NULL, &handle), VMK_BAD_PARAM);
}

static void test_made_up_handles(void **state)
{
	struct handle_table table;
	vmk_handle good;

	handle_table_init(&table, HANDLES_MAX);
	handle_add(&table, VMK_KIND_PORT, 0, NULL, &good);
	for (uint64_t h = 0; h <= UINT32_MAX; h += 251) {
		if (h == good)
			continue;
		assert_int_equal(
			handle_get(&table, (vmk_handle)h, VMK_KIND_PORT, 0, NULL), VMK_BAD_HANDLE);
		assert_int_equal(
			handle_get(&table, (vmk_handle)h, VMK_KIND_NONE, 0, NULL), VMK_BAD_HANDLE);
	}
}

static void test_reuse_gives_another_number(void **state)
{
	struct handle_table table;
	vmk_handle first, second;

	handle_table_init(&table, HANDLES_MAX);
	handle_add(&table, VMK_KIND_PORT, 0, NULL, &first);
	assert_int_equal(handle_remove(&table, first), VMK_OK);
	assert_int_equal(handle_remove(&table, first), VMK_BAD_HANDLE);
	handle_add(&table, VMK_KIND_PORT, 0, NULL, &second);
	assert_int_not_equal(first, second);
	assert_int_equal(handle_get(&table, first, VMK_KIND_PORT, 0, NULL), VMK_BAD_HANDLE);
	assert_int_equal(handle_get(&table, second, VMK_KIND_PORT, 0, NULL), VMK_OK);
}

static void test_full_table(void **state)
{
	struct handle_table table;
	vmk_handle handles[HANDLES_MAX], more;

	handle_table_init(&table, HANDLES_MAX);
	for (unsigned i = 0; i < HANDLES_MAX; i++)
		assert_int_equal(
			handle_add(&table, VMK_KIND_PORT, 0, &handles[i], &handles[i]), VMK_OK);
	assert_int_equal(handle_add(&table, VMK_KIND_PORT, 0, NULL, &more), VMK_NO_RESOURCES);
	for (unsigned i = 0; i < HANDLES_MAX; i++) {
		void *object;

		assert_int_equal(handle_get(&table, handles[i], VMK_KIND_PORT, 0, &object), VMK_OK);
		assert_ptr_equal(object, &handles[i]);
	}
}

/* Every set of rights, and every set asked for: what comes out is what was asked for if that was
 * there, and nothing otherwise. */
static void test_rights_only_shrink(void **state)
{
	for (uint32_t has = 0; has <= RIGHTS_ALL; has++) {
		for (uint64_t asked = 0; asked <= 2 * RIGHTS_ALL; asked++) {
			const bool known = asked <= RIGHTS_ALL, there = !(asked & ~has);
			struct handle_table table;
			vmk_handle handle, copy = VMK_NO_HANDLE;
			enum vmk_status kept =
				known ? (there ? VMK_OK : VMK_DENIED) : VMK_BAD_PARAM;

			handle_table_init(&table, HANDLES_MAX);
			handle_add(&table, VMK_KIND_PORT, has, &table, &handle);
			assert_int_equal(handle_copy(&table, handle, asked, &copy),
				kept == VMK_OK && !asked ? VMK_BAD_PARAM : kept);
			for (uint32_t r = 1; copy && r <= RIGHTS_ALL; r <<= 1)
				assert_int_equal(handle_get(&table, copy, VMK_KIND_PORT, r, NULL),
					asked & r ? VMK_OK : VMK_DENIED);
			assert_int_equal(handle_restrict(&table, handle, asked), kept);
			for (uint32_t r = 1; r <= RIGHTS_ALL; r <<= 1)
				assert_int_equal(handle_get(&table, handle, VMK_KIND_PORT, r, NULL),
					kept == VMK_OK && !asked             ? VMK_BAD_HANDLE
					: (kept == VMK_OK ? asked : has) & r ? VMK_OK
									     : VMK_DENIED);
		}
	}
}

static void test_limit(void **state)
{
	struct handle_table table;
	vmk_handle first, copy;

	handle_table_init(&table, 2);
	assert_int_equal(handle_add(&table, VMK_KIND_PORT, RIGHTS_ALL, NULL, &first), VMK_OK);
	assert_int_equal(handle_copy(&table, first, RIGHT_READ, &copy), VMK_OK);
	assert_int_equal(handle_copy(&table, first, RIGHT_READ, &copy), VMK_NO_RESOURCES);
	assert_int_equal(handle_restrict(&table, copy, 0), VMK_OK);
	assert_int_equal(handle_copy(&table, first, RIGHT_READ, &copy), VMK_OK);
	assert_int_equal(handle_copy(&table, 0xdeadbeef, RIGHT_READ, &copy), VMK_BAD_HANDLE);
}
static void test_budget(void **state)
{
	struct budget budget = {.interval_ns = 100, .burst = 3};

	for (unsigned i = 0; i < 3; i++)
		assert_true(budget_take(&budget, 1000));
	assert_false(budget_take(&budget, 1000));
	assert_false(budget_take(&budget, 1099));
	assert_true(budget_take(&budget, 1100));
	assert_false(budget_take(&budget, 1100));
	for (unsigned i = 0; i < 3; i++)
		assert_true(budget_take(&budget, 1000000));
	assert_false(budget_take(&budget, 1000000));
	assert_false(budget_take_units(&budget, 2000000, 4)); /* more than there can ever be */
	assert_true(budget_take_units(&budget, 2000000, 2));
	assert_false(budget_take_units(&budget, 2000000, 2));
	assert_true(budget_take(&budget, 2000000));
	assert_false(budget_take_units(&budget, 2000199, 2));
	assert_true(budget_take_units(&budget, 2000200, 2));
}

static void test_backoff(void **state)
{
	uint64_t delay = 0;
	const uint64_t expected[] = {1, 2, 4, 8, 16, 32, 60, 60};

	for (unsigned i = 0; i < 8; i++) {
		delay = backoff_next(delay, 5);
		assert_int_equal(delay, expected[i] * BACKOFF_FIRST_NS);
	}
	assert_int_equal(backoff_next(delay, BACKOFF_LONGEST_NS + 1), BACKOFF_FIRST_NS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_kind_and_rights),
		cmocka_unit_test(test_made_up_handles),
		cmocka_unit_test(test_reuse_gives_another_number),
		cmocka_unit_test(test_full_table),
		cmocka_unit_test(test_rights_only_shrink),
		cmocka_unit_test(test_limit),
		cmocka_unit_test(test_budget),
		cmocka_unit_test(test_backoff),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
