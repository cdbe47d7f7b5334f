/* sources: kernel/mem/spaces.c kernel/mem/tables.c kernel/mem/gate.c */
/* sources: kernel/vmkvm/memory.c kernel/vmkvm/ram.c kernel/vmkvm/view.c kernel/vtx/ept.c */
/* sources: kernel/vmkvm/grant.c kernel/vmkvm/access.c kernel/vmkvm/blocks.c */
/* sources: kernel/mem/places.c */
/* sources: kernel/mem/space.c kernel/mem/copy.c kernel/mem/ranges.c kernel/mem/ptable.c */
/* sources: kernel/mem/foreign.c kernel/mem/frame_pool.c kernel/lib/random.c */
/* sources: kernel/lib/blake2s.c kernel/lib/chacha.c kernel/lib/lock.c */
/* sources: tests/unit/shim/machine.c tests/unit/shim/panic.c */
/* A VM of the most memory that a package may ask for, on a machine with less than 1 % of it. */
#include "tests/unit/vm_memory_unit.h"
#include "vmkmod/package.h"

#define ALL       ((uint64_t)PACKAGE_VM_MEMORY_MAX_KIB << 10)
#define ALL_PAGES (ALL / PAGE_SIZE)
#define HIGH      (ALL - VM_LOW_MAX)
#define END       (VMK_VM_HIGH_BASE + HIGH)
/* A page and two tables of each 2 MiB, a table by which the world sees it, and a few. */
#define FRAMES (4 * (ALL / LARGE) + 1024)

static uintptr_t low, high;

static int large_machine(void **state)
{
	machine_start_with(FRAMES);
	if (space_create(&space) != VMK_OK)
		return -1;
	free_frames = frames_count(FRAME_FREE);
	memset(&vm, 0, sizeof(vm));
	vm.name = "guest";
	vm.low_bytes = VM_LOW_MAX;
	vm.high_bytes = HIGH;
	vm.vtx.controls = &controls;
	return 0;
}

static void start(uint64_t reservation, bool large)
{
	const struct vm_memory_policy policy = {reservation, ALL_PAGES, 0, large, false};
	const struct gpa above = {VMK_VM_HIGH_BASE};
	const uint64_t promised = reservation + vm_memory_overhead(ALL_PAGES) + vm_view_tables(&vm);

	assert_int_equal(vm_memory_create(&vm, &policy), VMK_OK);
	assert_int_equal(machine_promised() + vm.memory.tables, promised);
	/* What its world needs to see it was promised with the rest. */
	assert_int_equal(vm_map(&vm, space, (struct gpa){0}, VM_LOW_MAX, &low), VMK_OK);
	assert_int_equal(vm_map(&vm, space, above, HIGH, &high), VMK_OK);
	assert_int_equal(vm.memory.views, 0);
	assert_int_equal(machine_promised() + vm.memory.tables, promised);
}

static uintptr_t seen_at(uint64_t gpa)
{
	return gpa < VM_LOW_MAX ? low + gpa : high + (gpa - VMK_VM_HIGH_BASE);
}

static uint64_t after(uint64_t gpa, uint64_t step)
{
	gpa += step;
	return gpa >= VM_LOW_MAX && gpa < VMK_VM_HIGH_BASE ? VMK_VM_HIGH_BASE : gpa;
}

/* Each by itself, and those beside the hole and at the end. */
static void each_page_is_itself(void **state)
{
	static const uint64_t edges[] = {0, VM_LOW_MAX - PAGE_SIZE, VMK_VM_HIGH_BASE,
		VMK_VM_HIGH_BASE + PAGE_SIZE, 2 * VMK_VM_HIGH_BASE - PAGE_SIZE,
		2 * VMK_VM_HIGH_BASE, END - PAGE_SIZE};
	uint64_t number;

	start(0, false);
	for (uint64_t i = 0; i < ARRAY_SIZE(edges); i++)
		assert_true(vm_memory_write(&vm.vtx, (struct gpa){edges[i] + 4}, &i, sizeof(i)));
	assert_int_equal(usage().granted, ARRAY_SIZE(edges));
	for (uint64_t i = 0; i < ARRAY_SIZE(edges); i++) {
		assert_int_equal(space_copy_in(space, &number, seen_at(edges[i]) + 4, 8), VMK_OK);
		assert_int_equal(number, i);
	}
	assert_false(vm_memory_write(&vm.vtx, (struct gpa){END - 4}, &number, 8));
	assert_int_equal(touch(VM_LOW_MAX), VMK_NOT_FOUND);
	assert_int_equal(touch(VMK_VM_HIGH_BASE - 1), VMK_NOT_FOUND);
	assert_int_equal(touch(END), VMK_NOT_FOUND);
	assert_int_equal(touch(1ull << 44), VMK_NOT_FOUND);
	assert_int_equal(space_copy_in(space, &number, high + HIGH, 1), VMK_BAD_ADDRESS);
	expect_order();
}

