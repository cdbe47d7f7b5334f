/* The kernel's heap: slabs for small objects, pages of their own for all others. */
#include "lib/checked.h"
#include "lib/panic.h"
#include "lib/random.h"
#include "mem/area.h"
#include "mem/heap.h"
#include "mem/slab.h"

static struct spinlock lock = SPINLOCK(LOCK_HEAP);
static struct slab_cache cache;
static uint64_t page_bytes; /* in allocations of whole pages */

void heap_init(void)
{
	slab_cache_init(&cache, random_u64());
}

/* The lock may not be held while the address space changes: that may wait for other CPUs. */
static void *alloc_small(size_t bytes)
{
	for (;;) {
		uint64_t saved = spin_lock(&lock);
		void *object = slab_alloc(&cache, bytes);
		uintptr_t fresh;

		spin_unlock(&lock, saved);
		if (object)
			return object;
		if (area_alloc(kernel_space(), AREA_SLABS, SLAB_MAPPED, SLAB_BYTES, PROT_R | PROT_W,
			    FRAME_HEAP, &fresh) != VMK_OK)
			return NULL;
		saved = spin_lock(&lock);
		slab_add(&cache, bytes, (void *)fresh);
		spin_unlock(&lock, saved);
	}
}

static void *alloc_pages(size_t bytes)
{
	uintptr_t address;

	if (area_alloc(kernel_space(), AREA_PAGES, bytes, PAGE_SIZE, PROT_R | PROT_W, FRAME_HEAP,
		    &address) != VMK_OK)
		return NULL;
	__atomic_add_fetch(&page_bytes, ALIGN_UP(bytes, PAGE_SIZE), __ATOMIC_RELAXED);
	return (void *)address;
}

void *heap_alloc(size_t bytes)
{
	return bytes <= SLAB_OBJECT_MAX ? alloc_small(MAX(bytes, 1ul)) : alloc_pages(bytes);
}

void *heap_calloc(size_t count, size_t bytes)
{
	size_t all;

	return checked_mul(count, bytes, &all) ? heap_alloc(all) : NULL;
}

static void free_small(void *object)
{
	uint64_t saved = spin_lock(&lock);
	void *superfluous = slab_free(&cache, object);

	spin_unlock(&lock, saved);
	if (superfluous)
		space_release(kernel_space(), (uintptr_t)superfluous, SLAB_MAPPED);
}

static void free_pages(uintptr_t address)
{
	size_t bytes = area_bytes(address);

	if (!bytes || space_release(kernel_space(), address, bytes) != VMK_OK)
		panic("heap: pages were freed twice, or not at their beginning");
	__atomic_sub_fetch(&page_bytes, bytes, __ATOMIC_RELAXED);
}

void heap_free(void *memory)
{
	uintptr_t address = (uintptr_t)memory;

	if (!memory)
		return;
	if (area_contains(AREA_SLABS, address))
		free_small(memory);
	else if (area_contains(AREA_PAGES, address))
		free_pages(address);
	else
		panic("heap: freed an address that is not the heap's");
}

uint64_t heap_bytes_used(void)
{
	uint64_t saved = spin_lock(&lock), bytes = cache.bytes_used;

	spin_unlock(&lock, saved);
	return bytes + __atomic_load_n(&page_bytes, __ATOMIC_RELAXED);
}
