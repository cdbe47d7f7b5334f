#include "fuzz/models/library_memory.h"

#include <stdint.h>
#include <stdlib.h>

#define UNIT       32u
#define CLASSES    320u /* multiples of UNIT; what is larger comes from malloc() */
#define GAP        16u  /* poisoned behind each block, at least */
#define CHUNK      (256u << 10)
#define QUARANTINE 16u  /* freed blocks of a class that are not given out again */
#define POISON     0xf7 /* AddressSanitizer's mark for what a user has poisoned */

/* Before each block; it stays readable. */
struct block {
	struct block *next; /* of the free ones */
	uint32_t class;     /* 0: from malloc() */
	uint32_t given;     /* bytes, and one; 0: it is free */
};

static struct size_class {
	struct block *free; /* the one that was freed last, first */
	struct block *waiting[QUARANTINE];
	unsigned oldest;
} classes[CLASSES];

static uint8_t *chunk;
static size_t chunk_left;

/* Only where AddressSanitizer is. */
void __asan_get_shadow_mapping(size_t *scale, size_t *offset) __attribute__((weak));

/*
 * AddressSanitizer's own calls look at the ends of what they mark, which is not needed here: each
 * block begins at a multiple of 16, and nobody else's bytes are in its units.
 */
__attribute__((no_sanitize("address"))) static void mark(
	const struct block *block, size_t bytes, uint8_t as)
{
	static size_t scale, offset;
	typedef uint64_t __attribute__((aligned(1), may_alias)) eight;
	volatile uint8_t *shadow;

	if (!__asan_get_shadow_mapping)
		return;
	if (!scale)
		__asan_get_shadow_mapping(&scale, &offset);
	if (scale != 3)
		abort();
	shadow = (volatile uint8_t *)(((uintptr_t)(block + 1) >> 3) + offset);
	for (; bytes >= 64; bytes -= 64, shadow += 8)
		*(volatile eight *)shadow = as * 0x0101010101010101u;
	for (; bytes >= 8; bytes -= 8)
		*shadow++ = as;
	if (bytes)
		*shadow = as ? as : (uint8_t)bytes;
}

static struct block *carve(uint32_t class)
{
	const size_t bytes = sizeof(struct block) + class * UNIT;
	struct block *block;

	if (chunk_left < bytes) {
		chunk = malloc(CHUNK);
		if (!chunk)
			abort();
		chunk_left = CHUNK;
	}
	block = (struct block *)chunk;
	block->class = class;
	mark(block, class * UNIT, POISON);
	chunk += bytes;
	chunk_left -= bytes;
	return block;
}

void *library_memory_give(size_t bytes)
{
	const size_t class = (bytes + GAP + UNIT - 1) / UNIT;
	struct block *block;

	if (bytes >= UINT32_MAX)
		return NULL;
	if (class >= CLASSES) {
		block = malloc(sizeof(*block) + bytes);
		if (!block)
			return NULL;
		block->class = 0;
	} else {
		block = classes[class].free;
		if (block)
			classes[class].free = block->next;
		else
			block = carve((uint32_t)class);
		mark(block, bytes, 0);
	}
	block->given = (uint32_t)bytes + 1;
	return block + 1;
}

size_t library_memory_bytes(const void *at)
{
	return ((const struct block *)at - 1)->given - 1;
}

void library_memory_take_back(void *at)
{
	struct size_class *class;
	struct block *block, *old;

	if (!at)
		return;
	block = (struct block *)at - 1;
	if (!block->given)
		abort();
	if (!block->class) {
		free(block);
		return;
	}
	mark(block, block->given - 1, POISON);
	block->given = 0;
	class = &classes[block->class];
	old = class->waiting[class->oldest];
	class->waiting[class->oldest] = block;
	class->oldest = (class->oldest + 1) % QUARANTINE;
	if (old) {
		old->next = class->free;
		class->free = old;
	}
}
