#include "lib/panic.h"
#include "mem/frame_pool.h"

#define STATE_ORDER     0x01f0u /* of the block that begins here */
#define STATE_ORDER_AT  4u
#define STATE_HEAD      0x0200u
#define STATE_DIRTY     0x0400u

#define UNTOUCHED       (FRAME_RESERVED | STATE_DIRTY)

#define ORDER_FRAMES(o) (1ull << (o))
#define CHUNK_FRAMES    ORDER_FRAMES(FRAME_CHUNK_ORDER)

_Static_assert(FRAME_OWNERS <= 16, "the owner has four bits");
_Static_assert(FRAME_ORDER_MAX < 32, "the order has five bits");

static size_t words(size_t bits)
{
	return (bits + 63) / 64;
}

static size_t blocks(uint64_t frames, unsigned order)
{
	return (size_t)((frames + ORDER_FRAMES(order) - 1) >> order);
}

/* --- bitmaps with summaries */

/* Lays the levels out from `memory` on; returns the words used. */
static size_t bitmap_layout(struct frame_bitmap *map, size_t bits, uint64_t *memory)
{
	size_t used = 0;

	map->bits = bits;
	map->levels = 0;
	do {
		ASSERT(map->levels < FRAME_BITMAP_LEVELS);
		map->level[map->levels++] = memory + used;
		bits = words(bits);
		used += bits;
	} while (bits > 1);
	return used;
}

static void bitmap_mark(struct frame_bitmap *map, size_t bit)
{
	for (unsigned l = 0; l < map->levels; l++, bit /= 64)
		map->level[l][bit / 64] |= 1ull << bit % 64;
}

static void bitmap_unmark(struct frame_bitmap *map, size_t bit)
{
	for (unsigned l = 0; l < map->levels; l++, bit /= 64) {
		map->level[l][bit / 64] &= ~(1ull << bit % 64);
		if (map->level[l][bit / 64])
			return;
	}
}

static bool bitmap_marked(const struct frame_bitmap *map, size_t bit)
{
	return bit < map->bits && map->level[0][bit / 64] >> bit % 64 & 1;
}

/* The bits of `word` below bit `end`. */
static uint64_t below(uint64_t word, size_t end)
{
	return end >= 64 ? word : word & ((1ull << end) - 1);
}

/* The highest marked bit below `end`; false if there is none. */
static bool bitmap_highest(const struct frame_bitmap *map, size_t end, size_t *bit)
{
	unsigned l = 0;
	uint64_t word = 0;

	if (end > map->bits)
		end = map->bits;
	/* Up until a word has a bit below the end, then down along the highest bits. */
	for (; l < map->levels && end; l++, end /= 64) {
		if (l == map->levels - 1) {
			word = below(map->level[l][0], end);
			end = 0;
		} else if (end % 64) {
			word = below(map->level[l][end / 64], end % 64);
		}
		if (word) {
			*bit = ALIGN_DOWN(end, 64);
			break;
		}
	}
	if (!word)
		return false;
	*bit += 63 - (size_t)__builtin_clzll(word);
	while (l--) {
		word = map->level[l][*bit];
		*bit = *bit * 64 + 63 - (size_t)__builtin_clzll(word);
	}
	return true;
}

/* --- the pool */

static size_t state_bytes(uint64_t frames)
{
	return ALIGN_UP((size_t)frames * sizeof(uint16_t), 8);
}

static unsigned top_order(enum frame_side side)
{
	return side == FRAME_PRIVATE ? FRAME_CHUNK_ORDER : FRAME_ORDER_MAX;
}

static size_t layout(struct frame_pool *pool, uint64_t frames, void *memory)
{
	uint64_t *at = (uint64_t *)(void *)((uint8_t *)memory + state_bytes(frames));
	size_t used = 0;

	pool->frames = frames;
	pool->state = memory;
	for (enum frame_side side = 0; side < FRAME_SIDES; side++)
		for (unsigned order = 0; order <= top_order(side); order++)
			used += bitmap_layout(
				&pool->free[side][order], blocks(frames, order), at + used);
	used += bitmap_layout(&pool->chunks, blocks(frames, FRAME_CHUNK_ORDER), at + used);
	return state_bytes(frames) + used * sizeof(uint64_t);
}

static size_t bitmap_bytes(size_t bits)
{
	size_t bytes = 0;

	do {
		bits = words(bits);
		bytes += bits * sizeof(uint64_t);
	} while (bits > 1);
	return bytes;
}

