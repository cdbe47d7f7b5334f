#include "arch/x86/paging.h"
#include "mem/area.h"
#include "mem/audit.h"

static void visit_leaf(void *context, const struct ptable_leaf *leaf)
{
	struct audit_result *result = context;
	bool writable = leaf->flags & PTE_WRITE, executable = !(leaf->flags & PTE_NX);
	bool user = leaf->flags & PTE_USER;

	result->mappings++;
	result->writable += writable;
	result->executable += executable;
	result->user += user;
	/* A page of the kernel's half that ring 3 can reach is as bad. */
	if (!(writable && executable) && !(user && leaf->address >= KERNEL_HALF))
		return;
	if (!result->violations++)
		result->first_violation = leaf->address;
}

static void visit_space(void *context, struct space *space)
{
	uint64_t saved = spin_lock(&space->lock);

	ptable_walk(&space->table, 0, PTABLE_ENTRIES / 2, visit_leaf, context);
	spin_unlock(&space->lock, saved);
}

void audit_wx(struct audit_result *result)
{
	struct space *kernel = kernel_space();
	uint64_t saved;

	*result = (struct audit_result){0};
	saved = spin_lock(&kernel->lock);
	/* All of it: the kernel's own tables must have nothing in the lower half either. */
	ptable_walk(&kernel->table, 0, PTABLE_ENTRIES, visit_leaf, result);
	spin_unlock(&kernel->lock, saved);
	space_for_each(visit_space, result);
}
