/* sources: kernel/mem/frame_pool.c */
/* quiet: tests/unit/shim/panic.c */
/* quiet: fuzz/lib/figures.c */
/* coverage: edges */
/*
 * Frames allocated, split and freed in any order for any owner, promised, chunks hidden and shown
 * between: against one byte for each frame. Two bytes an operation: what, with which order and
 * owner; which block.
 */
#include "fuzz/lib/figures.h"
#include "mem/frame_pool.h"

#include <string.h>

#include "lib/panic.h"
#include "tests/unit/shim/panic.h"

#define FRAMES      3000u /* the last chunk is not whole */
#define FIRST       3u    /* and neither is the first */
#define BLOCKS_MAX  256u
#define CHUNK       (1u << FRAME_CHUNK_ORDER)
#define CHUNKS      (FRAMES / CHUNK + 1)
#define REQUIRE(it) ((it) ? (void)0 : panic("frames: not so: %s", #it))

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct block {
	uint64_t first;
	unsigned order;
};

/* What each frame and each chunk is, as an observer writes it down. */
static struct {
	struct block blocks[BLOCKS_MAX];
	unsigned count;
	uint64_t promised;
	uint8_t owner[FRAMES];
	bool private[CHUNKS], moving[CHUNKS];
} seen;
static struct frame_pool pool;
static uint64_t memory[2][8192];

static void allocate(uint8_t what, uint8_t limit)
{
	const enum frame_owner owner = FRAME_KERNEL + (what >> 4) % (FRAME_RESERVED - FRAME_KERNEL);
	struct block b = {0, (what & 15) % (FRAME_CHUNK_ORDER + 1)};
	const uint64_t end = limit ? limit * 64u : FRAMES;
	const uint64_t spare = frame_pool_spare(&pool), part = limit & 1 ? seen.promised : 0;
	const uint64_t promised = MIN(part, 1ull << b.order);

	if (seen.count == BLOCKS_MAX ||
		frame_pool_alloc_promised(&pool, b.order, owner, promised, end, &b.first) != VMK_OK)
		return;
	REQUIRE(spare + promised >= 1ull << b.order);
	seen.promised -= promised;
	REQUIRE(b.first >= FIRST && b.first + (1u << b.order) <= MIN(end, FRAMES));
	REQUIRE(b.first % (1u << b.order) == 0);
	for (uint64_t i = b.first; i < b.first + (1u << b.order); i++) {
		REQUIRE(seen.owner[i] == FRAME_FREE && !seen.moving[i / CHUNK]);
		REQUIRE(seen.private[i / CHUNK] == (frame_owner_side(owner) == FRAME_PRIVATE));
		seen.owner[i] = (uint8_t)owner;
	}
	seen.blocks[seen.count++] = b;
}

static void give_back(uint8_t which)
{
	struct block b;
	unsigned i;

	if (!seen.count)
		return;
	i = which % seen.count;
	b = seen.blocks[i];
	seen.blocks[i] = seen.blocks[--seen.count];
	frame_pool_free(&pool, b.first, b.order);
	memset(seen.owner + b.first, FRAME_FREE, 1u << b.order);
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
		seen.owner[i] = FRAME_FREE;
	}
	b->order = 0;
}

static void promise(uint8_t frames)
{
	const uint64_t free = pool.count[FRAME_FREE];
	enum vmk_status status = frame_pool_promise(&pool, frames * 8u, 100);

	REQUIRE((status == VMK_OK) == (seen.promised + frames * 8u + 100 <= free));
	seen.promised += status == VMK_OK ? frames * 8u : 0;
}

static bool is_free(uint64_t chunk)
{
	for (uint64_t i = chunk * CHUNK; i < (chunk + 1) * CHUNK; i++) {
		if (seen.owner[i] != FRAME_FREE)
			return false;
	}
	return true;
}

static void hide(bool at_once)
{
	uint64_t first;

	if (!frame_pool_hide(&pool, &first))
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

static void arrive(void)
{
	for (uint64_t i = 0; i < CHUNKS; i++) {
		if (seen.moving[i])
			frame_pool_hidden(&pool, i * CHUNK);
		seen.moving[i] = false;
	}
}

static void show(uint8_t keep)
{
	uint64_t first, idle = 0;
	bool shown;

	for (uint64_t i = 0; i < CHUNKS; i++)
		idle += seen.private[i] && !seen.moving[i] && is_free(i);
	REQUIRE(pool.idle_chunks == idle);
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

	for (uint64_t i = FIRST; i < FRAMES; i++) {
		REQUIRE(frame_pool_owner(&pool, i) == seen.owner[i]);
		count[seen.owner[i]]++;
	}
	REQUIRE(!memcmp(count, pool.count, sizeof(count)));
	REQUIRE(pool.promised == seen.promised && seen.promised <= count[FRAME_FREE]);
	for (uint64_t i = 0; i < CHUNKS; i++)
		REQUIRE(frame_pool_any_private(&pool, i * CHUNK, CHUNK) == holds_private(i));
	REQUIRE(frame_pool_owner(&pool, FRAMES) == FRAME_RESERVED);
}

/* With everything given back, all of memory can be had by the kernel again. */
static void finish(void)
{
	uint64_t left = FRAMES - FIRST;
	struct block b = {0};

	check();
	while (seen.count)
		give_back(0);
	frame_pool_unpromise(&pool, seen.promised);
	arrive();
	while (frame_pool_show(&pool, 0, &b.first))
		;
	REQUIRE(!pool.private_chunks && !pool.idle_chunks);
	while (frame_pool_alloc(&pool, 0, FRAME_HEAP, FRAMES, &b.first) == VMK_OK)
		left--;
	REQUIRE(!left);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	REQUIRE(frame_pool_bytes(FRAMES) <= sizeof(memory[0]));
	memset(memory[0], 0, frame_pool_bytes(FRAMES));
	memset(&seen, 0, sizeof(seen));
	memset(seen.owner, FRAME_RESERVED, FIRST);
	frame_pool_init(&pool, FRAMES, memory[0]);
	frame_pool_add(&pool, FIRST, FRAMES - FIRST);
	for (size_t i = 0; i + 1 < size; i += 2) {
		figures_operations(1);
		switch (data[i] & 15) {
		case 10:
			if (data[i] & 16)
				split(data[i + 1]);
			else
				promise(data[i + 1]);
			break;
		case 11:
			if (data[i] & 16)
				look_aside(data[i] >> 5, data[i + 1]);
			else
				arrive();
			break;
		case 12:
			hide(data[i] & 16);
			break;
		case 13:
			show(data[i + 1]);
			break;
		case 14:
		case 15:
			give_back(data[i + 1]);
			break;
		default:
			allocate(data[i], data[i + 1]);
		}
	}
	finish();
	return 0;
}
