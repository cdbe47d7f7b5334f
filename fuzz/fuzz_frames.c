/* sources: kernel/mem/frame_pool.c */
/* quiet: tests/unit/shim/panic.c */
/* quiet: fuzz/lib/figures.c */
/* coverage: edges */
/*
 * Frames allocated, split and freed in any order for any owner, promised, chunks hidden and shown
 * between: against one byte for each frame, and promises against every way to share out the chunks.
 * Two bytes an operation: what, with which order and owner; which block.
 */
#include "fuzz/lib/figures.h"
#include "fuzz/models/frame_promises.h"
#include "mem/frame_pool.h"

#include <string.h>

#include "lib/panic.h"
#include "tests/unit/shim/panic.h"

#define FRAMES       3000u /* the last chunk is not whole */
#define FIRST        3u    /* and neither is the first */
#define BLOCKS_MAX   256u
#define CHUNK        FRAME_PROMISES_CHUNK
#define CHUNKS       (FRAMES / CHUNK + 1)
#define MEMORY_WORDS 1024u
#define REQUIRE(it)  ((it) ? (void)0 : panic("frames: not so: %s", #it))

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A panic that is caught would clear all fake stacks each time: half of what an input takes. */
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
	return "detect_stack_use_after_return=0";
}

struct block {
	uint64_t first;
	unsigned order;
};

/* What each frame and each chunk is, as an observer writes it down. */
static struct {
	struct block blocks[BLOCKS_MAX];
	unsigned count;
	uint64_t promised[FRAME_SIDES];
	uint8_t owner[FRAMES];
	uint16_t free[CHUNKS]; /* so many frames */
	bool private[CHUNKS], moving[CHUNKS];
} seen;
static struct frame_pool pool, fresh;
static uint64_t memory[2][MEMORY_WORDS], fresh_memory[MEMORY_WORDS];
static const uint8_t nobody[CHUNK];

_Static_assert(FRAME_FREE == 0, "what is nobody's");

static enum frame_side side_of(uint64_t chunk)
{
	return seen.private[chunk] ? FRAME_PRIVATE : FRAME_DIRECT;
}

static void see_freed(uint64_t first, uint64_t size)
{
	memset(seen.owner + first, FRAME_FREE, size);
	seen.free[first / CHUNK] += (uint16_t)size;
}

/* --- promises: what is counted, and every way to share it out */

/* What is on its way serves private frames alone. */
static struct frame_promises count_promises(void)
{
	struct frame_promises p = {.promised = {seen.promised[0], seen.promised[1]}};

	for (unsigned i = 0; i < CHUNKS; i++) {
		if (seen.moving[i])
			p.loose[FRAME_PRIVATE] += CHUNK;
		else
			frame_promises_count(&p, side_of(i), seen.free[i]);
	}
	return p;
}

static uint64_t spare_of(const struct frame_promises *p, enum frame_side side)
{
	struct frame_promises more = *p;
	uint64_t spare = 0;

	for (uint64_t k = 0; k <= p->chunks; k++) {
		const uint64_t there = p->loose[side] + k * CHUNK;

		more.promised[side] = MAX(there, p->promised[side]);
		if (frame_promises_kept(&more))
			spare = more.promised[side] - p->promised[side];
	}
	return spare;
}

static bool may_promise(enum frame_side side, uint64_t frames, uint64_t keep)
{
	struct frame_promises p = count_promises();
	const uint64_t others = spare_of(&p, !side);

	if (spare_of(&p, side) < frames + keep)
		return false;
	p.promised[side] += frames;
	return spare_of(&p, !side) >= MIN(keep, others);
}

static void promise(uint8_t what, uint8_t frames)
{
	const enum frame_side side = what & 1;
	const uint64_t keep = what & 2 ? 100 : 0;
	const bool may = !frames || may_promise(side, frames * 8u, keep);

	REQUIRE((frame_pool_promise(&pool, side, frames * 8u, keep) == VMK_OK) == may);
	seen.promised[side] += may ? frames * 8u : 0;
}

