#include "boot/place.h"
#include "arch/x86/paging.h"
#include "boot/memory_map.h"

#define PLACE_LOW (16ull << 20) /* above what old devices and firmware use */

uint64_t place_virtual(uint64_t bytes, place_random random)
{
	return IMAGE_WINDOW +
	       PAGE_SIZE * random((IMAGE_WINDOW_END - IMAGE_WINDOW - bytes) / PAGE_SIZE);
}

static enum vmk_status mark(struct boot_info *info, uint64_t start, uint64_t bytes,
	enum boot_memory_type type, const char **why)
{
	*why = "too many entries";
	return memory_map_set(info, start, start + bytes, type);
}

enum vmk_status place_physical(struct boot_info *info, uint64_t old, uint64_t bytes,
	place_random random, struct hpa *place, const char **why)
{
	const struct boot_memory *entry = memory_map_find(info, old);
	enum vmk_status status;
	uint64_t count;

	*why = "the kernel was loaded outside usable memory";
	if (!entry || entry->type != BOOT_MEMORY_USABLE ||
		entry->start.v + entry->bytes < old + bytes)
		return VMK_BAD_PARAM;
	status = mark(info, old, bytes, BOOT_MEMORY_KERNEL, why);
	if (status != VMK_OK)
		return status;
	count = memory_map_places(info, bytes, LARGE_PAGE_BYTES, PLACE_LOW, EARLY_IDENTITY_END);
	*why = "no room to move the kernel to";
	if (!count)
		return VMK_NO_MEMORY;
	*place = memory_map_place(
		info, bytes, LARGE_PAGE_BYTES, PLACE_LOW, EARLY_IDENTITY_END, random(count));
	status = mark(info, old, bytes, BOOT_MEMORY_USABLE, why);
	if (status == VMK_OK)
		status = mark(info, place->v, bytes, BOOT_MEMORY_KERNEL, why);
	return status;
}
