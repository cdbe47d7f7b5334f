/* BLAKE2s (RFC 7693): a keyed hash, with which the random generator mixes in its seeds. Pure. */
#ifndef LIB_BLAKE2S_H
#define LIB_BLAKE2S_H

#include <stddef.h>
#include <stdint.h>

#define BLAKE2S_BYTES 32
#define BLAKE2S_BLOCK 64

struct blake2s {
	uint32_t h[8];
	uint64_t count; /* bytes hashed, without those still in the buffer */
	uint8_t buffer[BLAKE2S_BLOCK];
	size_t used;
};

/* key_bytes 0..32. */
void blake2s_init(struct blake2s *state, const void *key, size_t key_bytes);
void blake2s_update(struct blake2s *state, const void *data, size_t bytes);
/* Writes the digest and clears the state. */
void blake2s_final(struct blake2s *state, uint8_t digest[BLAKE2S_BYTES]);

#endif
