#include "vmkdev/dma.h"
#include "lib/lock.h"
#include "lib/log.h"
#include "lib/panic.h"
#include "mem/frames.h"
#include "mem/heap.h"
#include "vmkdev/iommu.h"

#define LOG_MODULE "Dma"

/* Below the addresses of interrupts (VT-d 4.1, 3.14), above what a stray null pointer reaches. */
#define BUS_FIRST 0x00100000ull
#define BUS_END   0xfec00000ull

struct range {
	struct list node;
	uint64_t bus, bytes;
	void *memory; /* NULL: reserved */
};

static struct spinlock lock = SPINLOCK(LOCK_DMA);

void dma_space_init(struct dma_space *space, struct vtd_domain *domain)
{
	space->domain = domain;
	list_init(&space->ranges);
}

static struct range *range_of(struct list *node)
{
	return list_entry(node, struct range, node);
}

/* The first range that ends behind `bus`, or the list's head. */
static struct list *after(struct dma_space *space, uint64_t bus)
{
	list_for_each (node, &space->ranges) {
		if (range_of(node)->bus + range_of(node)->bytes > bus)
			return node;
	}
	return &space->ranges;
}

enum vmk_status dma_reserve(struct dma_space *space, uint64_t bus, uint64_t bytes)
{
	struct range *range = heap_alloc(sizeof(*range));
	enum vmk_status status = VMK_OK;
	struct list *next;
	uint64_t saved;

	if (!range)
		return VMK_NO_MEMORY;
	*range = (struct range){.bus = bus, .bytes = bytes};
	saved = spin_lock(&lock);
	next = after(space, bus);
	if (next != &space->ranges && range_of(next)->bus < bus + bytes)
		status = VMK_EXISTS;
	else
		list_insert(&range->node, next);
	spin_unlock(&lock, saved);
	if (status != VMK_OK)
		heap_free(range);
	return status;
}

/* The lowest gap that is wide enough, with an unmapped page before each range: whatever runs over
 * its buffer's end is stopped there. */
static enum vmk_status place(struct dma_space *space, struct range *range)
{
	struct list *before = &space->ranges;
	uint64_t at = BUS_FIRST;

	list_for_each (node, &space->ranges) {
		const struct range *other = range_of(node);

		before = node;
		if (other->bus >= at && other->bus - at >= range->bytes + PAGE_SIZE)
			break;
		before = &space->ranges;
		at = MAX(at, other->bus + other->bytes + PAGE_SIZE);
	}
	if (at >= BUS_END || BUS_END - at < range->bytes)
		return VMK_NO_RESOURCES;
	range->bus = at;
	list_insert(&range->node, before);
	return VMK_OK;
}

static bool order_of(size_t bytes, unsigned *order)
{
	*order = 0;
	if (bytes == 0 || bytes > DMA_BYTES_MAX)
		return false;
	while (PAGE_SIZE << *order < bytes)
		(*order)++;
	return true;
}

static void remove(struct range *range)
{
	uint64_t saved = spin_lock(&lock);

	list_remove(&range->node);
	spin_unlock(&lock, saved);
	heap_free(range);
}

static enum vmk_status map(struct dma_space *space, struct pfn frame, size_t bytes, uint64_t *bus)
{
	struct range *range = heap_alloc(sizeof(*range));
	enum vmk_status status;
	uint64_t saved;

	if (!range)
		return VMK_NO_MEMORY;
	range->bytes = ALIGN_UP(bytes, PAGE_SIZE);
	range->memory = direct_map(pfn_hpa(frame));
	saved = spin_lock(&lock);
	status = place(space, range);
	spin_unlock(&lock, saved);
	if (status != VMK_OK) {
		heap_free(range);
		return status;
	}
	status = iommu_map(space, range->bus, pfn_hpa(frame), range->bytes);
	if (status == VMK_OK)
		*bus = range->bus;
	else
		remove(range);
	return status;
}

static enum vmk_status alloc_mapped(
	struct dma_space *space, unsigned order, size_t bytes, void **memory, uint64_t *bus)
{
	struct pfn frame;
	enum vmk_status status = frames_alloc(order, FRAME_DMA, &frame);

	if (status != VMK_OK)
		return status;
	status = map(space, frame, bytes, bus);
	if (status == VMK_OK)
		*memory = direct_map(pfn_hpa(frame));
	else if (status != VMK_IO_ERROR) /* a unit that failed may still know the mapping */
		frames_free(frame, order);
	return status;
}

enum vmk_status dma_alloc(struct dma_space *space, size_t bytes, void **memory, uint64_t *bus)
{
	enum vmk_status status;
	struct pfn frame;
	unsigned order;

	if (!order_of(bytes, &order))
		return VMK_BAD_PARAM;
	if (space->domain)
		return alloc_mapped(space, order, bytes, memory, bus);
	status = frames_alloc_low(order, FRAME_DMA, &frame);
	if (status != VMK_OK)
		return status;
	*memory = direct_map(pfn_hpa(frame));
	*bus = pfn_hpa(frame).v;
	return VMK_OK;
}

static struct range *find(struct dma_space *space, const void *memory)
{
	uint64_t saved = spin_lock(&lock);
	struct range *found = NULL;

	list_for_each (node, &space->ranges) {
		if (range_of(node)->memory == memory)
			found = range_of(node);
	}
	spin_unlock(&lock, saved);
	return found;
}

/* False: the device may still reach it. */
static bool unmap(struct dma_space *space, const void *memory, size_t bytes)
{
	struct range *range = find(space, memory);
	enum vmk_status status;

	if (!range || range->bytes != ALIGN_UP(bytes, PAGE_SIZE))
		panic("a driver freed DMA memory that it was not given");
	status = iommu_unmap(space, range->bus, range->bytes);
	if (status == VMK_OK)
		remove(range);
	else
		vmk_error("%llu KiB stay lost: %s", (unsigned long long)(range->bytes >> 10),
			vmk_status_name(status));
	return status == VMK_OK;
}

void dma_free(struct dma_space *space, void *memory, size_t bytes)
{
	unsigned order;

	if (!memory || !order_of(bytes, &order))
		return;
	if (space->domain && !unmap(space, memory, bytes))
		return;
	frames_free(hpa_pfn(direct_map_hpa(memory)), order);
}
