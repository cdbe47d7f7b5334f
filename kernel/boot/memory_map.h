/* The physical memory map of boot_info: sorted, disjoint, the latest statement wins. Pure. */
#ifndef BOOT_MEMORY_MAP_H
#define BOOT_MEMORY_MAP_H

#include "boot/boot_info.h"
#include <vmkapi/status.h>

/*
 * Make [start, end) memory of `type`, whatever was said of it before. Usable memory shrinks to
 * whole pages, everything else grows to them. VMK_NO_RESOURCES when the table is full (the map is
 * unchanged then), VMK_BAD_PARAM when the end lies before the start.
 */
enum vmk_status memory_map_set(
	struct boot_info *info, uint64_t start, uint64_t end, enum boot_memory_type type);
/* The entry that holds `address`, or NULL. */
const struct boot_memory *memory_map_find(const struct boot_info *info, uint64_t address);
/* Whether all of [start, start + bytes) is in the map, in entries of any type. */
bool memory_map_covers(const struct boot_info *info, uint64_t start, uint64_t bytes);
/* How many places of `bytes`, each aligned to `align` (a power of two), fit into usable memory
 * within [low, high). */
uint64_t memory_map_places(
	const struct boot_info *info, uint64_t bytes, uint64_t align, uint64_t low, uint64_t high);
/* Place number `index` of those. */
struct hpa memory_map_place(const struct boot_info *info, uint64_t bytes, uint64_t align,
	uint64_t low, uint64_t high, uint64_t index);
/*
 * Has it a byte in common with registers that are the platform's, and no device's: I/O APICs, HPET,
 * TPM, TXT, local APICs, configuration space? True for a range that wraps around.
 */
bool memory_map_is_platform(const struct boot_info *info, uint64_t start, uint64_t bytes);
/*
 * Is every byte above 1 MiB and in an entry that is reserved or ACPI's, and none a register of the
 * platform's? Then it is memory that only firmware has. False where the range wraps around or is
 * empty.
 */
bool memory_map_is_firmware(const struct boot_info *info, uint64_t start, uint64_t bytes);

#endif
