/* sources: kernel/vmkdev/tty.c kernel/lib/lock.c tests/unit/shim/panic.c */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "sched/world.h"
#include "vmkdev/tty.h"

#define LOG_LINE "2025-01-02T03:04:05.678Z In(182) vmkernel: cpu0:1)Module: 1: hello\n"

static char shown[1 << 16];
static size_t shown_bytes;
static unsigned signals;

void event_signal(struct event *event)
{
	assert_ptr_equal(event, tty_event());
	signals++;
}

static void sink(const char *text, size_t bytes)
{
	assert_true(shown_bytes + bytes < sizeof(shown));
	memcpy(shown + shown_bytes, text, bytes);
	shown_bytes += bytes;
	shown[shown_bytes] = 0;
}

/* The console stays between tests: each begins on a fresh line with nothing typed. */
static int fresh(void **state)
{
	static bool registered;
	char byte;

	if (!registered)
		assert_int_equal(tty_register_sink(sink), VMK_OK);
	registered = true;
	tty_write("\n", 1);
	while (tty_read(&byte, 1))
		;
	shown_bytes = signals = 0;
	shown[0] = 0;
	return 0;
}

static void world(const char *text)
{
	tty_write(text, strlen(text));
}

static void kernel(const char *text)
{
	tty_log(text, strlen(text));
}

static void typed_bytes_are_read_in_order(void **state)
{
	char got[8] = {0};

	assert_false(tty_readable());
	tty_input("abc", 3);
	tty_input("d", 1);
	assert_int_equal(signals, 2);
	assert_true(tty_readable());
	assert_int_equal(tty_read(got, 3), 3);
	assert_int_equal(tty_read(got + 3, 5), 1);
	assert_string_equal(got, "abcd");
	assert_false(tty_readable());
	assert_int_equal(tty_read(got, 8), 0);
}

static void a_full_queue_loses_what_comes_and_counts_it(void **state)
{
	static char many[TTY_INPUT_BYTES + 5], got[TTY_INPUT_BYTES + 5];
	uint64_t lost = tty_input_lost();

	for (size_t i = 0; i < sizeof(many); i++)
		many[i] = (char)i;
	tty_input(many, 7); /* the queue is a ring: begin elsewhere than at its start */
	assert_int_equal(tty_read(got, 7), 7);
	tty_input(many, sizeof(many));
	assert_int_equal(tty_input_lost() - lost, 5);
	assert_int_equal(tty_read(got, sizeof(got)), TTY_INPUT_BYTES);
	assert_memory_equal(got, many, TTY_INPUT_BYTES);
}

static void a_log_line_does_not_tear_a_begun_line(void **state)
{
	world("vmk> sys");
	kernel(LOG_LINE);
	assert_string_equal(shown, "vmk> sys\r\x1b[K" LOG_LINE "vmk> sys");
	shown_bytes = 0;
	world("tem\n");
	kernel(LOG_LINE);
	assert_string_equal(shown, "tem\n" LOG_LINE);
}

static void the_begun_line_is_what_stands_since_the_last_return(void **state)
{
	world("old text\rvmk> a\x1b[K");
	shown_bytes = 0;
	kernel(LOG_LINE);
	assert_string_equal(shown, "\r\x1b[K" LOG_LINE "vmk> a\x1b[K");
}

static void a_begun_line_that_is_too_long_is_ended(void **state)
{
	char text[600];

	memset(text, 'x', sizeof(text));
	tty_write(text, sizeof(text));
	shown_bytes = 0;
	kernel(LOG_LINE);
	assert_string_equal(shown, "\n" LOG_LINE);
}

static void no_line_of_a_world_begins_as_the_log_does(void **state)
{
	world(LOG_LINE);
	assert_string_equal(shown, " " LOG_LINE);
	shown_bytes = 0;
	world("a\n+b\r7\n");
	assert_string_equal(shown, "a\n +b\r 7\n");
}

