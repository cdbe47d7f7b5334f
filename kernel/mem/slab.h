/*
 * Small heap objects. A slab is SLAB_BYTES of addresses, aligned to that, whose last page is never
 * mapped; it holds objects of one size behind a header. Which object is given next is random. Every
 * object ends with a canary; free ones are filled with HEAP_POISON. A damaged header or canary, a
 * write after free, a double or invalid free panic with what was found. Pure; the caller does the
 * locking and brings the memory.
 */
#ifndef MEM_SLAB_H
#define MEM_SLAB_H

#include "lib/bitmap.h"
#include "lib/list.h"
#include "mem/heap.h"

#define SLAB_BYTES      32768u
#define SLAB_MAPPED     (SLAB_BYTES - PAGE_SIZE)
#define SLAB_CLASSES    20u
#define SLAB_OBJECT_MAX 2040u /* bytes; larger requests are no business of slabs */
#define SLAB_SLOTS_MAX  (SLAB_MAPPED / 16)

struct slab;

struct slab_cache {
	uint64_t secret;                   /* canaries and header seals are made from it */
	struct list all;                   /* every slab */
	struct list partial[SLAB_CLASSES]; /* slabs with a free object */
	unsigned empty[SLAB_CLASSES];      /* how many of those have no object in use */
	uint64_t bytes_used;
	uint64_t entropy; /* random bits in store */
	unsigned entropy_left;
};

void slab_cache_init(struct slab_cache *cache, uint64_t secret);
/* A zeroed object of `bytes` (1..SLAB_OBJECT_MAX), 16-byte aligned; NULL if slab_add() must come
 * first. */
void *slab_alloc(struct slab_cache *cache, size_t bytes);
/* Bring SLAB_MAPPED bytes at an address aligned to SLAB_BYTES, for objects of that size. */
void slab_add(struct slab_cache *cache, size_t bytes, void *memory);
/* Give an object back; it is overwritten. Returns a slab that became superfluous, to be unmapped by
 * the caller, or NULL. */
void *slab_free(struct slab_cache *cache, void *object);
/* What an object of so many bytes takes. */
size_t slab_object_bytes(size_t bytes);
/* Looks at every object; adds to `audit`. After a damaged slab, others are not found any more. */
void slab_audit(const struct slab_cache *cache, struct heap_audit *audit);

#endif
