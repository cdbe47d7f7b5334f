/*
 * The bounded reader: every byte that a stranger wrote (firmware, network, TPM, modules, guests) is
 * parsed through it. A read past the end yields zeroes and sets `failed`, which stays set; callers
 * may read a whole record and check once. Pure; never allocates.
 */
#ifndef LIB_READER_H
#define LIB_READER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct reader {
	const uint8_t *data; /* not owned */
	size_t size, at;     /* at <= size always */
	bool failed;
};

static inline struct reader reader_of(const void *data, size_t size)
{
	return (struct reader){.data = data, .size = data ? size : 0};
}
static inline size_t reader_left(const struct reader *r)
{
	return r->failed ? 0 : r->size - r->at;
}
/* The next n bytes, or NULL (and failed) if there are fewer. */
static inline const uint8_t *reader_bytes(struct reader *r, size_t n)
{
	const uint8_t *p;

	if (r->failed || n > r->size - r->at) {
		r->failed = true;
		return NULL;
	}
	p = r->data + r->at;
	r->at += n;
	return p;
}
static inline bool reader_skip(struct reader *r, size_t n)
{
	return reader_bytes(r, n) != NULL || (!r->failed && n == 0);
}
/* Move to an absolute offset; failed if beyond the end. */
static inline bool reader_seek(struct reader *r, size_t at)
{
	if (r->failed || at > r->size) {
		r->failed = true;
		return false;
	}
	r->at = at;
	return true;
}
/* A reader over the next n bytes, which this one skips. Failed if there are fewer. */
static inline struct reader reader_sub(struct reader *r, size_t n)
{
	const uint8_t *p = reader_bytes(r, n);
	struct reader sub = {.data = p, .size = p ? n : 0, .failed = r->failed};

	return sub;
}
static inline bool reader_copy(struct reader *r, void *to, size_t n)
{
	const uint8_t *p = reader_bytes(r, n);

	if (!p) {
		memset(to, 0, n);
		return n == 0 && !r->failed;
	}
	memcpy(to, p, n);
	return true;
}
static inline uint64_t reader_le(struct reader *r, unsigned bytes)
{
	const uint8_t *p = reader_bytes(r, bytes);
	uint64_t v = 0;

	for (unsigned i = 0; p && i < bytes; i++)
		v |= (uint64_t)p[i] << (8 * i);
	return v;
}
static inline uint64_t reader_be(struct reader *r, unsigned bytes)
{
	const uint8_t *p = reader_bytes(r, bytes);
	uint64_t v = 0;

	for (unsigned i = 0; p && i < bytes; i++)
		v = v << 8 | p[i];
	return v;
}
static inline uint8_t reader_u8(struct reader *r)
{
	return (uint8_t)reader_le(r, 1);
}
static inline uint16_t reader_le16(struct reader *r)
{
	return (uint16_t)reader_le(r, 2);
}
static inline uint32_t reader_le32(struct reader *r)
{
	return (uint32_t)reader_le(r, 4);
}
static inline uint64_t reader_le64(struct reader *r)
{
	return reader_le(r, 8);
}
static inline uint16_t reader_be16(struct reader *r)
{
	return (uint16_t)reader_be(r, 2);
}
static inline uint32_t reader_be32(struct reader *r)
{
	return (uint32_t)reader_be(r, 4);
}
static inline uint64_t reader_be64(struct reader *r)
{
	return reader_be(r, 8);
}

#endif
