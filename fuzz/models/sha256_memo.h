/*
 * SHA-256 of short contents, most of which come again and again: remembered by what they are of,
 * and not what a target is to learn from. Whoever uses it puts it into its function's place by the
 * linker (-Wl,--wrap=...). One content in 64 is digested each time, and has to come out as before.
 */
#ifndef FUZZ_MODELS_SHA256_MEMO_H
#define FUZZ_MODELS_SHA256_MEMO_H

#include <stddef.h>
#include <stdint.h>

/* `real` is asked for what is not known, or too long to remember. */
void sha256_memo(const void *data, size_t size, uint8_t digest[32],
	void (*real)(const void *data, size_t size, uint8_t digest[32]));

#endif
