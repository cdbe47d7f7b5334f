/* The kernel's heap: slabs for small objects, pages of their own for all others. */
#include "mem/heap.h"
#include "lib/checked.h"
#include "lib/panic.h"
#include "lib/random.h"
#include "mem/area.h"
#include "mem/slab.h"

#define OBJECT_ALIGN 16u
/* A look at the order: by chance all rise, or fall, once in 10^13 times. */
#define ORDER_OBJECTS 16u
#define ORDER_BYTES   64u

static struct spinlock lock = SPINLOCK(LOCK_HEAP);
static struct slab_cache cache;
static uint64_t page_bytes; /* in allocations of whole pages */
static uint64_t secret;     /* what surrounds those is made from it */

void heap_init(void)
{
	slab_cache_init(&cache, random_u64());
	secret = random_u64();
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

/* --- objects on pages of their own: a margin, the object, and up to 15 bytes of its last unit.
 * The margin's words hold how long it and that rest are, so no list of objects is needed. */

struct placed {
	uintptr_t base;
	size_t margin, rest; /* rest is known only if there is a margin */
};

static uint64_t margin_word(const struct placed *p)
{
	return secret ^ p->base ^ (p->margin + p->rest);
}

static uint8_t rest_byte(const struct placed *p)
{
	return (uint8_t)(margin_word(p) >> 56);
}

static void fill_around(const struct placed *p, uint8_t *end)
{
	uint64_t *words = (uint64_t *)p->base;

	for (size_t i = 0; i < p->margin / sizeof(*words); i++)
		words[i] = margin_word(p);
	for (size_t i = p->margin ? p->rest : 0; i; i--)
		end[-(ptrdiff_t)i] = rest_byte(p);
}

/* What begins on this page; without a margin, its first word is anything but one. */
static struct placed placed_at(uintptr_t base)
{
	uint64_t sizes = *(const uint64_t *)base ^ secret ^ base;
	struct placed p = {.base = base};

	if (sizes >= OBJECT_ALIGN && sizes < PAGE_SIZE) {
		p.margin = sizes & ~(uint64_t)(OBJECT_ALIGN - 1);
		p.rest = sizes % OBJECT_ALIGN;
	}
	return p;
}

static void check_around(const struct placed *p, const uint8_t *end)
{
	const uint64_t *words = (const uint64_t *)p->base;

	for (size_t i = 0; i < p->margin / sizeof(*words); i++) {
		if (words[i] != margin_word(p))
			panic("heap: a large object was written before its beginning");
	}
	for (size_t i = p->rest; i; i--) {
		if (end[-(ptrdiff_t)i] != rest_byte(p))
			panic("heap: a large object was written past its end");
	}
}

static void *alloc_pages(size_t bytes)
{
	struct placed p = {.rest = ALIGN_UP(bytes, OBJECT_ALIGN) - bytes};
	size_t all = ALIGN_UP(bytes, PAGE_SIZE);

	if (all < bytes || area_alloc(kernel_space(), AREA_PAGES, all, PAGE_SIZE, PROT_R | PROT_W,
				   FRAME_HEAP, &p.base) != VMK_OK)
		return NULL;
	p.margin = all - bytes - p.rest;
	fill_around(&p, (uint8_t *)p.base + all);
	__atomic_add_fetch(&page_bytes, all, __ATOMIC_RELAXED);
	return (void *)(p.base + p.margin);
}

static void free_pages(uintptr_t address)
{
	uintptr_t base = ALIGN_DOWN(address, PAGE_SIZE);
	size_t all = area_bytes(base);
	struct placed p;

	if (!all)
		panic("heap: a large object was freed twice, or not at its beginning");
	p = placed_at(base);
	if (address != base + p.margin)
		panic("heap: a large object was not freed at its beginning, or written before it");
	check_around(&p, (const uint8_t *)base + all);
	if (space_release(kernel_space(), base, all) != VMK_OK)
		panic("heap: a large object was freed twice");
	__atomic_sub_fetch(&page_bytes, all, __ATOMIC_RELAXED);
}

/* --- */

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

size_t heap_object_bytes(size_t asked)
{
	return asked <= SLAB_OBJECT_MAX ? slab_object_bytes(asked) : ALIGN_UP(asked, PAGE_SIZE);
}

uint64_t heap_bytes_used(void)
{
	uint64_t saved = spin_lock(&lock), bytes = cache.bytes_used;

	spin_unlock(&lock, saved);
	return bytes + __atomic_load_n(&page_bytes, __ATOMIC_RELAXED);
}

void heap_audit(struct heap_audit *audit)
{
	uint64_t saved = spin_lock(&lock);

	*audit = (struct heap_audit){0};
	slab_audit(&cache, audit);
	spin_unlock(&lock, saved);
}

void heap_audit_order(struct heap_order *order)
{
	void *objects[ORDER_OBJECTS];
	unsigned count = 0;

	*order = (struct heap_order){0};
	while (count < ORDER_OBJECTS && (objects[count] = heap_alloc(ORDER_BYTES)))
		count++;
	for (unsigned i = 1; i < count; i++)
		order->rising += (uintptr_t)objects[i] > (uintptr_t)objects[i - 1];
	if (count == ORDER_OBJECTS)
		order->objects = count;
	while (count)
		heap_free(objects[--count]);
}
