/*
 * A machine of simulated memory for tests of mem/: frames over one buffer, the real frame pool
 * beneath, and a record of TLB flushes.
 */
#ifndef SHIM_MACHINE_H
#define SHIM_MACHINE_H

#include "lib/types.h"
#include "mem/area.h"

#define MACHINE_FRAMES 4096u

/* Fresh memory, a fresh kernel space with all areas, a fixed random seed. */
void machine_start(void);
/* The same with another number of frames than MACHINE_FRAMES. */
void machine_start_with(uint64_t frames);
/* Panics unless every frame is free again but those that the kernel space itself needs. */
void machine_expect_no_leak(void);
/* Let the n-th frame allocation from now fail, and all after it; UINT64_MAX: none. */
extern uint64_t machine_allocations_left;
/* Called once, ahead of the next allocation or freeing of guest RAM: what somebody else does then.
 */
extern void (*machine_meanwhile)(void);
/* How many frames are promised; panics unless these are there. */
uint64_t machine_promised(void);
extern unsigned machine_flushes;
/* Called at each flush, while the range must be unreachable. */
extern void (*machine_on_flush)(struct space *space, uintptr_t address, size_t bytes);

#endif
