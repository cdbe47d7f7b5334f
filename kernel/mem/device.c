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

enum vmk_status space_map_device(struct hpa address, size_t bytes, volatile void **mapped)
{
	struct space *space = kernel_space();
	uint64_t start = ALIGN_DOWN(address.v, PAGE_SIZE), end, flags, saved;
	enum vmk_status status;
	uintptr_t at;

	if (!bytes || !checked_add(address.v, bytes, &end) || end > PHYSICAL_END)
		return VMK_BAD_PARAM;
	end = ALIGN_UP(end, PAGE_SIZE);
	if (is_ram(start, end))
		return VMK_DENIED;
	status = area_reserve(space, AREA_DEVICES, end - start, PAGE_SIZE, &at);
	if (status != VMK_OK)
		return status;
	flags = prot_flags(space, PROT_R | PROT_W | PROT_UNCACHED);
	saved = spin_lock(&space->lock);
	status = ptable_map(&space->table, at, hpa(start), end - start, flags, PT_SHIFT);
	spin_unlock(&space->lock, saved);
	if (status != VMK_OK) {
		space_release(space, at, end - start);
		return status;
	}
	*mapped = (volatile void *)(at + address.v % PAGE_SIZE);
	return VMK_OK;
}

void space_unmap_device(volatile void *mapped, size_t bytes)
{
	uintptr_t start = ALIGN_DOWN((uintptr_t)mapped, PAGE_SIZE);
	uintptr_t end = ALIGN_UP((uintptr_t)mapped + bytes, PAGE_SIZE);

	ASSERT(area_contains(AREA_DEVICES, start));
	if (space_release(kernel_space(), start, end - start) != VMK_OK)
		panic("space: device registers unmapped that were not mapped");
}
