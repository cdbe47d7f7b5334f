/*
 * Copies to and from address spaces. They go through that space's page tables and the direct map,
 * so that the kernel never touches a user address and SMAP need never be opened.
 */
#include "arch/x86/paging.h"
#include "mem/area.h"
#include <string.h>

/* The kernel's own address of [address, address + bytes), which lies in one page of a space that is
 * locked; NULL unless the page has every bit of `needed`. */
static void *page_pointer(struct space *space, uintptr_t address, uint64_t needed)
{
	struct ptable_leaf leaf;

	if (!ptable_find(&space->table, address, &leaf) || leaf.shift != PT_SHIFT)
		return NULL;
	if (((leaf.flags | (leaf.entry & PTE_OWNED)) & needed) != needed)
		return NULL;
	return (uint8_t *)direct_map(hpa(leaf.entry & PTE_FRAME)) + address % PAGE_SIZE;
}

/* Page by page, so that interrupts are never off for long. */
static enum vmk_status copy(struct space *space, uintptr_t address, void *to_kernel,
	const void *from_kernel, size_t bytes, uint64_t needed)
{
	size_t done = 0;

	if (bytes && (address < space->half.start || address >= space->half.end ||
			     bytes > space->half.end - address))
		return VMK_BAD_ADDRESS;
	while (done < bytes) {
		size_t part = MIN(bytes - done, PAGE_SIZE - (address + done) % PAGE_SIZE);
		uint64_t saved = spin_lock(&space->lock);
		void *page = page_pointer(space, address + done, needed);

		if (page && to_kernel)
			memcpy((uint8_t *)to_kernel + done, page, part);
		else if (page)
			memcpy(page, (const uint8_t *)from_kernel + done, part);
		spin_unlock(&space->lock, saved);
		if (!page)
			return VMK_BAD_ADDRESS;
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
