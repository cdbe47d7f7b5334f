/* sources: kernel/vmkdev/dma.c */
/* A device's memory and its bus addresses: no overlap, guard pages, nothing freed that may still be
 * reached. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "lib/lock.h"
#include "lib/log.h"
#include "lib/panic.h"
#include "lib/types.h"
#include "mem/frames.h"
#include "mem/heap.h"
#include "vmkdev/dma.h"
#include "vmkdev/iommu.h"

#define FRAMES 4096
#define MAPPED 64

static bool used[FRAMES];
static unsigned frames_out, mapped_count;
static struct {
	uint64_t bus, memory, bytes;
} mapped[MAPPED];
static enum vmk_status map_status, unmap_status;
static bool locked;
static struct dma_space space;

/* --- the kernel around dma.c */

void log_printf(enum log_severity severity, const char *module, int line, const char *format, ...)
{
}
void panic(const char *format, ...)
{
	mock_assert(0, format, __FILE__, __LINE__);
	abort();
}
void *heap_alloc(size_t bytes)
{
	return calloc(1, bytes);
}
void heap_free(void *memory)
{
	free(memory);
}
uint64_t spin_lock(struct spinlock *lock)
{
	assert_false(locked);
	locked = true;
	return 0;
}
void spin_unlock(struct spinlock *lock, uint64_t saved)
{
	locked = false;
}
enum vmk_status frames_alloc(unsigned order, enum frame_owner owner, struct pfn *frame)
{
	unsigned count = 1u << order;

	for (unsigned at = count; at + count <= FRAMES; at += count) {
		bool free_here = true;

		for (unsigned i = 0; i < count; i++)
			free_here &= !used[at + i];
		if (!free_here)
			continue;
		memset(used + at, 1, count);
		frames_out += count;
		frame->v = at;
		return VMK_OK;
	}
	return VMK_NO_MEMORY;
}
enum vmk_status frames_alloc_low(unsigned order, enum frame_owner owner, struct pfn *frame)
{
	return frames_alloc(order, owner, frame);
}
void frames_free(struct pfn frame, unsigned order)
{
	memset(used + frame.v, 0, 1u << order);
	frames_out -= 1u << order;
}
void *direct_map(struct hpa address)
{
	return (void *)(address.v + 0x700000000000);
}
struct hpa direct_map_hpa(const void *address)
{
	return hpa((uintptr_t)address - 0x700000000000);
}
enum vmk_status iommu_map(struct dma_space *to, uint64_t bus, struct hpa memory, uint64_t bytes)
{
	assert_false(locked);
	if (map_status != VMK_OK)
		return map_status;
	for (unsigned i = 0; i < mapped_count; i++) /* a free page between any two */
		assert_true(bus >= mapped[i].bus + mapped[i].bytes + PAGE_SIZE ||
			    mapped[i].bus >= bus + bytes + PAGE_SIZE);
	assert_true(mapped_count < MAPPED);
	mapped[mapped_count].bus = bus;
	mapped[mapped_count].memory = memory.v;
	mapped[mapped_count++].bytes = bytes;
	return VMK_OK;
}
enum vmk_status iommu_unmap(struct dma_space *to, uint64_t bus, uint64_t bytes)
{
	if (unmap_status != VMK_OK)
		return unmap_status;
	for (unsigned i = 0; i < mapped_count; i++) {
		if (mapped[i].bus == bus && mapped[i].bytes == bytes) {
			mapped[i] = mapped[--mapped_count];
			return VMK_OK;
		}
	}
	fail();
	return VMK_INTERNAL;
}

/* --- tests */

static int guarded(void **state)
{
	memset(used, 0, sizeof(used));
	frames_out = mapped_count = 0;
	map_status = unmap_status = VMK_OK;
	dma_space_init(&space, (struct vtd_domain *)&space);
	return 0;
}

/* What is kept for good, or reserved: the node is a range's first member. */
static int forget(void **state)
{
	while (!list_empty(&space.ranges)) {
		struct list *node = list_first(&space.ranges);

		list_remove(node);
		free(node);
	}
	return 0;
}

static void test_without_remapping(void **state)
{
	void *memory;
	uint64_t bus;

	dma_space_init(&space, NULL);
	assert_int_equal(dma_alloc(&space, 5000, &memory, &bus), VMK_OK);
	assert_int_equal(bus, direct_map_hpa(memory).v);
	assert_int_equal(frames_out, 2);
	dma_free(&space, memory, 5000);
	assert_int_equal(frames_out, 0);
}

static void test_sizes(void **state)
{
	void *memory;
	uint64_t bus;

	assert_int_equal(dma_alloc(&space, 0, &memory, &bus), VMK_BAD_PARAM);
	assert_int_equal(dma_alloc(&space, DMA_BYTES_MAX + 1, &memory, &bus), VMK_BAD_PARAM);
	assert_int_equal(dma_alloc(&space, SIZE_MAX, &memory, &bus), VMK_BAD_PARAM);
	assert_int_equal(dma_alloc(&space, DMA_BYTES_MAX, &memory, &bus), VMK_OK);
	dma_free(&space, memory, DMA_BYTES_MAX);
	dma_free(&space, NULL, PAGE_SIZE);
	assert_int_equal(frames_out, 0);
}

