#include "fuzz/models/digest_memo.h"

#include <stdlib.h>
#include <string.h>

#include "tboot-integration/txtsim/model/digest.h"

#define CONTENTS    4u
#define CONTENT_MAX (80u << 10) /* what is longer goes to OpenSSL */
#define BLOCK       64u
#define BLOCKS_MAX  64u /* and what differs in more of them */
#define SIGNATURES  4u
#define KEY_MAX     384u

/* The names that the linker gives. */
struct digest_stream *__real_digest_begin(void);
struct digest_stream *__wrap_digest_begin(void);
void __real_digest_update(struct digest_stream *s, const void *data, size_t size);
void __wrap_digest_update(struct digest_stream *s, const void *data, size_t size);
void __real_digest_end(struct digest_stream *s, struct digests *out);
void __wrap_digest_end(struct digest_stream *s, struct digests *out);
bool __real_rsa_verify(const uint8_t *modulus, const uint8_t *signature, size_t size,
	uint32_t exponent, const uint8_t digest[32], enum rsa_padding padding);
bool __wrap_rsa_verify(const uint8_t *modulus, const uint8_t *signature, size_t size,
	uint32_t exponent, const uint8_t digest[32], enum rsa_padding padding);

static struct content {
	size_t size; /* not 0 */
	struct digests digests;
	uint8_t bytes[CONTENT_MAX]; /* and zeros to the end of a block */
} contents[CONTENTS];

static struct verified {
	size_t size;
	uint32_t exponent;
	enum rsa_padding padding;
	uint8_t modulus[KEY_MAX], signature[KEY_MAX], digest[32];
} verified[SIGNATURES];

static unsigned content_count, verified_count;
static bool begun;

/* One stream at a time: its bytes, or, once they are too many, OpenSSL's stream with them. */
static struct {
	bool open;
	struct digest_stream *beyond;
	size_t size;
	uint8_t bytes[CONTENT_MAX];
} stream;

static void need(bool it)
{
	if (!it)
		abort();
}

void digest_memo_begin(void)
{
	begun = true;
}

struct digest_stream *__wrap_digest_begin(void)
{
	need(!stream.open);
	stream.open = true;
	stream.beyond = NULL;
	stream.size = 0;
	return (struct digest_stream *)&stream;
}

static struct digest_stream *all_so_far(void)
{
	struct digest_stream *s = __real_digest_begin();

	__real_digest_update(s, stream.bytes, stream.size);
	return s;
}

void __wrap_digest_update(struct digest_stream *s, const void *data, size_t size)
{
	need(stream.open && s == (struct digest_stream *)&stream);
	if (!stream.beyond && size > CONTENT_MAX - stream.size)
		stream.beyond = all_so_far();
	if (stream.beyond) {
		__real_digest_update(stream.beyond, data, size);
		return;
	}
	memcpy(stream.bytes + stream.size, data, size);
	stream.size += size;
}

/* In line, and all at once: most blocks are the same. */
static bool same_block(const uint8_t *a, const uint8_t *b)
{
	uint64_t x[BLOCK / 8], y[BLOCK / 8], other = 0;

	memcpy(x, a, BLOCK);
	memcpy(y, b, BLOCK);
	for (unsigned i = 0; i < BLOCK / 8; i++)
		other |= x[i] ^ y[i];
	return !other;
}

/* False: too much differs, or OpenSSL is to say it. */
static bool digest_difference(const struct content *c, struct digests *out)
{
	struct {
		struct digests of_all;
		struct {
			uint32_t at;
			uint8_t bytes[BLOCK];
		} blocks[BLOCKS_MAX];
	} d = {.of_all = c->digests};
	unsigned count = 0;

	for (uint32_t at = 0; at < c->size; at += BLOCK) {
		if (same_block(c->bytes + at, stream.bytes + at))
			continue;
		if (count == BLOCKS_MAX)
			return false;
		d.blocks[count].at = at;
		memcpy(d.blocks[count++].bytes, stream.bytes + at, BLOCK);
	}
	if (!count) {
		*out = c->digests;
		return true;
	}
	digest_of(&d, sizeof(d.of_all) + count * sizeof(d.blocks[0]), out);
	return out->sha256[0] % DIGEST_MEMO_REAL != 0;
}

void __wrap_digest_end(struct digest_stream *s, struct digests *out)
{
	need(stream.open && s == (struct digest_stream *)&stream);
	stream.open = false;
	if (stream.beyond) {
		__real_digest_end(stream.beyond, out);
		return;
	}
	memset(stream.bytes + stream.size, 0, -stream.size % BLOCK);
	for (struct content *c = contents; c < contents + content_count; c++)
		if (c->size == stream.size && digest_difference(c, out))
			return;
	__real_digest_end(all_so_far(), out);
	if (!begun && content_count < CONTENTS && stream.size) {
		struct content *c = &contents[content_count++];

		c->size = stream.size;
		c->digests = *out;
		memcpy(c->bytes, stream.bytes, stream.size);
	}
}

bool __wrap_rsa_verify(const uint8_t *modulus, const uint8_t *signature, size_t size,
	uint32_t exponent, const uint8_t digest[32], enum rsa_padding padding)
{
	struct verified *v = verified;
	bool good;

	while (v < verified + verified_count &&
		(v->size != size || v->exponent != exponent || v->padding != padding ||
			memcmp(v->modulus, modulus, size) != 0))
		v++;
	if (v < verified + verified_count) {
		if (!memcmp(v->signature, signature, size) && !memcmp(v->digest, digest, 32))
			return true;
		if ((signature[0] ^ digest[0]) % DIGEST_MEMO_REAL)
			return false;
	}
	good = __real_rsa_verify(modulus, signature, size, exponent, digest, padding);
	if (good && !begun && verified_count < SIGNATURES && size <= KEY_MAX) {
		v = &verified[verified_count++];
		*v = (struct verified){.size = size, .exponent = exponent, .padding = padding};
		memcpy(v->modulus, modulus, size);
		memcpy(v->signature, signature, size);
		memcpy(v->digest, digest, 32);
	}
	return good;
}