size_t frame_pool_bytes(uint64_t frames)
{
	size_t bytes = state_bytes(frames) + bitmap_bytes(blocks(frames, FRAME_CHUNK_ORDER));

	for (enum frame_side side = 0; side < FRAME_SIDES; side++)
		for (unsigned order = 0; order <= top_order(side); order++)
			bytes += bitmap_bytes(blocks(frames, order));
	return bytes;
}

void frame_pool_init(struct frame_pool *pool, uint64_t frames, void *memory)
{
	*pool = (struct frame_pool){0};
	layout(pool, frames, memory);
	for (uint64_t i = 0; i < frames; i++)
		pool->state[i] = UNTOUCHED;
	pool->count[FRAME_RESERVED] = frames;
}

void frame_pool_rebase(struct frame_pool *pool, void *memory)
{
	layout(pool, pool->frames, memory);
}

/* They are all somebody's, or all free. */
static void set_owner(struct frame_pool *pool, uint64_t first, uint64_t count, enum frame_owner to)
{
	pool->count[pool->state[first] & FRAME_STATE_OWNER] -= count;
	pool->count[to] += count;
	for (uint64_t i = first; i < first + count; i++)
		pool->state[i] = (uint16_t)((pool->state[i] & STATE_DIRTY) | to);
}

/* --- what is free of a side, and promised */

static uint64_t beyond(uint64_t have, uint64_t of)
{
	return of > have ? of - have : 0;
}

/* A block of that order is free. */
static void count_in(struct frame_stock *stock, unsigned order)
{
	if (order < FRAME_CHUNK_ORDER)
		stock->loose += ORDER_FRAMES(order);
	else
		stock->chunks += ORDER_FRAMES(order - FRAME_CHUNK_ORDER);
}

/* A chunk's last frame came back. */
static void count_whole(struct frame_stock *stock)
{
	stock->loose -= CHUNK_FRAMES;
	stock->chunks++;
}

/* 2^order frames are taken out of a free block of order `from`. */
static void count_out(struct frame_stock *stock, unsigned from, unsigned order)
{
	if (order >= FRAME_CHUNK_ORDER) {
		stock->chunks -= ORDER_FRAMES(order - FRAME_CHUNK_ORDER);
		return;
	}
	if (from >= FRAME_CHUNK_ORDER) {
		stock->chunks--;
		stock->loose += CHUNK_FRAMES;
	}
	stock->loose -= ORDER_FRAMES(order);
}

/* How many chunks a side needs for its promises and `more`. */
static uint64_t chunks_for(const struct frame_stock *stock, uint64_t more)
{
	return (beyond(stock->loose, stock->promised + more) + CHUNK_FRAMES - 1) >>
	       FRAME_CHUNK_ORDER;
}

static bool is_kept(const struct frame_stock direct, const struct frame_stock private)
{
	return chunks_for(&direct, 0) + chunks_for(&private, 0) <= direct.chunks + private.chunks;
}

/* Put a block among the free ones of its side, joined with its free buddies. */
static void release(struct frame_pool *pool, enum frame_side side, uint64_t first, unsigned order)
{
	struct frame_bitmap *free = pool->free[side];

	count_in(&pool->stock[side], order);
	for (; order < top_order(side); order++) {
		uint64_t buddy = (first >> order) ^ 1;

		if (!bitmap_marked(&free[order], (size_t)buddy))
			break;
		bitmap_unmark(&free[order], (size_t)buddy);
		first &= ~ORDER_FRAMES(order);
		if (order + 1 == FRAME_CHUNK_ORDER)
			count_whole(&pool->stock[side]);
	}
	bitmap_mark(&free[order], (size_t)(first >> order));
}

/* The highest of the smallest blocks that are large enough, so that large ones last: *from is its
 * order. */
static bool find(const struct frame_pool *pool, enum frame_side side, unsigned order,
	uint64_t limit, unsigned *from, size_t *block)
{
	const struct frame_bitmap *free = pool->free[side];

	*from = order;
	while (!bitmap_highest(&free[*from], (size_t)(limit >> *from), block)) {
		if ((*from)++ == top_order(side))
			return false;
	}
	return true;
}

/* Its highest 2^order frames; the rest of it is free as before. */
static uint64_t cut(
	struct frame_pool *pool, enum frame_side side, unsigned from, size_t block, unsigned order)
{
	struct frame_bitmap *free = pool->free[side];
	uint64_t first = (uint64_t)block << from;

