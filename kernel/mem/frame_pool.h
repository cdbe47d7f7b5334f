/*
 * The buddy allocator: blocks of 2^order frames, naturally aligned. All bookkeeping lies outside
 * the frames themselves: two bytes for each frame, and for each order a bitmap of free blocks with
 * summary levels above it, so that finding the highest or lowest free block takes a few steps at
 * any size. Pure; the caller does the locking and the zeroing.
 */
#ifndef MEM_FRAME_POOL_H
#define MEM_FRAME_POOL_H

#include "lib/types.h"
#include "mem/frames.h"

#define FRAME_ORDER_MAX     18u /* 1 GiB */
#define FRAME_BITMAP_LEVELS 6u

struct frame_bitmap {
	uint64_t *level[FRAME_BITMAP_LEVELS]; /* bit n of level l+1: word n of level l is not 0 */
	unsigned levels;
	size_t bits;
};

struct frame_pool {
	uint64_t frames; /* frame numbers 0..frames-1 are covered */
	uint16_t *state; /* per frame: owner, order of the block it begins, flags */
	struct frame_bitmap free[FRAME_ORDER_MAX + 1];
	uint64_t count[FRAME_OWNERS]; /* frames by owner */
};

/* Bytes of bookkeeping for that many frames. */
size_t frame_pool_bytes(uint64_t frames);
/* All frames belong to FRAME_RESERVED at first. `memory`: frame_pool_bytes() zeroed, 8-aligned. */
void frame_pool_init(struct frame_pool *pool, uint64_t frames, void *memory);
/* Move the bookkeeping: it was copied as it stands to `memory`. */
void frame_pool_rebase(struct frame_pool *pool, void *memory);
/* Hand over reserved frames; their content is unknown (dirty). Panics for frames not reserved. */
void frame_pool_add(struct frame_pool *pool, uint64_t first, uint64_t count);
/* The highest free block that ends at or below frame `limit`. VMK_NO_MEMORY, VMK_BAD_PARAM. */
enum vmk_status frame_pool_alloc(struct frame_pool *pool, unsigned order, enum frame_owner owner,
	uint64_t limit, uint64_t *first);
/* Panics unless that very block was allocated. The content must be zero by now. */
void frame_pool_free(struct frame_pool *pool, uint64_t first, unsigned order);
/* Panics as frame_pool_free() would, and changes nothing. */
void frame_pool_check(const struct frame_pool *pool, uint64_t first, unsigned order);
/* Was this frame never zeroed since boot? Forgets it. */
bool frame_pool_take_dirty(struct frame_pool *pool, uint64_t frame);
enum frame_owner frame_pool_owner(const struct frame_pool *pool, uint64_t frame);

#endif
