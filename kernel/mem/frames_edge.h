/* Between frames.c and the code that builds the kernel's page tables. */
#ifndef MEM_FRAMES_EDGE_H
#define MEM_FRAMES_EDGE_H

#include "lib/types.h"

/* From now on physical memory [0, end) is reached at `base` + address. */
void frames_set_direct_map(uintptr_t base, uint64_t end);

#endif
