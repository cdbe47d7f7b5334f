#include <stdbool.h>
#include "lib/blake2s.h"
#include "lib/chacha.h"
#include "lib/lock.h"
#include "lib/panic.h"
#include "lib/random.h"
#include "lib/types.h"
#include "lib/wipe.h"

_Static_assert(BLAKE2S_BYTES == CHACHA_KEY_BYTES, "a digest becomes the next key");

static struct spinlock lock = SPINLOCK(LOCK_RANDOM);
static uint8_t key[CHACHA_KEY_BYTES];
static bool seeded;
static const uint32_t no_nonce[3]; /* every key is used once, so the nonce may be constant */

void random_seed(const void *material, size_t bytes)
{
	uint64_t saved = spin_lock(&lock);
	struct blake2s state;

	blake2s_init(&state, key, sizeof(key));
	blake2s_update(&state, material, bytes);
	blake2s_final(&state, key);
	__atomic_store_n(&seeded, true, __ATOMIC_RELEASE);
	spin_unlock(&lock, saved);
}

/* Replaces the key; `block` gets 32 bytes for the caller and `own` the key for more of them. */
static void take_block(uint8_t output[32], uint8_t own[CHACHA_KEY_BYTES])
{
	uint64_t saved = spin_lock(&lock);
	uint8_t block[CHACHA_BLOCK_BYTES];

	memcpy(own, key, CHACHA_KEY_BYTES);
	chacha_block(own, 0, no_nonce, block);
	memcpy(key, block, CHACHA_KEY_BYTES);
	memcpy(output, block + CHACHA_KEY_BYTES, 32);
	wipe(block, sizeof(block));
	spin_unlock(&lock, saved);
}

void random_bytes(void *to, size_t bytes)
{
	uint8_t first[32], own[CHACHA_KEY_BYTES], block[CHACHA_BLOCK_BYTES];
	uint8_t *at = to;
	size_t part = MIN(bytes, sizeof(first));

	ASSERT(__atomic_load_n(&seeded, __ATOMIC_ACQUIRE));
	take_block(first, own);
	memcpy(at, first, part);
	at += part;
	bytes -= part;
	for (uint32_t counter = 1; bytes; counter++) {
		/* The block counter has 32 bits: after 256 GiB, start from a new key. */
		if (!counter) {
			random_bytes(at, bytes);
			break;
		}
		part = MIN(bytes, sizeof(block));
		chacha_block(own, counter, no_nonce, block);
		memcpy(at, block, part);
		at += part;
		bytes -= part;
	}
	wipe(first, sizeof(first));
	wipe(own, sizeof(own));
	wipe(block, sizeof(block));
}

uint64_t random_u64(void)
{
	uint64_t value;

	random_bytes(&value, sizeof(value));
	return value;
}

uint64_t random_below(uint64_t bound)
{
	uint64_t skewed, value;

	ASSERT(bound);
	/* Values below 2^64 mod bound would make the first remainders likelier. */
	skewed = (0 - bound) % bound;
	do {
		value = random_u64();
	} while (value < skewed);
	return value % bound;
}
