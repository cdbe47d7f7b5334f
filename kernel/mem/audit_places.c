/*
 * Whether the kernel's half looks like what chance made of it. One boot cannot tell how much chance
 * there was (tests/unit/test_places.c does); it can tell that a region lies where it would lie
 * without any, that two of them lie at one distance from what they were to be drawn in, and that
 * something is mapped where no region is.
 */
#include "arch/x86/paging.h"
#include "mem/area.h"
#include "mem/audit.h"

#define REGIONS_MAX (AREA_COUNT + 2)

struct regions {
	struct range items[REGIONS_MAX]; /* the image, the direct map, then the areas */
	unsigned count;
	struct audit_places *result;
};

#define IMAGE  0u
#define DIRECT 1u

/* Where it would begin, were nothing drawn. */
static uintptr_t plain_start(const struct regions *regions, unsigned i)
{
	if (i == IMAGE)
		return IMAGE_WINDOW;
	return i == DIRECT ? KERNEL_HALF : ALIGN_DOWN(regions->items[i].start, PML4_SLOT_BYTES);
}

/* Areas at the same place of their slots, or regions that meet. */
static bool are_tied(const struct regions *regions, unsigned a, unsigned b)
{
	const struct range *x = &regions->items[a], *y = &regions->items[b];

	if (x->start < y->end && y->start < x->end)
		return true;
	return a > DIRECT && b > DIRECT && (x->start - y->start) % PML4_SLOT_BYTES == 0;
}

static void check_regions(const struct regions *regions)
{
	struct audit_places *result = regions->result;

	for (unsigned i = 0; i < regions->count; i++) {
		result->regions++;
		result->plain += regions->items[i].start == plain_start(regions, i);
		for (unsigned j = 0; j < i; j++)
			result->tied += are_tied(regions, i, j);
	}
}

static void visit_leaf(void *context, const struct ptable_leaf *leaf)
{
	const struct regions *regions = context;

	for (unsigned i = 0; i < regions->count; i++) {
		const struct range *region = &regions->items[i];

		if (leaf->address >= region->start && leaf->address < region->end)
			return;
	}
	regions->result->strays++;
}

/* Chance leaves more than the guard page between most of them. */
static void check_gaps(const struct ranges *ranges, struct audit_places *result)
{
	result->ranges = ranges->count;
	for (size_t i = 1; i < ranges->count; i++)
		result->close += ranges->items[i].start - ranges->items[i - 1].end <= PAGE_SIZE;
}

/* --- worlds */

struct last_world {
	struct audit_places *result;
	struct range window[AREA_COUNT];
};

static void visit_space(void *context, struct space *space)
{
	struct last_world *last = context;

	for (unsigned area = 0; area < AREA_COUNT; area++) {
		const struct range *window = &space->window[area];

		if (!window->end)
			continue;
		last->result->regions++;
		last->result->plain += window->start == USER_START;
		last->result->tied += window->start == last->window[area].start;
		last->window[area] = *window;
	}
}

void audit_places(
	const struct range *image, const struct range *direct, struct audit_places *result)
{
	struct space *kernel = kernel_space();
	struct regions regions = {.items = {*image, *direct}, .count = 2, .result = result};
	struct last_world last = {.result = result};

	*result = (struct audit_places){0};
	for (unsigned area = 0; area < AREA_COUNT; area++)
		regions.items[regions.count++] = kernel->window[area];
	check_regions(&regions);
	/* Slot by slot, so that interrupts are never off for all of a large direct map. */
	for (unsigned slot = PTABLE_ENTRIES / 2; slot < PTABLE_ENTRIES; slot++) {
		uint64_t saved = spin_lock(&kernel->lock);

		ptable_walk(&kernel->table, slot, slot + 1, visit_leaf, &regions);
		spin_unlock(&kernel->lock, saved);
	}
	uint64_t saved = spin_lock(&kernel->lock);
	check_gaps(&kernel->ranges, result);
	spin_unlock(&kernel->lock, saved);
	space_for_each(visit_space, &last);
}

/* Windows are not looked at: their tables stay, whatever is seen through them at the moment. */
uint64_t audit_tables(void)
{
	struct space *kernel = kernel_space();
	uint64_t count = 0;

	for (unsigned area = 0; area < AREA_COUNT; area++) {
		const unsigned slot = ptable_index(kernel->window[area].start, PML4_SHIFT);
		uint64_t saved = spin_lock(&kernel->lock);

		if (area != AREA_WINDOWS)
			count += ptable_count(&kernel->table, slot);
		spin_unlock(&kernel->lock, saved);
	}
	return count;
}
