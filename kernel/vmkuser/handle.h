/*
 * A world's handles: small numbers for kernel objects, each with a kind and rights. A number names
 * the same object for as long as it lives, and is not used again soon after. Pure; a table belongs
 * to one world, which makes one call at a time.
 */
#ifndef VMKUSER_HANDLE_H
#define VMKUSER_HANDLE_H

#include "lib/types.h"
#include <vmkapi/status.h>
#include <vmkuser/syscall.h>

#define HANDLES_MAX 32u

enum {
	RIGHT_READ = VMK_RIGHT_READ,
	RIGHT_WRITE = VMK_RIGHT_WRITE,
	RIGHT_WAIT = VMK_RIGHT_WAIT,
	RIGHTS_ALL = RIGHT_READ | RIGHT_WRITE | RIGHT_WAIT,
};

struct handle_table {
	unsigned limit; /* of live handles */
	struct {
		uint32_t generation; /* counts the objects that had this slot */
		uint32_t kind;       /* VMK_KIND_NONE: free */
		uint32_t rights;
		void *object;
	} slots[HANDLES_MAX];
};

/* An empty table that takes up to `limit` handles, at most HANDLES_MAX. */
void handle_table_init(struct handle_table *table, unsigned limit);
/* The object stays the caller's. VMK_NO_RESOURCES when the table is full. */
enum vmk_status handle_add(struct handle_table *table, uint32_t kind, uint32_t rights, void *object,
	vmk_handle *handle);
/*
 * VMK_BAD_HANDLE: no such handle, or of another kind; VMK_DENIED: it lacks one of `rights`.
 * `object` may be NULL.
 */
enum vmk_status handle_get(const struct handle_table *table, vmk_handle handle, uint32_t kind,
	uint32_t rights, void **object);
/* The first live handle of that kind, or VMK_NO_HANDLE. */
vmk_handle handle_first(const struct handle_table *table, uint32_t kind);
/* VMK_BAD_HANDLE if there is none. */
enum vmk_status handle_remove(struct handle_table *table, vmk_handle handle);
/*
 * One more handle of the same object, with `rights`: at least one, and none that the handle lacks
 * (VMK_DENIED). VMK_BAD_PARAM, VMK_BAD_HANDLE, VMK_NO_RESOURCES.
 */
enum vmk_status handle_copy(
	struct handle_table *table, vmk_handle handle, uint64_t rights, vmk_handle *copy);
/* The handle keeps `rights`, none that it lacks (VMK_DENIED); with none it is gone. VMK_BAD_PARAM,
 * VMK_BAD_HANDLE. */
enum vmk_status handle_restrict(struct handle_table *table, vmk_handle handle, uint64_t rights);

#endif
