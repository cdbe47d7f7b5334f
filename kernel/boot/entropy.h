/* Where random numbers come from: RDSEED, RDRAND and the time stamp counter before anything else
 * runs, and what others add to them later. */
#ifndef BOOT_ENTROPY_H
#define BOOT_ENTROPY_H

#include "lib/types.h"

/* Fill `words` 64-bit words; returns which sources gave something (BOOT_ENTROPY_*). */
unsigned entropy_collect(uint64_t *to, unsigned words);
/* Mix in what another source gave: `source` is one of BOOT_ENTROPY_*. The caller clears it. */
void entropy_add(unsigned source, const void *material, size_t bytes);
/* All that gave something so far. */
unsigned entropy_sources(void);
/* Their names, with blanks between. */
void entropy_describe(unsigned sources, char *to, size_t size);
/* Says where random numbers come from once the TPM was asked, and if that is no good source. */
void entropy_log(void);

#endif
