/* sources: kernel/mem/gate.c */
/* sources: kernel/vmkvm/memory.c kernel/vtx/ept.c kernel/port/mbedtls/heap_host.c */
/* sources: kernel/mem/places.c */
/* sources: kernel/mem/space.c kernel/mem/copy.c kernel/mem/ranges.c kernel/mem/ptable.c */
/* sources: kernel/mem/foreign.c kernel/mem/frame_pool.c kernel/lib/random.c */
/* sources: kernel/lib/blake2s.c kernel/lib/chacha.c kernel/lib/lock.c */
/* sources: tests/unit/shim/machine.c tests/unit/shim/panic.c */
/* A VM's RAM: whose frames it has, what its VMX world sees of it, and that nothing is lost. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "arch/x86/paging.h"
#include "tests/unit/shim/machine.h"
#include "vmkvm/state.h"
#include "vtx/capabilities.h"

#define RAM   (6ull << 20) /* of the machine's 16 MiB */
#define LARGE (2ull << 20)

static struct vtx_controls controls = {.ept_vpid = EPT_CAP_2M | EPT_CAP_ACCESSED};
static struct vm vm;
static struct space *space;
static uint64_t free_frames;

static int fresh(void **state)
{
	machine_start();
	if (space_create(&space) != VMK_OK)
		return -1;
	free_frames = frames_count(FRAME_FREE);
	memset(&vm, 0, sizeof(vm));
	vm.low_bytes = RAM;
	vm.vtx.controls = &controls;
	return 0;
}

static int no_leak(void **state)
{
	machine_allocations_left = UINT64_MAX;
	vm_memory_destroy(&vm);
	space_destroy(space);
	/* The space's root, its ranges and itself. */
	return frames_count(FRAME_FREE) == free_frames + 3 ? 0 : -1;
}

static void the_world_sees_what_the_guest_sees(void **state)
{
	static const char said[] = "across a large page's end";
	char heard[sizeof(said)];
	struct ept_leaf bad;
	struct vm_audit audit = {0};
	uintptr_t at;

	assert_int_equal(vm_memory_create(&vm), VMK_OK);
	assert_true(ept_check(&vm.vtx.ept, &bad));
	vm_memory_audit(&vm, &audit);
	assert_int_equal(audit.mappings, RAM / LARGE);
	assert_int_equal(audit.strange, 0);
	assert_int_equal(vm_map(&vm, space, (struct gpa){0}, RAM, &at), VMK_OK);
	assert_true(vm_memory_write(&vm.vtx, (struct gpa){LARGE - 5}, said, sizeof(said)));
	assert_int_equal(space_copy_in(space, heard, at + LARGE - 5, sizeof(said)), VMK_OK);
	assert_string_equal(heard, said);
	assert_false(vm_memory_write(&vm.vtx, (struct gpa){RAM - 1}, said, sizeof(said)));
}

/* As if one of its blocks were not the VM's any more. */
static void the_audit_sees_a_foreign_frame(void **state)
{
	struct vm_audit audit = {0};

	assert_int_equal(vm_memory_create(&vm), VMK_OK);
	vm.memory.count--;
	vm_memory_audit(&vm, &audit);
	assert_int_equal(audit.strange, 1);
	vm.memory.count++;
}

static void memory_that_does_not_fit_is_refused(void **state)
{
	vm.low_bytes = MACHINE_FRAMES * PAGE_SIZE;
	assert_int_equal(vm_memory_create(&vm), VMK_NO_MEMORY);
}

static void only_ram_is_mapped(void **state)
{
	const uint64_t high = VMK_VM_HIGH_BASE;
	uintptr_t at;

	assert_int_equal(vm_memory_create(&vm), VMK_OK);
	assert_int_equal(vm_map(&vm, space, (struct gpa){0}, 0, &at), VMK_BAD_PARAM);
	assert_int_equal(vm_map(&vm, space, (struct gpa){1}, PAGE_SIZE, &at), VMK_BAD_PARAM);
	assert_int_equal(vm_map(&vm, space, (struct gpa){0}, RAM + PAGE_SIZE, &at), VMK_BAD_PARAM);
	assert_int_equal(vm_map(&vm, space, (struct gpa){high}, PAGE_SIZE, &at), VMK_BAD_PARAM);
	assert_int_equal(vm_map(&vm, space, (struct gpa){0}, 0 - PAGE_SIZE, &at), VMK_BAD_PARAM);
}

/* Whichever allocation fails, nothing stays mapped, and no address taken. */
static void a_mapping_that_fails_half_way_is_undone(void **state)
{
	enum vmk_status status = VMK_NO_MEMORY;
	uintptr_t at;

	assert_int_equal(vm_memory_create(&vm), VMK_OK);
	for (uint64_t left = 0; status != VMK_OK; left++) {
		const unsigned ranges = (unsigned)space->ranges.count;

		assert_true(left < 20);
		machine_allocations_left = left;
		status = vm_map(&vm, space, (struct gpa){0}, RAM, &at);
		if (status == VMK_OK)
			break;
		assert_int_equal(status, VMK_NO_MEMORY);
		assert_int_equal(space->ranges.count, ranges);
		assert_false(ptable_any(&space->table, space->window[AREA_IMAGES].start,
			space->window[AREA_IMAGES].end - space->window[AREA_IMAGES].start));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define LEAK_FREE(test) cmocka_unit_test_setup_teardown(test, fresh, no_leak)
		LEAK_FREE(the_world_sees_what_the_guest_sees),
		LEAK_FREE(the_audit_sees_a_foreign_frame),
		LEAK_FREE(memory_that_does_not_fit_is_refused),
		LEAK_FREE(only_ram_is_mapped),
		LEAK_FREE(a_mapping_that_fails_half_way_is_undone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
