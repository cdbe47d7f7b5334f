/* sources: kernel/lib/log.c */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "lib/log.h"

#define LOG_MODULE "Test"

static uint64_t now;
static char emitted[8192];
static size_t emitted_bytes;
static int depth;

static uint64_t wall(void)
{
	return now;
}
static unsigned cpu(void)
{
	return 3;
}
static uint64_t world(void)
{
	return 2098001;
}
static void emit(const char *text, size_t bytes)
{
	assert_int_equal(depth, 1);
	assert_true(emitted_bytes + bytes < sizeof(emitted));
	memcpy(emitted + emitted_bytes, text, bytes);
	emitted_bytes += bytes;
	emitted[emitted_bytes] = 0;
}
static uint64_t lock(void)
{
	depth++;
	return 7;
}
static void unlock(uint64_t saved)
{
	assert_int_equal(saved, 7);
	depth--;
}
static const struct log_ops ops = {wall, cpu, world, emit, lock, unlock};

static int fresh(void **state)
{
	log_init(&ops);
	emitted_bytes = 0;
	emitted[0] = 0;
	return 0;
}

static void writes_the_grammar(void **state)
{
	now = 1735787045678999999ull;
	log_printf(LOG_IN, "Boot", 12, "hello %d", 5);
	assert_string_equal(emitted,
		"2025-01-02T03:04:05.678Z In(182) vmkernel: cpu3:2098001)Boot: 12: hello 5\n");
}

static void names_every_severity(void **state)
{
	static const char *const want[] = {"Em(176)", "Al(177)", "Cr(178)", "Er(179)", "Wa(180)",
		"No(181)", "In(182)", "Db(183)"};

	for (int i = 0; i < 8; i++) {
		fresh(NULL);
		log_printf((enum log_severity)i, "M", 1, "x");
		assert_non_null(strstr(emitted, want[i]));
		assert_int_equal(strstr(emitted, "WARNING: M") != NULL, i == LOG_WA);
	}
}

static void knows_the_calendar(void **state)
{
	static const struct {
		uint64_t seconds;
		const char *date;
	} days[] = {{0, "1970-01-01T00:00:00.000Z"}, {951782400, "2000-02-29T00:00:00"},
		{951868799, "2000-02-29T23:59:59"}, {951868800, "2000-03-01T00:00:00"},
		{1709164800, "2024-02-29"}, {4107542400, "2100-03-01"},
		{4107542399, "2100-02-28T23:59:59"}, {1735689599, "2024-12-31T23:59:59"}};

	for (size_t i = 0; i < sizeof(days) / sizeof(*days); i++) {
		fresh(NULL);
		now = days[i].seconds * 1000000000;
		vmk_log("x");
		assert_memory_equal(emitted, days[i].date, strlen(days[i].date));
	}
}

static void a_message_cannot_forge_a_line(void **state)
{
	log_printf(LOG_IN, "M", 1,
		"a\n2025-01-01T Em(176) forged\n\x1b[2J\rz\x9b"
		"2J\n");
	assert_non_null(strstr(emitted, ": a\n+2025-01-01T Em(176) forged\n+?[2J?z?2J\n"));
	assert_int_equal(emitted[emitted_bytes - 1], '\n');
	assert_null(strstr(emitted, "\n\n"));
}

static void bounds_a_long_message(void **state)
{
	char long_text[3000];

	memset(long_text, 'x', sizeof(long_text) - 1);
	long_text[sizeof(long_text) - 1] = 0;
	vmk_log("%s", long_text);
	assert_in_range(emitted_bytes, 1000, 1300);
	assert_int_equal(emitted[emitted_bytes - 1], '\n');
}

static void the_ring_keeps_the_end_of_the_stream(void **state)
{
	static char all[1 << 17];
	uint64_t offset = 0;
	size_t bytes;

	for (int i = 0; i < 3000; i++) {
		emitted_bytes = 0;
		vmk_log("line %d", i);
	}
	bytes = log_read(&offset, all, sizeof(all));
	assert_int_equal(bytes, 64 << 10);
	assert_memory_equal(all + bytes - 10, "line 2999\n", 10);
	assert_int_equal(log_read(&offset, all, sizeof(all)), 0);
	emitted_bytes = 0;
	vmk_log("one more");
	assert_int_equal(log_read(&offset, all, 5), 5);
	assert_int_equal(log_read(&offset, all + 5, sizeof(all) - 5), emitted_bytes - 5);
	assert_memory_equal(all, emitted, emitted_bytes);
	offset = UINT64_MAX;
	assert_int_equal(log_read(&offset, all, 5), 0);
	assert_int_equal(depth, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(writes_the_grammar, fresh),
		cmocka_unit_test_setup(names_every_severity, fresh),
		cmocka_unit_test_setup(knows_the_calendar, fresh),
		cmocka_unit_test_setup(a_message_cannot_forge_a_line, fresh),
		cmocka_unit_test_setup(bounds_a_long_message, fresh),
		cmocka_unit_test_setup(the_ring_keeps_the_end_of_the_stream, fresh),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
