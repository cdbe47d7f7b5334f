/* sources: attest/verifier/reason.c attest/verifier/fault.c */
/* Reason codes: stable, unique, and explained in the manual. */
#include <ctype.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "verifier/fault.h"

static void codes_are_kebab_case_and_unique(void **state)
{
	for (unsigned int i = 0; i < REASON_COUNT; i++) {
		const char *code = reason_code((enum reason)i);

		for (const char *p = code; *p; p++)
			assert_true(islower((unsigned char)*p) || *p == '-');
		assert_int_equal(reason_find(code), i);
		assert_true(strlen(reason_meaning((enum reason)i)) > 5);
		assert_true(strlen(reason_advice((enum reason)i)) > 5);
	}
	assert_int_equal(reason_find("no-such-code"), REASON_COUNT);
	assert_string_equal(reason_code(REASON_COUNT), "?");
}

/* The manual's table is this one; what a missing row must be is printed. */
static void manual_explains_each(void **state)
{
	FILE *file = fopen("attest/verifier/REASONS.md", "r");
	static char manual[65536];
	unsigned int missing = 0;
	size_t size;

	if (!file)
		fail_msg("attest/verifier/REASONS.md: run this test from the repository's root");
	size = fread(manual, 1, sizeof(manual) - 1, file);
	manual[size] = 0;
	fclose(file);
	for (unsigned int i = 1; i < REASON_COUNT; i++) {
		char row[1024];

		snprintf(row, sizeof(row), "| `%s` | %s | %s |\n", reason_code((enum reason)i),
			reason_meaning((enum reason)i), reason_advice((enum reason)i));
		if (!strstr(manual, row)) {
			fputs(row, stderr);
			missing++;
		}
	}
	assert_int_equal(missing, 0);
}

/* Text from a stranger ends up on terminals and between quotes. */
static void faults_are_printable(void **state)
{
	struct fault fault;

	fault_set(&fault, REASON_MALFORMED, "a\x1b[2J\"b\"\n%s", "\xff");
	assert_string_equal(fault.what, "a?[2J'b'??");
	assert_string_equal(fault.expected, "");
	fault_expected(&fault, "%0600d", 1);
	assert_int_equal(strlen(fault.expected), FAULT_TEXT - 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(codes_are_kebab_case_and_unique),
		cmocka_unit_test(manual_explains_each),
		cmocka_unit_test(faults_are_printable),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
