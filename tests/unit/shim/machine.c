#include "tests/unit/shim/machine.h"

#include <stdlib.h>
#include <string.h>
#include "arch/x86/paging.h"
#include "arch/x86/predict.h"
#include "lib/panic.h"
#include "lib/random.h"
#include "mem/frame_pool.h"
#include "mem/window.h"
#include "tests/unit/shim/frame_source.h"
#include "fuzz/models/frame_promises.h"
#include "vmkvm/state.h"

uint64_t machine_allocations_left = UINT64_MAX;
void (*machine_meanwhile)(void);

/* What somebody else does just then. */
static void meanwhile(enum frame_owner owner)
{
	void (*act)(void) = machine_meanwhile;

	if (!act || owner != FRAME_VM)
		return;
	machine_meanwhile = NULL;
	act();
}
unsigned machine_flushes;
bool predict_isolate;
void (*machine_on_flush)(struct space *space, uintptr_t address, size_t bytes);

static struct frame_pool pool;
static uint64_t machine_frames;
static uint8_t *memory;
static uint64_t free_at_start;
static struct space kernel;

struct space *kernel_space(void)
{
	return &kernel;
}

static void set_window(enum area area, uintptr_t start, uint64_t bytes)
{
	kernel.window[area] = (struct range){start, start + bytes};
	if (ptable_fill_slot(&kernel.table, ptable_index(start, PML4_SHIFT)) != VMK_OK)
		panic("machine: no tables");
}

void machine_start(void)
{
	machine_start_with(MACHINE_FRAMES);
}

void machine_start_with(uint64_t frames)
{
	static void *bookkeeping;

	free(memory);
	free(bookkeeping);
	machine_frames = frames;
	memory = aligned_alloc(PAGE_SIZE, machine_frames * PAGE_SIZE);
	memset(memory, 0xa5, machine_frames * PAGE_SIZE);
	bookkeeping = calloc(1, frame_pool_bytes(machine_frames));
	frame_pool_init(&pool, machine_frames, bookkeeping);
	frame_pool_add(&pool, 1, machine_frames - 1);
	machine_allocations_left = UINT64_MAX;
	machine_flushes = 0;
	machine_on_flush = NULL;
	random_seed("machine", 7);

	if (space_setup(&kernel, false) != VMK_OK ||
		space_ptable_ops.allocate(NULL, &kernel.table.root) != VMK_OK)
		panic("machine: no kernel space");
	for (unsigned i = 0; i < AREA_COUNT; i++)
		set_window((enum area)i, KERNEL_HALF + (i + 3) * PML4_SLOT_BYTES, 1ull << 30);
	kernel.half = kernel.window[AREA_IMAGES];
	free_at_start = pool.count[FRAME_FREE];
}

void machine_expect_no_leak(void)
{
	/* The root and one table for each slot of the kernel's half stay. */
	if (pool.count[FRAME_FREE] + pool.count[FRAME_PTABLE] + pool.count[FRAME_KERNEL] <
		machine_frames - 1)
		panic("machine: %llu frames leaked",
			(unsigned long long)(free_at_start - pool.count[FRAME_FREE]));
}

static uint8_t *memory_at(struct hpa address)
{
	if (address.v >= machine_frames * PAGE_SIZE)
		panic("machine: no such memory");
	return memory + address.v;
}

/* As where the real one has no page. */
void *direct_map(struct hpa address)
{
	if (frame_pool_any_private(&pool, hpa_pfn(address).v, 1))
		panic("machine: a private frame through the direct map");
	return memory_at(address);
}

struct hpa direct_map_hpa(const void *address)
{
	return hpa((uint64_t)((const uint8_t *)address - memory));
}

void window_read(void *to, struct hpa from, size_t bytes)
{
	ASSERT(bytes <= PAGE_SIZE - from.v % PAGE_SIZE);
	memcpy(to, memory_at(from), bytes);
}

void window_write(struct hpa to, const void *from, size_t bytes)
{
	ASSERT(bytes <= PAGE_SIZE - to.v % PAGE_SIZE);
	memcpy(memory_at(to), from, bytes);
}

bool window_is_clear(struct pfn frame)
{
	const uint8_t *bytes = memory_at(pfn_hpa(frame));

	for (size_t i = 0; i < PAGE_SIZE; i++)
		if (bytes[i])
			return false;
	return true;
}

enum vmk_status frames_alloc_promised(
	unsigned order, enum frame_owner owner, uint64_t promised, struct pfn *frame)
{
	enum vmk_status status;

	meanwhile(owner);
	if (!machine_allocations_left)
		return VMK_NO_MEMORY;
	if (machine_allocations_left != UINT64_MAX)
		machine_allocations_left--;
	status = frame_source_take(&pool, order, owner, promised, &frame->v);
	if (status == VMK_OK)
		memset(memory_at(pfn_hpa(*frame)), 0, PAGE_SIZE << order);
	return status;
}

enum vmk_status frames_alloc(unsigned order, enum frame_owner owner, struct pfn *frame)
{
	return frames_alloc_promised(order, owner, 0, frame);
}

void frames_free(struct pfn frame, unsigned order)
{
	frames_free_promised(frame, order, 0);
}

void frames_free_promised(struct pfn frame, unsigned order, uint64_t promise)
{
	uint64_t chunk;

	meanwhile(frame_pool_owner(&pool, frame.v));
	frame_pool_free_promised(&pool, frame.v, order, promise);
	memset(memory_at(pfn_hpa(frame)), 0xa5, PAGE_SIZE << order);
	frame_pool_show(&pool, 0, &chunk);
}

/* Nobody else asks for memory here. */
enum vmk_status vm_balloon_promise(
	enum frame_side side, uint64_t frames, uint64_t keep, struct frame_shortage *shortage)
{
	return frames_promise(side, frames, keep, shortage);
}

enum vmk_status frames_promise(
	enum frame_side side, uint64_t frames, uint64_t keep, struct frame_shortage *shortage)
{
	enum vmk_status status = frame_pool_promise(&pool, side, frames, keep);

	if (status != VMK_OK && shortage)
		*shortage = (struct frame_shortage){side, frames, frames_spare(side, keep)};
	return status;
}

void frames_unpromise(enum frame_side side, uint64_t frames)
{
	frame_pool_unpromise(&pool, side, frames);
}

uint64_t frames_spare(enum frame_side side, uint64_t keep)
{
	return frame_pool_spare(&pool, side, keep);
}

uint64_t machine_promised(void)
{
	if (!frame_promises_hold(&pool))
		panic("machine: a promise of frames that are not there");
	return pool.stock[FRAME_DIRECT].promised + pool.stock[FRAME_PRIVATE].promised;
}

void frames_split(struct pfn frame, unsigned order)
{
	frame_pool_split(&pool, frame.v, order);
}

enum frame_owner frames_owner(struct pfn frame)
{
	return frame_pool_owner(&pool, frame.v);
}

bool frames_any_private(struct pfn first, uint64_t count)
{
	return frame_pool_any_private(&pool, first.v, count);
}

uint64_t frames_count(enum frame_owner owner)
{
	return pool.count[owner];
}

void space_flush(struct space *space, uintptr_t address, size_t bytes)
{
	machine_flushes++;
	if (machine_on_flush)
		machine_on_flush(space, address, bytes);
}

void space_leave(struct space *space)
{
}
