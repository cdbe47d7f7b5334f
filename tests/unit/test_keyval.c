/* sources: kernel/lib/keyval.c kernel/lib/hex.c */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "lib/hex.h"
#include "lib/keyval.h"

static enum vmk_status check(const char *text, unsigned line)
{
	struct keyval kv;
	enum vmk_status status = keyval_check(&kv, text, strlen(text));

	if (status != VMK_OK) {
		assert_non_null(kv.error);
		assert_int_equal(kv.line, line);
	}
	return status;
}

static void reads_pairs_in_order(void **state)
{
	const char *text = "# manifest\n\nname=agent\n  kind = world \nargs=a=b c\nempty=\nlast=1";
	static const char *const want[][2] = {{"name", "agent"}, {"kind", "world"},
		{"args", "a=b c"}, {"empty", ""}, {"last", "1"}};
	struct keyval kv = keyval_of(text, strlen(text));

	for (size_t i = 0; i < 5; i++) {
		assert_int_equal(keyval_next(&kv), VMK_OK);
		assert_true(keyval_is(&kv, want[i][0]));
		assert_int_equal(kv.value_length, strlen(want[i][1]));
		assert_memory_equal(kv.value, want[i][1], kv.value_length);
	}
	assert_int_equal(keyval_next(&kv), VMK_NOT_FOUND);
	assert_int_equal(keyval_next(&kv), VMK_NOT_FOUND);
	assert_int_equal(check(text, 0), VMK_OK);
}

static void refuses_malformed_lines_by_number(void **state)
{
	assert_int_equal(check("a=1\nnonsense\n", 2), VMK_BAD_FORMAT);
	assert_int_equal(check("a=1\n\n=2\n", 3), VMK_BAD_FORMAT);
	assert_int_equal(check("a b=1\n", 1), VMK_BAD_FORMAT);
	assert_int_equal(check("a=\x01\n", 1), VMK_BAD_FORMAT);
	assert_int_equal(check("a=1\r\n", 1), VMK_BAD_FORMAT);
	assert_int_equal(check("a=\xc3\xa4\n", 1), VMK_BAD_FORMAT);
	assert_int_equal(check("a=1\nb=2\na=3\n", 3), VMK_EXISTS);
	assert_int_equal(check("", 0), VMK_OK);
}

static void an_error_stays(void **state)
{
	struct keyval kv = keyval_of("x\na=1\n", 6);

	assert_int_equal(keyval_next(&kv), VMK_BAD_FORMAT);
	assert_int_equal(keyval_next(&kv), VMK_BAD_FORMAT);
}

static void bounds_keys_and_values(void **state)
{
	static char text[KEYVAL_VALUE_MAX + 100];
	struct keyval kv;

	memset(text, 'k', KEYVAL_KEY_MAX);
	strcpy(text + KEYVAL_KEY_MAX, "=1");
	assert_int_equal(keyval_check(&kv, text, strlen(text)), VMK_OK);
	memset(text, 'k', KEYVAL_KEY_MAX + 1);
	strcpy(text + KEYVAL_KEY_MAX + 1, "=1");
	assert_int_equal(keyval_check(&kv, text, strlen(text)), VMK_BAD_FORMAT);
	strcpy(text, "a=");
	memset(text + 2, 'v', KEYVAL_VALUE_MAX);
	assert_int_equal(keyval_check(&kv, text, 2 + KEYVAL_VALUE_MAX), VMK_OK);
	text[2 + KEYVAL_VALUE_MAX] = 'v';
	assert_int_equal(keyval_check(&kv, text, 3 + KEYVAL_VALUE_MAX), VMK_BAD_FORMAT);
}

static void gets_one_value(void **state)
{
	const char *text = "ab=1\nabc=23\n";
	char value[3];

	assert_int_equal(keyval_get(text, strlen(text), "abc", value, 3), VMK_OK);
	assert_string_equal(value, "23");
	assert_int_equal(keyval_get(text, strlen(text), "abc", value, 2), VMK_TOO_LARGE);
	assert_string_equal(value, "");
	assert_int_equal(keyval_get(text, strlen(text), "a", value, 3), VMK_NOT_FOUND);
	assert_int_equal(keyval_get(text, strlen(text), "", value, 3), VMK_NOT_FOUND);
	assert_int_equal(keyval_get(NULL, 0, "a", value, 3), VMK_NOT_FOUND);
}

static void hex_goes_both_ways(void **state)
{
	uint8_t bytes[3];
	char text[7];

	assert_string_equal(hex_encode(text, "\x00\x9f\xff", 3), "009fff");
	assert_true(hex_decode(bytes, 3, "009FfF", 6));
	assert_memory_equal(bytes, "\x00\x9f\xff", 3);
	assert_false(hex_decode(bytes, 3, "009ff", 5));
	assert_false(hex_decode(bytes, 2, "009fff", 6));
	assert_false(hex_decode(bytes, 3, "009fg0", 6));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_pairs_in_order),
		cmocka_unit_test(refuses_malformed_lines_by_number),
		cmocka_unit_test(an_error_stays),
		cmocka_unit_test(bounds_keys_and_values),
		cmocka_unit_test(gets_one_value),
		cmocka_unit_test(hex_goes_both_ways),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
