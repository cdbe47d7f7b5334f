/* Bytes as lower-case hexadecimal text and back. Pure. */
#ifndef LIB_HEX_H
#define LIB_HEX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The value of a digit of either case; -1 for any other character. */
static inline int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

/* Writes 2 * bytes digits and a terminating zero; `to` has room for 2 * bytes + 1. Returns `to`. */
char *hex_encode(char *to, const void *from, size_t bytes);
/*
 * Reads exactly 2 * bytes digits of either case from text[0..length); false if the length differs
 * or another character stands there. `to` may then be partly written.
 */
bool hex_decode(void *to, size_t bytes, const char *text, size_t length);

#endif
