#include "mem/gate.h"
#include "arch/x86/paging.h"
#include "arch/x86/predict.h"
#include "lib/panic.h"
#include "mem/area.h"
#include <string.h>

static struct ptable gate;
static bool closed; /* a root was copied: what comes later would be missing there */

static enum vmk_status start(void)
{
	gate.ops = &space_ptable_ops;
	return gate.ops->allocate(NULL, &gate.root);
}

static enum vmk_status add_page(uintptr_t address, bool writable)
{
	struct space *kernel = kernel_space();
	const uint64_t copied = PTE_PRESENT | PTE_NX | (writable ? PTE_WRITE : 0);
	uint64_t saved = spin_lock(&kernel->lock);
	struct ptable_leaf leaf;
	bool found = ptable_find(&kernel->table, address, &leaf) && leaf.shift == PT_SHIFT;

	spin_unlock(&kernel->lock, saved);
	if (!found)
		return VMK_NOT_FOUND;
	return ptable_map(&gate, address, hpa(leaf.entry & PTE_FRAME), PAGE_SIZE,
		leaf.entry & copied, PT_SHIFT);
}

enum vmk_status gate_add(const void *address, size_t bytes, bool writable)
{
	uintptr_t first = ALIGN_DOWN((uintptr_t)address, PAGE_SIZE);
	enum vmk_status status = VMK_OK;

	if (!predict_isolate)
		return VMK_OK;
	ASSERT(!closed);
	if (!gate.ops)
		status = start();
	for (uintptr_t at = first; status == VMK_OK && at < (uintptr_t)address + bytes;
		at += PAGE_SIZE)
		status = add_page(at, writable);
	return status;
}

void gate_copy(uint64_t *root)
{
	closed = true;
	memcpy(root + PTABLE_ENTRIES / 2, gate.ops->table(gate.root) + PTABLE_ENTRIES / 2,
		PAGE_SIZE / 2);
}

/* Another frame than the kernel has there, or writable where it no longer is to the kernel. */
static bool differs(const struct ptable_leaf *leaf)
{
	struct space *kernel = kernel_space();
	uint64_t saved = spin_lock(&kernel->lock);
	struct ptable_leaf own;
	bool found = ptable_find(&kernel->table, leaf->address, &own);

	spin_unlock(&kernel->lock, saved);
	return !found || (leaf->entry ^ own.entry) & PTE_FRAME ||
	       leaf->flags & ~own.flags & PTE_WRITE;
}

static void visit_leaf(void *context, const struct ptable_leaf *leaf)
{
	struct gate_audit *result = context;

	result->pages++;
	result->wrong += leaf->address < KERNEL_HALF || leaf->flags & PTE_USER ||
			 leaf->entry & PTE_GLOBAL ||
			 (leaf->flags & PTE_WRITE && !(leaf->flags & PTE_NX)) || differs(leaf);
}

/* What the CPU itself sets when it walks is no difference. */
static bool same(const uint64_t *a, const uint64_t *b)
{
	for (unsigned i = 0; i < PTABLE_ENTRIES / 2; i++)
		if ((a[i] ^ b[i]) & ~PTE_ACCESSED)
			return false;
	return true;
}

static void visit_space(void *context, struct space *space)
{
	struct gate_audit *result = context;
	uint64_t saved = spin_lock(&space->lock);
	const uint64_t *root = gate.ops->table(space->table.root);
	const uint64_t *kernel = gate.ops->table(gate.root) + PTABLE_ENTRIES / 2;
	const uint64_t *mirror =
		space->table.mirror.v ? gate.ops->table(space->table.mirror) : NULL;

	result->spaces++;
	result->wrong +=
		!mirror || !same(mirror, root) || !same(mirror + PTABLE_ENTRIES / 2, kernel);
	spin_unlock(&space->lock, saved);
}

void gate_audit(struct gate_audit *result)
{
	*result = (struct gate_audit){0};
	if (!gate.ops)
		return;
	ptable_walk(&gate, 0, PTABLE_ENTRIES, visit_leaf, result);
	space_for_each(visit_space, result);
}
