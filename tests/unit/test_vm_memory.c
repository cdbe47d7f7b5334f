/* sources: kernel/mem/spaces.c kernel/mem/tables.c */
/* sources: kernel/mem/gate.c */
/* sources: kernel/vmkvm/memory.c kernel/vmkvm/ram.c kernel/vmkvm/view.c kernel/vtx/ept.c */
/* sources: kernel/vmkvm/grant.c kernel/vmkvm/access.c kernel/vmkvm/blocks.c */
/* sources: kernel/mem/places.c */
/* sources: kernel/mem/space.c kernel/mem/copy.c kernel/mem/ranges.c kernel/mem/ptable.c */
/* sources: kernel/mem/foreign.c kernel/mem/frame_pool.c kernel/lib/random.c */
/* sources: kernel/lib/blake2s.c kernel/lib/chacha.c kernel/lib/lock.c */
/* sources: tests/unit/shim/machine.c tests/unit/shim/panic.c */
/* A VM's RAM: whose frames it has and when, what its VMX world sees of it, and that nothing is
 * lost. */
#include "tests/unit/vm_memory_unit.h"

static void pages_come_when_they_are_touched(void **state)
{
	assert_int_equal(create(PAGES, PAGES), VMK_OK);
	assert_int_equal(usage().granted, 0);
	assert_int_equal(touch(LARGE + 5 * PAGE_SIZE), VMK_OK);
	assert_int_equal(usage().granted, LARGE / PAGE_SIZE);
	assert_int_equal(usage().large, 1);
	assert_int_equal(vm_memory_supply(&vm, (struct gpa){7}, false), VMK_OK);
	assert_int_equal(touch(PAGE_SIZE), VMK_OK); /* a block that has a page stays as it is */
	assert_int_equal(touch(PAGE_SIZE), VMK_OK);
	assert_int_equal(usage().granted, LARGE / PAGE_SIZE + 2);
	assert_int_equal(touch(RAM), VMK_NOT_FOUND);
	assert_int_equal(touch(VMK_VM_HIGH_BASE), VMK_NOT_FOUND);
	expect_order();
}

static void the_world_sees_what_the_guest_sees(void **state)
{
	static const char said[] = "across a large page's end";
	char heard[sizeof(said)];
	uintptr_t at;

	assert_int_equal(create(PAGES, PAGES), VMK_OK);
	assert_int_equal(vm_map(&vm, space, (struct gpa){PAGE_SIZE}, RAM - PAGE_SIZE, &at), VMK_OK);
	at -= PAGE_SIZE;
	assert_true(vm_memory_write(&vm.vtx, (struct gpa){LARGE - 5}, said, sizeof(said)));
	assert_int_equal(space_copy_in(space, heard, at + LARGE - 5, sizeof(said)), VMK_OK);
	assert_string_equal(heard, said);

	/* And the other way round, in a block that nobody touched before. */
	assert_int_equal(space_copy_out(space, at + 2 * LARGE + 9, said, sizeof(said)), VMK_OK);
	assert_int_equal(usage().large, 1);
	assert_true(vm_memory_read(&vm.vtx, (struct gpa){2 * LARGE + 9}, heard, sizeof(heard)));
	assert_string_equal(heard, said);
	assert_int_equal(space_copy_in(space, heard, at, 1), VMK_BAD_ADDRESS);
	assert_false(vm_memory_write(&vm.vtx, (struct gpa){RAM - 1}, said, sizeof(said)));
	expect_order();
}

static void what_was_never_touched_is_zero_and_takes_no_frame(void **state)
{
	uint8_t bytes[2 * PAGE_SIZE];

	assert_int_equal(create(PAGES, PAGES), VMK_OK);
	memset(bytes, 1, sizeof(bytes));
	assert_true(vm_memory_read(&vm.vtx, (struct gpa){100}, bytes, sizeof(bytes)));
	for (size_t i = 0; i < sizeof(bytes); i++)
		assert_int_equal(bytes[i], 0);
	assert_int_equal(usage().granted, 0);
	assert_false(vm_memory_read(&vm.vtx, (struct gpa){RAM - 1}, bytes, 2));
}

