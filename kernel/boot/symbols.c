/* The embedded symbol table (symbols_format.h). */
#include "boot/symbols.h"
#include "boot/image.h"
#include "boot/symbols_format.h"
#include <stdio.h>

extern const char __symbols_start[], __symbols_end[];

void symbols_describe(uintptr_t address, char *to, size_t size)
{
	const struct symbols_header *header = (const struct symbols_header *)__symbols_start;
	const struct symbols_entry *entries = (const struct symbols_entry *)(header + 1);
	uint64_t offset = address - (uintptr_t)__image_start;
	uint32_t low = 0, high;

	snprintf(to, size, "?");
	if (__symbols_end - __symbols_start < (ptrdiff_t)sizeof(*header) ||
		header->magic != SYMBOLS_MAGIC || !image_contains_text(address))
		return;
	for (high = header->count; low < high;) { /* the first entry above it */
		uint32_t middle = low + (high - low) / 2;

		if (entries[middle].offset <= offset)
			low = middle + 1;
		else
			high = middle;
	}
	if (!low)
		return;
	snprintf(to, size, "%s+0x%x",
		(const char *)(entries + header->count) + entries[low - 1].name,
		(unsigned)(offset - entries[low - 1].offset));
}
