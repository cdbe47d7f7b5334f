#include "fuzz/models/heap_model.h"
#include "fuzz/lib/figures.h"
#include "lib/lock.h"
#include "lib/panic.h"
#include "lib/random.h"
#include "lib/reader.h"
#include "mem/area.h"
#include "mem/heap.h"
#include "mem/slab.h"
#include "tests/unit/shim/panic.h"
#include <sanitizer/asan_interface.h>
#include <stdlib.h>
#include <string.h>

#define PLACES      128u
#define LIVE_MAX    96u
#define LARGE_MAX   (SLAB_BYTES - 2 * PAGE_SIZE)
#define OPERATIONS  512u
#define MUST(holds) ((holds) ? (void)0 : abort())

struct object {
	uint8_t *at;
	size_t bytes;
	uint8_t content;
};

/* Addresses in steps of a slab; what is not given is out of bounds for the sanitizer. */
static uint8_t arena[PLACES * SLAB_BYTES] __attribute__((aligned(SLAB_BYTES)));
static struct {
	size_t bytes; /* 0: free */
	enum area area;
} places[PLACES];
static struct object live[LIVE_MAX];
static unsigned live_count;
static struct space kernel;
static uint64_t random_state;
static bool starving; /* the address space gives nothing */
static bool leaving;  /* another CPU is about to release the same range */
static uint64_t lost; /* bytes of large objects that earlier inputs misused */

/* --- what the heap calls */

struct space *kernel_space(void)
{
	return &kernel;
}

uint64_t random_u64(void)
{
	random_state = random_state * 6364136223846793005u + 1442695040888963407u;
	return random_state ^ random_state >> 29;
}

static uintptr_t place_start(unsigned i)
{
	return (uintptr_t)arena + i * SLAB_BYTES + (places[i].area == AREA_PAGES ? PAGE_SIZE : 0);
}

static unsigned place_of(uintptr_t address)
{
	uintptr_t offset = address - (uintptr_t)arena;

	return offset < sizeof(arena) ? (unsigned)(offset / SLAB_BYTES) : PLACES;
}

enum vmk_status area_alloc(struct space *space, enum area area, size_t bytes, size_t align,
	unsigned prot, enum frame_owner owner, uintptr_t *address)
{
	unsigned first = (unsigned)(random_u64() % PLACES);

	if (starving)
		return VMK_NO_MEMORY;
	MUST(bytes <= SLAB_MAPPED && prot == (PROT_R | PROT_W));
	for (unsigned n = 0; n < PLACES; n++) {
		unsigned i = (first + n) % PLACES;

		if (places[i].bytes)
			continue;
		places[i].bytes = ALIGN_UP(bytes, PAGE_SIZE);
		places[i].area = area;
		*address = place_start(i);
		ASAN_UNPOISON_MEMORY_REGION((void *)*address, places[i].bytes);
		return VMK_OK;
	}
	return VMK_NO_MEMORY;
}

enum vmk_status space_release(struct space *space, uintptr_t address, size_t bytes)
{
	unsigned i = place_of(address);

	if (leaving)
		return VMK_NOT_FOUND;
	MUST(i < PLACES && address == place_start(i) && bytes == places[i].bytes);
	memset((void *)address, 0, bytes);
	ASAN_POISON_MEMORY_REGION((void *)address, bytes);
	places[i].bytes = 0;
	return VMK_OK;
}

size_t area_bytes(uintptr_t address)
{
	unsigned i = place_of(address);

	return i < PLACES && address == place_start(i) ? places[i].bytes : 0;
}

bool area_contains(enum area area, uintptr_t address)
{
	unsigned i = place_of(address);

	return i < PLACES && places[i].area == area;
}

/* --- good use */

static size_t size_from(struct reader *r)
{
	uint16_t raw = reader_le16(r);

	if (!(raw & 0x8000))
		return raw % 2200;
	return raw & 0x4000 ? ALIGN_UP(raw % LARGE_MAX + 1, PAGE_SIZE) : raw % LARGE_MAX + 1;
}

static bool no_place(void)
{
	for (unsigned i = 0; i < PLACES; i++) {
		if (!places[i].bytes)
			return false;
	}
	return true;
}

