/* Randomness before anything else runs: RDSEED, RDRAND and the time stamp counter. */
#ifndef BOOT_ENTROPY_H
#define BOOT_ENTROPY_H

#include "lib/types.h"

/* Fill `words` 64-bit words; returns which sources gave something (BOOT_ENTROPY_*). */
unsigned entropy_collect(uint64_t *to, unsigned words);

#endif
