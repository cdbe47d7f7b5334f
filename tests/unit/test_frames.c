/* sources: kernel/mem/frame_pool.c tests/unit/shim/panic.c */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "mem/frame_pool.h"
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

	assert_true(frame_pool_hide(&pool, &chunk));
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
	assert_int_equal(pool.idle_chunks, 0);
}

static void a_chunk_comes_back_whole_and_never_sooner(void **state)
{
	uint64_t a, b, chunk, shown;

	start(2048);
	frame_pool_add(&pool, 0, 2048);
	chunk = hide();
	assert_int_equal(pool.idle_chunks, 1);
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
	while (frame_pool_hide(&pool, &first))
		frame_pool_hidden(&pool, first);
	assert_int_equal(pool.private_chunks, 4);
	assert_int_equal(frame_pool_alloc(&pool, 10, FRAME_VM, NO_LIMIT, &first), VMK_BAD_PARAM);
	assert_int_equal(frame_pool_alloc(&pool, 0, FRAME_HEAP, NO_LIMIT, &first), VMK_NO_MEMORY);
	for (unsigned i = 0; i < 4; i++)
		assert_int_equal(frame_pool_alloc(&pool, 9, FRAME_VM, NO_LIMIT, &first), VMK_OK);
	assert_int_equal(pool.idle_chunks, 0);
}

/* What is on its way belongs to nobody until no TLB knows it. */
static void a_chunk_on_its_way_cannot_be_allocated(void **state)
{
	uint64_t chunk, first;

	start(512);
	frame_pool_add(&pool, 0, 512);
	assert_true(frame_pool_hide(&pool, &chunk));
	assert_int_equal(frame_pool_alloc(&pool, 0, FRAME_VM, NO_LIMIT, &first), VMK_NO_MEMORY);
	assert_int_equal(frame_pool_alloc(&pool, 0, FRAME_HEAP, NO_LIMIT, &first), VMK_NO_MEMORY);
	assert_false(frame_pool_show(&pool, 0, &first));
	frame_pool_hidden(&pool, chunk);
	assert_int_equal(frame_pool_alloc(&pool, 0, FRAME_VM, NO_LIMIT, &first), VMK_OK);
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
	};

	return cmocka_run_group_tests(tests, NULL, finish);
}
