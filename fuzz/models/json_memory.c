#include "fuzz/models/json_memory.h"

#include <jansson.h>
#include <stdint.h>
#include <stdlib.h>

#define UNIT       32u
#define CLASSES    320u /* multiples of UNIT; what is larger comes from malloc() */
#define GAP        16u  /* poisoned behind each block, at least */
#define CHUNK      (256u << 10)
#define QUARANTINE 16u /* freed blocks of a class that are not given out again */

/* Before each block; it stays readable. */
struct block {
	struct block *next; /* of the free ones */
	uint32_t class;     /* 0: from malloc() */
	uint32_t given;
};

/* Oldest first. */
static struct queue {
	struct block *first, *last;
	unsigned count;
} queues[CLASSES];

static uint8_t *chunk;
static size_t chunk_left, live;

/* Only where AddressSanitizer is: this file has none. */
void __asan_poison_memory_region(void const volatile *at, size_t bytes) __attribute__((weak));
void __asan_unpoison_memory_region(void const volatile *at, size_t bytes) __attribute__((weak));

static void poison(const void *at, size_t bytes)
{
	if (__asan_poison_memory_region)
		__asan_poison_memory_region(at, bytes);
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
	poison(block + 1, class * UNIT);
	chunk += bytes;
	chunk_left -= bytes;
	return block;
}

static struct block *take(uint32_t class)
{
	struct queue *queue = &queues[class];
	struct block *block = queue->first;

	if (queue->count <= QUARANTINE)
		return carve(class);
	queue->first = block->next;
	queue->count--;
	return block;
}

static void *give(size_t bytes)
{
	const size_t class = (bytes + GAP + UNIT - 1) / UNIT;
	struct block *block;

	if (class < CLASSES) {
		block = take((uint32_t)class);
		if (__asan_unpoison_memory_region)
			__asan_unpoison_memory_region(block + 1, bytes);
	} else {
		block = malloc(sizeof(*block) + bytes);
		if (!block)
			return NULL;
		block->class = 0;
	}
	block->given = 1;
	live++;
	return block + 1;
}

static void take_back(void *at)
{
	struct block *block = (struct block *)at - 1;
	struct queue *queue;

	if (!at)
		return;
	if (!block->given--)
		abort();
	live--;
	if (!block->class) {
		free(block);
		return;
	}
	poison(at, block->class * UNIT);
	queue = &queues[block->class];
	block->next = NULL;
	if (queue->count++)
		queue->last->next = block;
	else
		queue->first = block;
	queue->last = block;
}

void json_memory_use(void)
{
	json_set_alloc_funcs(give, take_back);
}

size_t json_memory_live(void)
{
	return live;
}
