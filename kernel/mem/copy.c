/*
 * Copies to and from address spaces. They go through that space's page tables and this CPU's
 * window, so that the kernel never touches a user address and SMAP need never be opened.
 */
#include "arch/x86/paging.h"
#include "lib/nospec.h"
#include "mem/area.h"
#include "mem/window.h"

/* Where [address, address + bytes) is, which lies in one page of a space that is locked; false
 * unless the page has every bit of `needed`. */
static bool find(struct space *space, uintptr_t address, uint64_t needed, struct hpa *at)
{
	const uintptr_t place = address >> PD_SHIFT;
	uint64_t entry;

	if (!space->copied.table || space->copied.place != place) {
		space->copied.table = ptable_lowest(&space->table, address);
		space->copied.place = place;
	}
	if (!space->copied.table)
		return false;
	/* Upper levels allow everything of their half (ptable.h). */
	entry = space->copied.table[ptable_index(address, PT_SHIFT)];
	if ((entry & needed) != needed)
		return false;
	*at = hpa((entry & PTE_FRAME) + address % PAGE_SIZE);
	return true;
}

void space_set_filler(struct space *space, space_filler fill, void *context)
{
	space->fill_context = context;
	space->fill = fill;
}

bool space_fill(struct space *space, uintptr_t address)
{
	return space->fill && space->fill(space->fill_context, space, address);
}

/* Page by page, so that interrupts are never off for long. What is not there yet may come. */
static enum vmk_status copy(struct space *space, uintptr_t address, void *to_kernel,
	const void *from_kernel, size_t bytes, uint64_t needed)
{
	bool filled = false;
	size_t done = 0;

	if (bytes && (address < space->half.start || address >= space->half.end ||
			     bytes > space->half.end - address))
		return VMK_BAD_ADDRESS;
	/* Else a world could have the kernel's own memory loaded, which these tables map as well.
	 */
	address = space->half.start +
		  index_nospec(address - space->half.start, space->half.end - space->half.start);
	while (done < bytes) {
		size_t part = MIN(bytes - done, PAGE_SIZE - (address + done) % PAGE_SIZE);
		uint64_t saved = spin_lock(&space->lock);
		struct hpa at;
		bool found = find(space, address + done, needed, &at);

		if (found && to_kernel)
			window_read((uint8_t *)to_kernel + done, at, part);
		else if (found)
			window_write(at, (const uint8_t *)from_kernel + done, part);
		spin_unlock(&space->lock, saved);
		if (!found &&
			(filled || !(needed & PTE_USER) || !space_fill(space, address + done)))
			return VMK_BAD_ADDRESS;
		filled = !found;
		if (found)
			done += part;
	}
	return VMK_OK;
}

enum vmk_status space_copy_in(struct space *space, void *to, uintptr_t from, size_t bytes)
{
	return copy(space, from, to, NULL, bytes, PTE_PRESENT | PTE_USER);
}

enum vmk_status space_copy_out(struct space *space, uintptr_t to, const void *from, size_t bytes)
{
	return copy(space, to, NULL, from, bytes, PTE_PRESENT | PTE_USER | PTE_WRITE);
}

enum vmk_status space_write(struct space *space, uintptr_t to, const void *from, size_t bytes)
{
	return copy(space, to, NULL, from, bytes, PTE_OWNED);
}