static bool all_are(const uint8_t *at, size_t bytes, uint8_t value)
{
	return !bytes || (*at == value && !memcmp(at, at + 1, bytes - 1));
}

static void give(struct reader *r)
{
	size_t bytes = size_from(r);
	struct object o = {.bytes = bytes, .at = heap_calloc(1, bytes)};

	if (!o.at) {
		MUST(starving || no_place());
		return;
	}
	MUST((uintptr_t)o.at % 16 == 0);
	MUST(all_are(o.at, bytes, 0));
	for (unsigned i = 0; i < live_count; i++)
		MUST(o.at + bytes <= live[i].at || live[i].at + live[i].bytes <= o.at);
	live[live_count++] = o;
}

static void look_at(const struct object *o)
{
	MUST(all_are(o->at, o->bytes, o->content));
}

static struct object take(unsigned i)
{
	struct object o = live[i];

	look_at(&o);
	live[i] = live[--live_count];
	return o;
}

/* What cannot be had, whatever is free. */
static void ask_too_much(size_t beyond)
{
	struct heap_order order;

	MUST(!heap_alloc(SIZE_MAX - beyond % PAGE_SIZE));
	MUST(!heap_calloc(SIZE_MAX / 2, 3 + beyond));
	heap_free(NULL);
	heap_audit_order(&order);
	MUST(order.objects || starving || no_place());
	MUST(order.rising < order.objects || !order.objects);
}

static void audit(uint64_t damaged)
{
	struct heap_audit found;
	uint64_t small = 0, bytes = 0, used;

	for (unsigned i = 0; i < live_count; i++) {
		small += live[i].bytes <= SLAB_OBJECT_MAX;
		bytes += live[i].bytes;
	}
	heap_audit(&found);
	MUST(found.damaged == damaged);
	MUST(damaged || found.objects == small);
	used = heap_bytes_used() - lost;
	MUST(used >= bytes && (damaged || live_count || !used));
}

/* --- bad use: each must be found */

/* Freeing it must say so. */
static void must_find(uint8_t *at, const char *what)
{
	MUST(PANICS(heap_free(at)));
	MUST(strstr(panic_text, what));
}

/* Behind a small object stand unused bytes of its slot, then the canary. */
static void overflow(struct object *o)
{
	bool small = o->bytes <= SLAB_OBJECT_MAX;
	size_t rest = ALIGN_UP(o->bytes, 16) - o->bytes;

	if (small) {
		/* Objects of any size in one slot: go on until something other than zero stands. */
		uint8_t *at = o->at + MAX(o->bytes, 1ul);

		while (!*at)
			at++;
		*at ^= 1;
		audit(1);
		must_find(o->at, "past its end");
	} else if (rest && (uintptr_t)o->at % PAGE_SIZE) {
		o->at[o->bytes] ^= 1;
		must_find(o->at, "past its end");
	}
}

static void underflow(struct object *o)
{
	if (o->bytes <= SLAB_OBJECT_MAX || !((uintptr_t)o->at % PAGE_SIZE))
		return;
	o->at[-1] ^= 1;
	must_find(o->at, "before");
}

/* If its slab went with it, the sanitizer would see it, as the machine would. */
static void write_after_free(struct object *o, size_t offset)
{
	heap_free(o->at);
	if (o->bytes > SLAB_OBJECT_MAX || !places[place_of((uintptr_t)o->at)].bytes)
		return;
	o->at[offset % MAX(o->bytes, 1ul)] ^= 1;
	audit(1);
}

static void free_twice(struct object *o)
{
	heap_free(o->at);
	if (o->bytes > SLAB_OBJECT_MAX || places[place_of((uintptr_t)o->at)].bytes)
		must_find(o->at, "freed twice");
}

static void free_inside(struct object *o, size_t offset)
{
	offset %= MAX(o->bytes, 1ul);
	if (offset)
		must_find(o->at + offset, o->bytes <= SLAB_OBJECT_MAX ? "inside" : "beginning");
}

