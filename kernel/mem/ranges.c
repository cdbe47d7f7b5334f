#include <string.h>
#include "lib/checked.h"
#include "mem/ranges.h"

#define TRIES 16

/* Index of the first range that ends above `address`. */
static size_t first_above(const struct ranges *ranges, uintptr_t address)
{
	size_t low = 0, high = ranges->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (ranges->items[middle].end > address)
			high = middle;
		else
			low = middle + 1;
	}
	return low;
}

const struct range *ranges_find(const struct ranges *ranges, uintptr_t address)
{
	size_t i = first_above(ranges, address);

	if (i == ranges->count || ranges->items[i].start > address)
		return NULL;
	return &ranges->items[i];
}

bool ranges_overlap(const struct ranges *ranges, uintptr_t start, uintptr_t end)
{
	size_t i = first_above(ranges, start);

	return i < ranges->count && ranges->items[i].start < end;
}

static enum vmk_status insert_at(struct ranges *ranges, size_t i, struct range range)
{
	if (ranges->count == ranges->room)
		return VMK_NO_RESOURCES;
	memmove(&ranges->items[i + 1], &ranges->items[i],
		(ranges->count - i) * sizeof(*ranges->items));
	ranges->items[i] = range;
	ranges->count++;
	return VMK_OK;
}

enum vmk_status ranges_insert(struct ranges *ranges, uintptr_t start, uintptr_t end)
{
	if (start >= end)
		return VMK_BAD_PARAM;
	if (ranges_overlap(ranges, start, end))
		return VMK_EXISTS;
	return insert_at(ranges, first_above(ranges, start), (struct range){start, end});
}

enum vmk_status ranges_remove(struct ranges *ranges, uintptr_t start, uintptr_t end)
{
	size_t i = first_above(ranges, start);
	struct range *range = &ranges->items[i];

	if (start >= end || i == ranges->count || range->start > start || range->end < end)
		return VMK_NOT_FOUND;
	if (range->start < start && range->end > end) {
		struct range rest = {end, range->end};
		enum vmk_status status = insert_at(ranges, i + 1, rest);

		if (status == VMK_OK)
			range->end = start;
		return status;
	}
	if (range->start < start) {
		range->end = start;
	} else if (range->end > end) {
		range->start = end;
	} else {
		ranges->count--;
		memmove(range, range + 1, (ranges->count - i) * sizeof(*range));
	}
	return VMK_OK;
}

static bool is_free_with_guards(const struct ranges *ranges, uintptr_t start, size_t bytes)
{
	return !ranges_overlap(ranges, start - PAGE_SIZE, start + bytes + PAGE_SIZE);
}

/* The lowest place at or above `from`. */
static bool place_above(const struct ranges *ranges, const struct range *window, uintptr_t from,
	size_t bytes, size_t align, uintptr_t *start)
{
	uintptr_t at = ALIGN_UP(from, align);

	for (size_t i = first_above(ranges, at - PAGE_SIZE);; i++) {
		if (at > window->end - PAGE_SIZE || bytes > window->end - PAGE_SIZE - at)
			return false;
		if (is_free_with_guards(ranges, at, bytes)) {
			*start = at;
			return true;
		}
		if (i >= ranges->count)
			return false;
		at = MAX(at, ALIGN_UP(ranges->items[i].end + PAGE_SIZE, align));
	}
}

enum vmk_status ranges_place(const struct ranges *ranges, const struct range *window, size_t bytes,
	size_t align, uint64_t (*random)(uint64_t bound), uintptr_t *start)
{
	uintptr_t lowest = ALIGN_UP(window->start + PAGE_SIZE, align), at = lowest;
	size_t needed;

	if (!bytes || !checked_add(bytes, PAGE_SIZE, &needed))
		return VMK_BAD_PARAM;
	if (lowest >= window->end || needed > window->end - lowest)
		return VMK_NO_PLACE;
	for (unsigned i = 0; i < TRIES; i++) {
		at = lowest + random((window->end - lowest - needed) / align + 1) * align;
		if (is_free_with_guards(ranges, at, bytes)) {
			*start = at;
			return VMK_OK;
		}
	}
	if (place_above(ranges, window, at, bytes, align, start) ||
		place_above(ranges, window, lowest, bytes, align, start))
		return VMK_OK;
	return VMK_NO_PLACE;
}

/* Of a gap that others may follow: a page at either end stays free. */
static size_t room_between(uintptr_t from, uintptr_t to)
{
	return to > from + 2 * PAGE_SIZE ? to - from - 2 * PAGE_SIZE : 0;
}

size_t ranges_largest(const struct ranges *ranges, const struct range *window)
{
	uintptr_t from = window->start;
	size_t largest = 0;

	for (size_t i = first_above(ranges, from); i < ranges->count; i++) {
		const struct range *next = &ranges->items[i];

		if (next->start >= window->end)
			break;
		largest = MAX(largest, room_between(from, next->start));
		from = next->end;
	}
	return MAX(largest, room_between(from, window->end));
}
