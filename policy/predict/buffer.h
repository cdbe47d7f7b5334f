/* Whole files in memory, with the digests that measurements are made of. */
#ifndef PREDICT_BUFFER_H
#define PREDICT_BUFFER_H

#include <stddef.h>
#include <stdint.h>
#include <vmkapi/status.h>

struct buffer {
	uint8_t *data; /* owned: buffer_free() */
	size_t size;
};

/* The largest file that is read: tboot expands to some 36 MiB, guests' images are not read here. */
#define BUFFER_MAX ((size_t)256 << 20)

/* Reads a file. On failure *why names what went wrong (static text) and the buffer is empty. */
enum vmk_status buffer_read(const char *path, struct buffer *buffer, const char **why);
/* Inflates gzip data in place; data that is not gzip stays as it is. */
enum vmk_status buffer_gunzip(struct buffer *buffer, const char **why);
void buffer_free(struct buffer *buffer);

void sha256_of(const void *data, size_t size, uint8_t digest[32]);
/* SHA-256(a || b). */
void sha256_of_two(const void *a, size_t a_size, const void *b, size_t b_size, uint8_t digest[32]);

#endif