/* Whoever gets the object next learns of it. */
static void allocate_damaged(struct object *o, size_t offset)
{
	bool found = false;

	write_after_free(o, offset);
	if (o->bytes > SLAB_OBJECT_MAX || !places[place_of((uintptr_t)o->at)].bytes)
		return;
	for (unsigned n = 0; n < PLACES * SLAB_SLOTS_MAX && !found; n++) {
		uint8_t *other = NULL;

		found = PANICS(other = heap_alloc(o->bytes));
		if (!found && !other)
			return;
	}
	MUST(found && strstr(panic_text, "after it was freed"));
}

/* The slab's header, its end and what is no object at all. */
static void free_elsewhere(struct object *o, size_t offset)
{
	uint8_t *slab = (uint8_t *)((uintptr_t)o->at & ~(SLAB_BYTES - 1ul));

	must_find(arena + sizeof(arena) + offset, "not the heap's");
	if (o->bytes > SLAB_OBJECT_MAX)
		return;
	must_find(slab + offset % 64, "inside");
	must_find(slab + SLAB_MAPPED - 1, "inside");
}

static void damage_header(struct object *o, size_t offset)
{
	uint8_t *slab = (uint8_t *)((uintptr_t)o->at & ~(SLAB_BYTES - 1ul));
	struct heap_audit found;

	if (o->bytes > SLAB_OBJECT_MAX)
		return;
	/* The seal, and what kind and how many objects it has; lists lie between. */
	slab[offset & 8 ? offset % 8 : 40 + offset % 8] ^= 1 + (uint8_t)(offset >> 8);
	heap_audit(&found);
	MUST(found.damaged);
	must_find(o->at, "header of its slab is damaged");
}

static void free_with_another(struct object *o)
{
	if (o->bytes <= SLAB_OBJECT_MAX)
		return;
	leaving = true;
	must_find(o->at, "freed twice");
}

static void misuse(uint8_t kind, struct object o, size_t offset)
{
	switch (kind % 9) {
	case 0:
		overflow(&o);
		break;
	case 1:
		underflow(&o);
		break;
	case 2:
		write_after_free(&o, offset);
		break;
	case 3:
		free_twice(&o);
		break;
	case 4:
		allocate_damaged(&o, offset);
		break;
	case 5:
		free_elsewhere(&o, offset);
		break;
	case 6:
		damage_header(&o, offset);
		break;
	case 7:
		free_with_another(&o);
		break;
	default:
		free_inside(&o, offset);
	}
}

/* --- */

/* Only what is given is written, and what comes back is zeroed: so is the rest here. */
static void clear_places(void)
{
	static bool poisoned;

	for (unsigned i = 0; i < PLACES; i++) {
		if (!places[i].bytes)
			continue;
		memset((void *)place_start(i), 0, places[i].bytes);
		ASAN_POISON_MEMORY_REGION((void *)place_start(i), places[i].bytes);
		places[i].bytes = 0;
	}
	if (!poisoned)
		ASAN_POISON_MEMORY_REGION(arena, sizeof(arena));
	poisoned = true;
}

static void start(void)
{
	lock_disarm();
	clear_places();
	starving = leaving = false;
	live_count = 0;
	random_state = 1;
	heap_init();
	lost = heap_bytes_used();
}

/* False: nothing may follow. */
static bool step(struct reader *r, uint8_t code)
{
	unsigned which, argument;
	struct object *o;

	if (code < 0x80) {
		if (live_count < LIVE_MAX)
			give(r);
		return true;
	}
	if (!live_count)
		return true;
	which = reader_u8(r) % live_count;
	if (code < 0xd0) {
		heap_free(take(which).at);
	} else if (code < 0xf0) {
		o = &live[which];
		o->content = code;
		memset(o->at, code, o->bytes);
	} else if (code < 0xf4) {
		audit(0);
	} else if (code < 0xf8) {
		starving = code & 1;
		ask_too_much(which);
	} else {
		argument = reader_le16(r);
		misuse((uint8_t)(argument >> 12), take(which), argument & 0xfff);
		return false;
	}
	return true;
}

void heap_model_run(const uint8_t *data, size_t size)
{
	struct reader r = reader_of(data, size);

	start();
	for (unsigned i = 0; i < OPERATIONS && reader_left(&r); i++) {
		figures_operations(1);
		if (!step(&r, reader_u8(&r)))
			return;
	}
	audit(0);
	while (live_count)
		heap_free(take(0).at);
	audit(0);
}
