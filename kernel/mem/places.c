#include "mem/places.h"

/* Slots 508 to 511 are the image's window (arch/x86/paging.h). */
#define FIRST_SLOT (PTABLE_ENTRIES / 2)
#define LAST_SLOT  ptable_index(IMAGE_WINDOW, PML4_SHIFT)
#define GIB        (1ull << PDPT_SHIFT)

static uintptr_t slot_address(unsigned slot)
{
	return KERNEL_HALF + (uint64_t)(slot - FIRST_SLOT) * PML4_SLOT_BYTES;
}

/* A random large page of the whole half, however many slots that touches. */
static enum vmk_status choose_direct(struct places *places, uint64_t end, places_random random)
{
	uint64_t region = (uint64_t)(LAST_SLOT - FIRST_SLOT) * PML4_SLOT_BYTES;
	uint64_t bytes = ALIGN_UP(end, LARGE_PAGE_BYTES), count;

	if (bytes > region / 2)
		return VMK_NO_MEMORY;
	count = (region - bytes) / LARGE_PAGE_BYTES + 1;
	places->direct = KERNEL_HALF + random(count) * LARGE_PAGE_BYTES;
	for (uint64_t at = places->direct; at < places->direct + bytes; at += LARGE_PAGE_BYTES)
		places->taken[ptable_index(at, PML4_SHIFT)] = true;
	return VMK_OK;
}

/* At a random page of a random free slot. */
static struct range choose_window(struct places *places, uint64_t bytes, places_random random)
{
	uintptr_t start;
	unsigned slot;

	do {
		slot = FIRST_SLOT + (unsigned)random(LAST_SLOT - FIRST_SLOT);
	} while (places->taken[slot]);
	places->taken[slot] = true;
	start = slot_address(slot) + random((PML4_SLOT_BYTES - bytes) / PAGE_SIZE + 1) * PAGE_SIZE;
	return (struct range){start, start + bytes};
}

enum vmk_status places_choose(
	struct places *places, uint64_t end, uint64_t ram, places_random random)
{
	/* The heap may grow to all of memory; a window no larger bounds its page tables. */
	uint64_t heap = MIN(MAX(ALIGN_UP(2 * ram, GIB), GIB), PML4_SLOT_BYTES / 2);
	const uint64_t bytes[AREA_COUNT] = {
		[AREA_IMAGES] = GIB,
		[AREA_SLABS] = heap,
		[AREA_PAGES] = heap,
		[AREA_STACKS] = GIB,
		[AREA_DEVICES] = 64 * GIB,
		[AREA_WINDOWS] = GIB,
		[AREA_CPUS] = GIB,
	};
	enum vmk_status status;

	*places = (struct places){0};
	status = choose_direct(places, end, random);
	if (status != VMK_OK)
		return status;
	for (unsigned area = 0; area < AREA_COUNT; area++)
		places->window[area] = choose_window(places, bytes[area], random);
	return VMK_OK;
}

/* --- ring 3 */

static bool apart(const struct range *a, const struct range *b)
{
	return a->end < b->start || b->end < a->start;
}

static bool all_apart(const struct range window[AREA_COUNT], unsigned area)
{
	for (unsigned other = 0; other < area; other++) {
		if (window[other].end && !apart(&window[area], &window[other]))
			return false;
	}
	return true;
}

void places_choose_user(struct range window[AREA_COUNT], places_random random)
{
	static const uint64_t bytes[AREA_COUNT] = {
		[AREA_IMAGES] = GIB,
		[AREA_PAGES] = USER_MAPPINGS_BYTES,
		[AREA_STACKS] = GIB,
		[AREA_DEVICES] = SPACE_FOREIGN_BYTES,
	};

	for (unsigned area = 0; area < AREA_COUNT; area++) {
		uint64_t count = (USER_END - USER_START - bytes[area]) / PAGE_SIZE + 1;

		window[area] = (struct range){0};
		if (!bytes[area])
			continue;
		do {
			window[area].start = USER_START + random(count) * PAGE_SIZE;
			window[area].end = window[area].start + bytes[area];
		} while (!all_apart(window, area));
	}
}
