/* sources: kernel/mem/frame_pool.c tests/unit/shim/panic.c */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "fuzz/models/frame_promises.h"
#include "mem/frame_pool.h"
#include "tests/unit/shim/frame_source.h"
#include "tests/unit/shim/panic.h"

#define NO_LIMIT UINT64_MAX

static struct frame_pool pool;
static void *memory;

static void start(uint64_t frames)
{
	free(memory);
	memory = calloc(1, frame_pool_bytes(frames));
	frame_pool_init(&pool, frames, memory);
}

static int finish(void **state)
{
	free(memory);
	memory = NULL;
	return 0;
}

static void gives_the_highest_block_and_joins_again(void **state)
{
	uint64_t a, b, c;

	start(1000);
	frame_pool_add(&pool, 10, 990);
	assert_int_equal(frame_pool_alloc(&pool, 0, FRAME_HEAP, NO_LIMIT, &a), VMK_OK);
	assert_int_equal(frame_pool_alloc(&pool, 3, FRAME_KERNEL, NO_LIMIT, &b), VMK_OK);
	assert_int_equal(frame_pool_alloc(&pool, 9, FRAME_DMA, NO_LIMIT, &c), VMK_NO_MEMORY);
	assert_int_equal(frame_pool_alloc(&pool, 8, FRAME_DMA, NO_LIMIT, &c), VMK_OK);
	assert_true(a < 1000 && b % 8 == 0 && c % 256 == 0);
	assert_int_equal(frame_pool_owner(&pool, a), FRAME_HEAP);
	assert_int_equal(frame_pool_owner(&pool, b + 7), FRAME_KERNEL);
	assert_int_equal(pool.count[FRAME_FREE], 990 - 1 - 8 - 256);
	frame_pool_free(&pool, b, 3);
	frame_pool_free(&pool, a, 0);
	frame_pool_free(&pool, c, 8);
	assert_int_equal(pool.count[FRAME_FREE], 990);
	/* Frames 512 to 999 hold one block of 256, and so does 256 to 511. */
	assert_int_equal(frame_pool_alloc(&pool, 8, FRAME_DMA, NO_LIMIT, &a), VMK_OK);
	assert_int_equal(frame_pool_alloc(&pool, 8, FRAME_DMA, NO_LIMIT, &b), VMK_OK);
	assert_int_equal(frame_pool_alloc(&pool, 8, FRAME_DMA, NO_LIMIT, &c), VMK_NO_MEMORY);
	assert_int_equal(a, 512);
	assert_int_equal(b, 256);
}

static void keeps_below_the_limit(void **state)
{
	uint64_t frame;

	/* 9 GiB, the limit at 4 GiB. */
	start(9ull << 18);
	frame_pool_add(&pool, 256, (9ull << 18) - 256);
	assert_int_equal(frame_pool_alloc(&pool, 0, FRAME_DMA, 1ull << 20, &frame), VMK_OK);
	assert_true(frame < 1ull << 20);
	assert_int_equal(frame_pool_alloc(&pool, 18, FRAME_DMA, 1ull << 20, &frame), VMK_OK);
	assert_int_equal(frame, 3ull << 18);
	assert_int_equal(frame_pool_alloc(&pool, 18, FRAME_DMA, NO_LIMIT, &frame), VMK_OK);
	assert_int_equal(frame, 8ull << 18);
	assert_int_equal(frame_pool_alloc(&pool, 0, FRAME_DMA, 256, &frame), VMK_NO_MEMORY);
	assert_int_equal(frame_pool_alloc(&pool, 19, FRAME_DMA, NO_LIMIT, &frame), VMK_BAD_PARAM);
}

static void full_words_are_found(void **state)
{
	uint64_t frame;

	for (uint64_t frames = 60; frames < 70; frames++) {
		start(frames);
		frame_pool_add(&pool, 0, frames);
		for (uint64_t i = 0; i < frames; i++)
			assert_int_equal(
				frame_pool_alloc(&pool, 0, FRAME_HEAP, NO_LIMIT, &frame), VMK_OK);
		assert_int_equal(
			frame_pool_alloc(&pool, 0, FRAME_HEAP, NO_LIMIT, &frame), VMK_NO_MEMORY);
	}
	start(4096 * 64);
	frame_pool_add(&pool, 0, 4096 * 64);
	for (uint64_t i = 0; i < 64; i++)
		assert_int_equal(frame_pool_alloc(&pool, 12, FRAME_HEAP, NO_LIMIT, &frame), VMK_OK);
	assert_int_equal(frame_pool_alloc(&pool, 12, FRAME_HEAP, NO_LIMIT, &frame), VMK_NO_MEMORY);
}