static void unpromise(uint8_t what, uint8_t frames)
{
	const enum frame_side side = what & 1;
	const uint64_t part = MIN(frames * 8u, seen.promised[side]);

	frame_pool_unpromise(&pool, side, part);
	seen.promised[side] -= part;
}

/* --- blocks */

static void arrive(void)
{
	for (uint64_t i = 0; i < CHUNKS; i++) {
		if (seen.moving[i])
			frame_pool_hidden(&pool, i * CHUNK);
		seen.moving[i] = false;
	}
}

/* A single frame that was promised comes, at the latest with a chunk from the other side; only
 * private ones wait for what is on its way. */
static void insist(enum frame_owner owner, uint64_t *first)
{
	uint64_t chunk;

	if (frame_owner_side(owner) == FRAME_DIRECT) {
		REQUIRE(frame_pool_show(&pool, 0, &chunk));
		seen.private[chunk / CHUNK] = false;
	} else {
		arrive();
		if (frame_pool_alloc_promised(&pool, 0, owner, 1, FRAMES, first) == VMK_OK)
			return;
		REQUIRE(frame_pool_hide(&pool, 0, &chunk));
		frame_pool_hidden(&pool, chunk);
		seen.private[chunk / CHUNK] = true;
	}
	REQUIRE(frame_pool_alloc_promised(&pool, 0, owner, 1, FRAMES, first) == VMK_OK);
}

static void see_taken(const struct block *b, enum frame_owner owner, uint64_t end)
{
	const uint64_t size = 1ull << b->order, chunk = b->first / CHUNK;

	REQUIRE(b->first >= FIRST && b->first + size <= MIN(end, FRAMES));
	REQUIRE(b->first % size == 0 && !seen.moving[chunk]);
	REQUIRE(side_of(chunk) == frame_owner_side(owner));
	REQUIRE(!memcmp(seen.owner + b->first, nobody, size));
	memset(seen.owner + b->first, (int)owner, size);
	seen.free[chunk] -= (uint16_t)size;
	seen.blocks[seen.count++] = *b;
}

static void allocate(uint8_t what, uint8_t limit)
{
	const enum frame_owner owner = FRAME_KERNEL + (what >> 4) % (FRAME_RESERVED - FRAME_KERNEL);
	const enum frame_side side = frame_owner_side(owner);
	struct block b = {0, (what & 15) % (FRAME_CHUNK_ORDER + 1)};
	const uint64_t end = limit > 1 ? limit * 64u : FRAMES;
	const uint64_t promised = limit & 1 ? MIN(seen.promised[side], 1ull << b.order) : 0;
	enum vmk_status status;

	if (seen.count == BLOCKS_MAX)
		return;
	status = frame_pool_alloc_promised(&pool, b.order, owner, promised, end, &b.first);
	if (status != VMK_OK && promised && !b.order && end == FRAMES)
		insist(owner, &b.first);
	else if (status != VMK_OK)
		return;
	seen.promised[side] -= promised;
	see_taken(&b, owner, end);
}

/* All of it, or its first half, may be promised to whoever gives it back. */
static void give_back(uint8_t which, uint8_t how)
{
	uint64_t size, promise;
	struct block b;
	unsigned i;

	if (!seen.count)
		return;
	i = which % seen.count;
	b = seen.blocks[i];
	size = 1ull << b.order;
	promise = how & 1 ? size >> (how >> 1 & 1) : 0;
	seen.blocks[i] = seen.blocks[--seen.count];
	frame_pool_free_promised(&pool, b.first, b.order, promise);
	seen.promised[side_of(b.first / CHUNK)] += promise;
	see_freed(b.first, size);
}

/* Its first frame is one block from then on, the rest another's loss: they are given back. */
static void split(uint8_t which)
{
	struct block *b = &seen.blocks[which % MAX(seen.count, 1)];

	if (!seen.count)
		return;
	frame_pool_split(&pool, b->first, b->order);
	for (uint64_t i = b->first + 1; i < b->first + (1u << b->order); i++) {
		frame_pool_free(&pool, i, 0);
		see_freed(i, 1);
	}
	b->order = 0;
}

