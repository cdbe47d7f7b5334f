#include "trust/raw.h"

#include "boot/boot_info.h"
#include "boot/tboot.h"
#include "mem/space.h"
#include "trust/txtspace.h"

struct place {
	uint64_t base, bytes; /* physical; 0 bytes: not there */
};

/* Registers of a chipset without TXT read as ones, or as nothing. */
static struct place txt_place(enum vmk_info_kind what)
{
	struct place heap = {0};
	volatile void *txt;
	uint32_t id;

	if (space_map_device(hpa(TXT_PUBLIC), TXT_BYTES, &txt) != VMK_OK)
		return heap;
	id = (uint32_t)txt_read(txt, TXT_DIDVID);
	heap.base = txt_read(txt, TXT_HEAP_BASE);
	heap.bytes = txt_read(txt, TXT_HEAP_SIZE);
	space_unmap_device(txt, TXT_BYTES);
	if (id == 0 || id == UINT32_MAX)
		return (struct place){0};
	if (what == VMK_INFO_TXT_REGISTERS)
		return (struct place){TXT_PUBLIC, TXT_BYTES};
	return txt_heap_possible(heap.base, heap.bytes) ? heap : (struct place){0};
}

static struct place find(enum vmk_info_kind what)
{
	if (what != VMK_INFO_TBOOT_LOG)
		return txt_place(what);
	if (!boot_info->tboot.present || !boot_info->tboot.log.v)
		return (struct place){0};
	return (struct place){boot_info->tboot.log.v, TBOOT_LOG_BYTES};
}

static bool copy(struct place place, uint64_t offset, struct vmk_info_raw *info)
{
	volatile void *mapped;
	const volatile uint32_t *from;
	uint32_t *to = (uint32_t *)info->data;

	if (space_map_device(hpa(place.base + offset), info->bytes, &mapped) != VMK_OK)
		return false;
	from = mapped;
	for (size_t i = 0; i < info->bytes / sizeof(*to); i++)
		to[i] = from[i];
	space_unmap_device(mapped, info->bytes);
	return true;
}

unsigned trust_raw_parts(enum vmk_info_kind what)
{
	return (unsigned)(find(what).bytes / VMK_INFO_RAW_BYTES);
}

bool trust_raw_part(enum vmk_info_kind what, unsigned part, struct vmk_info_raw *info)
{
	struct place place = find(what);
	uint64_t offset = (uint64_t)part * VMK_INFO_RAW_BYTES;

	if (offset >= place.bytes || place.base % sizeof(uint32_t))
		return false;
	info->base = place.base;
	info->total = place.bytes;
	info->bytes = VMK_INFO_RAW_BYTES; /* each place has whole pages */
	return copy(place, offset, info);
}
