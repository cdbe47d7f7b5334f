/* sources: */
/* The kernel's formatting under other names, compared with the host's. */
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#pragma clang diagnostic ignored "-Wmissing-prototypes"
#pragma clang diagnostic ignored "-Wformat"
int k_vsnprintf(char *to, size_t size, const char *format, va_list args);
static int host(char *to, size_t size, const char *format, ...)
{
	va_list args;
	int length;

	va_start(args, format);
	length = vsnprintf(to, size, format, args);
	va_end(args);
	return length;
}
#undef snprintf
#undef vsnprintf
#define snprintf  k_snprintf
#define vsnprintf k_vsnprintf
#include "kernel/lib/fmt.c"

#define SAME(...)                                                                    \
	do {                                                                         \
		char got[128], want[128];                                            \
		int got_length = k_snprintf(got, sizeof(got), __VA_ARGS__);          \
		assert_int_equal(got_length, host(want, sizeof(want), __VA_ARGS__)); \
		assert_string_equal(got, want);                                      \
	} while (0)

static void agrees_with_the_host_on_numbers(void **state)
{
	static const char *const formats[] = {"%d", "%5d", "%-5d|", "%05d", "%+d", "% d", "%.3d",
		"%8.3d", "%-8.3d|", "%08.3d", "%.0d", "%u", "%x", "%X", "%#x", "%#10x", "%#010x",
		"%-#10x|", "%hhd", "%hd", "%hhu", "%hx"};
	static const int values[] = {0, 1, -1, 42, -12345, 255, 65536, INT_MAX, INT_MIN};

	for (size_t f = 0; f < sizeof(formats) / sizeof(*formats); f++) {
		for (size_t v = 0; v < sizeof(values) / sizeof(*values); v++)
			SAME(formats[f], values[v]);
	}
}

static void agrees_on_long_numbers(void **state)
{
	SAME("%ld %lu %lx", LONG_MIN, ULONG_MAX, ULONG_MAX);
	SAME("%lld %llu %llx", LLONG_MIN, ULLONG_MAX, 1ull << 63);
	SAME("%zu %zd %zx", SIZE_MAX, (ptrdiff_t)-5, (size_t)0xabc);
	SAME("%jd %td", (intmax_t)-7, (ptrdiff_t)9);
	SAME("%*d|%-*d|%.*d", 7, 1, 7, 2, 4, 3);
	SAME("%*d|", -6, 12);
	SAME("%016lx", 0x123456789abcdeful);
}

static void agrees_on_text(void **state)
{
	SAME("%s|%10s|%-10s|%.2s|%10.2s|%-10.2s|", "abc", "abc", "abc", "abc", "abc", "abc");
	SAME("%.*s|", 2, "abcdef");
	SAME("%c%c%5c|%-5c|", 'a', 'b', 'c', 'd');
	SAME("100%% %s", "sure");
	SAME("plain");
	SAME("%s", "");
}

static void a_pointer_is_never_shown(void **state)
{
	char got[64];

	assert_int_equal(k_snprintf(got, sizeof(got), "%p %d|%12p|%#018p", (void *)0x1234, 5,
				 (void *)-1l, (void *)7),
		43);
	assert_string_equal(got, "(pointer) 5|   (pointer)|         (pointer)");
}

static void does_not_read_past_the_precision(void **state)
{
	char unterminated[4] = {'a', 'b', 'c', 'd'}, got[16];

	assert_int_equal(k_snprintf(got, sizeof(got), "%.4s", unterminated), 4);
	assert_string_equal(got, "abcd");
}

static void terminates_within_its_bound(void **state)
{
	char got[8];

	memset(got, '#', sizeof(got));
	assert_int_equal(k_snprintf(got, 4, "abcdef"), 6);
	assert_string_equal(got, "abc");
	assert_int_equal(got[4], '#');
	got[0] = '#';
	assert_int_equal(k_snprintf(got, 0, "abc"), 3);
	assert_int_equal(got[0], '#');
	assert_int_equal(k_snprintf(got, 1, "abc"), 3);
	assert_int_equal(got[0], 0);
	assert_int_equal(k_snprintf(NULL, 0, "%d", 12), 2);
}

static void shows_what_it_does_not_know(void **state)
{
	char got[32];

	k_snprintf(got, sizeof(got), "%y %5q");
	assert_string_equal(got, "%y %5q");
	k_snprintf(got, sizeof(got), "%");
	assert_string_equal(got, "%");
	k_snprintf(got, sizeof(got), "%s", NULL);
	assert_string_equal(got, "(null)");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(agrees_with_the_host_on_numbers),
		cmocka_unit_test(agrees_on_long_numbers),
		cmocka_unit_test(agrees_on_text),
		cmocka_unit_test(a_pointer_is_never_shown),
		cmocka_unit_test(does_not_read_past_the_precision),
		cmocka_unit_test(terminates_within_its_bound),
		cmocka_unit_test(shows_what_it_does_not_know),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
