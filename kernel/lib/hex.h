/* Bytes as lower-case hexadecimal text and back. Pure. */
#ifndef LIB_HEX_H
#define LIB_HEX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Writes 2 * bytes digits and a terminating zero; `to` has room for 2 * bytes + 1. Returns `to`. */
char *hex_encode(char *to, const void *from, size_t bytes);
/*
 * Reads exactly 2 * bytes digits of either case from text[0..length); false if the length differs
 * or another character stands there. `to` may then be partly written.
 */
bool hex_decode(void *to, size_t bytes, const char *text, size_t length);

#endif
