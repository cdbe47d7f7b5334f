/* The user spaces that there are: made, looked at one after the other, destroyed. */
#include "arch/x86/paging.h"
#include "arch/x86/predict.h"
#include "lib/panic.h"
#include "mem/area.h"
#include "mem/gate.h"
#include <string.h>

static struct spinlock spaces_lock = SPINLOCK(LOCK_SPACES);
static struct list spaces = {&spaces, &spaces};
static uint64_t last_domain;

static uint64_t *table_at(struct hpa address)
{
	return space_ptable_ops.table(address);
}

static enum vmk_status take_root(struct hpa *root)
{
	return space_ptable_ops.allocate(NULL, root);
}

static void give_root(struct hpa root)
{
	space_ptable_ops.free(NULL, root);
}

enum vmk_status space_create(struct space **created)
{
	struct space *space;
	enum vmk_status status;
	struct pfn frame;

	/* The structure has a frame of its own, out of reach of heap overflows. */
	status = frames_alloc(0, FRAME_KERNEL, &frame);
	if (status != VMK_OK)
		return status;
	space = direct_map(pfn_hpa(frame));
	status = space_setup(space, true);
	if (status != VMK_OK)
		goto free_space;
	status = take_root(&space->table.root);
	if (status != VMK_OK)
		goto free_ranges;
	/* The kernel's slots were all filled by space_init() and never change. */
	memcpy(table_at(space->table.root) + PTABLE_ENTRIES / 2,
		table_at(kernel_space()->table.root) + PTABLE_ENTRIES / 2, PAGE_SIZE / 2);
	if (predict_isolate) {
		status = take_root(&space->table.mirror);
		if (status != VMK_OK)
			goto free_root;
		gate_copy(table_at(space->table.mirror));
	}
	uint64_t saved = spin_lock(&spaces_lock);
	space->domain = ++last_domain;
	list_append(&spaces, &space->node);
	spin_unlock(&spaces_lock, saved);
	*created = space;
	return VMK_OK;

free_root:
	give_root(space->table.root);
free_ranges:
	space_teardown(space);
free_space:
	frames_free(frame, 0);
	return status;
}

uint64_t space_domain(const struct space *space)
{
	return space->domain;
}

/* Frames that are freed, and cleared, before others get the CPU. */
#define FREED_AT_ONCE 512u

void space_destroy(struct space *space, void (*give_way)(void))
{
	uint64_t saved;

	ASSERT(space->user);
	space_leave(space);
	if (__atomic_load_n(&space->active, __ATOMIC_ACQUIRE))
		panic("space: destroyed while another CPU runs in it");
	saved = spin_lock(&spaces_lock);
	list_remove(&space->node);
	spin_unlock(&spaces_lock, saved);
	while (!ptable_destroy(
		&space->table, 0, PTABLE_ENTRIES / 2, FREED_AT_ONCE, space_free_frame)) {
		if (give_way)
			give_way();
	}
	give_root(space->table.root);
	if (space->table.mirror.v)
		give_root(space->table.mirror);
	frames_unpromise(FRAME_DIRECT, space->tally.promised);
	space_teardown(space);
	frames_free(hpa_pfn(direct_map_hpa(space)), 0);
}

void space_for_each(void (*visit)(void *context, struct space *space), void *context)
{
	uint64_t saved = spin_lock(&spaces_lock);

	list_for_each (node, &spaces)
		visit(context, list_entry(node, struct space, node));
	spin_unlock(&spaces_lock, saved);
}

#define LEAVES_AT_ONCE 512u

/* Where a walk through all user spaces is. */
struct cursor {
	uint64_t domain;
	uintptr_t from;
};

/* Under the lock: the first space of that domain or a later one, as they are in the list; NULL. */
static struct space *space_from(uint64_t domain)
{
	list_for_each (node, &spaces) {
		struct space *space = list_entry(node, struct space, node);

		if (space->domain >= domain)
			return space;
	}
	return NULL;
}

/* False: there is nothing more. */
static bool walk_piece(struct cursor *at,
	void (*visit)(void *context, const struct ptable_leaf *leaf), void *context)
{
	uint64_t outer = spin_lock(&spaces_lock), inner;
	struct space *space = space_from(at->domain);

	if (space) {
		if (space->domain != at->domain)
			*at = (struct cursor){space->domain, 0};
		inner = spin_lock(&space->lock);
		at->from =
			ptable_walk_some(&space->table, at->from, LEAVES_AT_ONCE, visit, context);
		spin_unlock(&space->lock, inner);
		at->domain += !at->from;
	}
	spin_unlock(&spaces_lock, outer);
	return space;
}

void space_walk_users(void (*visit)(void *context, const struct ptable_leaf *leaf), void *context)
{
	struct cursor at = {0};

	while (walk_piece(&at, visit, context))
		;
}