static void refuses_wrong_frees(void **state)
{
	uint64_t a;

	start(64);
	frame_pool_add(&pool, 0, 64);
	assert_int_equal(frame_pool_alloc(&pool, 2, FRAME_HEAP, NO_LIMIT, &a), VMK_OK);
	assert_true(PANICS(frame_pool_free(&pool, a, 1)));
	assert_true(PANICS(frame_pool_free(&pool, a + 1, 0)));
	assert_true(PANICS(frame_pool_free(&pool, 64, 0)));
	frame_pool_free(&pool, a, 2);
	assert_true(PANICS(frame_pool_free(&pool, a, 2)));
	assert_true(PANICS(frame_pool_add(&pool, 0, 1)));
}

static void remembers_what_was_never_zeroed(void **state)
{
	uint64_t a;

	start(8);
	frame_pool_add(&pool, 0, 8);
	assert_int_equal(frame_pool_alloc(&pool, 0, FRAME_HEAP, NO_LIMIT, &a), VMK_OK);
	assert_true(frame_pool_take_dirty(&pool, a));
	assert_false(frame_pool_take_dirty(&pool, a));
	frame_pool_free(&pool, a, 0);
	assert_int_equal(frame_pool_alloc(&pool, 0, FRAME_HEAP, NO_LIMIT, &a), VMK_OK);
	assert_false(frame_pool_take_dirty(&pool, a));
}

/* Against a plain array: blocks never overlap, and everything comes back. */
static void survives_random_use(void **state)
{
	enum { FRAMES = 3000, BLOCKS = 200 };
	static uint8_t used[FRAMES];
	struct {
		uint64_t first;
		unsigned order;
		bool live;
	} blocks[BLOCKS] = {0};

	srand(1);
	start(FRAMES);
	frame_pool_add(&pool, 5, FRAMES - 5);
	memset(used, 0, sizeof(used));
	for (unsigned round = 0; round < 20000; round++) {
		unsigned i = (unsigned)rand() % BLOCKS;
		uint64_t size;

		if (blocks[i].live) {
			frame_pool_free(&pool, blocks[i].first, blocks[i].order);
			memset(used + blocks[i].first, 0, 1ull << blocks[i].order);
			blocks[i].live = false;
			continue;
		}
		blocks[i].order = (unsigned)rand() % 6;
		size = 1ull << blocks[i].order;
		if (frame_pool_alloc(&pool, blocks[i].order, FRAME_KERNEL, NO_LIMIT,
			    &blocks[i].first) != VMK_OK)
			continue;
		blocks[i].live = true;
		assert_true(blocks[i].first >= 5 && blocks[i].first + size <= FRAMES);
		assert_int_equal(blocks[i].first % size, 0);
		for (uint64_t f = blocks[i].first; f < blocks[i].first + size; f++)
			assert_int_equal(used[f]++, 0);
	}
	for (unsigned i = 0; i < BLOCKS; i++) {
		if (blocks[i].live)
			frame_pool_free(&pool, blocks[i].first, blocks[i].order);
	}
	assert_int_equal(pool.count[FRAME_FREE], FRAMES - 5);
	assert_int_equal(
		frame_pool_alloc(&pool, 10, FRAME_KERNEL, NO_LIMIT, &blocks[0].first), VMK_OK);
}

static void can_be_moved(void **state)
{
	size_t bytes;
	void *copy;
	uint64_t a;

	start(500);
	frame_pool_add(&pool, 0, 500);
	assert_int_equal(frame_pool_alloc(&pool, 0, FRAME_HEAP, NO_LIMIT, &a), VMK_OK);
	bytes = frame_pool_bytes(500);
	copy = malloc(bytes);
	memcpy(copy, memory, bytes);
	memset(memory, 0xee, bytes);
	frame_pool_rebase(&pool, copy);
	frame_pool_free(&pool, a, 0);
	assert_int_equal(pool.count[FRAME_FREE], 500);
	free(copy);
}

static uint64_t hide(void)
{
	uint64_t chunk;

	assert_true(frame_pool_hide(&pool, 0, &chunk));
	frame_pool_hidden(&pool, chunk);
	return chunk;
}

