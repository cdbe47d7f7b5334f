/* Frames that somebody else owns, in a user world: guest RAM in a VMX world, page by page as it is
 * touched. */
#include "mem/area.h"
#include "arch/x86/paging.h"

enum vmk_status space_reserve_foreign(struct space *space, size_t bytes, uintptr_t *address)
{
	return area_reserve(space, AREA_DEVICES, bytes, PAGE_SIZE, address);
}

size_t space_foreign_room(struct space *space)
{
	uint64_t saved = spin_lock(&space->lock);
	const size_t most = ranges_largest(&space->ranges, &space->window[AREA_DEVICES]);

	spin_unlock(&space->lock, saved);
	return most;
}

enum vmk_status space_map_foreign(
	struct space *space, uintptr_t address, struct hpa from, size_t bytes)
{
	const uint64_t flags = prot_flags(space, PROT_R | PROT_W | PROT_USER);
	const struct range *inside;
	enum vmk_status status = VMK_BAD_PARAM;
	uint64_t saved;

	if (!space->user || address % PAGE_SIZE || from.v % PAGE_SIZE || bytes % PAGE_SIZE)
		return VMK_BAD_PARAM;
	saved = spin_lock(&space->lock);
	inside = ranges_find(&space->ranges, address);
	if (inside && bytes <= inside->end - address && !space_is_leaving(space, address, bytes))
		status = ptable_map(&space->table, address, from, bytes, flags, PT_SHIFT);
	spin_unlock(&space->lock, saved);
	return status;
}

enum vmk_status space_unmap_foreign(struct space *space, uintptr_t address, size_t bytes)
{
	if (!space->user || address % PAGE_SIZE || bytes % PAGE_SIZE || !bytes)
		return VMK_BAD_PARAM;
	return space_take_away(space, address, bytes, true);
}
