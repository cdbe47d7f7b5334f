#include "vmkdev/vtd_edge.h"
#include "arch/x86/cpu.h"
#include "arch/x86/time.h"
#include "mem/frames.h"

#define CACHE_LINE 64u

static uint32_t read32(void *context, uint32_t offset)
{
	return *(volatile uint32_t *)((volatile uint8_t *)context + offset);
}

static void write32(void *context, uint32_t offset, uint32_t value)
{
	*(volatile uint32_t *)((volatile uint8_t *)context + offset) = value;
}

static uint64_t read64(void *context, uint32_t offset)
{
	return *(volatile uint64_t *)((volatile uint8_t *)context + offset);
}

static void write64(void *context, uint32_t offset, uint64_t value)
{
	*(volatile uint64_t *)((volatile uint8_t *)context + offset) = value;
}

static void *page_alloc(void *context, struct hpa *address)
{
	struct pfn frame;

	if (frames_alloc(0, FRAME_PTABLE, &frame) != VMK_OK)
		return NULL;
	*address = pfn_hpa(frame);
	return direct_map(*address);
}

static void *page_at(void *context, struct hpa address)
{
	return direct_map(address);
}

static void write_back(void *context, const void *from, size_t bytes)
{
	uintptr_t end = (uintptr_t)from + bytes;

	for (uintptr_t at = ALIGN_DOWN((uintptr_t)from, CACHE_LINE); at < end; at += CACHE_LINE)
		__asm__ volatile("clflush (%0)" : : "r"(at) : "memory");
	__asm__ volatile("mfence" : : : "memory");
}

static uint64_t now_ms(void *context)
{
	return time_ns() / 1000000;
}

static void pause(void *context)
{
	cpu_pause();
}

const struct vtd_ops vtd_edge_ops = {
	.read32 = read32,
	.write32 = write32,
	.read64 = read64,
	.write64 = write64,
	.page_alloc = page_alloc,
	.page_at = page_at,
	.write_back = write_back,
	.now_ms = now_ms,
	.pause = pause,
};