static void private_frames_come_from_chunks_of_their_own(void **state)
{
	uint64_t chunk, user, text, kernel;

	start(4096);
	frame_pool_add(&pool, 0, 4096);
	assert_int_equal(frame_pool_alloc(&pool, 0, FRAME_USER, NO_LIMIT, &user), VMK_NO_MEMORY);
	chunk = hide();
	assert_int_equal(chunk, 4096 - 512);
	assert_int_equal(frame_pool_alloc(&pool, 0, FRAME_USER, NO_LIMIT, &user), VMK_OK);
	assert_int_equal(frame_pool_alloc(&pool, 3, FRAME_MODULE_TEXT, NO_LIMIT, &text), VMK_OK);
	assert_int_equal(frame_pool_alloc(&pool, 0, FRAME_VTX, NO_LIMIT, &kernel), VMK_OK);
	assert_true(user >= chunk && user < chunk + 512);
	assert_true(text >= chunk && text < chunk + 512);
	assert_true(kernel < chunk);
	assert_int_equal(pool.count[FRAME_FREE], 4096 - 10);
	assert_true(frame_pool_any_private(&pool, user, 1));
	assert_true(frame_pool_any_private(&pool, 0, UINT64_MAX >> 1));
	assert_false(frame_pool_any_private(&pool, 0, chunk));
	assert_int_equal(pool.private_chunks, 1);
	assert_int_equal(pool.stock[FRAME_PRIVATE].chunks, 0);
}

static void a_chunk_comes_back_whole_and_never_sooner(void **state)
{
	uint64_t a, b, chunk, shown;

	start(2048);
	frame_pool_add(&pool, 0, 2048);
	chunk = hide();
	assert_int_equal(pool.stock[FRAME_PRIVATE].chunks, 1);
	assert_false(frame_pool_show(&pool, 1, &shown));
	assert_int_equal(frame_pool_alloc(&pool, 0, FRAME_VM, NO_LIMIT, &a), VMK_OK);
	assert_int_equal(frame_pool_alloc(&pool, 8, FRAME_VM, NO_LIMIT, &b), VMK_OK);
	assert_false(frame_pool_show(&pool, 0, &shown));
	frame_pool_free(&pool, a, 0);
	assert_false(frame_pool_show(&pool, 0, &shown));
	frame_pool_free(&pool, b, 8);
	assert_true(frame_pool_show(&pool, 0, &shown));
	assert_int_equal(shown, chunk);
	assert_int_equal(pool.private_chunks, 0);
	/* All of memory is one block again. */
	assert_int_equal(frame_pool_alloc(&pool, 11, FRAME_HEAP, NO_LIMIT, &a), VMK_OK);
}

static void private_neighbours_are_not_joined(void **state)
{
	uint64_t first;

	start(2048);
	frame_pool_add(&pool, 0, 2048);
	while (frame_pool_hide(&pool, 0, &first))
		frame_pool_hidden(&pool, first);
	assert_int_equal(pool.private_chunks, 4);
	assert_int_equal(frame_pool_alloc(&pool, 10, FRAME_VM, NO_LIMIT, &first), VMK_BAD_PARAM);
	assert_int_equal(frame_pool_alloc(&pool, 0, FRAME_HEAP, NO_LIMIT, &first), VMK_NO_MEMORY);
	for (unsigned i = 0; i < 4; i++)
		assert_int_equal(frame_pool_alloc(&pool, 9, FRAME_VM, NO_LIMIT, &first), VMK_OK);
	assert_int_equal(pool.stock[FRAME_PRIVATE].chunks, 0);
}

/* What is on its way belongs to nobody until no TLB knows it. */
static void a_chunk_on_its_way_cannot_be_allocated(void **state)
{
	uint64_t chunk, first;

	start(512);
	frame_pool_add(&pool, 0, 512);
	assert_true(frame_pool_hide(&pool, 0, &chunk));
	assert_int_equal(frame_pool_alloc(&pool, 0, FRAME_VM, NO_LIMIT, &first), VMK_NO_MEMORY);
	assert_int_equal(frame_pool_alloc(&pool, 0, FRAME_HEAP, NO_LIMIT, &first), VMK_NO_MEMORY);
	assert_false(frame_pool_show(&pool, 0, &first));
	frame_pool_hidden(&pool, chunk);
	assert_int_equal(frame_pool_alloc(&pool, 0, FRAME_VM, NO_LIMIT, &first), VMK_OK);
}

/* --- promises: whatever the others do, each frame that was promised comes */

static enum frame_owner owner_of(enum frame_side side)
{
	return side == FRAME_DIRECT ? FRAME_HEAP : FRAME_VM;
}