static void nor_after_the_cursor_has_moved_there(void **state)
{
	world("ab\x1b[2D9\n");
	assert_string_equal(shown, "ab\x1b[2D 9\n");
	shown_bytes = 0;
	world("a\b1\n");
	assert_string_equal(shown, "a\b 1\n");
	shown_bytes = 0;
	world("abc\x1b[D1\n");
	assert_string_equal(shown, "abc\x1b[1D1\n");
	shown_bytes = 0;
	world("a\x1b[999D+\x1b[5C5\n");
	assert_string_equal(shown, "a\x1b[999D +\x1b[5C5\n");
}

/* The cursor stops at a terminal's edge, which the kernel does not know: 80 columns or more. */
static void nor_after_it_was_stopped_at_the_edge(void **state)
{
	char wide[120];

	world("\x1b[999C\x1b[998D7\n");
	assert_string_equal(shown, "\x1b[999C\x1b[998D 7\n");
	shown_bytes = 0;
	world("\x1b[79C\x1b[5C\x1b[79D+\n");
	assert_string_equal(shown, "\x1b[79C\x1b[5C\x1b[79D +\n");
	/* Text goes on in the next line there. */
	memset(wide, 'x', sizeof(wide));
	tty_write(wide, sizeof(wide));
	shown_bytes = 0;
	world("\x1b[50D7\n");
	assert_string_equal(shown, "\x1b[50D 7\n");
	tty_write(wide, sizeof(wide));
	shown_bytes = 0;
	world("\b7\n");
	assert_string_equal(shown, "\b 7\n");
	/* What fits is left alone. */
	shown_bytes = 0;
	world("abcdef\x1b[2D7\x1b[3C7\b\b7\n");
	assert_string_equal(shown, "abcdef\x1b[2D7\x1b[3C7\b\b7\n");
}

static void other_control_characters_do_not_pass(void **state)
{
	world("a\x1b]0;title\x07"
	      "b\x1b[2J\x1b[31mc\x9b"
	      "d\te\x1b[1234D\x1b[1K\n");
	assert_string_equal(shown, "a?0;title?b??c?d?e?D?\n");
}

static void sequences_pass_in_pieces(void **state)
{
	world("abcdefghijklmnop\x1b");
	world("[1");
	world("2");
	world("D");
	assert_string_equal(shown, "abcdefghijklmnop\x1b[12D");
}

static void long_text_goes_out_whole(void **state)
{
	char text[1000];

	for (size_t i = 0; i < sizeof(text); i++)
		text[i] = (char)(i % 50 == 49 ? '\n' : 'a' + (char)(i % 26));
	tty_write(text, sizeof(text));
	assert_int_equal(shown_bytes, sizeof(text));
	assert_memory_equal(shown, text, sizeof(text));
}

static void sinks_are_bounded(void **state)
{
	unsigned more = 0;

	while (more < 100 && tty_register_sink(sink) == VMK_OK)
		more++;
	assert_int_equal(more, TTY_SINKS_MAX - 1);
	world("a\n");
	assert_string_equal(shown, "a\na\na\na\na\na\na\na\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(typed_bytes_are_read_in_order, fresh),
		cmocka_unit_test_setup(a_full_queue_loses_what_comes_and_counts_it, fresh),
		cmocka_unit_test_setup(a_log_line_does_not_tear_a_begun_line, fresh),
		cmocka_unit_test_setup(the_begun_line_is_what_stands_since_the_last_return, fresh),
		cmocka_unit_test_setup(a_begun_line_that_is_too_long_is_ended, fresh),
		cmocka_unit_test_setup(no_line_of_a_world_begins_as_the_log_does, fresh),
		cmocka_unit_test_setup(nor_after_the_cursor_has_moved_there, fresh),
		cmocka_unit_test_setup(nor_after_it_was_stopped_at_the_edge, fresh),
		cmocka_unit_test_setup(other_control_characters_do_not_pass, fresh),
		cmocka_unit_test_setup(sequences_pass_in_pieces, fresh),
		cmocka_unit_test_setup(long_text_goes_out_whole, fresh),
		cmocka_unit_test_setup(sinks_are_bounded, fresh),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