/* As if one of its blocks were not the VM's any more. */
static void the_audit_sees_a_foreign_frame(void **state)
{
	struct vm_audit audit = {0};

	assert_int_equal(create(PAGES, PAGES), VMK_OK);
	assert_int_equal(touch(0), VMK_OK);
	assert_int_equal(touch(LARGE), VMK_OK);
	vm.memory.ram.blocks[0].first++;
	vm_memory_audit(&vm, &audit);
	assert_int_equal(audit.mappings, 2);
	assert_int_equal(audit.strange, 1);
	vm.memory.ram.blocks[0].first--;
}

/* More of them than are looked at with the lock at once. */
static void the_audit_looks_at_all_of_it(void **state)
{
	struct ram *ram = &vm.memory.ram;
	struct vm_audit audit = {0};
	uint64_t frames[2];

	assert_int_equal(create(PAGES, PAGES), VMK_OK);
	for (uint64_t page = 0; page < 1200; page += 2)
		assert_int_equal(
			vm_memory_supply(&vm, (struct gpa){page * PAGE_SIZE}, false), VMK_OK);
	assert_int_equal(touch(RAM - 1), VMK_OK);
	frames[0] = ram_replace(ram, 0, 1);
	frames[1] = ram_replace(ram, 1198, frames[0]);
	vm_memory_audit(&vm, &audit);
	assert_int_equal(audit.mappings, 601);
	assert_int_equal(audit.strange, 2);
	ram_replace(ram, 0, frames[0]);
	ram_replace(ram, 1198, frames[1]);
}

static void a_reservation_that_is_not_there_is_refused(void **state)
{
	vm.low_bytes = MACHINE_FRAMES * PAGE_SIZE;
	assert_int_equal(create(MACHINE_FRAMES, MACHINE_FRAMES), VMK_NO_MEMORY);
	vm_memory_destroy(&vm);
	assert_int_equal(create(0, MACHINE_FRAMES), VMK_OK); /* nothing is promised */
}

/* What is promised is what the reservation has beyond what is granted, to the frame. */
static void expect_promise(uint64_t reservation)
{
	const struct vm_memory *m = &vm.memory;
	const uint64_t ram = reservation > m->granted ? reservation - m->granted : 0;

	assert_int_equal(machine_promised(), ram + m->overhead - m->tables + m->views);
}

/* Another vCPU touches a page of its own, and what was to be had before is not to be had then. */
static void one_more_comes(void)
{
	assert_int_equal(vm_memory_supply(&vm, (struct gpa){0}, false), VMK_OK);
	machine_allocations_left = 0;
}

static void one_goes_back(void)
{
	assert_int_equal(vm_memory_give_back(&vm, &(struct gpa){0}, 1), 1);
	machine_allocations_left = 0;
}

static void a_claim_that_comes_to_nothing_leaves_the_promise_as_it_is(void **state)
{
	const uint64_t reservation = LARGE / PAGE_SIZE;

	assert_int_equal(create(reservation, PAGES), VMK_OK);
	machine_meanwhile = one_more_comes;
	assert_int_equal(touch(LARGE), VMK_NO_MEMORY);
	expect_promise(reservation);
	machine_allocations_left = UINT64_MAX;
	for (uint64_t gpa = 0; gpa < LARGE; gpa += PAGE_SIZE)
		assert_int_equal(touch(gpa), VMK_OK);
	expect_promise(reservation);
	machine_meanwhile = one_goes_back;
	assert_int_equal(touch(LARGE), VMK_NO_MEMORY);
	expect_promise(reservation);
	machine_allocations_left = UINT64_MAX;
	expect_order();
}

/* What is on its way back is not in the pool yet; tables use up all that is promised beside. */
static void claim_meanwhile(void)
{
	const uint64_t promised = machine_promised();

	assert_int_equal(vm_memory_supply(&vm, (struct gpa){PAGE_SIZE}, false), VMK_OK);
	assert_int_equal(machine_promised(), promised);
}

