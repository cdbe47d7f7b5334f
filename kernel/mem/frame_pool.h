/*
 * The buddy allocator: blocks of 2^order frames, naturally aligned. All bookkeeping lies outside
 * the frames themselves: two bytes for each frame, and for each order a bitmap of free blocks with
 * summary levels above it, so that finding the highest or lowest free block takes a few steps at
 * any size. Pure; the caller does the locking and the zeroing.
 *
 * Frames of some owners are *private*: the kernel must not reach them in passing. They come from
 * chunks of 2 MiB that are out of the direct map as a whole, and no frame of such a chunk is ever
 * another owner's. frame_pool_hide() makes a chunk private, frame_pool_show() takes one back that
 * is free as a whole; the caller changes the direct map.
 */
#ifndef MEM_FRAME_POOL_H
#define MEM_FRAME_POOL_H

#include "lib/types.h"
#include "mem/frames.h"

#define FRAME_ORDER_MAX     18u /* 1 GiB */
#define FRAME_BITMAP_LEVELS 6u
#define FRAME_CHUNK_ORDER   9u      /* 2 MiB, a large page */
#define FRAME_STATE_OWNER   0x000fu /* of what frame_pool.state has of a frame: enum frame_owner */

struct frame_bitmap {
	uint64_t *level[FRAME_BITMAP_LEVELS]; /* bit n of level l+1: word n of level l is not 0 */
	unsigned levels;
	size_t bits;
};

/* What is free of one side. Of a chunk that is partly used, no frame ever goes to the other side;
 * one that is wholly free serves either. */
struct frame_stock {
	uint64_t loose;  /* frames in partly used chunks, and in a private one that is on its way */
	uint64_t chunks; /* wholly free ones */
	uint64_t promised;
};

struct frame_pool {
	uint64_t frames; /* frame numbers 0..frames-1 are covered */
	uint16_t *state; /* per frame: owner, order of the block it begins, flags */
	struct frame_bitmap free[FRAME_SIDES][FRAME_ORDER_MAX + 1]; /* private: up to a chunk */
	struct frame_bitmap chunks;                                 /* those that are private */
	uint64_t private_chunks;
	uint64_t count[FRAME_OWNERS]; /* frames by owner */
	struct frame_stock stock[FRAME_SIDES];
};

/* Bytes of bookkeeping for that many frames. */
size_t frame_pool_bytes(uint64_t frames);
/* All frames belong to FRAME_RESERVED at first. `memory`: frame_pool_bytes() zeroed, 8-aligned. */
void frame_pool_init(struct frame_pool *pool, uint64_t frames, void *memory);
/* Move the bookkeeping: it was copied as it stands to `memory`. */
void frame_pool_rebase(struct frame_pool *pool, void *memory);
/* Hand over reserved frames; their content is unknown (dirty). Panics for frames not reserved. */
void frame_pool_add(struct frame_pool *pool, uint64_t first, uint64_t count);
/* Where frames of this owner come from. */
static inline enum frame_side frame_owner_side(enum frame_owner owner)
{
	const uint32_t private_ones = 1u << FRAME_USER | 1u << FRAME_USER_TEXT |
				      1u << FRAME_MODULE | 1u << FRAME_MODULE_TEXT |
				      1u << FRAME_SHADOW | 1u << FRAME_VM;

	return private_ones >> owner & 1 ? FRAME_PRIVATE : FRAME_DIRECT;
}
/*
 * Promises: that many free frames of a side are there for whoever was promised them, as single
 * frames. Always holds: with the wholly free chunks shared out in some way, each side's promises
 * are covered by what is loose on its side and by its share. Whatever would break that is refused,
 * so that a promised frame can always be taken: a direct one at once or after frame_pool_show(), a
 * private one at once or after frame_pool_hide(), once no chunk is on its way.
 *
 * VMK_NO_MEMORY: frame_pool_spare() is less than that.
 */
enum vmk_status frame_pool_promise(
	struct frame_pool *pool, enum frame_side side, uint64_t frames, uint64_t keep);
void frame_pool_unpromise(struct frame_pool *pool, enum frame_side side, uint64_t frames);
/* How many more frames can be promised on that side so that `keep` are left on it beside, and on
 * the other one `keep` or as many as now. */
uint64_t frame_pool_spare(const struct frame_pool *pool, enum frame_side side, uint64_t keep);
/* The highest free block that ends at or below frame `limit`, where that breaks no promise.
 * VMK_NO_MEMORY, VMK_BAD_PARAM; private ones come from chunks that are private already, and have at
 * most a chunk's order. */
enum vmk_status frame_pool_alloc(struct frame_pool *pool, unsigned order, enum frame_owner owner,
	uint64_t limit, uint64_t *first);
/* The same with `promised` of its frames out of a promise of their side, which is that much smaller
 * then. No single frame that was promised is refused for others' promises. */
enum vmk_status frame_pool_alloc_promised(struct frame_pool *pool, unsigned order,
	enum frame_owner owner, uint64_t promised, uint64_t limit, uint64_t *first);
/* An allocated block becomes single frames, each allocated on its own. */
void frame_pool_split(struct frame_pool *pool, uint64_t first, unsigned order);
/* Panics unless that very block was allocated. The content must be zero by now. */
void frame_pool_free(struct frame_pool *pool, uint64_t first, unsigned order);
/* The same, and `promise` of its frames are promised on their side, which cannot fail. */
void frame_pool_free_promised(
	struct frame_pool *pool, uint64_t first, unsigned order, uint64_t promise);
/* Panics as frame_pool_free() would, and changes nothing; gives the owner. */
enum frame_owner frame_pool_check(const struct frame_pool *pool, uint64_t first, unsigned order);
/* Was this frame never zeroed since boot? Forgets it. */
bool frame_pool_take_dirty(struct frame_pool *pool, uint64_t frame);
/* Is it free, and zero since it was last in use? */
bool frame_pool_is_cleared(const struct frame_pool *pool, uint64_t frame);
static inline enum frame_owner frame_pool_owner(const struct frame_pool *pool, uint64_t frame)
{
	return frame < pool->frames ? (enum frame_owner)(pool->state[frame] & FRAME_STATE_OWNER)
				    : FRAME_RESERVED;
}
/* Do any of these frames belong to an owner whose frames are private? */
bool frame_pool_any_private(const struct frame_pool *pool, uint64_t first, uint64_t count);

/*
 * Make the highest free chunk private, in two steps: frame_pool_hide() takes it, and once nothing
 * maps it and no TLB knows it, frame_pool_hidden() has its frames allocated. False: no chunk is
 * free as a whole, or it is promised, or so is what a block with `wanted` frames beyond its own
 * promise would take of it.
 */
bool frame_pool_hide(struct frame_pool *pool, uint64_t wanted, uint64_t *first);
void frame_pool_hidden(struct frame_pool *pool, uint64_t first);
/* Take back a private chunk that is free as a whole, if there are more than `keep` of these; its
 * frames can be allocated at once, so the caller still has everybody locked out while it maps it.
 */
bool frame_pool_show(struct frame_pool *pool, uint64_t keep, uint64_t *first);

#endif
