/* The direct map: usable memory at one distance from its physical address, in large pages. */
#include "arch/x86/paging.h"
#include "lib/panic.h"
#include "mem/frames.h"
#include "mem/frames_edge.h"
#include "mem/ptable.h"

/* Until space_init(): the boot path's identity map. */
static struct {
	const struct ptable *table;
	uintptr_t base;
	uint64_t end, flags;
} map = {.end = EARLY_IDENTITY_END};

void direct_map_set(const struct ptable *table, uintptr_t base, uint64_t end, uint64_t flags)
{
	map.table = table;
	map.base = base;
	map.end = end;
	map.flags = flags;
}

uint64_t direct_map_end(void)
{
	return map.end;
}

uintptr_t direct_map_base(void)
{
	return map.base;
}

bool direct_map_covers(uintptr_t address)
{
	return map.table && address - map.base < map.end;
}

void *direct_map(struct hpa address)
{
	if (address.v >= map.end)
		panic("direct map: no memory at physical address 0x%llx",
			(unsigned long long)address.v);
	return (void *)(map.base + address.v);
}

struct hpa direct_map_hpa(const void *address)
{
	uintptr_t offset = (uintptr_t)address - map.base;

	if (offset >= map.end)
		panic("direct map: an address outside of it");
	return hpa(offset);
}

void direct_map_hide(struct hpa chunk)
{
	struct ptable_leaf leaf;

	if (!map.table || !ptable_find(map.table, map.base + chunk.v, &leaf) ||
		leaf.shift != PD_SHIFT)
		panic("direct map: no large page to leave out");
	ptable_drop(map.table, map.base + chunk.v, LARGE_PAGE_BYTES, NULL);
}

void direct_map_forget(struct hpa chunk)
{
	/* One INVLPG forgets all of a large page (SDM 3A, 4.10.4.1). */
	tlb_flush_all_cpus(map.base + chunk.v, PAGE_SIZE);
}

void direct_map_show(struct hpa chunk)
{
	/* Its table was kept, so that nothing need be allocated. */
	if (ptable_map(map.table, map.base + chunk.v, chunk, LARGE_PAGE_BYTES, map.flags,
		    PD_SHIFT) != VMK_OK)
		panic("direct map: a large page cannot be put back");
}
