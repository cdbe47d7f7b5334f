/*
 * Kernel heap. Larger objects have pages of their own with an unmapped one on both sides, and end
 * where theirs end, so that the first 16 bytes beyond fault. Thread-safe, zeroed memory.
 * heap_alloc() may be called from interrupt handlers, heap_free() and stacks may not: they wait for
 * other CPUs to forget addresses.
 */
#ifndef MEM_HEAP_H
#define MEM_HEAP_H

#include "lib/types.h"
#include <vmkapi/status.h>

/* What freed small objects hold: as a pointer it is not canonical, so its use faults. */
#define HEAP_POISON 0x6b6b6b6b6b6b6b6bull
_Static_assert(HEAP_POISON == 0x0101010101010101ull * (uint8_t)HEAP_POISON, "bytes are alike");

void heap_init(void);
/* `bytes` zeroed bytes, 16-byte aligned, or NULL. The caller owns them until heap_free(). */
void *heap_alloc(size_t bytes);
void *heap_calloc(size_t count, size_t bytes); /* NULL on overflow of the product */
/* NULL is ignored. Panics, and says what it found: freed before, not where an object begins,
 * written beyond its ends. The memory is overwritten. */
void heap_free(void *memory);
/* A kernel stack of `pages` pages with an unmapped page below and above; returns its top. */
enum vmk_status stack_alloc(unsigned pages, void **top);
void stack_free(void *top, unsigned pages);
/* A page that only calls write, and instructions made for it (SDM 1, 17.2), alone as a stack is;
 * the kernel has no other mapping of it. */
enum vmk_status shadow_stack_alloc(uintptr_t *end);
/* Before its first use: what stands in the `count` words beneath its end. */
void shadow_stack_lay(uintptr_t end, const uint64_t *words, unsigned count);
void shadow_stack_free(uintptr_t end);
/* Zeroed memory for what belongs to one CPU: away from the heap, alone between unmapped pages.
 * NULL: there is none. */
void *cpu_area_alloc(size_t bytes);
void cpu_area_free(void *area);
uint64_t heap_bytes_used(void);
/* What one object of so many bytes, more than 0, adds to them. */
size_t heap_object_bytes(size_t asked);

struct heap_audit {
	uint64_t slabs, objects;
	uint64_t damaged; /* headers, canaries, and free slots that were written to */
};
/* Looks at all small objects without touching them, under the heap's lock. */
void heap_audit(struct heap_audit *audit);

struct heap_order {
	unsigned objects; /* that were asked for one after the other; 0: no memory */
	unsigned rising;  /* of these, at a higher address than the one before */
};
/* Asks for some small objects, and gives them back. */
void heap_audit_order(struct heap_order *order);

#endif
