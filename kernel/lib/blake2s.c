#include <string.h>
#include "lib/blake2s.h"
#include "lib/types.h"
#include "lib/wipe.h"

/* RFC 7693, 2.6 and 2.7. */
static const uint32_t initial[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f,
	0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
static const uint8_t sigma[10][16] = {
	{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15},
	{14, 10, 4, 8, 9, 15, 13, 6, 1, 12, 0, 2, 11, 7, 5, 3},
	{11, 8, 12, 0, 5, 2, 15, 13, 10, 14, 3, 6, 7, 1, 9, 4},
	{7, 9, 3, 1, 13, 12, 11, 14, 2, 6, 5, 10, 4, 0, 15, 8},
	{9, 0, 5, 7, 2, 4, 10, 15, 14, 1, 11, 12, 6, 8, 3, 13},
	{2, 12, 6, 10, 0, 11, 8, 3, 4, 13, 7, 5, 15, 14, 1, 9},
	{12, 5, 1, 15, 14, 13, 4, 10, 0, 7, 6, 3, 9, 2, 8, 11},
	{13, 11, 7, 14, 12, 1, 3, 9, 5, 0, 15, 4, 8, 6, 2, 10},
	{6, 15, 14, 9, 11, 3, 0, 8, 12, 2, 13, 7, 1, 4, 10, 5},
	{10, 2, 8, 4, 7, 6, 1, 5, 15, 11, 9, 14, 3, 12, 13, 0},
};

static uint32_t rotate_right(uint32_t x, unsigned bits)
{
	return x >> bits | x << (32 - bits);
}

/* The mixing function G, RFC 7693, 3.1. */
static void mix(
	uint32_t v[16], unsigned a, unsigned b, unsigned c, unsigned d, uint32_t x, uint32_t y)
{
	v[a] += v[b] + x;
	v[d] = rotate_right(v[d] ^ v[a], 16);
	v[c] += v[d];
	v[b] = rotate_right(v[b] ^ v[c], 12);
	v[a] += v[b] + y;
	v[d] = rotate_right(v[d] ^ v[a], 8);
	v[c] += v[d];
	v[b] = rotate_right(v[b] ^ v[c], 7);
}

/* The compression function F, RFC 7693, 3.2. */
static void compress(struct blake2s *state, const uint8_t block[BLAKE2S_BLOCK], bool last)
{
	uint32_t v[16], m[16];

	for (unsigned i = 0; i < 8; i++) {
		v[i] = state->h[i];
		v[i + 8] = initial[i];
	}
	for (unsigned i = 0; i < 16; i++)
		m[i] = (uint32_t)block[4 * i] | (uint32_t)block[4 * i + 1] << 8 |
		       (uint32_t)block[4 * i + 2] << 16 | (uint32_t)block[4 * i + 3] << 24;
	v[12] ^= (uint32_t)state->count;
	v[13] ^= (uint32_t)(state->count >> 32);
	if (last)
		v[14] = ~v[14];
	for (unsigned round = 0; round < 10; round++) {
		const uint8_t *s = sigma[round];

		for (unsigned i = 0; i < 4; i++)
			mix(v, i, i + 4, i + 8, i + 12, m[s[2 * i]], m[s[2 * i + 1]]);
		for (unsigned i = 0; i < 4; i++)
			mix(v, i, (i + 1) % 4 + 4, (i + 2) % 4 + 8, (i + 3) % 4 + 12,
				m[s[2 * i + 8]], m[s[2 * i + 9]]);
	}
	for (unsigned i = 0; i < 8; i++)
		state->h[i] ^= v[i] ^ v[i + 8];
	wipe(v, sizeof(v));
	wipe(m, sizeof(m));
}

void blake2s_init(struct blake2s *state, const void *key, size_t key_bytes)
{
	memset(state, 0, sizeof(*state));
	memcpy(state->h, initial, sizeof(initial));
	state->h[0] ^= 0x01010000u ^ (uint32_t)key_bytes << 8 ^ BLAKE2S_BYTES;
	if (key_bytes) {
		memcpy(state->buffer, key, key_bytes);
		state->used = BLAKE2S_BLOCK;
	}
}

void blake2s_update(struct blake2s *state, const void *data, size_t bytes)
{
	const uint8_t *from = data;

	while (bytes) {
		size_t part = MIN(bytes, BLAKE2S_BLOCK - state->used);

		/* A full buffer is kept until more comes, since the last block is special. */
		if (!part) {
			state->count += BLAKE2S_BLOCK;
			compress(state, state->buffer, false);
			state->used = 0;
			continue;
		}
		memcpy(state->buffer + state->used, from, part);
		state->used += part;
		from += part;
		bytes -= part;
	}
}

void blake2s_final(struct blake2s *state, uint8_t digest[BLAKE2S_BYTES])
{
	memset(state->buffer + state->used, 0, BLAKE2S_BLOCK - state->used);
	state->count += state->used;
	compress(state, state->buffer, true);
	for (unsigned i = 0; i < BLAKE2S_BYTES; i++)
		digest[i] = (uint8_t)(state->h[i / 4] >> 8 * (i % 4));
	wipe(state, sizeof(*state));
}
