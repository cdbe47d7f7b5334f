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
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "arch/x86/paging.h"
#include "lib/log.h"
#include "mem/heap.h"
#include "tests/unit/shim/machine.h"
#include "vmkvm/state.h"
#include "vtx/capabilities.h"

#define RAM   (6ull << 20) /* of the machine's 16 MiB */
#define PAGES (RAM / PAGE_SIZE)
#define LARGE (2ull << 20)

static struct vtx_controls controls = {.ept_vpid = EPT_CAP_2M | EPT_CAP_ACCESSED};
static struct vm vm;
static struct space *space;
static uint64_t free_frames;
/* The heap grows at the next allocation: by this frame. */
static bool heap_grows;
static struct pfn grown;

void *heap_alloc(size_t bytes)
{
	return calloc(1, bytes);
}

void *heap_calloc(size_t count, size_t bytes)
{
	if (heap_grows)
		assert_int_equal(frames_alloc(0, FRAME_HEAP, &grown), VMK_OK);
	heap_grows = false;
	return calloc(count, bytes);
}

void heap_free(void *memory)
{
	free(memory);
}

/* No vCPU runs. */
void vm_kick(struct vm_vcpu *v)
{
	fail();
}

void vm_vcpu_await(const struct vm_vcpu *v, uint64_t generation)
{
	fail();
}

void log_printf(enum log_severity severity, const char *module, int line, const char *format, ...)
{
}

static bool trimmed_meanwhile; /* once, by a vCPU that wants memory */

/* Nobody waits. */
enum vmk_status vm_touch_for_devices(struct vm *v, struct gpa gpa)
{
	enum vmk_status status = vm_memory_supply(v, gpa, true);

	if (trimmed_meanwhile)
		assert_int_not_equal(vm_memory_trim(v), 0);
	trimmed_meanwhile = false;
	return status;
}

static int fresh(void **state)
{
	machine_start();
	if (space_create(&space) != VMK_OK)
		return -1;
	free_frames = frames_count(FRAME_FREE);
	memset(&vm, 0, sizeof(vm));
	vm.name = "guest";
	vm.low_bytes = RAM;
	vm.vtx.controls = &controls;
	return 0;
}

static int no_leak(void **state)
{
	machine_allocations_left = UINT64_MAX;
	vm_memory_destroy(&vm);
	space_destroy(space);
	/* The space's root, its ranges and itself; and no promise is left. */
	return frames_count(FRAME_FREE) == free_frames + 3 &&
			       frames_spare() == frames_count(FRAME_FREE)
		       ? 0
		       : -1;
}

static enum vmk_status create(uint64_t reservation, uint64_t limit)
{
	const struct vm_memory_policy policy = {reservation, limit, 0, true, false};

	return vm_memory_create(&vm, &policy);
}

static struct vm_usage usage(void)
{
	struct vm_usage u;

	vm_memory_usage(&vm, &u);
	return u;
}

static void expect_order(void)
{
	struct vm_audit audit = {0};
	struct ept_leaf bad;

	assert_true(ept_check(&vm.vtx.ept, &bad));
	vm_memory_audit(&vm, &audit);
	assert_int_equal(audit.strange, 0);
	assert_int_equal(usage().granted, vm.memory.ram.present);
	assert_int_equal(frames_count(FRAME_VM), vm.memory.ram.present + vm.memory.stocked);
}

static enum vmk_status touch(uint64_t gpa)
{
	return vm_memory_supply(&vm, (struct gpa){gpa}, true);
}

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

	assert_int_equal(frames_count(FRAME_FREE) - frames_spare(), ram + m->overhead - m->tables);
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
	const uint64_t promised = frames_count(FRAME_FREE) - frames_spare();

	assert_int_equal(vm_memory_supply(&vm, (struct gpa){PAGE_SIZE}, false), VMK_OK);
	assert_int_equal(frames_count(FRAME_FREE) - frames_spare(), promised);
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

/* Whoever comes first does not get what was promised. Up to two chunks that are cut by something
 * else serve others alone (mem/README.md). */
static void a_reservation_holds(void **state)
{
	static struct pfn taken[MACHINE_FRAMES];
	size_t count = 0;

	assert_int_equal(create(PAGES, PAGES), VMK_OK);
	while (frames_spare() > 2 * RAM_BLOCK_PAGES &&
		frames_alloc(0, FRAME_HEAP, &taken[count]) == VMK_OK)
		count++;
	for (uint64_t gpa = 0; gpa < RAM; gpa += PAGE_SIZE)
		assert_int_equal(touch(gpa), VMK_OK);
	expect_order();
	while (count)
		frames_free(taken[--count], 0);
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
	const struct vm_memory_policy policy = {10, PAGES, frames_spare() - 100, true, false};
	uint64_t gpa = 0;

	assert_int_equal(vm_memory_create(&vm, &policy), VMK_OK);
	while (touch(gpa) == VMK_OK)
		gpa += PAGE_SIZE;
	assert_int_equal(touch(gpa), VMK_NO_MEMORY);
	assert_true(gpa / PAGE_SIZE > 10 && gpa / PAGE_SIZE < 100);
	assert_true(frames_spare() >= policy.keep);
}

static void just_enough_for_it_is_enough(void **state)
{
	const struct vm_memory_policy policy = {
		PAGES, PAGES, frames_spare() - PAGES - vm_memory_overhead(PAGES), true, false};

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

int main(void)
{
	const struct CMUnitTest tests[] = {
#define LEAK_FREE(test) cmocka_unit_test_setup_teardown(test, fresh, no_leak)
		LEAK_FREE(pages_come_when_they_are_touched),
		LEAK_FREE(what_is_executed_lies_in_small_pages),
		LEAK_FREE(the_world_sees_what_the_guest_sees),
		LEAK_FREE(what_was_never_touched_is_zero_and_takes_no_frame),
		LEAK_FREE(the_audit_sees_a_foreign_frame),
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
		LEAK_FREE(what_a_guest_never_wrote_is_taken_back),
		LEAK_FREE(what_devices_map_is_not_taken_back),
		LEAK_FREE(what_is_taken_from_under_a_device_comes_again),
		LEAK_FREE(a_block_that_came_page_by_page_becomes_large),
		LEAK_FREE(what_devices_map_does_not_move),
		LEAK_FREE(only_ram_is_mapped),
		LEAK_FREE(what_fails_half_way_is_undone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