	bitmap_unmark(&free[from], block);
	count_out(&pool->stock[side], from, order);
	while (from > order) {
		from--;
		bitmap_mark(&free[from], (size_t)(first >> from));
		first += ORDER_FRAMES(from);
	}
	return first;
}

/* One of those that are wholly free. */
static uint64_t take_chunk(struct frame_pool *pool, enum frame_side side)
{
	unsigned from = 0;
	size_t block = 0;
	const bool found = find(pool, side, FRAME_CHUNK_ORDER, pool->frames, &from, &block);

	ASSERT(found);
	return cut(pool, side, from, block, FRAME_CHUNK_ORDER);
}

void frame_pool_add(struct frame_pool *pool, uint64_t first, uint64_t count)
{
	ASSERT(first <= pool->frames && count <= pool->frames - first);
	/* At boot this is all of memory: one pass, counted as a whole. */
	for (uint64_t i = first; i < first + count; i++) {
		ASSERT(pool->state[i] == UNTOUCHED);
		pool->state[i] = FRAME_FREE | STATE_DIRTY;
	}
	pool->count[FRAME_RESERVED] -= count;
	pool->count[FRAME_FREE] += count;
	while (count) {
		unsigned order = 0;

		while (order < FRAME_ORDER_MAX && !(first & ORDER_FRAMES(order)) &&
			ORDER_FRAMES(order + 1) <= count)
			order++;
		release(pool, FRAME_DIRECT, first, order);
		first += ORDER_FRAMES(order);
		count -= ORDER_FRAMES(order);
	}
}

static enum frame_side frame_side(const struct frame_pool *pool, uint64_t frame)
{
	return bitmap_marked(&pool->chunks, (size_t)(frame >> FRAME_CHUNK_ORDER)) ? FRAME_PRIVATE
										  : FRAME_DIRECT;
}

enum vmk_status frame_pool_alloc(struct frame_pool *pool, unsigned order, enum frame_owner owner,
	uint64_t limit, uint64_t *first)
{
	return frame_pool_alloc_promised(pool, order, owner, 0, limit, first);
}

uint64_t frame_pool_spare(const struct frame_pool *pool, enum frame_side side, uint64_t keep)
{
	const struct frame_stock *own = &pool->stock[side], *other = &pool->stock[!side];
	const uint64_t chunks = own->chunks + other->chunks, kept = MIN(keep, pool->frames);
	const uint64_t most = chunks - chunks_for(other, 0), least = chunks_for(own, 0);
	const uint64_t left = MAX(beyond(chunks_for(other, kept), chunks), least);
	const uint64_t mine = own->loose + most * CHUNK_FRAMES - own->promised;

	return MIN(beyond(kept, mine), own->loose + left * CHUNK_FRAMES - own->promised);
}

enum vmk_status frame_pool_promise(
	struct frame_pool *pool, enum frame_side side, uint64_t frames, uint64_t keep)
{
	if (frame_pool_spare(pool, side, keep) < frames)
		return VMK_NO_MEMORY;
	pool->stock[side].promised += frames;
	return VMK_OK;
}

void frame_pool_unpromise(struct frame_pool *pool, enum frame_side side, uint64_t frames)
{
	ASSERT(frames <= pool->stock[side].promised);
	pool->stock[side].promised -= frames;
}

/* Every other promise is kept with 2^order frames taken out of a free block of order `from`. */
static bool may_take(const struct frame_pool *pool, enum frame_side side, unsigned from,
	unsigned order, uint64_t promised)
{
	struct frame_stock own = pool->stock[side];

	ASSERT(promised <= own.promised);
	own.promised -= promised;
	count_out(&own, from, order);
	return is_kept(own, pool->stock[!side]);
}

enum vmk_status frame_pool_alloc_promised(struct frame_pool *pool, unsigned order,
	enum frame_owner owner, uint64_t promised, uint64_t limit, uint64_t *first)
{
	enum frame_side side;
	unsigned from;
	size_t block;

	if (owner == FRAME_FREE || owner >= FRAME_OWNERS)
		return VMK_BAD_PARAM;
	side = frame_owner_side(owner);
	if (order > top_order(side))
		return VMK_BAD_PARAM;
	if (!find(pool, side, order, limit, &from, &block) ||
		!may_take(pool, side, from, order, promised))
		return VMK_NO_MEMORY;
	frame_pool_unpromise(pool, side, promised);
	*first = cut(pool, side, from, block, order);
	set_owner(pool, *first, ORDER_FRAMES(order), owner);
	pool->state[*first] |= (uint16_t)(STATE_HEAD | order << STATE_ORDER_AT);
	return VMK_OK;
}

