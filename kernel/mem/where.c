#include "mem/where.h"
#include "arch/x86/paging.h"
#include "boot/image.h"
#include "mem/area.h"
#include "mem/frames_edge.h"

static bool between(uintptr_t address, const char *start, const char *end)
{
	return address >= (uintptr_t)start && address < (uintptr_t)end;
}

enum where where_is(uintptr_t address)
{
	static const enum where areas[AREA_COUNT] = {
		[AREA_IMAGES] = WHERE_MODULES,
		[AREA_SLABS] = WHERE_SLABS,
		[AREA_PAGES] = WHERE_PAGES,
		[AREA_STACKS] = WHERE_STACKS,
		[AREA_DEVICES] = WHERE_DEVICES,
		[AREA_WINDOWS] = WHERE_WINDOWS,
		[AREA_CPUS] = WHERE_CPUS,
	};

	if (address < USER_START)
		return WHERE_NULL;
	if (address < USER_END)
		return WHERE_USER;
	if (image_contains_text(address))
		return WHERE_TEXT;
	if (between(address, __relro_start, __relro_end) ||
		between(address, __rodata_start, __rodata_end))
		return WHERE_SEALED;
	if (between(address, __data_start, __data_end))
		return WHERE_DATA;
	for (unsigned area = 0; area < AREA_COUNT; area++) {
		if (area_contains((enum area)area, address))
			return areas[area];
	}
	return direct_map_covers(address) ? WHERE_DIRECT : WHERE_ELSEWHERE;
}
