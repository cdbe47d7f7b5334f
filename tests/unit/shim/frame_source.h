/* What mem/frames.c does around its pool, on one CPU without page tables: chunks go and come. */
#ifndef SHIM_FRAME_SOURCE_H
#define SHIM_FRAME_SOURCE_H

#include "mem/frame_pool.h"

static inline bool frame_source_change(
	struct frame_pool *pool, enum frame_side side, uint64_t wanted)
{
	uint64_t chunk;

	if (side == FRAME_DIRECT)
		return frame_pool_show(pool, 0, &chunk);
	if (!frame_pool_hide(pool, wanted, &chunk))
		return false;
	frame_pool_hidden(pool, chunk);
	return true;
}

/* As frames_alloc_promised(). */
static inline enum vmk_status frame_source_take(struct frame_pool *pool, unsigned order,
	enum frame_owner owner, uint64_t promised, uint64_t *first)
{
	const enum frame_side side = frame_owner_side(owner);
	enum vmk_status status;

	do {
		status = frame_pool_alloc_promised(
			pool, order, owner, promised, pool->frames, first);
	} while (status == VMK_NO_MEMORY &&
		 frame_source_change(pool, side, (1ull << order) - promised));
	return status;
}

#endif
