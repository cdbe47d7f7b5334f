/* sources: kernel/mem/spaces.c kernel/mem/tables.c */
/* sources: kernel/mem/gate.c */
/* sources: kernel/vmkvm/memory.c kernel/vmkvm/ram.c kernel/vmkvm/view.c kernel/vtx/ept.c */
/* sources: kernel/vmkvm/grant.c kernel/vmkvm/access.c kernel/vmkvm/blocks.c */
/* sources: kernel/mem/places.c */
/* sources: kernel/mem/space.c kernel/mem/copy.c kernel/mem/ranges.c kernel/mem/ptable.c */
/* sources: kernel/mem/foreign.c kernel/mem/frame_pool.c kernel/lib/random.c */
/* sources: kernel/lib/blake2s.c kernel/lib/chacha.c kernel/lib/lock.c */
/* sources: tests/unit/shim/machine.c tests/unit/shim/panic.c */
/* Large pages of a VM's RAM: how they go and come, and what is never in one. */
#include "tests/unit/vm_memory_unit.h"

/* ITLB multihit: nothing that a guest may execute lies in a large page. */
static bool is_harmless(void *context, const struct ept_leaf *leaf)
{
	*(unsigned *)context += !!(leaf->entry & EPT_EXECUTE);
	return leaf->shift == EPT_4K || !(leaf->entry & EPT_EXECUTE);
}

static unsigned executable_pages(void)
{
	unsigned pages = 0;

	assert_true(ept_walk(&vm.vtx.ept, is_harmless, &pages));
	return pages;
}

static void what_is_executed_lies_in_small_pages(void **state)
{
	const struct vm_memory_policy policy = {PAGES, PAGES, 0, true, true};
	const struct gpa code = {LARGE + 7 * PAGE_SIZE + 9};
	struct ept_leaf leaf;

	assert_int_equal(vm_memory_create(&vm, &policy), VMK_OK);
	assert_int_equal(touch(code.v), VMK_OK);
	assert_true(ept_find(&vm.vtx.ept, code, &leaf));
	assert_int_equal(leaf.shift, EPT_2M);
	assert_int_equal(executable_pages(), 0);
	assert_int_equal(vm_memory_execute(&vm, code), VMK_OK);
	assert_int_equal(vm_memory_execute(&vm, code), VMK_OK);
	assert_int_equal(executable_pages(), 1);
	assert_true(ept_find(&vm.vtx.ept, code, &leaf));
	assert_true(leaf.entry & EPT_EXECUTE && leaf.entry & EPT_WRITE);
	assert_int_equal(usage().granted, LARGE / PAGE_SIZE);
	expect_order();

	/* Where there is no memory for the table, it says so, and nothing has changed. */
	assert_int_equal(touch(0), VMK_OK);
	machine_allocations_left = 0;
	assert_int_equal(vm_memory_execute(&vm, (struct gpa){0}), VMK_NO_MEMORY);
	machine_allocations_left = UINT64_MAX;
	assert_int_equal(executable_pages(), 1);
	expect_order();
}

static void write_byte(uint64_t gpa, uint8_t byte)
{
	assert_true(vm_memory_write(&vm.vtx, (struct gpa){gpa}, &byte, 1));
}

static uint8_t byte_at(uint64_t gpa)
{
	uint8_t byte;

	assert_true(vm_memory_read(&vm.vtx, (struct gpa){gpa}, &byte, 1));
	return byte;
}

/* Below a limit large pages are no loss. */
static void what_a_guest_never_wrote_is_taken_back(void **state)
{
	assert_int_equal(create(0, 2 * LARGE / PAGE_SIZE), VMK_OK);
	assert_int_equal(touch(0), VMK_OK);
	assert_int_equal(touch(LARGE), VMK_OK);
	assert_int_equal(usage().large, 2);
	write_byte(5 * PAGE_SIZE + 7, 'a');
	write_byte(LARGE - 1, 'b');
	write_byte(LARGE + 9, 'c');
	assert_int_equal(touch(2 * LARGE), VMK_NO_RESOURCES);
	assert_int_equal(vm_memory_trim(&vm), LARGE / PAGE_SIZE - 2);
	assert_int_equal(usage().large, 1);
	for (uint64_t gpa = 2 * LARGE; gpa < 3 * LARGE - 2 * PAGE_SIZE; gpa += PAGE_SIZE)
		assert_int_equal(vm_memory_supply(&vm, (struct gpa){gpa}, false), VMK_OK);
	assert_int_equal(touch(3 * LARGE - PAGE_SIZE), VMK_NO_RESOURCES);
	assert_int_equal(vm_memory_trim(&vm), LARGE / PAGE_SIZE - 1);
	assert_int_equal(vm_memory_trim(&vm), 0);
	assert_int_equal(byte_at(5 * PAGE_SIZE + 7), 'a');
	assert_int_equal(byte_at(LARGE - 1), 'b');
	assert_int_equal(byte_at(LARGE + 9), 'c');
	/* The guest's mapping comes again with its next touch. */
	assert_int_equal(vm_memory_supply_at_once(&vm, (struct gpa){LARGE}), VMK_OK);
	expect_order();
}

/* Ring 0 is not preempted: a guest that fills its large pages and asks for more would have the pCPU
 * for as long as it takes to look at all of them; and so would the end of its VM. */
