/* sources: kernel/mem/spaces.c kernel/mem/tables.c */
/* sources: kernel/mem/gate.c */
/* sources: kernel/mem/places.c */
/* sources: kernel/mem/space.c kernel/mem/copy.c kernel/mem/ranges.c kernel/mem/ptable.c */
/* sources: kernel/mem/frame_pool.c kernel/lib/random.c kernel/lib/blake2s.c kernel/lib/chacha.c */
/* sources: kernel/lib/lock.c tests/unit/shim/machine.c tests/unit/shim/panic.c */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "arch/x86/paging.h"
#include "tests/unit/shim/machine.h"
#include "tests/unit/shim/panic.h"

#define HIGH  0xffffc00000000000ull
#define LARGE (2ull << 20)
#define HUGE  (1ull << 30)

static struct ptable table;
static unsigned drops;
static uint64_t dropped_bytes;

static int fresh(void **state)
{
	machine_start();
	table.ops = &space_ptable_ops;
	drops = 0;
	dropped_bytes = 0;
	return table.ops->allocate(NULL, &table.root) != VMK_OK;
}

static void count_drop(struct hpa frame, unsigned shift)
{
	drops++;
	dropped_bytes += 1ull << shift;
}

static struct ptable_leaf find(uintptr_t address)
{
	struct ptable_leaf leaf = {0};

	assert_true(ptable_find(&table, address, &leaf));
	return leaf;
}

/* A second root has the lower half, also what comes later, and nothing of the upper one. */
static void a_mirror_follows_in_the_lower_half(void **state)
{
	const uint64_t *root, *mirror;

	assert_int_equal(table.ops->allocate(NULL, &table.mirror), VMK_OK);
	root = table.ops->table(table.root);
	mirror = table.ops->table(table.mirror);
	for (uint64_t slot = 0; slot < PTABLE_ENTRIES; slot += 100) {
		uintptr_t address = slot << PML4_SHIFT;

		if (slot >= PTABLE_ENTRIES / 2)
			address |= 0xffffull << 48;
		assert_int_equal(ptable_map(&table, address, hpa(0), PAGE_SIZE,
					 PTE_PRESENT | PTE_NX, PT_SHIFT),
			VMK_OK);
		assert_int_not_equal(root[slot], 0);
		assert_int_equal(mirror[slot], slot < PTABLE_ENTRIES / 2 ? root[slot] : 0);
	}
	table.ops->free(NULL, table.mirror);
	table.mirror = hpa(0);
}

static void maps_with_the_largest_pages_that_fit(void **state)
{
	struct ptable_leaf leaf;

	assert_int_equal(ptable_map(&table, HIGH + LARGE - PAGE_SIZE, hpa(LARGE - PAGE_SIZE), HUGE,
				 PTE_PRESENT | PTE_WRITE | PTE_NX, PDPT_SHIFT),
		VMK_OK);
	assert_int_equal(find(HIGH + LARGE - 1).shift, PT_SHIFT);
	assert_int_equal(find(HIGH + LARGE).shift, PD_SHIFT);
	leaf = find(HIGH + 5 * LARGE + 12345);
	assert_int_equal(leaf.address, HIGH + 5 * LARGE);
	assert_int_equal(leaf.entry & PTE_FRAME, 5 * LARGE);
	assert_int_equal(leaf.flags, PTE_PRESENT | PTE_WRITE | PTE_NX);
	assert_int_equal(find(HIGH + HUGE + LARGE - 2 * PAGE_SIZE).shift, PT_SHIFT);
	assert_false(ptable_find(&table, HIGH + HUGE + LARGE - PAGE_SIZE, &leaf));

	assert_int_equal(
		ptable_map(&table, HIGH + 8 * HUGE, hpa(0), 2 * HUGE, PTE_PRESENT, PDPT_SHIFT),
		VMK_OK);
	assert_int_equal(find(HIGH + 9 * HUGE + 1).shift, PDPT_SHIFT);
}

static void refuses_what_is_taken_and_undoes(void **state)
{
	struct ptable_leaf leaf;

	assert_int_equal(
		ptable_map(&table, 0x205000, hpa(0x1000), PAGE_SIZE, PTE_PRESENT, PT_SHIFT),
		VMK_OK);
	assert_int_equal(ptable_map(&table, 0x203000, hpa(0x8000), 4 * PAGE_SIZE,
				 PTE_PRESENT | PTE_OWNED, PT_SHIFT),
		VMK_EXISTS);
	assert_false(ptable_find(&table, 0x203000, &leaf));
	assert_false(ptable_find(&table, 0x204000, &leaf));
	assert_int_equal(find(0x205000).entry & PTE_FRAME, 0x1000);
	/* A large page cannot cover a table, nor a small one lie under a large one. */
	assert_int_equal(
		ptable_map(&table, 0x200000, hpa(0), LARGE, PTE_PRESENT, PD_SHIFT), VMK_EXISTS);
	assert_int_equal(
		ptable_map(&table, 0x400000, hpa(0), LARGE, PTE_PRESENT, PD_SHIFT), VMK_OK);
	assert_int_equal(
		ptable_map(&table, 0x401000, hpa(0), PAGE_SIZE, PTE_PRESENT, PT_SHIFT), VMK_EXISTS);
}

