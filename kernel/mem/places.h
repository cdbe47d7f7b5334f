/*
 * Where the parts of an address space go, each drawn on its own: the kernel's direct map and
 * windows, and the windows of a world in ring 3. Pure over the source of random numbers; bits of
 * each: tests/unit/test_places.c.
 */
#ifndef MEM_PLACES_H
#define MEM_PLACES_H

#include "arch/x86/paging.h"
#include "mem/area.h"

struct places {
	bool taken[PTABLE_ENTRIES]; /* PML4 slots that hold some of it */
	uintptr_t direct;           /* base of the direct map */
	struct range window[AREA_COUNT];
};

/* Where a world's mappings are scattered: 16 times what any may have (vmkmod/domain.h), so that one
 * of all that is still finds a place between the others. */
#define USER_MAPPINGS_BYTES (64ull << 30)

typedef uint64_t (*places_random)(uint64_t bound); /* uniform in [0, bound) */

/* Of the kernel's half: `end`, of the physical memory to be shown; `ram`, bytes that the heap may
 * grow to. VMK_NO_MEMORY: the half is too small for a direct map of that size. */
enum vmk_status places_choose(
	struct places *places, uint64_t end, uint64_t ram, places_random random);
/* Of ring 3's half: images, mappings (heaps, too), stacks and frames that are not the world's, in
 * windows that do not touch. Tables for what is scattered there count as the world's memory. */
void places_choose_user(struct range window[AREA_COUNT], places_random random);

#endif
