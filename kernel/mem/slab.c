#include "mem/slab.h"
#include "lib/panic.h"
#include "lib/random.h"
#include <string.h>

/* Slot sizes, canary included. */
static const uint16_t sizes[SLAB_CLASSES] = {16, 32, 48, 64, 80, 96, 128, 160, 192, 256, 320, 384,
	448, 512, 640, 768, 1024, 1280, 1536, 2048};

struct slab {
	uint64_t seal; /* cache secret and place; anything else is damage */
	struct list all, node;
	uint32_t kind, slots, used;
	uint64_t allocated[BITMAP_WORDS(SLAB_SLOTS_MAX)];
} __attribute__((aligned(16)));

static uint64_t seal_of(const struct slab_cache *cache, const void *at)
{
	return cache->secret ^ (uintptr_t)at;
}

static uint8_t *slot_at(const struct slab *slab, size_t i)
{
	return (uint8_t *)(uintptr_t)(slab + 1) + i * sizes[slab->kind];
}

static uint64_t *canary_of(const struct slab *slab, size_t i)
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

size_t slab_object_bytes(size_t bytes)
{
	return sizes[kind_of(bytes)];
}

static unsigned object_bytes(const struct slab *slab)
{
	return sizes[slab->kind] - (unsigned)sizeof(uint64_t);
}

static size_t slots_of(unsigned kind)
{
	return (SLAB_MAPPED - sizeof(struct slab)) / sizes[kind];
}

static bool is_sound(const struct slab_cache *cache, const struct slab *slab)
{
	return slab->seal == seal_of(cache, slab) && slab->kind < SLAB_CLASSES &&
	       slab->slots == slots_of(slab->kind);
}

static void check_sound(const struct slab_cache *cache, const struct slab *slab)
{
	if (!is_sound(cache, slab))
		panic("heap: not a heap object, or the header of its slab is damaged");
}

void slab_cache_init(struct slab_cache *cache, uint64_t secret)
{
	*cache = (struct slab_cache){.secret = secret};
	list_init(&cache->all);
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

/* --- what lies in free slots */

static void poison(void *from, size_t bytes)
{
	uint64_t *words = from;

	for (size_t w = 0; w < bytes / sizeof(*words); w++)
		words[w] = HEAP_POISON;
}

static bool is_untouched(const struct slab *slab, size_t i)
{
	const uint64_t *words = (const uint64_t *)(void *)slot_at(slab, i);
	const size_t count = sizes[slab->kind] / sizeof(*words);

	/* Two at a time: sizes are multiples of 16. */
	for (size_t w = 0; w < count; w += 2) {
		if ((words[w] ^ HEAP_POISON) | (words[w + 1] ^ HEAP_POISON))
			return false;
	}
	return true;
}

static void check_untouched(const struct slab *slab, size_t i)
{
	if (!is_untouched(slab, i))
		panic("heap: an object of %u bytes was written after it was freed",
			object_bytes(slab));
}

static bool has_canary(const struct slab_cache *cache, const struct slab *slab, size_t i)
{
	return *canary_of(slab, i) == seal_of(cache, canary_of(slab, i));
}

/* --- giving and taking back */

void *slab_alloc(struct slab_cache *cache, size_t bytes)
{
	unsigned kind = kind_of(bytes);
	struct list *first = list_first(&cache->partial[kind]);
	struct slab *slab;
	size_t i;

	if (!first)
		return NULL;
	slab = list_entry(first, struct slab, node);
	check_sound(cache, slab);
	i = bitmap_next_cyclic(
		slab->allocated, slab->slots, random_slot(cache, slab->slots), false);
	ASSERT(i != BITMAP_NONE);
	check_untouched(slab, i);
	bitmap_set(slab->allocated, i);
	memset(slot_at(slab, i), 0, sizes[kind]);
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
	memset(slab, 0, sizeof(*slab));
	slab->kind = kind_of(bytes);
	slab->slots = (uint32_t)slots_of(slab->kind);
	slab->seal = seal_of(cache, slab);
	/* As poison(), many times as fast for so much; all bytes of HEAP_POISON are the same. */
	memset(slab + 1, (uint8_t)HEAP_POISON, SLAB_MAPPED - sizeof(*slab));
	list_append(&cache->all, &slab->all);
	list_append(&cache->partial[slab->kind], &slab->node);
	cache->empty[slab->kind]++;
}

/* The slot in which this object begins. */
static size_t slot_of(const struct slab_cache *cache, struct slab *slab, const void *object)
{
	size_t offset, i;

	check_sound(cache, slab);
	offset = (uintptr_t)object - (uintptr_t)(slab + 1);
	i = offset / sizes[slab->kind];
	if ((uintptr_t)object < (uintptr_t)(slab + 1) || offset % sizes[slab->kind] ||
		i >= slab->slots)
		panic("heap: freed an address inside of an object");
	if (!bitmap_test(slab->allocated, i))
		panic("heap: an object of %u bytes was freed twice", object_bytes(slab));
	if (!has_canary(cache, slab, i))
		panic("heap: an object of %u bytes was written past its end", object_bytes(slab));
	return i;
}

/* The last look at its objects. */
static void take_out(struct slab_cache *cache, struct slab *slab)
{
	for (size_t i = 0; i < slab->slots; i++)
		check_untouched(slab, i);
	cache->empty[slab->kind]--;
	list_remove(&slab->node);
	list_remove(&slab->all);
	slab->seal = 0;
}

void *slab_free(struct slab_cache *cache, void *object)
{
	struct slab *slab = (struct slab *)(void *)((uintptr_t)object & ~(SLAB_BYTES - 1ul));
	size_t i = slot_of(cache, slab, object);

	poison(object, sizes[slab->kind]);
	bitmap_clear(slab->allocated, i);
	cache->bytes_used -= sizes[slab->kind];
	if (slab->used-- == slab->slots)
		list_append(&cache->partial[slab->kind], &slab->node);
	/* One empty slab stays for the next request. */
	if (slab->used || !cache->empty[slab->kind]++)
		return NULL;
	take_out(cache, slab);
	return slab;
}

void slab_audit(const struct slab_cache *cache, struct heap_audit *audit)
{
	list_for_each (node, &cache->all) {
		const struct slab *slab = list_entry(node, struct slab, all);

		if (!is_sound(cache, slab)) {
			audit->damaged++;
			return;
		}
		audit->slabs++;
		for (size_t i = 0; i < slab->slots; i++) {
			bool used = bitmap_test(slab->allocated, i);

			audit->objects += used;
			audit->damaged +=
				used ? !has_canary(cache, slab, i) : !is_untouched(slab, i);
		}
	}
}
