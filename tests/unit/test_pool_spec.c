/* sources: kernel/sched/pool_spec.c */
#include "sched/pool_spec.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

static void a_pool_has_what_it_is_given(void **state)
{
	const char *text = "host/user/gold:shares=high:reservation=50:limit=150:fixed,host/a-b_C9",
		   *why;
	struct pool_spec spec;

	assert_true(pool_spec_next(&text, &spec, &why));
	assert_string_equal(spec.path, "host/user/gold");
	assert_int_equal(spec.shares, POOL_SHARES_HIGH);
	assert_int_equal(spec.reservation, 50);
	assert_int_equal(spec.limit, 150);
	assert_false(spec.expandable);
	assert_true(pool_spec_next(&text, &spec, &why));
	assert_string_equal(spec.path, "host/a-b_C9");
	assert_int_equal(spec.shares, POOL_SHARES_NORMAL);
	assert_int_equal(spec.reservation | spec.limit, 0);
	assert_true(spec.expandable);
	assert_string_equal(text, "");
}

static void a_bad_one_does_not_hide_the_next(void **state)
{
	const char *text = "nonsense,host/a:shares=7", *why;
	struct pool_spec spec;

	assert_false(pool_spec_next(&text, &spec, &why));
	assert_non_null(why);
	assert_true(pool_spec_next(&text, &spec, &why));
	assert_int_equal(spec.shares, 7);
}

static void what_is_wrong_is_refused(void **state)
{
	static const char *const bad[] = {"", ",", "host", "host/", "host//a", "/host/a", "host/a/",
		"root/a", "host/a b", "host/../a", "host/a/b/c/d/e/f",
		"host/a-name-that-is-much-longer-than-there-is-room-for", "host/a:shares",
		"host/a:shares=", "host/a:shares=0", "host/a:shares=1000001", "host/a:shares=-1",
		"host/a:shares=very-high", "host/a:reservation=102401",
		"host/a:reservation=99999999999", "host/a:limit=5x",
		"host/a:limit=49:reservation=50", "host/a:speed=5", "host/a::fixed",
		"host/a:fixed=1"};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		const char *text = bad[i], *why = NULL;
		struct pool_spec spec;

		assert_false(pool_spec_next(&text, &spec, &why));
		assert_non_null(why);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_pool_has_what_it_is_given),
		cmocka_unit_test(a_bad_one_does_not_hide_the_next),
		cmocka_unit_test(what_is_wrong_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
