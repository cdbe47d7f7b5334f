/*
 * Which ranges of virtual addresses are taken: a sorted array of disjoint ranges, and random
 * placement with at least one free page on both sides. Pure; the caller owns the array and does the
 * locking. Every address and size is a multiple of PAGE_SIZE.
 */
#ifndef MEM_RANGES_H
#define MEM_RANGES_H

#include "lib/types.h"
#include <vmkapi/status.h>

struct range {
	uintptr_t start, end;
};

struct ranges {
	struct range *items; /* not owned */
	size_t count, room;
};

/* The range that holds `address`, or NULL. */
const struct range *ranges_find(const struct ranges *ranges, uintptr_t address);
/* Is any address of [start, end) taken? */
bool ranges_overlap(const struct ranges *ranges, uintptr_t start, uintptr_t end);
/* Take [start, end). VMK_EXISTS if any of it is taken, VMK_NO_RESOURCES if the array is full. */
enum vmk_status ranges_insert(struct ranges *ranges, uintptr_t start, uintptr_t end);
/* Give back [start, end), which lies in one range: it may be its whole, an end or the middle.
 * VMK_NOT_FOUND, or VMK_NO_RESOURCES if a range must be split and the array is full. */
enum vmk_status ranges_remove(struct ranges *ranges, uintptr_t start, uintptr_t end);
/*
 * Find `bytes` free ones in [window->start, window->end), aligned to `align`, with a free page
 * before and after: where `random(bound)` says if that is free, otherwise in the first gap
 * above it. VMK_NO_PLACE if no gap is large enough.
 */
enum vmk_status ranges_place(const struct ranges *ranges, const struct range *window, size_t bytes,
	size_t align, uint64_t (*random)(uint64_t bound), uintptr_t *start);
/* The most that ranges_place() finds a place for, aligned to pages; 0: for nothing. */
size_t ranges_largest(const struct ranges *ranges, const struct range *window);

#endif