static void a_frame_on_its_way_back_is_not_claimed_yet(void **state)
{
	assert_int_equal(create(2, PAGES), VMK_OK);
	assert_int_equal(vm_memory_supply(&vm, (struct gpa){0}, false), VMK_OK);
	assert_int_equal(vm_memory_supply(&vm, (struct gpa){2 * PAGE_SIZE}, false), VMK_OK);
	expect_promise(2);
	machine_meanwhile = claim_meanwhile;
	assert_int_equal(vm_memory_give_back(&vm, &(struct gpa){0}, 1), 1);
	expect_promise(2);
	expect_order();
}

/* Whoever comes first does not get what was promised, whichever side he takes it from. */
static void a_reservation_holds_against(enum frame_owner others, bool large)
{
	const struct vm_memory_policy policy = {PAGES, PAGES, 0, large, false};
	static struct pfn taken[MACHINE_FRAMES];
	size_t count = 0;

	assert_int_equal(vm_memory_create(&vm, &policy), VMK_OK);
	while (frames_alloc(0, others, &taken[count]) == VMK_OK)
		count++;
	assert_true(count > MACHINE_FRAMES * 3 / 8);
	for (uint64_t gpa = 0; gpa < RAM; gpa += PAGE_SIZE)
		assert_int_equal(touch(gpa), VMK_OK);
	expect_order();
	while (count)
		frames_free(taken[--count], 0);
	vm_memory_destroy(&vm);
}

static void a_reservation_holds(void **state)
{
	a_reservation_holds_against(FRAME_HEAP, true);
	a_reservation_holds_against(FRAME_USER, true);
	a_reservation_holds_against(FRAME_HEAP, false);
	a_reservation_holds_against(FRAME_USER, false);
}

static void nothing_is_given_beyond_the_limit(void **state)
{
	assert_int_equal(create(0, LARGE / PAGE_SIZE + 1), VMK_OK);
	assert_int_equal(touch(0), VMK_OK);
	assert_int_equal(touch(LARGE), VMK_OK);
	assert_int_equal(touch(LARGE + PAGE_SIZE), VMK_NO_RESOURCES);
	assert_int_equal(usage().large, 1);
	expect_order();
}

static void what_is_kept_for_others_is_not_given(void **state)
{
	const uint64_t spare = frames_spare(FRAME_PRIVATE, 0);
	const struct vm_memory_policy policy = {10, PAGES, spare - 100, true, false};
	uint64_t gpa = 0;

	assert_int_equal(vm_memory_create(&vm, &policy), VMK_OK);
	while (touch(gpa) == VMK_OK)
		gpa += PAGE_SIZE;
	assert_int_equal(touch(gpa), VMK_NO_MEMORY);
	assert_int_equal(gpa / PAGE_SIZE, 100);
	assert_true(frames_spare(FRAME_PRIVATE, 0) >= policy.keep);
}

static void just_enough_for_it_is_enough(void **state)
{
	struct vm_memory_policy policy = {PAGES, PAGES, MACHINE_FRAMES, true, false};

	while (vm_memory_create(&vm, &policy) != VMK_OK)
		policy.keep--;
	assert_in_range(policy.keep, MACHINE_FRAMES / 2, MACHINE_FRAMES - PAGES);
	assert_true(frames_spare(FRAME_PRIVATE, 0) >= policy.keep);
	assert_true(frames_spare(FRAME_DIRECT, 0) >= policy.keep);
	vm_memory_destroy(&vm);
	heap_grows = true;
	assert_int_equal(vm_memory_create(&vm, &policy), VMK_OK);
	frames_free(grown, 0);
}

static void large_pages_are_the_policys(void **state)
{
	const struct vm_memory_policy policy = {PAGES, PAGES, 0, false, false};

	assert_int_equal(vm_memory_create(&vm, &policy), VMK_OK);
	assert_int_equal(touch(0), VMK_OK);
	assert_int_equal(usage().granted, 1);
}

