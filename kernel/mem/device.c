/* Device registers in the kernel's half. */
#include "arch/x86/paging.h"
#include "boot/boot_info.h"
#include "lib/checked.h"
#include "lib/panic.h"
#include "mem/area.h"

#define PHYSICAL_END (1ull << 52)

/* Memory that the kernel hands out as cached memory may have no second, uncached mapping. */
static bool is_ram(uint64_t start, uint64_t end)
{
	for (unsigned i = 0; i < boot_info->memory_count; i++) {
		const struct boot_memory *m = &boot_info->memory[i];

		if ((m->type == BOOT_MEMORY_USABLE || m->type == BOOT_MEMORY_MODULE ||
			    m->type == BOOT_MEMORY_KERNEL) &&
			m->start.v < end && m->start.v + m->bytes > start)
			return true;
	}
	return false;
}

static enum vmk_status map(struct space *space, uintptr_t at, uint64_t start, uint64_t end)
{
	uint64_t flags = prot_flags(space, PROT_R | PROT_W | PROT_UNCACHED);
	enum vmk_status status = VMK_OK;
	uint64_t saved;

	if (start == end)
		return VMK_OK;
	saved = spin_lock(&space->lock);
	status = ptable_map(&space->table, at, hpa(start), end - start, flags, PT_SHIFT);
	spin_unlock(&space->lock, saved);
	return status;
}

enum vmk_status space_map_device_without(
	struct hpa address, size_t bytes, size_t hole, size_t hole_bytes, volatile void **mapped)
{
	struct space *space = kernel_space();
	uint64_t start = ALIGN_DOWN(address.v, PAGE_SIZE), end, first, last;
	enum vmk_status status;
	uintptr_t at;

	if (!bytes || hole > bytes || hole_bytes > bytes - hole ||
		!checked_add(address.v, bytes, &end) || end > PHYSICAL_END)
		return VMK_BAD_PARAM;
	end = ALIGN_UP(end, PAGE_SIZE);
	first = hole_bytes ? ALIGN_DOWN(address.v + hole, PAGE_SIZE) : end;
	last = hole_bytes ? ALIGN_UP(address.v + hole + hole_bytes, PAGE_SIZE) : end;
	if (is_ram(start, end))
		return VMK_DENIED;
	status = area_reserve(space, AREA_DEVICES, end - start, PAGE_SIZE, &at);
	if (status != VMK_OK)
		return status;
	status = map(space, at, start, first);
	if (status == VMK_OK)
		status = map(space, at + (last - start), last, end);
	if (status != VMK_OK) {
		space_release(space, at, end - start);
		return status;
	}
	*mapped = (volatile void *)(at + address.v % PAGE_SIZE);
	return VMK_OK;
}

enum vmk_status space_map_device(struct hpa address, size_t bytes, volatile void **mapped)
{
	return space_map_device_without(address, bytes, 0, 0, mapped);
}

void space_unmap_device(volatile void *mapped, size_t bytes)
{
	uintptr_t start = ALIGN_DOWN((uintptr_t)mapped, PAGE_SIZE);
	uintptr_t end = ALIGN_UP((uintptr_t)mapped + bytes, PAGE_SIZE);

	ASSERT(area_contains(AREA_DEVICES, start));
	if (space_release(kernel_space(), start, end - start) != VMK_OK)
		panic("space: device registers unmapped that were not mapped");
}
