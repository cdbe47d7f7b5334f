/* Memory of a world: fresh pages at random places, never executable, within its limit. */
#include "mem/frames.h"
#include "mem/space.h"
#include "vmkuser/call.h"
#include "vmkuser/supervise.h"

#include <stdio.h>

#define PART_BYTES (256ull << 10)

bool user_pages_ok(uint64_t address, uint64_t bytes)
{
	return address % PAGE_SIZE == 0 && bytes % PAGE_SIZE == 0 && bytes > 0 &&
	       address < USER_TOP && bytes <= USER_TOP - address;
}

bool user_range_overlaps(const struct user_range *range, uint64_t address, uint64_t bytes)
{
	return address < range->address + range->bytes && range->address < address + bytes;
}

void user_describe_address(const struct uworld *u, uint64_t address, char *to, size_t size)
{
	if (address < PAGE_SIZE)
		snprintf(to, size, "null+0x%llx", (unsigned long long)address);
	else if (address - u->image.address < u->image.bytes)
		snprintf(
			to, size, "image+0x%llx", (unsigned long long)(address - u->image.address));
	else if (address - u->stack.address < u->stack.bytes)
		snprintf(
			to, size, "stack+0x%llx", (unsigned long long)(address - u->stack.address));
	else if (u->stack.address - address <= PAGE_SIZE)
		snprintf(to, size, "the stack's guard page");
	else if (address - u->shadow.address < u->shadow.bytes)
		snprintf(to, size, "shadow stack+0x%llx",
			(unsigned long long)(address - u->shadow.address));
	else
		snprintf(to, size, address < USER_TOP ? "user memory" : "kernel memory");
}

/* Image and stacks stay as the loader made them, guest RAM as the VM's. */
static bool may_change(const struct uworld *u, uint64_t address, uint64_t bytes)
{
	for (unsigned i = 0; i < u->guest_maps; i++)
		if (user_range_overlaps(&u->guest_ram[i], address, bytes))
			return false;
	return !user_range_overlaps(&u->image, address, bytes) &&
	       !user_range_overlaps(&u->stack, address, bytes) &&
	       !user_range_overlaps(&u->shadow, address, bytes);
}

/* execInstalledOnly: executable pages come from the loader alone (image.c). */
static enum vmk_status protection(struct uworld *u, uint64_t requested, unsigned *prot)
{
	if (requested & ~(uint64_t)(VMK_PROT_READ | VMK_PROT_WRITE | VMK_PROT_EXECUTE))
		return VMK_BAD_PARAM;
	if (requested & VMK_PROT_EXECUTE)
		return call_deny(u, VMK_ACTION_EXECUTE);
	*prot = PROT_USER | (requested & VMK_PROT_READ ? PROT_R : 0) |
		(requested & VMK_PROT_WRITE ? PROT_R | PROT_W : 0);
	return VMK_OK;
}

/*
 * Part by part, since interrupts are off while the pages of one are cleared and mapped; a world
 * must not keep others from their CPU by asking for much at once.
 */
static enum vmk_status map_parts(
	struct space *space, uint64_t bytes, unsigned prot, uintptr_t *address)
{
	enum vmk_status status = space_reserve(space, bytes, address);

	if (status != VMK_OK)
		return status;
	for (uint64_t done = 0, part; done < bytes; done += part) {
		part = MIN(bytes - done, PART_BYTES);
		status = space_alloc_at(space, *address + done, part, prot);
		if (status == VMK_OK)
			continue;
		space_free(space, *address, bytes);
		return status;
	}
	return VMK_OK;
}

/* (bytes, VMK_PROT_*) -> address */
enum vmk_status call_map(struct uworld *u, const uint64_t args[6], uint64_t *value)
{
	uint64_t bytes = args[0];
	unsigned prot;
	uintptr_t address;
	enum vmk_status status = protection(u, args[1], &prot);

	if (status != VMK_OK)
		return status;
	if (bytes == 0)
		return VMK_BAD_PARAM;
	if (bytes > u->memory_limit)
		return VMK_NO_MEMORY;
	bytes = ALIGN_UP(bytes, PAGE_SIZE);
	if (bytes > u->memory_limit - u->memory_used ||
		!memory_may_grow(
			u->memory_used, bytes, frames_spare() * PAGE_SIZE, supervise_count()))
		return VMK_NO_MEMORY;
	status = map_parts(u->space, bytes, prot, &address);
	if (status != VMK_OK)
		return status;
	u->memory_used += bytes;
	*value = address;
	return VMK_OK;
}

/* (address, bytes): from low to high, up to the first part that is not mapped */
enum vmk_status call_unmap(struct uworld *u, const uint64_t args[6], uint64_t *value)
{
	enum vmk_status status;

	if (!user_pages_ok(args[0], args[1]))
		return VMK_BAD_PARAM;
	if (!may_change(u, args[0], args[1]))
		return call_deny(u, VMK_ACTION_MEMORY);
	for (uint64_t done = 0, part; done < args[1]; done += part) {
		part = MIN(args[1] - done, PART_BYTES);
		status = space_free(u->space, args[0] + done, part);
		if (status != VMK_OK)
			return status;
		u->memory_used -= part;
	}
	return VMK_OK;
}

/* (address, bytes, VMK_PROT_*) */
enum vmk_status call_protect(struct uworld *u, const uint64_t args[6], uint64_t *value)
{
	unsigned prot;
	enum vmk_status status = protection(u, args[2], &prot);

	if (status != VMK_OK)
		return status;
	if (!user_pages_ok(args[0], args[1]))
		return VMK_BAD_PARAM;
	if (!may_change(u, args[0], args[1]))
		return call_deny(u, VMK_ACTION_MEMORY);
	return space_protect(u->space, args[0], args[1], prot);
}