/* So that each has all of its tables, the EPT's and the world's. */
static void a_page_of_each_block_comes(void **state)
{
	const uint64_t blocks = ALL / LARGE;
	struct hpa at;
	uint64_t there;

	start(blocks, false);
	for (uint64_t gpa = LARGE - PAGE_SIZE; gpa < END; gpa = after(gpa, LARGE)) {
		/* The first one above the hole is no block's last. */
		const uint64_t number = gpa;

		assert_int_equal(vm_memory_supply(&vm, (struct gpa){gpa}, false), VMK_OK);
		assert_true(ept_translate(&vm.vtx.ept, (struct gpa){gpa}, EPT_READ, &at, &there));
		assert_int_equal(space_copy_out(space, seen_at(gpa), &number, 8), VMK_OK);
	}
	assert_int_equal(usage().granted, blocks);
	for (uint64_t gpa = LARGE - PAGE_SIZE; gpa < END; gpa = after(gpa, LARGE)) {
		uint64_t number = 0;

		assert_true(vm_memory_read(&vm.vtx, (struct gpa){gpa}, &number, 8));
		assert_int_equal(number, gpa);
	}
	assert_int_equal(space_tables(space), 0);
	assert_true(usage().tables > 2 * blocks && usage().tables <= vm.memory.overhead);
	expect_order();
}

static void large_pages_up_to_the_end(void **state)
{
	static const uint32_t last = (END - 1) / PAGE_SIZE;
	uint64_t number = 7;

	start(4 * LARGE / PAGE_SIZE, true);
	assert_int_equal(touch(END - 1), VMK_OK);
	assert_int_equal(touch(VMK_VM_HIGH_BASE), VMK_OK);
	assert_int_equal(touch(VM_LOW_MAX - 1), VMK_OK);
	assert_int_equal(usage().large, 3);
	assert_int_equal(space_copy_out(space, seen_at(END - 8), &number, 8), VMK_OK);
	expect_order();
	/* What its balloon names are pages beyond 2^20. */
	vm_give_back(&vm, space, &last, 1);
	assert_int_equal(usage().granted, 3 * LARGE / PAGE_SIZE - 1);
	assert_int_equal(space_copy_in(space, &number, seen_at(END - 8), 8), VMK_OK);
	assert_int_equal(number, 0);
	expect_order();
}

/* However far it lies from where the search begins, which keeps nobody waiting for long. */
static void the_only_large_page_is_found(void **state)
{
	const uint8_t byte = 1;

	start(0, true);
	gave_way = 0;
	assert_int_equal(vm_memory_trim(&vm), 0);
	assert_int_equal(gave_way, ALL / LARGE / RAM_LOOK_BLOCKS);
	assert_int_equal(touch(END - 1), VMK_OK);
	assert_true(vm_memory_write(&vm.vtx, (struct gpa){END - 1}, &byte, 1));
	assert_int_equal(vm_memory_trim(&vm), LARGE / PAGE_SIZE - 1);
	assert_int_equal(gave_way, 2 * ALL / LARGE / RAM_LOOK_BLOCKS);
	expect_order();
}

static void what_is_not_there_is_not_promised(void **state)
{
	const struct vm_memory_policy policy = {ALL_PAGES, ALL_PAGES, 0, true, false};
	assert_int_equal(vm_memory_create(&vm, &policy), VMK_NO_MEMORY);
	assert_int_equal(vm.memory.shortage.side, FRAME_PRIVATE);
	assert_int_equal(vm.memory.shortage.needed, ALL_PAGES);
	assert_in_range(vm.memory.shortage.available, 1, ALL_PAGES - 1);
	assert_int_equal(machine_promised(), 0);
}

/* A world that sees RAM again and again comes to an end of addresses, and says so once. */
static void more_than_once_has_no_place(void **state)
{
	uintptr_t at;

	start(0, false);
	log_lines = 0;
	/* So that only the ends of its window are free. */
	space->window[AREA_DEVICES].end = high + HIGH + PAGE_SIZE;
	space->window[AREA_DEVICES].start = high - PAGE_SIZE;
	for (unsigned i = 0; i < 100; i++)
		assert_int_equal(
			vm_map(&vm, space, (struct gpa){0}, VM_LOW_MAX, &at), VMK_NO_PLACE);
	assert_int_equal(log_lines, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define LEAK_FREE(test) cmocka_unit_test_setup_teardown(test, large_machine, no_leak)
		LEAK_FREE(each_page_is_itself),
		LEAK_FREE(a_page_of_each_block_comes),
		LEAK_FREE(large_pages_up_to_the_end),
		LEAK_FREE(the_only_large_page_is_found),
		LEAK_FREE(what_is_not_there_is_not_promised),
		LEAK_FREE(more_than_once_has_no_place),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
