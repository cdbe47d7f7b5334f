/* sources: kernel/worlds/libvmk/cmd_audit.c kernel/trust/audit_read.c kernel/lib/keyval.c */
/* sources: kernel/worlds/libvmk/session.c kernel/worlds/libvmk/editor.c */
/* sources: kernel/worlds/libvmk/command.c kernel/worlds/libvmk/commands.c */
/* sources: kernel/worlds/libvmk/options.c kernel/worlds/libvmk/help.c */
/* sources: kernel/worlds/libvmk/records.c kernel/worlds/libvmk/words.c */
/* sources: kernel/worlds/libvmk/common.c kernel/worlds/libvmk/cmd_system.c */
/* sources: kernel/worlds/libvmk/cmd_hardware.c kernel/worlds/libvmk/cmd_network.c */
/* sources: kernel/worlds/libvmk/cmd_health.c kernel/worlds/libvmk/cmd_selftest.c */
/* sources: kernel/trust/evlog_read.c */
/* sources: kernel/worlds/libvmk/cmd_txt.c kernel/worlds/libvmk/cmd_world.c */
/* sources: kernel/worlds/libvmk/cmd_sched.c kernel/worlds/libvmk/cmd_secpolicy.c */
/* sources: kernel/vmkmod/domain.c */
/* sources: kernel/worlds/libvmk/cmd_vm.c kernel/worlds/libvmk/cmd_module.c */
/* sources: kernel/trust/txtheap.c kernel/sched/stats.c */
/* sources: tboot-integration/txtstat/errorcode.c tboot-integration/txtstat/registers.c */
/* sources: tboot-integration/txtstat/heap.c tboot-integration/txtstat/status.c */
/* sources: tboot-integration/txtstat/tbootlog.c */
/* sources: tests/unit/shim/vmk_host.c */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/shim/vmk_host.h"
#include "worlds/libvmk/session.h"

#define UP     "\x1b[A"
#define DOWN   "\x1b[B"
#define RIGHT  "\x1b[C"
#define LEFT   "\x1b[D"
#define CTRL_C "\x03"

static struct session session;

static int fresh(void **state)
{
	fake_reset();
	session_start(&session, &fake_ops, NULL);
	return 0;
}

static void type(const char *text)
{
	fake.out_bytes = 0;
	fake.out[0] = 0;
	session_feed(&session, text, strlen(text));
}

/* The line after those keys. */
static void edits(const char *keys, const char *line)
{
	type(CTRL_C);
	type(keys);
	assert_string_equal(session.editor.line, line);
}

static void keys_edit_the_line(void **state)
{
	edits("abc", "abc");
	edits("ac" LEFT "b", "abc");
	edits("abc" LEFT LEFT LEFT LEFT "x", "xabc");
	edits("abc" LEFT RIGHT RIGHT "d", "abcd");
	edits("abc\x7f", "ab");
	edits("abc\b\b", "a");
	edits("abc" LEFT "\x1b[3~", "ab");
	edits("abc\x01x\x05y", "xabcy");
	edits("abc\x1b[Hx\x1b[Fy", "xabcy");
	edits("abc\x1bOHx\x1bOFy", "xabcy");
	edits("abc\x1b[1~x\x1b[4~y", "xabcy");
	edits("one two three\x17", "one two ");
	edits("one two\x15", "");
	edits("abc" LEFT "\x0b", "ab");
	edits("abc\x01\x04", "bc");
	edits("abc\x02\x02\x06x", "abxc");
}

static void unknown_sequences_leave_nothing(void **state)
{
	edits("a\x1b[200~b", "ab");
	edits("a\x1b[1;5Cb", "ab");
	edits("a\x1b[?25hb", "ab");
	edits("a\x1bzb", "ab");
	edits("a\x1b[99999999999999999~b", "ab");
	edits("a\xc3\xa9\x01\x05", "a");
	edits("a\x1b[" CTRL_C "b", "b");
}