/* Only the pages asked for can be reached, not the rest of the block; and in no other place. */
static void test_only_what_was_asked_for(void **state)
{
	void *memory;
	uint64_t bus;

	assert_int_equal(dma_alloc(&space, 5 * PAGE_SIZE - 7, &memory, &bus), VMK_OK);
	assert_int_equal(mapped_count, 1);
	assert_int_equal(mapped[0].bytes, 5 * PAGE_SIZE);
	assert_int_equal(mapped[0].bus, bus);
	assert_int_equal(mapped[0].memory, direct_map_hpa(memory).v);
	assert_true(bus != mapped[0].memory && bus >> 32 == 0);
	dma_free(&space, memory, 5 * PAGE_SIZE - 7);
	assert_int_equal(mapped_count, 0);
	assert_int_equal(frames_out, 0);
}

static void test_many(void **state)
{
	void *memory[32];
	uint64_t bus, first = 0;

	for (unsigned i = 0; i < 32; i++) {
		assert_int_equal(
			dma_alloc(&space, (i % 5 + 1) * PAGE_SIZE, &memory[i], &bus), VMK_OK);
		first = i == 1 ? bus : first;
	}
	/* A gap is used again, by what fits into it with its guard page. */
	dma_free(&space, memory[1], 2 * PAGE_SIZE);
	assert_int_equal(dma_alloc(&space, 3 * PAGE_SIZE, &memory[1], &bus), VMK_OK);
	assert_int_not_equal(bus, first);
	dma_free(&space, memory[1], 3 * PAGE_SIZE);
	assert_int_equal(dma_alloc(&space, 2 * PAGE_SIZE, &memory[1], &bus), VMK_OK);
	assert_int_equal(bus, first);
	for (unsigned i = 0; i < 32; i++)
		dma_free(&space, memory[i], (i % 5 + 1) * PAGE_SIZE);
	assert_int_equal(mapped_count, 0);
	assert_int_equal(frames_out, 0);
}

/* What firmware reserves is never given out; all of the space may be. */
static void test_reserved(void **state)
{
	void *memory;
	uint64_t bus;

	assert_int_equal(dma_reserve(&space, 0x110000, 0x10000), VMK_OK);
	assert_int_equal(dma_reserve(&space, 0x11f000, 0x1000), VMK_EXISTS);
	assert_int_equal(dma_reserve(&space, 0x10f000, 0x2000), VMK_EXISTS);
	assert_int_equal(dma_reserve(&space, 0x120000, 0x1000), VMK_OK);
	assert_int_equal(dma_alloc(&space, 0x10000, &memory, &bus), VMK_OK);
	assert_true(bus >= 0x121000);
	dma_free(&space, memory, 0x10000);
	assert_int_equal(dma_reserve(&space, 0x200000, 0xfec00000 - 0x200000), VMK_OK);
	assert_int_equal(dma_alloc(&space, DMA_BYTES_MAX, &memory, &bus), VMK_NO_RESOURCES);
	assert_int_equal(frames_out, 0);
}

/* A reserved region above the addresses of interrupts is no room before them. */
static void test_below_interrupts(void **state)
{
	const uint64_t last = 0xfec00000 - 0x200000;
	void *memory;
	uint64_t bus;

	assert_int_equal(dma_reserve(&space, 0x100000, last - PAGE_SIZE - 0x100000), VMK_OK);
	assert_int_equal(dma_reserve(&space, 0x200000000, PAGE_SIZE), VMK_OK);
	assert_int_equal(dma_alloc(&space, DMA_BYTES_MAX, &memory, &bus), VMK_NO_RESOURCES);
	assert_int_equal(dma_alloc(&space, 0x200000, &memory, &bus), VMK_OK);
	assert_int_equal(bus, last);
	dma_free(&space, memory, 0x200000);
	assert_int_equal(frames_out, 0);
}

static void test_map_fails(void **state)
{
	void *memory;
	uint64_t bus;

	map_status = VMK_NO_MEMORY;
	assert_int_equal(dma_alloc(&space, PAGE_SIZE, &memory, &bus), VMK_NO_MEMORY);
	assert_int_equal(frames_out, 0);
	/* A unit that fails while it maps may know the memory. */
	map_status = VMK_IO_ERROR;
	assert_int_equal(dma_alloc(&space, PAGE_SIZE, &memory, &bus), VMK_IO_ERROR);
	assert_int_equal(frames_out, 1);
}

static void test_unmap_fails(void **state)
{
	void *memory;
	uint64_t bus;

	assert_int_equal(dma_alloc(&space, PAGE_SIZE, &memory, &bus), VMK_OK);
	unmap_status = VMK_IO_ERROR;
	dma_free(&space, memory, PAGE_SIZE);
	assert_int_equal(frames_out, 1);
}

static void test_wrong_free(void **state)
{
	void *memory;
	uint64_t bus;

	assert_int_equal(dma_alloc(&space, PAGE_SIZE, &memory, &bus), VMK_OK);
	expect_assert_failure(dma_free(&space, memory, 2 * PAGE_SIZE));
	expect_assert_failure(dma_free(&space, (uint8_t *)memory + PAGE_SIZE, PAGE_SIZE));
	dma_free(&space, memory, PAGE_SIZE);
	expect_assert_failure(dma_free(&space, memory, PAGE_SIZE));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_without_remapping, guarded, forget),
		cmocka_unit_test_setup_teardown(test_sizes, guarded, forget),
		cmocka_unit_test_setup_teardown(test_only_what_was_asked_for, guarded, forget),
		cmocka_unit_test_setup_teardown(test_many, guarded, forget),
		cmocka_unit_test_setup_teardown(test_reserved, guarded, forget),
		cmocka_unit_test_setup_teardown(test_below_interrupts, guarded, forget),
		cmocka_unit_test_setup_teardown(test_map_fails, guarded, forget),
		cmocka_unit_test_setup_teardown(test_unmap_fails, guarded, forget),
		cmocka_unit_test_setup_teardown(test_wrong_free, guarded, forget),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
