/* A VM's RAM on the machine of machine.h: the rest of the kernel around it, for its tests. */
#ifndef VM_MEMORY_UNIT_H
#define VM_MEMORY_UNIT_H

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

static unsigned log_lines;

void log_printf(enum log_severity severity, const char *module, int line, const char *format, ...)
{
	log_lines++;
}

/* How often others could have had the pCPU, and how many tables went at most before they had it. */
static unsigned gave_way;
static uint64_t tables_there, most_tables;

void vm_pcpu_give_way(void)
{
	/* Panics where it is held. */
	const uint64_t saved = spin_lock(&vm.memory.lock);

	spin_unlock(&vm.memory.lock, saved);
	gave_way++;
	most_tables = MAX(most_tables, tables_there - MIN(tables_there, vm.memory.tables));
	tables_there = vm.memory.tables;
}

void world_urgent(bool urgent)
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

static inline int fresh(void **state)
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
	space_destroy(space, NULL);
	/* The space's root, its ranges and itself; and no promise is left. */
	return frames_count(FRAME_FREE) == free_frames + 3 && machine_promised() == 0 ? 0 : -1;
}

static inline enum vmk_status create(uint64_t reservation, uint64_t limit)
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

#endif
