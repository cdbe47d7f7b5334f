/* What a promise of frames means (mem/frame_pool.h), by trying every way to share out the chunks
 * that are wholly free, over what is counted frame by frame. */
#ifndef MODELS_FRAME_PROMISES_H
#define MODELS_FRAME_PROMISES_H

#include "mem/frame_pool.h"

#define FRAME_PROMISES_CHUNK (1u << FRAME_CHUNK_ORDER)

struct frame_promises {
	uint64_t loose[FRAME_SIDES], promised[FRAME_SIDES]; /* frames */
	uint64_t chunks;                                    /* wholly free, of either side */
};

static inline bool frame_promises_kept(const struct frame_promises *p)
{
	for (uint64_t k = 0; k <= p->chunks; k++) {
		const uint64_t direct = p->loose[FRAME_DIRECT] + k * FRAME_PROMISES_CHUNK,
			       private = p->loose[FRAME_PRIVATE] +
					 (p->chunks - k) * FRAME_PROMISES_CHUNK;

		if (p->promised[FRAME_DIRECT] <= direct && p->promised[FRAME_PRIVATE] <= private)
			return true;
	}
	return false;
}

/* `free` frames of a chunk of that side are free. */
static inline void frame_promises_count(
	struct frame_promises *p, enum frame_side side, uint64_t free)
{
	if (free == FRAME_PROMISES_CHUNK)
		p->chunks++;
	else
		p->loose[side] += free;
}

/* Of a pool of whose chunks none is on its way. */
static inline struct frame_promises frame_promises_of(const struct frame_pool *pool)
{
	struct frame_promises p = {.promised = {pool->stock[FRAME_DIRECT].promised,
					   pool->stock[FRAME_PRIVATE].promised}};
	const uint64_t *private = pool->chunks.level[0];

	for (uint64_t first = 0; first < pool->frames; first += FRAME_PROMISES_CHUNK) {
		const uint64_t chunk = first / FRAME_PROMISES_CHUNK;
		uint64_t free = 0;

		for (uint64_t i = 0; i < FRAME_PROMISES_CHUNK; i++)
			free += frame_pool_owner(pool, first + i) == FRAME_FREE;
		frame_promises_count(&p,
			private[chunk / 64] >> chunk % 64 & 1 ? FRAME_PRIVATE : FRAME_DIRECT, free);
	}
	return p;
}

static inline bool frame_promises_hold(const struct frame_pool *pool)
{
	const struct frame_promises p = frame_promises_of(pool);

	return frame_promises_kept(&p);
}

#endif
