#include "vmkuser/handle.h"
#include "lib/nospec.h"

/* A handle: the slot's number + 1 in the low byte, its generation above. */
#define SLOT_BITS       8
#define GENERATION_MASK (UINT32_MAX >> SLOT_BITS)

void handle_table_init(struct handle_table *table, unsigned limit)
{
	*table = (struct handle_table){.limit = MIN(limit, HANDLES_MAX)};
}

static vmk_handle handle_of(const struct handle_table *table, unsigned slot)
{
	return table->slots[slot].generation << SLOT_BITS | (slot + 1);
}

/* The slot of a live handle, or HANDLES_MAX. */
static unsigned slot_of(const struct handle_table *table, vmk_handle handle)
{
	uint32_t slot = (handle & ((1u << SLOT_BITS) - 1)) - 1; /* 0 wraps beyond the end */

	if (slot >= HANDLES_MAX)
		return HANDLES_MAX;
	slot = (uint32_t)index_nospec(slot, HANDLES_MAX);
	if (table->slots[slot].kind == VMK_KIND_NONE || handle_of(table, slot) != handle)
		return HANDLES_MAX;
	return slot;
}

enum vmk_status handle_add(struct handle_table *table, uint32_t kind, uint32_t rights, void *object,
	vmk_handle *handle)
{
	if (kind == VMK_KIND_NONE)
		return VMK_BAD_PARAM;
	for (unsigned slot = 0; slot < table->limit; slot++) {
		if (table->slots[slot].kind != VMK_KIND_NONE)
			continue;
		table->slots[slot].kind = kind;
		table->slots[slot].rights = rights;
		table->slots[slot].object = object;
		*handle = handle_of(table, slot);
		return VMK_OK;
	}
	return VMK_NO_RESOURCES;
}

enum vmk_status handle_get(const struct handle_table *table, vmk_handle handle, uint32_t kind,
	uint32_t rights, void **object)
{
	unsigned slot = slot_of(table, handle);

	if (slot == HANDLES_MAX || table->slots[slot].kind != kind)
		return VMK_BAD_HANDLE;
	if ((table->slots[slot].rights & rights) != rights)
		return VMK_DENIED;
	if (object)
		*object = table->slots[slot].object;
	return VMK_OK;
}

enum vmk_status handle_remove(struct handle_table *table, vmk_handle handle)
{
	unsigned slot = slot_of(table, handle);

	if (slot == HANDLES_MAX)
		return VMK_BAD_HANDLE;
	table->slots[slot].kind = VMK_KIND_NONE;
	table->slots[slot].object = NULL;
	table->slots[slot].generation = (table->slots[slot].generation + 1) & GENERATION_MASK;
	return VMK_OK;
}

/* The slot of a handle that has all of `rights`, which are known ones. */
static enum vmk_status find_with_rights(
	const struct handle_table *table, vmk_handle handle, uint64_t rights, unsigned *slot)
{
	if (rights & ~(uint64_t)RIGHTS_ALL)
		return VMK_BAD_PARAM;
	*slot = slot_of(table, handle);
	if (*slot == HANDLES_MAX)
		return VMK_BAD_HANDLE;
	return rights & ~table->slots[*slot].rights ? VMK_DENIED : VMK_OK;
}

enum vmk_status handle_copy(
	struct handle_table *table, vmk_handle handle, uint64_t rights, vmk_handle *copy)
{
	unsigned slot;
	enum vmk_status status = find_with_rights(table, handle, rights, &slot);

	if (status != VMK_OK)
		return status;
	if (!rights)
		return VMK_BAD_PARAM;
	return handle_add(
		table, table->slots[slot].kind, (uint32_t)rights, table->slots[slot].object, copy);
}

enum vmk_status handle_restrict(struct handle_table *table, vmk_handle handle, uint64_t rights)
{
	unsigned slot;
	enum vmk_status status = find_with_rights(table, handle, rights, &slot);

	if (status != VMK_OK)
		return status;
	if (!rights)
		return handle_remove(table, handle);
	table->slots[slot].rights = (uint32_t)rights;
	return VMK_OK;
}

vmk_handle handle_first(const struct handle_table *table, uint32_t kind)
{
	for (unsigned slot = 0; slot < HANDLES_MAX; slot++)
		if (kind != VMK_KIND_NONE && table->slots[slot].kind == kind)
			return handle_of(table, slot);
	return VMK_NO_HANDLE;
}
