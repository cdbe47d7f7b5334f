/* sources: */
/* The kernel's formatting under another name: same text as the host's for every format of one
 * integer, never past its bound. */
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#pragma clang diagnostic ignored "-Wmissing-prototypes"
#pragma clang diagnostic ignored "-Wformat-nonliteral"
#pragma clang diagnostic ignored "-Wformat-security"
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
int k_vsnprintf(char *to, size_t size, const char *format, va_list args);
#define snprintf  k_snprintf
#define vsnprintf k_vsnprintf
#include "kernel/lib/fmt.c"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const kinds[] = {"d", "i", "u", "x", "X", "ld", "lu", "lx", "lld", "llx",
		"zu", "zx", "hd", "hu", "hhx", "hhd"};
	static const char flags[] = "-0+ #";
	char format[32] = "<%", got[600], want[600];
	int64_t value;
	size_t room;
	int a, b;

	if (size < 14)
		return 0;
	memcpy(&value, data, sizeof(value));
	room = 1 + (size_t)data[8] * 2;
	for (unsigned i = 0; i < 5; i++)
		strncat(format, flags + i, data[9] >> i & 1);
	/* Flags that C leaves undefined for a conversion are no concern of ours. */
	if (strpbrk(format, "#") &&
		!strchr("xX", kinds[data[10] % 16][strlen(kinds[data[10] % 16]) - 1]))
		return 0;
	host(format + strlen(format), 8, "%d", data[11] % 40 + 1);
	if (data[12] & 1)
		host(format + strlen(format), 8, ".%d", data[13] % 30);
	strcat(format, kinds[data[10] % 16]);
	strcat(format, ">");

	memset(got, '#', sizeof(got));
	a = k_snprintf(got, room, format, value);
	b = host(want, room, format, value);
	if (a != b || strcmp(got, want) || got[room] != '#')
		abort();
	return 0;
}
