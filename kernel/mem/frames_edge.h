/* Between frames.c, the direct map and the code that builds the kernel's page tables. */
#ifndef MEM_FRAMES_EDGE_H
#define MEM_FRAMES_EDGE_H

#include "lib/types.h"

struct ptable;

/* From now on physical memory [0, end) is reached at `base` + address, through leaves of `table`
 * that have `flags`; until then at its own address, up to EARLY_IDENTITY_END. */
void frames_set_direct_map(
	const struct ptable *table, uintptr_t base, uint64_t end, uint64_t flags);

/* direct.c */
void direct_map_set(const struct ptable *table, uintptr_t base, uint64_t end, uint64_t flags);
uint64_t direct_map_end(void);
uintptr_t direct_map_base(void);
/* Is it an address of the direct map, mapped or not? False while that is the boot path's. */
bool direct_map_covers(uintptr_t address);
/* Take out a large page and put it back; the caller sees to it that nobody does so at once. No TLB
 * knows a page any more after direct_map_forget(), which waits for other CPUs. */
void direct_map_hide(struct hpa chunk);
void direct_map_forget(struct hpa chunk);
void direct_map_show(struct hpa chunk);

#endif
