/* The ChaCha20 block function (RFC 8439, 2.3). Pure. */
#ifndef LIB_CHACHA_H
#define LIB_CHACHA_H

#include <stdint.h>

#define CHACHA_KEY_BYTES   32
#define CHACHA_BLOCK_BYTES 64

/* One block of key stream for `counter` and the nonce, given as three little-endian words. */
void chacha_block(const uint8_t key[CHACHA_KEY_BYTES], uint32_t counter, const uint32_t nonce[3],
	uint8_t block[CHACHA_BLOCK_BYTES]);

#endif
