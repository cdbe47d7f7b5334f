#include "fuzz/models/sha256_memo.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define CONTENTS    2048u
#define CONTENT_MAX 192u /* bytes, whole words */
#define WORDS       (CONTENT_MAX / 8)

static struct content {
	bool known;
	uint8_t digest[32];
	size_t size;
	uint64_t words[WORDS]; /* zeros to the end of the last one that is used */
} contents[CONTENTS];

static uint64_t mix(uint64_t sum, uint64_t word)
{
	sum = (sum ^ word) * 0x9e3779b97f4a7c15ull;
	return sum ^ sum >> 29;
}

void sha256_memo(const void *data, size_t size, uint8_t digest[32],
	void (*real)(const void *data, size_t size, uint8_t digest[32]))
{
	uint64_t words[WORDS], sum = size, differs;
	const size_t count = (size + 7) / 8;
	struct content *c;

	if (size > CONTENT_MAX) {
		real(data, size, digest);
		return;
	}
	if (count)
		words[count - 1] = 0;
	memcpy(words, data, size);
	for (size_t i = 0; i < count; i++)
		sum = mix(sum, words[i]);
	c = &contents[sum % CONTENTS];
	differs = !c->known || c->size != size;
	for (size_t i = 0; i < count && !differs; i++)
		differs = c->words[i] ^ words[i];
	if (!differs && sum >> 58) {
		memcpy(digest, c->digest, sizeof(c->digest));
		return;
	}
	real(data, size, digest);
	if (!differs && memcmp(digest, c->digest, sizeof(c->digest)) != 0)
		abort();
	memcpy(c->digest, digest, sizeof(c->digest));
	c->size = size;
	memcpy(c->words, words, count * 8);
	c->known = true;
}
