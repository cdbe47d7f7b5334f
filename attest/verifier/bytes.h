/* Owned byte strings, hexadecimal text, SHA-256 and whole files: what every part here needs. */
#ifndef VERIFIER_BYTES_H
#define VERIFIER_BYTES_H

#include <openssl/evp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/hex.h"

#define DIGEST_SIZE 32u
#define HEX_SIZE(n) (2 * (n) + 1)

/* An owned byte string; {NULL, 0} is empty. */
struct bytes {
	uint8_t *data;
	size_t size;
};

/* A copy of size bytes. The process ends when memory runs out. */
struct bytes bytes_copy(const void *data, size_t size);
void bytes_free(struct bytes *bytes);
bool bytes_equal(const struct bytes *a, const struct bytes *b);

/* malloc and calloc that end the process when memory runs out. */
void *must_alloc(size_t count, size_t size);

/* Exactly size bytes from text; false when text is not that, in lower- or upper-case digits. */
bool hex_decode_text(void *data, size_t size, const char *text);
/* Up to limit bytes from text; false when text is not hexadecimal or too long. */
bool hex_decode_bytes(struct bytes *bytes, size_t limit, const char *text);
/* Hexadecimal text, owned by the caller. */
char *hex_text(const void *data, size_t size);

/* SHA-256 as OpenSSL knows it, looked up once. */
const EVP_MD *sha256_method(void);
void sha256(uint8_t digest[DIGEST_SIZE], const void *data, size_t size);
/* Of the two byte strings one after the other. */
void sha256_two(
	uint8_t digest[DIGEST_SIZE], const void *a, size_t a_size, const void *b, size_t b_size);

/* A file of at most limit bytes. On failure errno says why (EFBIG: too large). */
bool file_read(struct bytes *bytes, const char *path, size_t limit);
/* Writes beside path, syncs, renames over it: readers see the old or the new file, whole. */
bool file_write(const char *path, const void *data, size_t size, unsigned int mode);

#endif
