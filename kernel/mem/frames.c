/* The machine's frames: one pool under one lock, reached through the direct map. */
#include "boot/boot_info.h"
#include "arch/x86/paging.h"
#include "lib/lock.h"
#include "lib/log.h"
#include "lib/panic.h"
#include "mem/frame_pool.h"
#include "mem/frames_edge.h"
#include <stdio.h>
#include <string.h>

#define LOG_MODULE  "Frames"
#define FIRST_FRAME (0x100000u >> PAGE_SHIFT) /* the first MiB is firmware's and start code's */
#define LOW_END     (EARLY_IDENTITY_END >> PAGE_SHIFT)

static struct spinlock lock = SPINLOCK(LOCK_FRAMES);
static struct frame_pool pool;
static struct hpa bookkeeping;
/* Until space_init(): the boot path's identity map, which ends at 4 GiB. */
static uintptr_t direct_base;
static uint64_t direct_end = EARLY_IDENTITY_END;

static uint64_t frames_of_memory(const struct boot_info *info)
{
	uint64_t end = 0;

	for (unsigned i = 0; i < info->memory_count; i++) {
		const struct boot_memory *m = &info->memory[i];

		if (m->type == BOOT_MEMORY_USABLE)
			end = MAX(end, m->start.v + m->bytes);
	}
	return end >> PAGE_SHIFT;
}

/* The highest usable place below 4 GiB for the pool's own bookkeeping. */
static struct hpa place_bookkeeping(const struct boot_info *info, uint64_t bytes)
{
	uint64_t best = 0;

	for (unsigned i = 0; i < info->memory_count; i++) {
		const struct boot_memory *m = &info->memory[i];
		uint64_t end = MIN(m->start.v + m->bytes, EARLY_IDENTITY_END);

		if (m->type == BOOT_MEMORY_USABLE && end > bytes &&
			end - bytes >= MAX(m->start.v, FIRST_FRAME << PAGE_SHIFT))
			best = MAX(best, end - bytes);
	}
	if (!best)
		panic("frames: no room for %llu bytes of bookkeeping below 4 GiB",
			(unsigned long long)bytes);
	return hpa(best);
}

static void add_usable(const struct boot_memory *m, uint64_t own_first, uint64_t own_end)
{
	uint64_t first = MAX(m->start.v >> PAGE_SHIFT, FIRST_FRAME);
	uint64_t end = (m->start.v + m->bytes) >> PAGE_SHIFT;

	if (own_first >= first && own_end <= end) {
		frame_pool_add(&pool, first, own_first - first);
		first = own_end;
	}
	if (first < end)
		frame_pool_add(&pool, first, end - first);
}

void frames_init(const struct boot_info *info)
{
	uint64_t frames = frames_of_memory(info);
	uint64_t bytes = ALIGN_UP(frame_pool_bytes(frames), PAGE_SIZE);
	uint64_t first, end;

	bookkeeping = place_bookkeeping(info, bytes);
	first = bookkeeping.v >> PAGE_SHIFT;
	end = first + (bytes >> PAGE_SHIFT);
	memset(direct_map(bookkeeping), 0, bytes);
	frame_pool_init(&pool, frames, direct_map(bookkeeping));
	for (unsigned i = 0; i < info->memory_count; i++) {
		if (info->memory[i].type == BOOT_MEMORY_USABLE)
			add_usable(&info->memory[i], first, end);
	}
	vmk_log("%llu MiB usable, %llu KiB of bookkeeping",
		(unsigned long long)(pool.count[FRAME_FREE] >> 8), (unsigned long long)bytes >> 10);
}

void frames_set_direct_map(uintptr_t base, uint64_t end)
{
	uint64_t saved = spin_lock(&lock);

	direct_base = base;
	direct_end = end;
	frame_pool_rebase(&pool, direct_map(bookkeeping));
	spin_unlock(&lock, saved);
}

void *direct_map(struct hpa address)
{
	if (address.v >= direct_end)
		panic("direct map: no memory at physical address 0x%llx",
			(unsigned long long)address.v);
	return (void *)(direct_base + address.v);
}

struct hpa direct_map_hpa(const void *address)
{
	uintptr_t offset = (uintptr_t)address - direct_base;

	if (offset >= direct_end)
		panic("direct map: an address outside of it");
	return hpa(offset);
}

static enum vmk_status allocate(
	unsigned order, enum frame_owner owner, uint64_t limit, struct pfn *frame)
{
	uint64_t saved, first, dirty = 0;
	enum vmk_status status;

	saved = spin_lock(&lock);
	status = frame_pool_alloc(&pool, order, owner, limit, &first);
	for (uint64_t i = 0; status == VMK_OK && i < 1ull << order; i++)
		dirty += frame_pool_take_dirty(&pool, first + i);
	spin_unlock(&lock, saved);
	if (status != VMK_OK)
		return status;
	if (dirty)
		memset(direct_map(hpa(first << PAGE_SHIFT)), 0, PAGE_SIZE << order);
	frame->v = first;
	return VMK_OK;
}

enum vmk_status frames_alloc(unsigned order, enum frame_owner owner, struct pfn *frame)
{
	return allocate(order, owner, direct_end >> PAGE_SHIFT, frame);
}

enum vmk_status frames_alloc_low(unsigned order, enum frame_owner owner, struct pfn *frame)
{
	return allocate(order, owner, LOW_END, frame);
}

void frames_free(struct pfn frame, unsigned order)
{
	uint64_t saved = spin_lock(&lock);

	frame_pool_check(&pool, frame.v, order);
	spin_unlock(&lock, saved);
	memset(direct_map(pfn_hpa(frame)), 0, PAGE_SIZE << order);
	saved = spin_lock(&lock);
	frame_pool_free(&pool, frame.v, order);
	spin_unlock(&lock, saved);
}

uint64_t frames_count(enum frame_owner owner)
{
	uint64_t saved, count;

	if (owner >= FRAME_OWNERS)
		return 0;
	saved = spin_lock(&lock);
	count = pool.count[owner];
	spin_unlock(&lock, saved);
	return count;
}

void frames_log_usage(void)
{
	static const char *const names[FRAME_OWNERS] = {[FRAME_KERNEL] = "kernel",
		[FRAME_HEAP] = "heap",
		[FRAME_PTABLE] = "page tables",
		[FRAME_USER] = "user",
		[FRAME_DMA] = "dma",
		[FRAME_MODULE] = "modules",
		[FRAME_VM] = "virtual machines"};
	uint64_t sum = frame_pool_bytes(pool.frames) >> 10;
	char text[160];
	int at;

	at = snprintf(text, sizeof(text), "frames %llu", (unsigned long long)sum);
	for (unsigned i = 0; i < FRAME_OWNERS; i++) {
		uint64_t kib = frames_count((enum frame_owner)i) * (PAGE_SIZE >> 10);

		if (!names[i])
			continue;
		sum += kib;
		at += snprintf(text + at, sizeof(text) - (size_t)at, ", %s %llu", names[i],
			(unsigned long long)kib);
	}
	vmk_log("%llu KiB in use beside the image: %s", (unsigned long long)sum, text);
}
