#include "lib/panic.h"
#include "lib/random.h"
#include "mem/slab.h"
#include <string.h>

/* Slot sizes, canary included. */
static const uint16_t sizes[SLAB_CLASSES] = {16, 32, 48, 64, 80, 96, 128, 160, 192, 256, 320, 384,
	448, 512, 640, 768, 1024, 1280, 1536, 2048};

struct slab {
	uint64_t seal; /* cache secret and place; anything else is damage */
	struct list node;
	uint32_t kind, slots, used;
	uint64_t allocated[BITMAP_WORDS(SLAB_SLOTS_MAX)];
} __attribute__((aligned(16)));

static uint64_t seal_of(const struct slab_cache *cache, const void *at)
{
	return cache->secret ^ (uintptr_t)at;
}

static uint8_t *slot_at(struct slab *slab, size_t i)
{
	return (uint8_t *)(slab + 1) + i * sizes[slab->kind];
}

static uint64_t *canary_of(struct slab *slab, size_t i)
{
	return (uint64_t *)(void *)(slot_at(slab, i) + sizes[slab->kind] - sizeof(uint64_t));
}

static unsigned kind_of(size_t bytes)
{
	unsigned kind = 0;

	ASSERT(bytes >= 1 && bytes <= SLAB_OBJECT_MAX);
	while (sizes[kind] < bytes + sizeof(uint64_t))
		kind++;
	return kind;
}

static void check_seal(const struct slab_cache *cache, const struct slab *slab)
{
	if (slab->seal != seal_of(cache, slab) || slab->kind >= SLAB_CLASSES)
		panic("heap: not a heap object, or the header of its slab is damaged");
}

void slab_cache_init(struct slab_cache *cache, uint64_t secret)
{
	*cache = (struct slab_cache){.secret = secret};
	for (unsigned i = 0; i < SLAB_CLASSES; i++)
		list_init(&cache->partial[i]);
}

/* A random number below SLAB_SLOTS_MAX or so; one draw of 64 bits serves five. */
static size_t random_slot(struct slab_cache *cache, size_t slots)
{
	size_t bits;

	if (cache->entropy_left < 12) {
		cache->entropy = random_u64();
		cache->entropy_left = 64;
	}
	bits = cache->entropy & 0xfff;
	cache->entropy >>= 12;
	cache->entropy_left -= 12;
	return bits % slots;
}

static void check_untouched(struct slab *slab, size_t i)
{
	const uint64_t *words = (const uint64_t *)(void *)slot_at(slab, i);

	for (size_t w = 0; w < sizes[slab->kind] / sizeof(*words); w++) {
		if (words[w])
			panic("heap: an object of %u bytes was written after it was freed",
				sizes[slab->kind] - 8u);
	}
}

void *slab_alloc(struct slab_cache *cache, size_t bytes)
{
	unsigned kind = kind_of(bytes);
	struct list *first = list_first(&cache->partial[kind]);
	struct slab *slab;
	size_t i;

	if (!first)
		return NULL;
	slab = list_entry(first, struct slab, node);
	check_seal(cache, slab);
	i = bitmap_next_cyclic(
		slab->allocated, slab->slots, random_slot(cache, slab->slots), false);
	ASSERT(i != BITMAP_NONE);
	check_untouched(slab, i);
	bitmap_set(slab->allocated, i);
	*canary_of(slab, i) = seal_of(cache, canary_of(slab, i));
	if (!slab->used++)
		cache->empty[kind]--;
	if (slab->used == slab->slots)
		list_remove(&slab->node);
	cache->bytes_used += sizes[kind];
	return slot_at(slab, i);
}

void slab_add(struct slab_cache *cache, size_t bytes, void *memory)
{
	struct slab *slab = memory;

	ASSERT((uintptr_t)memory % SLAB_BYTES == 0);
	slab->kind = kind_of(bytes);
	slab->slots = (uint32_t)((SLAB_MAPPED - sizeof(*slab)) / sizes[slab->kind]);
	slab->seal = seal_of(cache, slab);
	list_append(&cache->partial[slab->kind], &slab->node);
	cache->empty[slab->kind]++;
}

/* The slot in which this object begins. */
static size_t slot_of(const struct slab_cache *cache, struct slab *slab, const void *object)
{
	size_t offset, i;

	check_seal(cache, slab);
	offset = (uintptr_t)object - (uintptr_t)(slab + 1);
	i = offset / sizes[slab->kind];
	if ((uintptr_t)object < (uintptr_t)(slab + 1) || offset % sizes[slab->kind] ||
		i >= slab->slots)
		panic("heap: freed an address inside of an object");
	if (!bitmap_test(slab->allocated, i))
		panic("heap: an object of %u bytes was freed twice", sizes[slab->kind] - 8u);
	if (*canary_of(slab, i) != seal_of(cache, canary_of(slab, i)))
		panic("heap: an object of %u bytes was written past its end",
			sizes[slab->kind] - 8u);
	return i;
}

void *slab_free(struct slab_cache *cache, void *object)
{
	struct slab *slab = (struct slab *)(void *)((uintptr_t)object & ~(SLAB_BYTES - 1ul));
	size_t i = slot_of(cache, slab, object);

	memset(object, 0, sizes[slab->kind]);
	bitmap_clear(slab->allocated, i);
	cache->bytes_used -= sizes[slab->kind];
	if (slab->used-- == slab->slots)
		list_append(&cache->partial[slab->kind], &slab->node);
	/* One empty slab stays for the next request. */
	if (slab->used || !cache->empty[slab->kind]++)
		return NULL;
	cache->empty[slab->kind]--;
	list_remove(&slab->node);
	slab->seal = 0;
	return slab;
}
