/* Memory of a world: fresh pages at random places, never executable, within its limit. */
#include "mem/frames.h"
#include "mem/space.h"
#include "sched/world.h"
#include "vmkuser/call.h"
#include "vmkuser/supervise.h"

#include <stdio.h>

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

static void count_tables(struct uworld *u)
{
	const uint64_t now = space_tables(u->space) * PAGE_SIZE;

	u->memory_used += now - u->table_bytes;
	u->table_bytes = now;
}

enum vmk_status memory_charge(struct uworld *u, uint64_t bytes)
{
	u->memory_used += bytes;
	count_tables(u);
	return u->memory_used <= u->memory_limit ? VMK_OK : VMK_NO_MEMORY;
}

void memory_discharge(struct uworld *u, uint64_t bytes)
{
	u->memory_used -= bytes;
	count_tables(u);
}

/* Nothing, if tables alone are beyond the limit already. */
static uint64_t memory_left(const struct uworld *u)
{
	return u->memory_limit - MIN(u->memory_limit, u->memory_used);
}

/* Part by part, as they came. */
static enum vmk_status unmap_parts(struct uworld *u, uint64_t address, uint64_t bytes)
{
	enum vmk_status status = VMK_OK;

	for (uint64_t done = 0, part; status == VMK_OK && done < bytes; done += part) {
		part = MIN(bytes - done, MEMORY_PART_BYTES);
		status = space_free(u->space, address + done, part);
		if (status == VMK_OK)
			memory_discharge(u, part);
		sched_give_way();
	}
	return status;
}

/* Of what was reserved, no more than `there` has come. */
static void undo_map(struct uworld *u, uint64_t address, uint64_t bytes, uint64_t there)
{
	unmap_parts(u, address, there);
	if (bytes > there)
		space_free(u->space, address + there, bytes - there);
	memory_discharge(u, 0);
}

/*
 * Part by part, since interrupts are off while the pages of one are cleared and mapped, or changed,
 * and nobody is preempted in ring 0: a world must not keep others from their CPU by asking for much
 * at once.
 */
static enum vmk_status map_parts(
	struct uworld *u, uint64_t bytes, unsigned prot, bool promised, uintptr_t *address)
{
	enum vmk_status status = space_reserve(u->space, bytes, address);
	uint64_t charged = 0, left = promised ? bytes : 0;

	for (uint64_t done = 0, part; status == VMK_OK && done < bytes; done += part) {
		part = MIN(bytes - done, MEMORY_PART_BYTES);
		frames_unpromise(FRAME_PRIVATE, MIN(left, part) / PAGE_SIZE);
		left -= MIN(left, part);
		status = space_alloc_at(u->space, *address + done, part, prot);
		if (status == VMK_OK) {
			charged += part;
			status = memory_charge(u, part);
		}
		if (status != VMK_OK)
			undo_map(u, *address, bytes, charged);
		sched_give_way();
	}
	frames_unpromise(FRAME_PRIVATE, left / PAGE_SIZE);
	return status;
}

/* What is beyond the guarantee is promised until it is mapped, so that of two that ask at once not
 * both are given what is there for one. */
static enum vmk_status promise(const struct uworld *u, uint64_t bytes, bool *promised)
{
	const uint64_t keep = memory_keep(u->memory_used, bytes, supervise_count());

	*promised = keep != 0;
	return keep ? frames_promise(FRAME_PRIVATE, bytes / PAGE_SIZE, keep / PAGE_SIZE, NULL)
		    : VMK_OK;
}

/* (bytes, VMK_PROT_*) -> address */
enum vmk_status call_map(struct uworld *u, const uint64_t args[6], uint64_t *value)
{
	uint64_t bytes = args[0];
	unsigned prot;
	uintptr_t address;
	bool promised;
	enum vmk_status status = protection(u, args[1], &prot);

	if (status != VMK_OK)
		return status;
	if (bytes == 0)
		return VMK_BAD_PARAM;
	if (bytes > u->memory_limit)
		return VMK_NO_MEMORY;
	bytes = ALIGN_UP(bytes, PAGE_SIZE);
	if (bytes > memory_left(u))
		return VMK_NO_MEMORY;
	status = promise(u, bytes, &promised);
	if (status == VMK_OK)
		status = map_parts(u, bytes, prot, promised, &address);
	if (status == VMK_OK)
		*value = address;
	return status;
}

/* (address, bytes): from low to high, up to the first part that is not mapped */
enum vmk_status call_unmap(struct uworld *u, const uint64_t args[6], uint64_t *value)
{
	if (!user_pages_ok(args[0], args[1]))
		return VMK_BAD_PARAM;
	if (!may_change(u, args[0], args[1]))
		return call_deny(u, VMK_ACTION_MEMORY);
	return unmap_parts(u, args[0], args[1]);
}

/* (address, bytes, VMK_PROT_*): from low to high, up to the first part that is not mapped */
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
	for (uint64_t done = 0; status == VMK_OK && done < args[1]; done += MEMORY_PART_BYTES) {
		status = space_protect(
			u->space, args[0] + done, MIN(args[1] - done, MEMORY_PART_BYTES), prot);
		sched_give_way();
	}
	return status;
}