static void undoes_when_memory_ends(void **state)
{
	struct ptable_leaf leaf;

	machine_allocations_left =
		3; /* the first table of each level, not the second of the last */
	assert_int_equal(
		ptable_map(&table, LARGE - PAGE_SIZE, hpa(0), 2 * PAGE_SIZE, PTE_PRESENT, PT_SHIFT),
		VMK_NO_MEMORY);
	assert_false(ptable_find(&table, LARGE - PAGE_SIZE, &leaf));
}

static void user_bit_only_in_the_lower_half(void **state)
{
	uint64_t all = PTE_PRESENT | PTE_WRITE | PTE_USER;

	assert_int_equal(ptable_map(&table, 0x10000, hpa(0), PAGE_SIZE, all, PT_SHIFT), VMK_OK);
	assert_int_equal(ptable_map(&table, HIGH, hpa(0), PAGE_SIZE, all, PT_SHIFT), VMK_OK);
	assert_int_equal(find(0x10000).flags, all);
	/* The upper levels of the kernel's half never let ring 3 through. */
	assert_int_equal(find(HIGH).flags, PTE_PRESENT | PTE_WRITE);
}

static void protects_all_or_nothing(void **state)
{
	assert_int_equal(ptable_map(&table, 0x10000, hpa(0x5000), 2 * PAGE_SIZE,
				 PTE_PRESENT | PTE_WRITE | PTE_OWNED, PT_SHIFT),
		VMK_OK);
	assert_int_equal(
		ptable_protect(&table, 0x10000, 3 * PAGE_SIZE, PTE_PRESENT), VMK_NOT_FOUND);
	assert_true(find(0x11000).flags & PTE_WRITE);
	assert_int_equal(ptable_protect(&table, 0x11000, PAGE_SIZE, PTE_PRESENT | PTE_NX), VMK_OK);
	assert_int_equal(find(0x11000).flags, PTE_PRESENT | PTE_NX);
	assert_int_equal(find(0x11000).entry & PTE_FRAME, 0x6000);
	assert_true(find(0x11000).entry & PTE_OWNED);
	assert_true(find(0x10000).flags & PTE_WRITE);
	assert_int_equal(ptable_map(&table, LARGE, hpa(0), LARGE, PTE_PRESENT, PD_SHIFT), VMK_OK);
	assert_int_equal(ptable_protect(&table, LARGE, PAGE_SIZE, PTE_PRESENT), VMK_UNSUPPORTED);
}

static void withheld_pages_keep_their_frames(void **state)
{
	assert_int_equal(ptable_map(&table, 0x10000, hpa(0x5000), 2 * PAGE_SIZE,
				 PTE_PRESENT | PTE_OWNED, PT_SHIFT),
		VMK_OK);
	ptable_withhold(&table, 0xf000, 4 * PAGE_SIZE);
	assert_false(find(0x10000).flags & PTE_PRESENT);
	assert_int_equal(find(0x10000).entry & PTE_FRAME, 0x5000);
	assert_true(ptable_any(&table, 0x10000, PAGE_SIZE));
	assert_int_equal(
		ptable_map(&table, 0x11000, hpa(0), PAGE_SIZE, PTE_PRESENT, PT_SHIFT), VMK_EXISTS);
	ptable_drop(&table, 0, 1ull << 40, count_drop);
	assert_int_equal(drops, 2);
	assert_false(ptable_any(&table, 0, 1ull << 47));
}

static void drop_tells_only_of_owned_leaves(void **state)
{
	assert_int_equal(
		ptable_map(&table, 0x10000, hpa(0), PAGE_SIZE, PTE_PRESENT, PT_SHIFT), VMK_OK);
	assert_int_equal(
		ptable_map(&table, LARGE, hpa(0), LARGE, PTE_PRESENT | PTE_OWNED, PD_SHIFT),
		VMK_OK);
	ptable_drop(&table, 0, 2 * LARGE, count_drop);
	assert_int_equal(drops, 1);
	assert_int_equal(dropped_bytes, LARGE);
}

static void destroy_gives_every_table_back(void **state)
{
	uint64_t before = frames_count(FRAME_PTABLE);

	for (uintptr_t at = 0x10000; at < 1ull << 46; at = at * 3 / PAGE_SIZE * PAGE_SIZE)
		assert_int_equal(ptable_map(&table, at, hpa(0), PAGE_SIZE, PTE_PRESENT | PTE_OWNED,
					 PT_SHIFT),
			VMK_OK);
	assert_true(frames_count(FRAME_PTABLE) > before + 10);
	assert_true(ptable_destroy(&table, 0, PTABLE_ENTRIES, UINT64_MAX, count_drop));
	assert_int_equal(frames_count(FRAME_PTABLE), before);
	assert_true(drops > 10);
}

