/* Attacks on appraisals: each from an honest host to its reason. */
#include "tests/vectors/attack.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static void (*make_host)(struct fixture *f);

static void run_attack(void **state)
{
	const struct attack *attack = *state;
	struct fixture *f = must_alloc(1, sizeof(*f));
	struct appraise_request request;
	struct appraisal a;

	make_host(f);
	if (attack->before)
		attack->before(f);
	fixture_attest(f);
	if (attack->after)
		attack->after(f);
	fixture_request(f, &request);
	appraise(&a, &request);
	if (a.fault.reason != attack->reason || !strstr(a.fault.what, attack->names))
		fail_msg("reason %s, what \"%s\", expected \"%s\", found \"%s\"",
			reason_code(a.fault.reason), a.fault.what, a.fault.expected, a.fault.found);
	assert_int_equal(a.trusted, attack->reason == REASON_NONE);
	assert_int_equal(a.states[a.failed], a.trusted ? CHECK_PASSED : CHECK_FAILED);
	appraisal_free(&a);
	fixture_free(f);
	free(f);
}

int attacks_run(void (*start)(struct fixture *f), const struct attack *attacks, size_t count)
{
	struct CMUnitTest *tests = must_alloc(count, sizeof(*tests));
	int failed;

	make_host = start;
	for (size_t i = 0; i < count; i++)
		tests[i] = (struct CMUnitTest){.name = attacks[i].name,
			.test_func = run_attack,
			.initial_state = (void *)&attacks[i]};
	/* The macro counts an array, which this is not. */
	failed = _cmocka_run_group_tests("attacks", tests, count, NULL, NULL);
	free(tests);
	return failed;
}