static uint64_t one_from(enum frame_side side, uint64_t promised)
{
	uint64_t frame = 0;

	assert_int_equal(frame_source_take(&pool, 0, owner_of(side), promised, &frame), VMK_OK);
	return frame;
}

/* All that can be had, from the first frame on. */
static uint64_t take_all(enum frame_side side, unsigned order, uint64_t *frames)
{
	uint64_t count = 0;

	while (frame_source_take(&pool, order, owner_of(side), 0, &frames[count]) == VMK_OK)
		count++;
	assert_true(frame_promises_hold(&pool));
	return count;
}

static void what_the_other_side_cannot_have_is_not_promised(void **state)
{
	static uint64_t frames[4096];

	for (enum frame_side side = 0; side < FRAME_SIDES; side++) {
		start(4096);
		frame_pool_add(&pool, 0, 4096);
		assert_int_equal(take_all(side, 0, frames), 4096);
		for (unsigned i = 0; i < 4096; i += 2)
			frame_pool_free(&pool, frames[i], 0);
		assert_int_equal(pool.count[FRAME_FREE], 2048);
		assert_int_equal(frame_pool_spare(&pool, !side, 0), 0);
		assert_int_equal(frame_pool_promise(&pool, !side, 1, 0), VMK_NO_MEMORY);
		assert_int_equal(frame_pool_promise(&pool, side, 2049, 0), VMK_NO_MEMORY);
		assert_int_equal(frame_pool_promise(&pool, side, 2048, 0), VMK_OK);
	}
}

/* Ordinary takes, blocks and chunks that change sides leave what each side was promised. */
static void what_is_promised_comes_whatever_others_took(void **state)
{
	static uint64_t frames[4096];
	const uint64_t promised[FRAME_SIDES] = {600, 700};

	for (unsigned how = 0; how < 20; how++) {
		const enum frame_side others = how % 2;
		const uint64_t most = 4096 - 2 * 512 - promised[others];
		uint64_t count;

		start(4096);
		frame_pool_add(&pool, 0, 4096);
		for (enum frame_side side = 0; side < FRAME_SIDES; side++)
			assert_int_equal(
				frame_pool_promise(&pool, side, promised[side], 0), VMK_OK);
		count = take_all(others, how / 2, frames) << how / 2;
		/* Two chunks are left to the other side. */
		assert_in_range(count, most - (1u << how / 2) + 1, most);
		take_all(!others, 0, frames);
		for (enum frame_side side = 0; side < FRAME_SIDES; side++)
			for (uint64_t i = 0; i < promised[side]; i++)
				one_from(side, 1);
		assert_int_equal(pool.stock[0].promised + pool.stock[1].promised, 0);
	}
}

static void what_goes_back_to_a_promise_is_there_again(void **state)
{
	static uint64_t frames[2048];
	uint64_t own[4];

	start(2048);
	frame_pool_add(&pool, 0, 2048);
	assert_int_equal(frame_pool_promise(&pool, FRAME_DIRECT, 4, 0), VMK_OK);
	for (unsigned i = 0; i < 4; i++)
		own[i] = one_from(FRAME_DIRECT, 1);
	take_all(FRAME_PRIVATE, 0, frames);
	take_all(FRAME_DIRECT, 0, frames);
	for (unsigned i = 0; i < 4; i++)
		frame_pool_free_promised(&pool, own[i], 0, 1);
	assert_true(frame_promises_hold(&pool));
	assert_int_equal(take_all(FRAME_DIRECT, 0, frames), 0);
	for (unsigned i = 0; i < 4; i++)
		one_from(FRAME_DIRECT, 1);
	assert_true(PANICS(frame_pool_free_promised(&pool, frames[0], 0, 2)));
}

/* What is on its way serves private frames alone. */
static void a_promise_does_not_wait_for_the_other_side(void **state)
{
	uint64_t chunk, frame;

	start(1024);
	frame_pool_add(&pool, 0, 1024);
	assert_int_equal(frame_pool_promise(&pool, FRAME_DIRECT, 512, 0), VMK_OK);
	assert_true(frame_pool_hide(&pool, 0, &chunk));
	assert_int_equal(frame_pool_spare(&pool, FRAME_DIRECT, 0), 0);
	assert_int_equal(frame_pool_spare(&pool, FRAME_PRIVATE, 0), 512);
	assert_false(frame_pool_hide(&pool, 0, &frame));
	frame_pool_hidden(&pool, chunk);
	assert_int_equal(frame_pool_spare(&pool, FRAME_PRIVATE, 0), 512);
	assert_int_equal(frame_pool_alloc(&pool, 9, FRAME_VM, NO_LIMIT, &frame), VMK_OK);
	assert_int_equal(frame_pool_alloc(&pool, 0, FRAME_HEAP, NO_LIMIT, &frame), VMK_NO_MEMORY);
	for (unsigned i = 0; i < 512; i++)
		one_from(FRAME_DIRECT, 1);
}