/* --- chunks */

static bool is_free(uint64_t chunk)
{
	return seen.free[chunk] == CHUNK;
}

static unsigned count_direct(void)
{
	unsigned count = 0;

	for (unsigned i = 0; i < CHUNKS; i++)
		count += !seen.private[i] && is_free(i);
	return count;
}

static bool may_hide(void)
{
	struct frame_promises p = count_promises();

	if (!count_direct())
		return false;
	p.chunks--;
	p.loose[FRAME_PRIVATE] += CHUNK;
	return frame_promises_kept(&p);
}

static void hide(bool at_once)
{
	const bool may = may_hide();
	uint64_t first;

	REQUIRE(frame_pool_hide(&pool, 0, &first) == may);
	if (!may)
		return;
	REQUIRE(first % CHUNK == 0 && first + CHUNK <= FRAMES && first >= FIRST);
	REQUIRE(!seen.private[first / CHUNK] && is_free(first / CHUNK));
	seen.private[first / CHUNK] = true;
	seen.moving[first / CHUNK] = true;
	if (!at_once)
		return;
	seen.moving[first / CHUNK] = false;
	frame_pool_hidden(&pool, first);
}

static void show(uint8_t keep)
{
	uint64_t first, idle = 0;
	bool shown;

	for (uint64_t i = 0; i < CHUNKS; i++)
		idle += seen.private[i] && !seen.moving[i] && is_free(i);
	REQUIRE(pool.stock[FRAME_PRIVATE].chunks == idle);
	shown = frame_pool_show(&pool, keep % 4, &first);
	REQUIRE(shown == (idle > keep % 4));
	if (!shown)
		return;
	REQUIRE(seen.private[first / CHUNK] && !seen.moving[first / CHUNK]);
	REQUIRE(is_free(first / CHUNK));
	seen.private[first / CHUNK] = false;
}

/* What nobody may give back stops the kernel, and changes nothing. */
static void misuse(uint8_t how, uint8_t which)
{
	const struct block *b = &seen.blocks[which % MAX(seen.count, 1)];
	uint64_t free = FIRST;

	while (free < FRAMES && seen.owner[free] != FRAME_FREE)
		free++;
	if (how == 0) {
		REQUIRE(PANICS(frame_pool_free(&pool, FRAMES + which, 0)));
	} else if (how == 1 && free < FRAMES) {
		REQUIRE(PANICS(frame_pool_free(&pool, free, 0)));
		REQUIRE(strstr(panic_text, "twice"));
	} else if (how == 2 && seen.count) {
		REQUIRE(PANICS(frame_pool_free(&pool, b->first, b->order + 1)));
	} else if (how == 3 && seen.count && b->order) {
		REQUIRE(PANICS(frame_pool_free(&pool, b->first + 1, 0)));
	}
}

static void refuse(uint8_t owner, uint8_t order)
{
	uint64_t first;

	REQUIRE(frame_pool_alloc(&pool, 0, FRAME_FREE, FRAMES, &first) == VMK_BAD_PARAM);
	REQUIRE(frame_pool_alloc(&pool, 0, FRAME_OWNERS + owner, FRAMES, &first) == VMK_BAD_PARAM);
	REQUIRE(frame_pool_alloc(&pool, FRAME_ORDER_MAX + 1 + order, FRAME_KERNEL, FRAMES,
			&first) == VMK_BAD_PARAM);
}

/* Frames are dirty from the start, and again once somebody had them. */
static void clear(uint8_t which)
{
	const uint64_t frame = FIRST + which * 11u;

	if (frame >= FRAMES || seen.owner[frame] != FRAME_FREE)
		return;
	frame_pool_take_dirty(&pool, frame);
	REQUIRE(frame_pool_is_cleared(&pool, frame));
	REQUIRE(!frame_pool_take_dirty(&pool, frame));
}

static void move(void)
{
	const unsigned other = pool.state == (void *)memory[0];

	memcpy(memory[other], memory[!other], sizeof(memory[0]));
	memset(memory[!other], 0xff, sizeof(memory[0]));
	frame_pool_rebase(&pool, memory[other]);
}

