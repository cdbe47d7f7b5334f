/* The physical memory map, kept sorted and disjoint while it is being built. */
#include "boot/memory_map.h"
#include <string.h>

#define LOW_MEMORY_END 0x100000u
/* I/O APICs, HPET, TPM, TXT and local APICs: SDM 3A section 11.4.1, TXT MLE guide appendix B. */
#define PLATFORM_START 0xfec00000ull
#define PLATFORM_END   0xff000000ull
#define BUS_BYTES      (1ull << 20) /* of configuration space: PCI Express 3.0, 7.2.2 */

static uint64_t end_of(const struct boot_memory *entry)
{
	return entry->start.v + entry->bytes;
}

static void insert(struct boot_info *info, unsigned at, uint64_t start, uint64_t end,
	enum boot_memory_type type)
{
	memmove(&info->memory[at + 1], &info->memory[at],
		(info->memory_count - at) * sizeof(info->memory[0]));
	info->memory[at] = (struct boot_memory){hpa(start), end - start, type};
	info->memory_count++;
}

static void remove_entry(struct boot_info *info, unsigned at)
{
	info->memory_count--;
	memmove(&info->memory[at], &info->memory[at + 1],
		(info->memory_count - at) * sizeof(info->memory[0]));
}

/* Cut [start, end) out of every entry. At most one entry is split in two. */
static void carve(struct boot_info *info, uint64_t start, uint64_t end)
{
	for (unsigned i = 0; i < info->memory_count; i++) {
		struct boot_memory *entry = &info->memory[i];
		uint64_t entry_end = end_of(entry);

		if (entry_end <= start || entry->start.v >= end)
			continue;
		if (entry->start.v < start && entry_end > end) {
			entry->bytes = start - entry->start.v;
			insert(info, i + 1, end, entry_end, entry->type);
			return;
		}
		if (entry->start.v < start) {
			entry->bytes = start - entry->start.v;
		} else if (entry_end > end) {
			entry->start = hpa(end);
			entry->bytes = entry_end - end;
		} else {
			remove_entry(info, i--);
		}
	}
}

static void merge_neighbours(struct boot_info *info)
{
	for (unsigned i = 0; i + 1 < info->memory_count; i++) {
		struct boot_memory *entry = &info->memory[i];
		const struct boot_memory *next = entry + 1;

		/* Modules stay apart: each has one entry of its own. */
		if (entry->type != next->type || entry->type == BOOT_MEMORY_MODULE ||
			end_of(entry) != next->start.v)
			continue;
		entry->bytes += next->bytes;
		remove_entry(info, i + 1);
		i--;
	}
}

enum vmk_status memory_map_set(
	struct boot_info *info, uint64_t start, uint64_t end, enum boot_memory_type type)
{
	unsigned at = 0;

	if (end < start || end > ALIGN_DOWN(UINT64_MAX, PAGE_SIZE))
		return VMK_BAD_PARAM;
	if (type == BOOT_MEMORY_USABLE) {
		start = ALIGN_UP(start, PAGE_SIZE);
		end = ALIGN_DOWN(end, PAGE_SIZE);
	} else {
		start = ALIGN_DOWN(start, PAGE_SIZE);
		end = ALIGN_UP(end, PAGE_SIZE);
	}
	if (end <= start)
		return VMK_OK;
	if (info->memory_count + 2 > BOOT_MEMORY_MAX)
		return VMK_NO_RESOURCES;
	carve(info, start, end);
	while (at < info->memory_count && info->memory[at].start.v < start)
		at++;
	insert(info, at, start, end, type);
	merge_neighbours(info);
	return VMK_OK;
}

const struct boot_memory *memory_map_find(const struct boot_info *info, uint64_t address)
{
	for (unsigned i = 0; i < info->memory_count; i++) {
		const struct boot_memory *entry = &info->memory[i];

		if (address >= entry->start.v && address - entry->start.v < entry->bytes)
			return entry;
	}
	return NULL;
}

bool memory_map_covers(const struct boot_info *info, uint64_t start, uint64_t bytes)
{
	while (bytes) {
		const struct boot_memory *entry = memory_map_find(info, start);
		uint64_t here;

		if (!entry)
			return false;
		here = MIN(end_of(entry) - start, bytes);
		start += here;
		bytes -= here;
	}
	return true;
}

static bool overlaps(uint64_t start, uint64_t end, uint64_t other, uint64_t other_end)
{
	return start < other_end && other < end;
}

bool memory_map_is_platform(const struct boot_info *info, uint64_t start, uint64_t bytes)
{
	uint64_t end = start + bytes;
	uint64_t first = info->ecam.v + info->ecam_first_bus * BUS_BYTES;
	uint64_t behind = info->ecam.v + (info->ecam_last_bus + 1u) * BUS_BYTES;

	return end < start || overlaps(start, end, PLATFORM_START, PLATFORM_END) ||
	       (info->ecam.v && overlaps(start, end, first, behind));
}

bool memory_map_is_firmware(const struct boot_info *info, uint64_t start, uint64_t bytes)
{
	uint64_t end = start + bytes;

	if (start < LOW_MEMORY_END || end <= start || !memory_map_covers(info, start, bytes) ||
		memory_map_is_platform(info, start, bytes))
		return false;
	for (unsigned i = 0; i < info->memory_count; i++) {
		const struct boot_memory *m = &info->memory[i];

		if (m->start.v < end && start < end_of(m) && m->type != BOOT_MEMORY_RESERVED &&
			m->type != BOOT_MEMORY_ACPI_NVS && m->type != BOOT_MEMORY_ACPI_RECLAIM)
			return false;
	}
	return true;
}

/* Places of `bytes` in one entry, and the first of them. */
static uint64_t places_in(const struct boot_memory *entry, uint64_t bytes, uint64_t align,
	uint64_t low, uint64_t high, uint64_t *first)
{
	uint64_t start = MAX(entry->start.v, low), end = MIN(end_of(entry), high);

	if (entry->type != BOOT_MEMORY_USABLE || start > UINT64_MAX - align)
		return 0;
	start = ALIGN_UP(start, align);
	*first = start;
	if (end < start || end - start < bytes)
		return 0;
	return (end - start - bytes) / align + 1;
}

uint64_t memory_map_places(
	const struct boot_info *info, uint64_t bytes, uint64_t align, uint64_t low, uint64_t high)
{
	uint64_t count = 0, first;

	for (unsigned i = 0; i < info->memory_count; i++)
		count += places_in(&info->memory[i], bytes, align, low, high, &first);
	return count;
}

struct hpa memory_map_place(const struct boot_info *info, uint64_t bytes, uint64_t align,
	uint64_t low, uint64_t high, uint64_t index)
{
	for (unsigned i = 0; i < info->memory_count; i++) {
		uint64_t first = 0;
		uint64_t here = places_in(&info->memory[i], bytes, align, low, high, &first);

		if (index < here)
			return hpa(first + index * align);
		index -= here;
	}
	return hpa(0);
}