static uint64_t naive_spare(struct frame_promises p, enum frame_side side)
{
	uint64_t most = 0, least_bad = pool.frames + 1;
	const uint64_t promised = p.promised[side];

	while (most + 1 < least_bad) {
		const uint64_t x = (most + least_bad) / 2;

		p.promised[side] = promised + x;
		if (frame_promises_kept(&p))
			most = x;
		else
			least_bad = x;
	}
	return most;
}

static uint64_t check_spare(enum frame_side side, uint64_t keep)
{
	struct frame_promises p = frame_promises_of(&pool);
	const uint64_t before = naive_spare(p, !side), own = naive_spare(p, side);
	const uint64_t spare = frame_pool_spare(&pool, side, keep);

	assert_true(frame_promises_kept(&p));
	assert_true(spare == 0 || own - spare >= keep);
	p.promised[side] += spare;
	assert_true(spare == 0 || naive_spare(p, !side) >= MIN(keep, before));
	p.promised[side]++;
	assert_true(own < keep + spare + 1 || naive_spare(p, !side) < MIN(keep, before));
	return spare;
}

/* Anything, in any order, against every way to share out the chunks. */
static void promises_agree_with_a_search(void **state)
{
	enum { FRAMES = 3000, BLOCKS = 400 };
	struct {
		uint64_t first;
		unsigned order;
		bool live;
	} blocks[BLOCKS] = {0};

	srand(2);
	start(FRAMES);
	frame_pool_add(&pool, 5, FRAMES - 5);
	for (unsigned round = 0; round < 6000; round++) {
		const unsigned i = (unsigned)rand() % BLOCKS, what = (unsigned)rand() % 8;
		const enum frame_side side = rand() % 2;
		const uint64_t promised = pool.stock[side].promised;

		if (what == 0) {
			const uint64_t n = (uint64_t)rand() % 300, keep = (uint64_t)rand() % 600;
			const uint64_t spare = check_spare(side, keep);

			assert_int_equal(
				frame_pool_promise(&pool, side, n, keep) == VMK_OK, n <= spare);
		} else if (what == 1) {
			frame_pool_unpromise(&pool, side, promised / 3);
		} else if (blocks[i].live) {
			const uint64_t size = 1ull << blocks[i].order;

			frame_pool_free_promised(&pool, blocks[i].first, blocks[i].order,
				what == 2 ? size : what % 2);
			blocks[i].live = false;
		} else {
			const bool single = promised && what < 5;

			blocks[i].order = single ? 0 : (unsigned)rand() % 10;
			blocks[i].live = frame_source_take(&pool, blocks[i].order, owner_of(side),
						 single, &blocks[i].first) == VMK_OK;
			assert_true(!single || blocks[i].live);
		}
		assert_true(frame_promises_hold(&pool));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(gives_the_highest_block_and_joins_again),
		cmocka_unit_test(keeps_below_the_limit),
		cmocka_unit_test(full_words_are_found),
		cmocka_unit_test(refuses_wrong_frees),
		cmocka_unit_test(remembers_what_was_never_zeroed),
		cmocka_unit_test(survives_random_use),
		cmocka_unit_test(can_be_moved),
		cmocka_unit_test(private_frames_come_from_chunks_of_their_own),
		cmocka_unit_test(a_chunk_comes_back_whole_and_never_sooner),
		cmocka_unit_test(private_neighbours_are_not_joined),
		cmocka_unit_test(a_chunk_on_its_way_cannot_be_allocated),
		cmocka_unit_test(what_the_other_side_cannot_have_is_not_promised),
		cmocka_unit_test(what_is_promised_comes_whatever_others_took),
		cmocka_unit_test(what_goes_back_to_a_promise_is_there_again),
		cmocka_unit_test(a_promise_does_not_wait_for_the_other_side),
		cmocka_unit_test(promises_agree_with_a_search),
	};

	return cmocka_run_group_tests(tests, NULL, finish);
}
