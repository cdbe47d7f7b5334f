/*
 * The kernel's random numbers: ChaCha20 with fast key erasure (each request replaces the key before
 * any output leaves, so that a later look into memory shows nothing of the past), seeded through
 * keyed BLAKE2s, which can only add to what the key already holds. Pure.
 */
#ifndef LIB_RANDOM_H
#define LIB_RANDOM_H

#include <stddef.h>
#include <stdint.h>

/* Mix in `bytes` of seed material; the caller keeps and should clear them. Thread-safe. */
void random_seed(const void *material, size_t bytes);
/* Panics before the first random_seed(); never fails after it. Thread-safe. */
void random_bytes(void *to, size_t bytes);
uint64_t random_u64(void);
/* Uniform in [0, bound), bound > 0. */
uint64_t random_below(uint64_t bound);

#endif