static void look_aside(uint8_t what, uint8_t which)
{
	if (what < 4)
		misuse(what, which);
	else if (what == 4)
		refuse(which & 15, which >> 4);
	else if (what == 5)
		clear(which);
	else
		move();
}

static bool holds_private(uint64_t chunk)
{
	for (uint64_t i = chunk * CHUNK; i < MIN((chunk + 1) * CHUNK, FRAMES); i++) {
		if (frame_owner_side(seen.owner[i]) == FRAME_PRIVATE)
			return seen.private[chunk];
	}
	return false;
}

static void check(void)
{
	uint64_t count[FRAME_OWNERS] = {[FRAME_RESERVED] = FIRST};
	const struct frame_promises p = count_promises();

	for (uint64_t i = FIRST; i < FRAMES; i++) {
		REQUIRE(frame_pool_owner(&pool, i) == seen.owner[i]);
		count[seen.owner[i]]++;
	}
	REQUIRE(!memcmp(count, pool.count, sizeof(count)));
	for (enum frame_side side = 0; side < FRAME_SIDES; side++)
		REQUIRE(pool.stock[side].promised == seen.promised[side]);
	REQUIRE(frame_promises_kept(&p));
	for (uint64_t i = 0; i < CHUNKS; i++)
		REQUIRE(frame_pool_any_private(&pool, i * CHUNK, CHUNK) == holds_private(i));
	REQUIRE(frame_pool_owner(&pool, FRAMES) == FRAME_RESERVED);
}

/* Behind what is known of each frame. */
static const uint64_t *bitmaps(const struct frame_pool *p)
{
	return p->free[0][0].level[0];
}

/* With everything given back, all is free in the same blocks as at first. */
static void finish(void)
{
	const size_t bytes = frame_pool_bytes(FRAMES) - FRAMES * sizeof(*pool.state);
	uint64_t first;

	check();
	while (seen.count)
		give_back(0, 0);
	for (enum frame_side side = 0; side < FRAME_SIDES; side++)
		frame_pool_unpromise(&pool, side, seen.promised[side]);
	arrive();
	while (frame_pool_show(&pool, 0, &first))
		;
	REQUIRE(!pool.private_chunks && !memcmp(pool.stock, fresh.stock, sizeof(pool.stock)));
	REQUIRE(!memcmp(pool.count, fresh.count, sizeof(pool.count)));
	REQUIRE(!memcmp(bitmaps(&pool), bitmaps(&fresh), bytes));
}

static void prepare(void)
{
	REQUIRE(frame_pool_bytes(FRAMES) <= sizeof(fresh_memory));
	frame_pool_init(&fresh, FRAMES, fresh_memory);
	frame_pool_add(&fresh, FIRST, FRAMES - FIRST);
}

static void start(void)
{
	if (!fresh.frames)
		prepare();
	memcpy(memory[0], fresh_memory, frame_pool_bytes(FRAMES));
	pool = fresh;
	frame_pool_rebase(&pool, memory[0]);
	memset(&seen, 0, sizeof(seen));
	memset(seen.owner, FRAME_RESERVED, FIRST);
	for (uint64_t i = 0; i < CHUNKS; i++)
		seen.free[i] = (uint16_t)(MIN((i + 1) * CHUNK, FRAMES) - MAX(i * CHUNK, FIRST));
}

static void operate(uint8_t what, uint8_t which)
{
	switch (what & 15) {
	case 10:
		if (what & 16)
			split(which);
		else if (what & 32)
			unpromise(what >> 6, which);
		else
			promise(what >> 6, which);
		break;
	case 11:
		if (what & 16)
			look_aside(what >> 5, which);
		else
			arrive();
		break;
	case 12:
		hide(what & 16);
		break;
	case 13:
		show(which);
		break;
	case 14:
	case 15:
		give_back(which, what >> 4);
		break;
	default:
		allocate(what, which);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	start();
	for (size_t i = 0; i + 1 < size; i += 2)
		operate(data[i], data[i + 1]);
	figures_operations(size / 2);
	finish();
	return 0;
}
