/* sources: kernel/worlds/libvmk/attach.c kernel/worlds/vmx/backlog.c */
/* Someone at a guest's console: how he leaves, what his terminal is given; and what the guest said
 * before he came. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "worlds/libvmk/attach.h"
#include "worlds/vmx/backlog.h"

static struct attach attach;
static char to[256];

static int fresh(void **state)
{
	memset(&attach, 0, sizeof(attach));
	return 0;
}

static void types(const char *typed, const char *expected, bool expected_leave)
{
	bool leave;
	size_t bytes = attach_type(&attach, typed, strlen(typed), to, &leave);

	assert_int_equal(bytes, strlen(expected));
	assert_memory_equal(to, expected, bytes);
	assert_int_equal(leave, expected_leave);
}

static void shows(const char *said, size_t count, const char *expected)
{
	size_t bytes = attach_show(&attach, said, count, to);

	to[bytes] = 0;
	assert_string_equal(to, expected);
}

static void leaves_at_the_beginning_of_a_line_only(void **state)
{
	types("ls ~.\r", "ls ~.\r", false);
	types("~.ignored", "", true);
}

static void leaves_at_once_and_in_pieces(void **state)
{
	types("~", "", false);
	types(".", "", true);
}

static void a_tilde_can_be_typed(void **state)
{
	types("~~", "~", false);
	types(".", ".", false);
	types("\r~a\n~\r~.", "\r~a\n~\r", true);
}

static void control_characters_are_the_guests(void **state)
{
	types("\x03\x04\x1b[A\t", "\x03\x04\x1b[A\t", false);
}

static void text_is_shown_as_it_is(void **state)
{
	const char said[] = "a\tb\r\nc\b\a\xff\0d";

	shows(said, sizeof(said) - 1, "a b\r\nc\b?d");
}

static void only_harmless_sequences_pass(void **state)
{
	shows("\x1b[K\x1b[12D\x1b[C", 9 + 3, "\x1b[K\x1b[12D\x1b[C");
	shows("\x1b[2J\x1b[1;31mred\x1b[0m\x1b"
	      "c.\x1b[1K",
		25, "red.");
	shows("\x1b[1234D-", 8, "-");
	/* In pieces, and one that never ends. */
	shows("\x1b", 1, "");
	shows("[9", 2, "");
	shows("Dx", 2, "\x1b[9Dx");
	shows("\x1b[0000000000000000000000000000Cy", 32, "y");
	shows("\x1b\x1b[K", 4, "[K");
}

static struct backlog backlog;

static void next_is(const char *expected)
{
	const uint8_t *text;
	const size_t bytes = backlog_next(&backlog, &text);

	assert_int_equal(bytes, strlen(expected));
	assert_memory_equal(text, expected, bytes);
	backlog_pass(&backlog, bytes);
}

static void who_comes_is_told_all(void **state)
{
	memset(&backlog, 0, sizeof(backlog));
	next_is("");
	backlog_add(&backlog, (const uint8_t *)"one", 3);
	next_is("one");
	next_is("");
	backlog_add(&backlog, (const uint8_t *)"two", 3);
	backlog_rewind(&backlog);
	next_is("onetwo");
}

static void the_oldest_is_lost_first(void **state)
{
	uint8_t text[BACKLOG_BYTES];
	const uint8_t *next;

	memset(&backlog, 0, sizeof(backlog));
	memset(text, 'a', sizeof(text));
	backlog_add(&backlog, (const uint8_t *)"lost", 4);
	backlog_add(&backlog, text, sizeof(text) - 2);
	assert_int_equal(backlog_next(&backlog, &next), BACKLOG_BYTES - 2);
	assert_memory_equal(next, "st", 2);
	backlog_pass(&backlog, BACKLOG_BYTES - 2);
	next_is("aa");
	backlog_rewind(&backlog);
	assert_int_equal(backlog_next(&backlog, &next), BACKLOG_BYTES - 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(leaves_at_the_beginning_of_a_line_only, fresh),
		cmocka_unit_test_setup(leaves_at_once_and_in_pieces, fresh),
		cmocka_unit_test_setup(a_tilde_can_be_typed, fresh),
		cmocka_unit_test_setup(control_characters_are_the_guests, fresh),
		cmocka_unit_test_setup(text_is_shown_as_it_is, fresh),
		cmocka_unit_test_setup(only_harmless_sequences_pass, fresh),
		cmocka_unit_test(who_comes_is_told_all),
		cmocka_unit_test(the_oldest_is_lost_first),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