static void a_page_that_is_given_back_is_gone_and_comes_again_as_zero(void **state)
{
	const uint32_t pages[] = {512, 3, 513, 512, RAM / PAGE_SIZE, 1024, UINT32_MAX};
	char byte = 'x';
	uintptr_t at;

	assert_int_equal(create(PAGES, PAGES), VMK_OK);
	assert_int_equal(vm_map(&vm, space, (struct gpa){0}, RAM, &at), VMK_OK);
	assert_int_equal(touch(LARGE), VMK_OK);
	assert_int_equal(touch(0), VMK_OK);
	assert_int_equal(space_copy_out(space, at + LARGE, &byte, 1), VMK_OK);
	assert_int_equal(space_copy_out(space, at + 3 * PAGE_SIZE, &byte, 1), VMK_OK);
	vm_give_back(&vm, space, pages, ARRAY_SIZE(pages));
	assert_int_equal(usage().granted, 2 * LARGE / PAGE_SIZE - 3);
	assert_int_equal(usage().large, 0);
	expect_order();
	assert_int_equal(space_copy_in(space, &byte, at + LARGE, 1), VMK_OK);
	assert_int_equal(byte, 0);
	assert_int_equal(usage().granted, 2 * LARGE / PAGE_SIZE - 2);
	vm_give_back(&vm, space, pages, 1);
	assert_int_equal(usage().granted, 2 * LARGE / PAGE_SIZE - 3);
	expect_order();
}

/* Whichever way the world sees it: a frame that goes back is in none of its mappings. */
static void a_page_that_is_given_back_is_seen_nowhere(void **state)
{
	static const uint32_t page = 3;
	const uint64_t offset = page * PAGE_SIZE;
	struct pfn others;
	uintptr_t at[2];
	char byte = 'x';

	assert_int_equal(create(PAGES, PAGES), VMK_OK);
	for (unsigned i = 0; i < 2; i++) {
		assert_int_equal(vm_map(&vm, space, (struct gpa){0}, RAM, &at[i]), VMK_OK);
		assert_int_equal(space_copy_out(space, at[i] + offset, &byte, 1), VMK_OK);
	}
	vm_give_back(&vm, space, &page, 1);
	assert_int_equal(frames_alloc(0, FRAME_USER, &others), VMK_OK); /* the same frame */
	byte = 'y';
	assert_int_equal(space_copy_out(space, at[0] + offset, &byte, 1), VMK_OK);
	assert_int_equal(space_copy_in(space, &byte, at[1] + offset, 1), VMK_OK);
	assert_int_equal(byte, 'y');
	expect_order();
	frames_free(others, 0);
}

static void only_ram_is_mapped(void **state)
{
	const uint64_t high = VMK_VM_HIGH_BASE;
	uintptr_t at;

	assert_int_equal(create(PAGES, PAGES), VMK_OK);
	assert_int_equal(vm_map(&vm, space, (struct gpa){0}, 0, &at), VMK_BAD_PARAM);
	assert_int_equal(vm_map(&vm, space, (struct gpa){1}, PAGE_SIZE, &at), VMK_BAD_PARAM);
	assert_int_equal(vm_map(&vm, space, (struct gpa){0}, RAM + PAGE_SIZE, &at), VMK_BAD_PARAM);
	assert_int_equal(vm_map(&vm, space, (struct gpa){high}, PAGE_SIZE, &at), VMK_BAD_PARAM);
	assert_int_equal(vm_map(&vm, space, (struct gpa){0}, 0 - PAGE_SIZE, &at), VMK_BAD_PARAM);
}

static void a_vcpu_in_the_guest_gets_pages_but_no_large_ones(void **state)
{
	assert_int_equal(create(PAGES, PAGES), VMK_OK);
	assert_int_equal(vm_memory_supply_at_once(&vm, (struct gpa){LARGE}), VMK_BUSY);
	assert_int_equal(vm_memory_supply_at_once(&vm, (struct gpa){RAM}), VMK_NOT_FOUND);
	assert_int_equal(usage().granted, 0);
	assert_int_equal(vm_memory_supply(&vm, (struct gpa){LARGE}, false), VMK_OK);
	for (uint64_t page = 0; page < 100; page++)
		assert_int_equal(
			vm_memory_supply_at_once(&vm, (struct gpa){LARGE + 4096 * page}), VMK_OK);
	assert_int_equal(usage().granted, 100);
	assert_true(vm.memory.stocked && vm.memory.stocked < 16);
	expect_order();
}