static void a_line_is_bounded(void **state)
{
	char text[2 * LINE_BYTES];

	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = 0;
	type(text);
	assert_int_equal(session.editor.length, LINE_BYTES - 1);
	assert_int_equal(strlen(session.editor.line), LINE_BYTES - 1);
	type("\r");
	assert_non_null(strstr(fake.out, "unknown command"));
}

/* Never more than a screen's width stands on the line. */
static void a_long_line_scrolls(void **state)
{
	char text[200];
	size_t shown;

	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = 0;
	type(text);
	fake.out_bytes = 0;
	editor_redraw(&session.editor);
	shown = strcspn(fake.out + 1, "\x1b");
	assert_int_equal(shown, EDITOR_COLUMNS);
	type("\x01");
	assert_int_equal(strcspn(fake.out + 1, "\x1b"), EDITOR_COLUMNS);
}

static void lines_are_remembered(void **state)
{
	type("version\rworld list\rworld list\r");
	edits(UP, "world list");
	edits(UP UP, "version");
	edits(UP UP UP UP, "version");
	edits("typed" UP UP DOWN DOWN, "typed");
	edits(DOWN, "");
	for (unsigned i = 0; i < 3 * HISTORY_LINES; i++) {
		char line[] = "nothing a\r";

		line[8] = (char)('a' + i % 26);
		type(line);
	}
	for (unsigned i = 0; i < HISTORY_LINES + 5; i++)
		type(UP);
	assert_int_equal(strlen(session.editor.line), 9);
}

static void lines_run_with_and_without_vmk(void **state)
{
	type("version\r");
	assert_non_null(strstr(fake.out, "Merlon 0.1.0 build-12345678\n"));
	type("vmk version\r\n"); /* one line's end */
	assert_non_null(strstr(fake.out, "Merlon 0.1.0 build-12345678\n"));
	assert_null(strstr(fake.out, "vmk> \x1b[K\n"));
	type("vmk -v\n");
	assert_non_null(strstr(fake.out, "Merlon 0.1.0 build-12345678\n"));
	type("help system\r");
	assert_non_null(strstr(fake.out, "Available Namespaces:"));
	type("vmk help\r");
	assert_non_null(strstr(fake.out, "vmkping"));
}

static void the_prompt_shows_a_failure(void **state)
{
	type("no such thing\r");
	assert_non_null(strstr(fake.out, "vmk[2]> "));
	type("\r");
	assert_non_null(strstr(fake.out, "vmk[2]> "));
	type("version\r");
	assert_non_null(strstr(fake.out, "\rvmk> "));
	type("'open\r");
	assert_non_null(strstr(fake.out, "a quote is not closed"));
}

static void tab_completes(void **state)
{
	edits("sys\t", "system ");
	edits("system mod\tli\t", "system module list ");
	edits("vmk ver\t", "vmk version ");
	edits("system settings set --value t\t", "system settings set --value true ");
	edits("nothing\t", "nothing");
	edits("sys" LEFT "\t", "system s"); /* what is before the cursor */
	edits("system \t", "system ");
	assert_non_null(
		strstr(fake.out, "health  log  module  secpolicy  settings  shutdown  version\n"));
	assert_non_null(strstr(fake.out, "vmk> system "));
	edits("network \t", "network ");
	edits("system s\t", "system s"); /* settings, shutdown */
	edits("v\t", "v");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(keys_edit_the_line, fresh),
		cmocka_unit_test_setup(unknown_sequences_leave_nothing, fresh),
		cmocka_unit_test_setup(a_line_is_bounded, fresh),
		cmocka_unit_test_setup(a_long_line_scrolls, fresh),
		cmocka_unit_test_setup(lines_are_remembered, fresh),
		cmocka_unit_test_setup(lines_run_with_and_without_vmk, fresh),
		cmocka_unit_test_setup(the_prompt_shows_a_failure, fresh),
		cmocka_unit_test_setup(tab_completes, fresh),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
