/* sources: */
/* The kernel's string functions under other names, compared with the host's. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#pragma clang diagnostic ignored "-Wmissing-prototypes"
static int host_memcmp(const void *a, const void *b, size_t bytes)
{
	return memcmp(a, b, bytes);
}
static int host_strncmp(const char *a, const char *b, size_t bytes)
{
	return strncmp(a, b, bytes);
}
static const char *host_strstr(const char *a, const char *b)
{
	return strstr(a, b);
}
int k_strncmp(const char *a, const char *b, size_t limit);
#define memcpy  k_memcpy
#define memmove k_memmove
#define memset  k_memset
#define memcmp  k_memcmp
#define memchr  k_memchr
#define strlen  k_strlen
#define strnlen k_strnlen
#define strcmp  k_strcmp
#define strncmp k_strncmp
#define strchr  k_strchr
#define strrchr k_strrchr
#define strstr  k_strstr
#include "kernel/lib/str.c"

static int sign(int v)
{
	return (v > 0) - (v < 0);
}

static void copies_overlapping_ranges(void **state)
{
	for (size_t from = 0; from < 12; from++) {
		for (size_t to = 0; to < 12; to++) {
			for (size_t bytes = 0; bytes < 12; bytes++) {
				char got[24], want[24];

				for (size_t i = 0; i < sizeof(got); i++)
					got[i] = want[i] = (char)i;
				for (size_t i = 0; i < bytes; i++)
					want[to + i] = (char)(from + i);
				assert_ptr_equal(k_memmove(got + to, got + from, bytes), got + to);
				assert_int_equal(host_memcmp(got, want, sizeof(got)), 0);
			}
		}
	}
}

static void fills_and_copies_exactly(void **state)
{
	char a[8] = "abcdefg", b[8] = "1234567";

	assert_ptr_equal(k_memset(a + 1, 'x', 3), a + 1);
	assert_string_equal(a, "axxxefg");
	assert_ptr_equal(k_memcpy(a + 2, b, 2), a + 2);
	assert_string_equal(a, "ax12efg");
}

static void compares_as_unsigned(void **state)
{
	static const char *const words[] = {"", "a", "ab", "abc", "b", "\x80", "\xff", "a\x80"};

	for (size_t i = 0; i < 8; i++) {
		for (size_t j = 0; j < 8; j++) {
			for (size_t n = 0; n < 5; n++)
				assert_int_equal(k_strncmp(words[i], words[j], n),
					sign(host_strncmp(words[i], words[j], n)));
			assert_int_equal(sign(k_strcmp(words[i], words[j])),
				sign(host_strncmp(words[i], words[j], 99)));
		}
	}
	assert_int_equal(k_memcmp("\x01", "\xff", 1), -1);
	assert_int_equal(k_memcmp("ab", "ac", 1), 0);
}

static void finds_characters_and_words(void **state)
{
	const char *text = "one two two";

	assert_ptr_equal(k_strchr(text, 't'), text + 4);
	assert_ptr_equal(k_strrchr(text, 't'), text + 8);
	assert_ptr_equal(k_strchr(text, 0), text + 11);
	assert_ptr_equal(k_strrchr(text, 0), text + 11);
	assert_null(k_strchr(text, 'z'));
	assert_null(k_strrchr(text, 'z'));
	assert_ptr_equal(k_strstr(text, "two t"), host_strstr(text, "two t"));
	assert_ptr_equal(k_strstr(text, ""), text);
	assert_null(k_strstr(text, "two x"));
	assert_ptr_equal(k_memchr(text, 'w', 6), text + 5);
	assert_null(k_memchr(text, 'w', 5));
	assert_int_equal(k_strlen(text), 11);
	assert_int_equal(k_strnlen(text, 5), 5);
	assert_int_equal(k_strnlen(text, 50), 11);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(copies_overlapping_ranges),
		cmocka_unit_test(fills_and_copies_exactly),
		cmocka_unit_test(compares_as_unsigned),
		cmocka_unit_test(finds_characters_and_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