/* Whichever allocation fails, nothing is half there, and the next try finds all in order. */
static void what_fails_half_way_is_undone(void **state)
{
	static const uint32_t page = LARGE / PAGE_SIZE + 1;

	for (uint64_t left = 0; left < 12; left++) {
		char byte = 1;
		uintptr_t at;

		assert_int_equal(create(left % 2 ? PAGES : 0, PAGES), VMK_OK);
		assert_int_equal(vm_map(&vm, space, (struct gpa){0}, RAM, &at), VMK_OK);
		machine_allocations_left = left;
		if (space_copy_out(space, at + page * PAGE_SIZE, &byte, 1) == VMK_OK)
			vm_give_back(&vm, space, &page, 1);
		expect_order();
		machine_allocations_left = UINT64_MAX;
		assert_int_equal(space_copy_out(space, at + page * PAGE_SIZE, &byte, 1), VMK_OK);
		expect_order();
		assert_int_equal(no_leak(state), 0);
		fresh(state);
	}
}

/* A world that has the kernel touch what there is no memory for is not ended by it. */
static void says_once_what_devices_lack(void **state)
{
	uint8_t byte = 1;
	uintptr_t at;

	assert_int_equal(create(0, 4), VMK_OK);
	assert_int_equal(vm_map(&vm, space, (struct gpa){0}, RAM, &at), VMK_OK);
	for (unsigned i = 0; i < 4; i++)
		assert_int_equal(space_copy_out(space, at + i * PAGE_SIZE, &byte, 1), VMK_OK);
	log_lines = 0;
	for (unsigned i = 0; i < 100; i++)
		assert_int_equal(
			space_copy_out(space, at + 4 * PAGE_SIZE, &byte, 1), VMK_BAD_ADDRESS);
	assert_int_equal(log_lines, 1);
}

/* Nor is one that asks for a place, for which there are no tables, again and again. */
static void says_once_that_there_are_no_tables(void **state)
{
	static struct pfn taken[MACHINE_FRAMES];
	uint64_t count = 0;
	uintptr_t at;

	assert_int_equal(create(0, 4), VMK_OK);
	while (frames_alloc(0, FRAME_KERNEL, &taken[count]) == VMK_OK)
		count++;
	/* Once all of it was promised. */
	assert_int_equal(vm_map(&vm, space, (struct gpa){0}, RAM, &at), VMK_OK);
	log_lines = 0;
	for (unsigned i = 0; i < 100; i++)
		assert_int_equal(vm_map(&vm, space, (struct gpa){0}, RAM, &at), VMK_NO_MEMORY);
	assert_int_equal(log_lines, 1);
	while (count)
		frames_free(taken[--count], 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define LEAK_FREE(test) cmocka_unit_test_setup_teardown(test, fresh, no_leak)
		LEAK_FREE(pages_come_when_they_are_touched),
		LEAK_FREE(the_world_sees_what_the_guest_sees),
		LEAK_FREE(says_once_what_devices_lack),
		LEAK_FREE(says_once_that_there_are_no_tables),
		LEAK_FREE(what_was_never_touched_is_zero_and_takes_no_frame),
		LEAK_FREE(the_audit_sees_a_foreign_frame),
		LEAK_FREE(the_audit_looks_at_all_of_it),
		LEAK_FREE(a_reservation_that_is_not_there_is_refused),
		LEAK_FREE(a_reservation_holds),
		LEAK_FREE(a_claim_that_comes_to_nothing_leaves_the_promise_as_it_is),
		LEAK_FREE(a_frame_on_its_way_back_is_not_claimed_yet),
		LEAK_FREE(nothing_is_given_beyond_the_limit),
		LEAK_FREE(what_is_kept_for_others_is_not_given),
		LEAK_FREE(just_enough_for_it_is_enough),
		LEAK_FREE(large_pages_are_the_policys),
		LEAK_FREE(a_page_that_is_given_back_is_gone_and_comes_again_as_zero),
		LEAK_FREE(a_page_that_is_given_back_is_seen_nowhere),
		LEAK_FREE(a_vcpu_in_the_guest_gets_pages_but_no_large_ones),
		LEAK_FREE(only_ram_is_mapped),
		LEAK_FREE(what_fails_half_way_is_undone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
