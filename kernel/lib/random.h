/* The kernel's random numbers: a DRBG (HMAC-SHA-256 or ChaCha20) seeded at boot, reseeded when
 * entropy comes. */
#ifndef LIB_RANDOM_H
#define LIB_RANDOM_H

#include <stddef.h>
#include <stdint.h>

/* Mix in `bytes` of seed material; the caller keeps and should clear them. Thread-safe. */
void random_seed(const void *material, size_t bytes);
/* Never fails once random_seed() was called. Thread-safe. */
void random_bytes(void *to, size_t bytes);
uint64_t random_u64(void);
/* Uniform in [0, bound), bound > 0. */
uint64_t random_below(uint64_t bound);

#endif