static void whoever_goes_through_all_memory_gives_way(void **state)
{
	assert_int_equal(create(0, 2 * LARGE / PAGE_SIZE), VMK_OK);
	for (uint64_t gpa = 0; gpa < 2 * LARGE; gpa += PAGE_SIZE) {
		assert_int_equal(touch(gpa), VMK_OK);
		write_byte(gpa, 'a');
	}
	assert_int_equal(usage().large, 2);
	gave_way = 0;
	assert_int_equal(vm_memory_trim(&vm), 0);
	/* Once more for what lies behind the last one. */
	assert_int_equal(gave_way, 3);
	expect_order();
	/* Below the root and two tables there is one for each block, and a list. */
	for (uint64_t gpa = 0; gpa < 2 * LARGE; gpa += LARGE)
		assert_int_equal(vm_memory_supply(&vm, (struct gpa){gpa}, false), VMK_OK);
	tables_there = usage().tables;
	assert_int_equal(tables_there, 3 + 2 * 2);
	gave_way = most_tables = 0;
	vm_memory_destroy(&vm);
	assert_int_equal(gave_way, RAM / LARGE);
	assert_int_equal(most_tables, 2 + 2);
}

static void what_devices_map_is_not_taken_back(void **state)
{
	const uint8_t zero = 0, one = 1;
	uintptr_t at;

	assert_int_equal(create(0, LARGE / PAGE_SIZE), VMK_OK);
	assert_int_equal(vm_map(&vm, space, (struct gpa){0}, RAM, &at), VMK_OK);
	assert_int_equal(space_copy_out(space, at + 9 * PAGE_SIZE, &zero, 1), VMK_OK);
	assert_int_equal(usage().large, 1);
	assert_int_equal(vm_memory_trim(&vm), LARGE / PAGE_SIZE - 1);
	assert_int_equal(space_copy_out(space, at + 9 * PAGE_SIZE, &one, 1), VMK_OK);
	assert_int_equal(byte_at(9 * PAGE_SIZE), 1);
	expect_order();
}

static void what_is_taken_from_under_a_device_comes_again(void **state)
{
	const uint8_t one = 1;
	uintptr_t at;

	assert_int_equal(create(0, LARGE / PAGE_SIZE), VMK_OK);
	assert_int_equal(vm_map(&vm, space, (struct gpa){0}, RAM, &at), VMK_OK);
	trimmed_meanwhile = true;
	assert_int_equal(space_copy_out(space, at + 9 * PAGE_SIZE, &one, 1), VMK_OK);
	assert_false(trimmed_meanwhile);
	assert_int_equal(byte_at(9 * PAGE_SIZE), 1);
	expect_order();
}

/* The first of them so that the block does not come large at once. */
static void fill_block(uint64_t base, uint64_t first)
{
	for (uint64_t i = 0; i < LARGE; i += PAGE_SIZE) {
		const struct gpa gpa = {base + (first + i) % LARGE};

		assert_int_equal(vm_memory_supply(&vm, gpa, i == LARGE - PAGE_SIZE), VMK_OK);
		write_byte(gpa.v, (uint8_t)(gpa.v >> PAGE_SHIFT) | 1);
	}
}

static void a_block_that_came_page_by_page_becomes_large(void **state)
{
	struct ept_leaf leaf;

	assert_int_equal(create(0, PAGES), VMK_OK);
	fill_block(LARGE, 77 * PAGE_SIZE);
	assert_int_equal(vm_memory_supply(&vm, (struct gpa){LARGE}, true), VMK_OK);
	assert_int_equal(usage().large, 1);
	assert_int_equal(usage().granted, LARGE / PAGE_SIZE);
	assert_true(ept_find(&vm.vtx.ept, (struct gpa){LARGE}, &leaf));
	assert_int_equal(leaf.shift, EPT_2M);
	for (uint64_t gpa = LARGE; gpa < 2 * LARGE; gpa += PAGE_SIZE)
		assert_int_equal(byte_at(gpa), (uint8_t)(gpa >> PAGE_SHIFT) | 1);
	expect_order();

	/* One page less and it is none; whole again, it is one. */
	assert_int_equal(vm_memory_give_back(&vm, &(struct gpa){LARGE + PAGE_SIZE}, 1), 1);
	assert_int_equal(usage().large, 0);
	expect_order();
	assert_int_equal(vm_memory_supply_at_once(&vm, (struct gpa){LARGE + PAGE_SIZE}), VMK_BUSY);
	assert_int_equal(touch(LARGE + PAGE_SIZE), VMK_OK);
	assert_int_equal(usage().large, 1);
	expect_order();
}

static void what_devices_map_does_not_move(void **state)
{
	const uint8_t one = 1;
	uintptr_t at;

	assert_int_equal(create(0, PAGES - 1), VMK_OK);
	assert_int_equal(vm_map(&vm, space, (struct gpa){0}, RAM, &at), VMK_OK);
	assert_int_equal(vm_memory_supply(&vm, (struct gpa){0}, false), VMK_OK);
	assert_int_equal(space_copy_out(space, at + 9 * PAGE_SIZE, &one, 1), VMK_OK);
	fill_block(0, 0);
	assert_int_equal(usage().large, 0);
	assert_int_equal(space_copy_out(space, at + 9 * PAGE_SIZE, &one, 1), VMK_OK);
	assert_int_equal(byte_at(9 * PAGE_SIZE), 1);
	expect_order();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define LEAK_FREE(test) cmocka_unit_test_setup_teardown(test, fresh, no_leak)
		LEAK_FREE(what_is_executed_lies_in_small_pages),
		LEAK_FREE(what_a_guest_never_wrote_is_taken_back),
		LEAK_FREE(whoever_goes_through_all_memory_gives_way),
		LEAK_FREE(what_devices_map_is_not_taken_back),
		LEAK_FREE(what_is_taken_from_under_a_device_comes_again),
		LEAK_FREE(a_block_that_came_page_by_page_becomes_large),
		LEAK_FREE(what_devices_map_does_not_move),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