enum frame_owner frame_pool_check(const struct frame_pool *pool, uint64_t first, unsigned order)
{
	uint16_t state;

	if (first >= pool->frames)
		panic("frames: frame 0x%llx does not exist", (unsigned long long)first);
	state = pool->state[first];
	if ((state & FRAME_STATE_OWNER) == FRAME_FREE)
		panic("frames: frame 0x%llx freed twice", (unsigned long long)first);
	if (!(state & STATE_HEAD) || (state & STATE_ORDER) >> STATE_ORDER_AT != order)
		panic("frames: frame 0x%llx was not allocated with order %u",
			(unsigned long long)first, order);
	return (enum frame_owner)(state & FRAME_STATE_OWNER);
}

void frame_pool_split(struct frame_pool *pool, uint64_t first, unsigned order)
{
	frame_pool_check(pool, first, order);
	for (uint64_t i = first; i < first + ORDER_FRAMES(order); i++) {
		pool->state[i] &= (uint16_t)~STATE_ORDER;
		pool->state[i] |= STATE_HEAD;
	}
}

void frame_pool_free(struct frame_pool *pool, uint64_t first, unsigned order)
{
	frame_pool_free_promised(pool, first, order, 0);
}

void frame_pool_free_promised(
	struct frame_pool *pool, uint64_t first, unsigned order, uint64_t promise)
{
	const enum frame_side side = frame_side(pool, first);

	ASSERT(promise <= ORDER_FRAMES(order));
	frame_pool_check(pool, first, order);
	set_owner(pool, first, ORDER_FRAMES(order), FRAME_FREE);
	release(pool, side, first, order);
	pool->stock[side].promised += promise;
}

bool frame_pool_take_dirty(struct frame_pool *pool, uint64_t frame)
{
	bool dirty = pool->state[frame] & STATE_DIRTY;

	pool->state[frame] &= (uint16_t)~STATE_DIRTY;
	return dirty;
}

bool frame_pool_is_cleared(const struct frame_pool *pool, uint64_t frame)
{
	return (pool->state[frame] & (FRAME_STATE_OWNER | STATE_DIRTY)) == FRAME_FREE;
}

bool frame_pool_any_private(const struct frame_pool *pool, uint64_t first, uint64_t count)
{
	const uint64_t end = MIN(pool->frames, first + count);

	for (uint64_t i = first; i < end; i++) {
		if (frame_owner_side(pool->state[i] & FRAME_STATE_OWNER) == FRAME_PRIVATE)
			return true;
	}
	return false;
}

/* --- chunks */

/* What is on its way counts as loose: the other side cannot have it. */
bool frame_pool_hide(struct frame_pool *pool, uint64_t wanted, uint64_t *first)
{
	struct frame_stock direct = pool->stock[FRAME_DIRECT], private = pool->stock[FRAME_PRIVATE];

	if (!direct.chunks)
		return false;
	direct.chunks--;
	private.loose += CHUNK_FRAMES;
	private.promised += wanted;
	if (!is_kept(direct, private))
		return false;
	*first = take_chunk(pool, FRAME_DIRECT);
	pool->stock[FRAME_PRIVATE].loose += CHUNK_FRAMES;
	bitmap_mark(&pool->chunks, (size_t)(*first >> FRAME_CHUNK_ORDER));
	pool->private_chunks++;
	return true;
}

void frame_pool_hidden(struct frame_pool *pool, uint64_t first)
{
	ASSERT(frame_side(pool, first) == FRAME_PRIVATE);
	pool->stock[FRAME_PRIVATE].loose -= CHUNK_FRAMES;
	release(pool, FRAME_PRIVATE, first, FRAME_CHUNK_ORDER);
}

bool frame_pool_show(struct frame_pool *pool, uint64_t keep, uint64_t *first)
{
	if (pool->stock[FRAME_PRIVATE].chunks <= keep)
		return false;
	*first = take_chunk(pool, FRAME_PRIVATE);
	bitmap_unmark(&pool->chunks, (size_t)(*first >> FRAME_CHUNK_ORDER));
	pool->private_chunks--;
	release(pool, FRAME_DIRECT, *first, FRAME_CHUNK_ORDER);
	return true;
}
