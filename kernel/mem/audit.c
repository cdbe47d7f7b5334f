#include "arch/x86/paging.h"
#include "mem/area.h"
#include "mem/audit.h"

static void add_violation(struct audit_result *result, const struct ptable_leaf *leaf)
{
	if (!result->violations++)
		result->first_violation = leaf->address;
}

static void visit_leaf(void *context, const struct ptable_leaf *leaf)
{
	struct audit_result *result = context;
	bool writable = leaf->flags & PTE_WRITE, executable = !(leaf->flags & PTE_NX);
	bool user = leaf->flags & PTE_USER, lower = leaf->address < KERNEL_HALF;

	result->mappings++;
	result->writable += writable;
	result->executable += executable;
	result->user += user;
	/* As bad: a page of the kernel's half that ring 3 can reach, and one of ring 3's half that
	 * SMEP and SMAP would take for the kernel's. */
	result->both += writable && executable;
	result->wrong_half += user != lower;
	if ((writable && executable) || user != lower)
		add_violation(result, leaf);
}

/* The kernel's own tables must have nothing in the lower half, whoever may reach it. */
static void visit_kernel_leaf(void *context, const struct ptable_leaf *leaf)
{
	if (leaf->address < KERNEL_HALF && leaf->flags & PTE_USER) {
		((struct audit_result *)context)->wrong_half++;
		add_violation(context, leaf);
	}
	visit_leaf(context, leaf);
}

void audit_wx(struct audit_result *result)
{
	struct space *kernel = kernel_space();

	*result = (struct audit_result){0};
	for (unsigned slot = 0; slot < PTABLE_ENTRIES; slot++) {
		uint64_t saved = spin_lock(&kernel->lock);

		ptable_walk(&kernel->table, slot, slot + 1, visit_kernel_leaf, result);
		spin_unlock(&kernel->lock, saved);
	}
	space_walk_users(visit_leaf, result);
}

static void visit_null(void *context, struct space *space)
{
	struct audit_guards *result = context;
	uint64_t saved = spin_lock(&space->lock);

	result->spaces++;
	result->null_pages += ptable_any(&space->table, 0, PAGE_SIZE);
	spin_unlock(&space->lock, saved);
}

void audit_guards(struct audit_guards *result)
{
	struct space *kernel = kernel_space();
	uint64_t saved;

	*result = (struct audit_guards){0};
	visit_null(result, kernel);
	saved = spin_lock(&kernel->lock);
	for (size_t i = 0; i < kernel->ranges.count; i++) {
		const struct range *range = &kernel->ranges.items[i];

		result->ranges++;
		result->unguarded +=
			ptable_any(&kernel->table, range->start - PAGE_SIZE, PAGE_SIZE) ||
			ptable_any(&kernel->table, range->end, PAGE_SIZE);
	}
	spin_unlock(&kernel->lock, saved);
	space_for_each(visit_null, result);
}
