/* sources: kernel/vmkdev/keyboard.c */
/* What scan codes type. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "vmkdev/keyboard.h"

static struct keyboard keyboard;
static char typed[256];

static int set_up(void **state)
{
	memset(&keyboard, 0, sizeof(keyboard));
	return 0;
}

static const char *take(const uint8_t *codes, size_t count)
{
	size_t at = 0;

	for (size_t i = 0; i < count; i++)
		at += keyboard_take(&keyboard, codes[i], typed + at);
	typed[at] = 0;
	return typed;
}

#define TYPES(text, ...)     \
	assert_string_equal( \
		take((const uint8_t[]){__VA_ARGS__}, sizeof((uint8_t[]){__VA_ARGS__})), text)

/* Presses and releases. */
#define KEY(code) (code), (code) | 0x80

static void test_plain(void **state)
{
	TYPES("vmk 1\r", KEY(0x2f), KEY(0x32), KEY(0x25), KEY(0x39), KEY(0x02), KEY(0x1c));
	TYPES("\x1b\x7f\t", KEY(0x01), KEY(0x0e), KEY(0x0f));
	TYPES("aaa", 0x1e, 0x1e, 0x1e, 0x9e); /* it repeats */
	TYPES("qp[]al;'`\\z/*", KEY(0x10), KEY(0x19), KEY(0x1a), KEY(0x1b), KEY(0x1e), KEY(0x26),
		KEY(0x27), KEY(0x28), KEY(0x29), KEY(0x2b), KEY(0x2c), KEY(0x35), KEY(0x37));
	TYPES("7+0.", KEY(0x47), KEY(0x4e), KEY(0x52), KEY(0x53));
	TYPES("", KEY(0x3b), KEY(0x44), KEY(0x45), KEY(0x54), KEY(0x57), KEY(0x7f), KEY(0x00));
}

static void test_shift(void **state)
{
	TYPES("A_?", 0x2a, KEY(0x1e), KEY(0x0c), 0xaa, 0x36, KEY(0x35), 0xb6);
	TYPES("a", KEY(0x1e));
	TYPES("B", 0x2a, 0x36, 0xaa, KEY(0x30)); /* one of two is still down */
	TYPES("b", 0xb6, KEY(0x30));
}

static void test_caps(void **state)
{
	TYPES("A1aA", KEY(0x3a), KEY(0x1e), KEY(0x02), 0x2a, KEY(0x1e), 0xaa, 0x3a, 0x3a, 0xba,
		KEY(0x3a), KEY(0x1e));
	TYPES("a", KEY(0x3a), KEY(0x1e));
}

static void test_control(void **state)
{
	TYPES("\x03", 0x1d, KEY(0x2e), 0x9d);
	TYPES("\x04", 0xe0, 0x1d, KEY(0x20), 0xe0, 0x9d);
	TYPES("c", KEY(0x2e));
	TYPES("1", 0x1d, KEY(0x02), 0x9d);
}

static void test_extended(void **state)
{
	TYPES("\x1b[A\x1b[D\x1b[3~", 0xe0, 0x48, 0xe0, 0xc8, 0xe0, 0x4b, 0xe0, 0x53);
	TYPES("\r/", 0xe0, 0x1c, 0xe0, 0x35);
	TYPES("\x1b[H", 0xe0, 0x2a, 0xe0, 0x47, 0xe0, 0xc7, 0xe0, 0xaa); /* false shifts */
	TYPES("a", KEY(0x1e));
	TYPES("", 0xe0, 0x5b, 0xe0, 0x00, 0xe0, 0x7f); /* unknown ones */
}

static void test_pause(void **state)
{
	TYPES("a", 0xe1, 0x1d, 0x45, 0xe1, 0x9d, 0xc5, KEY(0x1e));
	assert_false(keyboard.left_control);
}

/* No sequence of codes types more than a key's text, or anything but ASCII. */
static void test_any_bytes(void **state)
{
	uint32_t x = 1;

	for (unsigned i = 0; i < 200000; i++) {
		char text[KEYBOARD_TEXT_MAX];
		size_t count;

		x = x * 1664525 + 1013904223;
		count = keyboard_take(&keyboard, (uint8_t)(x >> 24), text);
		assert_in_range(count, 0, KEYBOARD_TEXT_MAX);
		for (size_t j = 0; j < count; j++)
			assert_in_range(text[j], 0, 0x7f);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_plain, set_up),
		cmocka_unit_test_setup(test_shift, set_up),
		cmocka_unit_test_setup(test_caps, set_up),
		cmocka_unit_test_setup(test_control, set_up),
		cmocka_unit_test_setup(test_extended, set_up),
		cmocka_unit_test_setup(test_pause, set_up),
		cmocka_unit_test_setup(test_any_bytes, set_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