static void works_at_the_top_of_the_address_space(void **state)
{
	uintptr_t last = 0 - PAGE_SIZE;

	assert_int_equal(
		ptable_map(&table, last, hpa(0), PAGE_SIZE, PTE_PRESENT, PT_SHIFT), VMK_OK);
	assert_int_equal(find(last).address, last);
	ptable_withhold(&table, last, PAGE_SIZE);
	ptable_drop(&table, last, PAGE_SIZE, count_drop);
	assert_false(ptable_any(&table, last, PAGE_SIZE));
}

struct seen {
	unsigned leaves;
	uintptr_t addresses[8];
	uint64_t flags[8];
};

static void record(void *context, const struct ptable_leaf *leaf)
{
	struct seen *seen = context;

	assert_true(seen->leaves < 8);
	seen->addresses[seen->leaves] = leaf->address;
	seen->flags[seen->leaves++] = leaf->flags;
}

static void walks_every_present_leaf(void **state)
{
	struct seen seen = {0};

	ptable_map(&table, 0x10000, hpa(0), PAGE_SIZE, PTE_PRESENT | PTE_USER, PT_SHIFT);
	ptable_map(&table, 0x30000, hpa(0), PAGE_SIZE, PTE_WITHHELD, PT_SHIFT);
	ptable_map(&table, HIGH + LARGE, hpa(0), LARGE, PTE_PRESENT | PTE_NX, PD_SHIFT);
	ptable_walk(&table, 0, PTABLE_ENTRIES, record, &seen);
	assert_int_equal(seen.leaves, 2);
	assert_int_equal(seen.addresses[0], 0x10000);
	assert_int_equal(seen.flags[0], PTE_PRESENT | PTE_USER);
	assert_int_equal(seen.addresses[1], HIGH + LARGE);
	assert_int_equal(seen.flags[1], PTE_PRESENT | PTE_NX);
	seen.leaves = 0;
	ptable_walk(&table, 256, PTABLE_ENTRIES, record, &seen);
	assert_int_equal(seen.leaves, 1);
}

/* Each slot has a table for each level that leads to something, and no other counts. */
static void counts_the_tables_that_lead_to_leaves(void **state)
{
	const unsigned slot = ptable_index(HIGH, PML4_SHIFT);

	assert_int_equal(ptable_count(&table, slot), 0);
	assert_int_equal(ptable_fill_slot(&table, slot), VMK_OK);
	assert_int_equal(ptable_count(&table, slot), 0);
	ptable_map(&table, HIGH, hpa(0), PAGE_SIZE, PTE_PRESENT, PT_SHIFT);
	assert_int_equal(ptable_count(&table, slot), 3);
	ptable_map(&table, HIGH + PAGE_SIZE, hpa(0), PAGE_SIZE, PTE_PRESENT, PT_SHIFT);
	assert_int_equal(ptable_count(&table, slot), 3);
	ptable_map(&table, HIGH + LARGE, hpa(0), LARGE, PTE_PRESENT, PD_SHIFT);
	assert_int_equal(ptable_count(&table, slot), 3);
	ptable_map(&table, HIGH + 2 * LARGE, hpa(0), PAGE_SIZE, PTE_PRESENT, PT_SHIFT);
	assert_int_equal(ptable_count(&table, slot), 4);
	ptable_map(&table, HIGH + HUGE, hpa(0), PAGE_SIZE, PTE_PRESENT, PT_SHIFT);
	assert_int_equal(ptable_count(&table, slot), 6);
	/* Withheld it needs its tables; dropped without that it leaves them, for nothing. */
	ptable_withhold(&table, HIGH + 2 * LARGE, PAGE_SIZE);
	assert_int_equal(ptable_count(&table, slot), 6);
	ptable_drop(&table, HIGH + 2 * LARGE, PAGE_SIZE, NULL);
	assert_int_equal(ptable_count(&table, slot), 5);
	ptable_drop(&table, HIGH + HUGE, PAGE_SIZE, NULL);
	assert_int_equal(ptable_count(&table, slot), 3);
	assert_int_equal(ptable_count(&table, 0), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(maps_with_the_largest_pages_that_fit, fresh),
		cmocka_unit_test_setup(a_mirror_follows_in_the_lower_half, fresh),
		cmocka_unit_test_setup(refuses_what_is_taken_and_undoes, fresh),
		cmocka_unit_test_setup(undoes_when_memory_ends, fresh),
		cmocka_unit_test_setup(user_bit_only_in_the_lower_half, fresh),
		cmocka_unit_test_setup(protects_all_or_nothing, fresh),
		cmocka_unit_test_setup(withheld_pages_keep_their_frames, fresh),
		cmocka_unit_test_setup(drop_tells_only_of_owned_leaves, fresh),
		cmocka_unit_test_setup(destroy_gives_every_table_back, fresh),
		cmocka_unit_test_setup(works_at_the_top_of_the_address_space, fresh),
		cmocka_unit_test_setup(walks_every_present_leaf, fresh),
		cmocka_unit_test_setup(counts_the_tables_that_lead_to_leaves, fresh),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
