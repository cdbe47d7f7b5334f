/*
 * Whose the frames are that are mapped. The kernel's image has frames that the pool never had; what
 * of them executes is found first, as few ranges of physical memory, and then looked for among all
 * that can be written.
 */
#include "arch/x86/paging.h"
#include "mem/area.h"
#include "mem/audit.h"

#define TEXT_RANGES_MAX 4u

struct scan {
	struct audit_frames *result;
	struct {
		uint64_t start, end;
	} text[TEXT_RANGES_MAX]; /* outside of the pool */
	unsigned text_count;
};

static uint64_t leaf_bytes(const struct ptable_leaf *leaf)
{
	return 1ull << leaf->shift;
}

static uint64_t leaf_start(const struct ptable_leaf *leaf)
{
	return leaf->entry & PTE_FRAME & ~(leaf_bytes(leaf) - 1);
}

static enum frame_owner leaf_owner(const struct ptable_leaf *leaf)
{
	return frames_owner(hpa_pfn(hpa(leaf_start(leaf))));
}

/* What executes, and where ring 0's calls return to. */
static bool is_never_written(enum frame_owner owner)
{
	return owner == FRAME_USER_TEXT || owner == FRAME_MODULE_TEXT || owner == FRAME_SHADOW;
}

/* --- first, what executes */

static bool note_text(struct scan *scan, uint64_t start, uint64_t end)
{
	for (unsigned i = 0; i < scan->text_count; i++) {
		if (scan->text[i].end == start) {
			scan->text[i].end = end;
			return true;
		}
	}
	if (scan->text_count == TEXT_RANGES_MAX)
		return false;
	scan->text[scan->text_count].start = start;
	scan->text[scan->text_count++].end = end;
	return true;
}

static void visit_executable(void *context, const struct ptable_leaf *leaf)
{
	const enum frame_owner owner = leaf_owner(leaf);
	const uint64_t start = leaf_start(leaf);
	struct scan *scan = context;

	if (leaf->flags & PTE_NX)
		return;
	scan->result->executable++;
	if (owner == FRAME_RESERVED && note_text(scan, start, start + leaf_bytes(leaf)))
		return;
	scan->result->loose +=
		leaf->shift != PT_SHIFT || (owner != FRAME_USER_TEXT && owner != FRAME_MODULE_TEXT);
}

/* --- then, all mappings */

static bool meets_text(const struct scan *scan, const struct ptable_leaf *leaf)
{
	const uint64_t start = leaf_start(leaf), end = start + leaf_bytes(leaf);

	for (unsigned i = 0; i < scan->text_count; i++) {
		if (scan->text[i].start < end && start < scan->text[i].end)
			return true;
	}
	return false;
}

static void visit_any(struct scan *scan, const struct ptable_leaf *leaf)
{
	scan->result->mappings++;
	if (leaf->flags & PTE_WRITE &&
		(meets_text(scan, leaf) ||
			(leaf->shift == PT_SHIFT && is_never_written(leaf_owner(leaf)))))
		scan->result->writable_aliases++;
}

/* Where in the kernel's half a private frame belongs. */
static bool is_at_home(enum frame_owner owner, uintptr_t address)
{
	switch (owner) {
	case FRAME_MODULE:
	case FRAME_MODULE_TEXT:
		return area_contains(AREA_IMAGES, address);
	case FRAME_SHADOW:
		return area_contains(AREA_STACKS, address);
	default:
		return false;
	}
}

static void visit_kernel(void *context, const struct ptable_leaf *leaf)
{
	const struct pfn first = hpa_pfn(hpa(leaf_start(leaf)));
	struct scan *scan = context;

	/* What is seen there for a moment is not looked at. */
	if (area_contains(AREA_WINDOWS, leaf->address))
		return;
	visit_any(scan, leaf);
	if (leaf->shift == PT_SHIFT && is_at_home(frames_owner(first), leaf->address))
		return;
	scan->result->exposed += frames_any_private(first, leaf_bytes(leaf) >> PAGE_SHIFT);
}

static void visit_user(void *context, const struct ptable_leaf *leaf)
{
	const enum frame_owner owner = leaf_owner(leaf);
	struct scan *scan = context;

	visit_any(scan, leaf);
	scan->result->strange +=
		leaf->shift != PT_SHIFT ||
		(owner != FRAME_USER && owner != FRAME_USER_TEXT && owner != FRAME_VM);
}

/* --- both over all tables */

/* Slot by slot, so that interrupts are never off for all of a large direct map. */
static void walk_kernel(
	void (*visit)(void *scan, const struct ptable_leaf *leaf), struct scan *scan)
{
	struct space *kernel = kernel_space();

	for (unsigned slot = 0; slot < PTABLE_ENTRIES; slot++) {
		uint64_t saved = spin_lock(&kernel->lock);

		ptable_walk(&kernel->table, slot, slot + 1, visit, scan);
		spin_unlock(&kernel->lock, saved);
	}
}

void audit_frames(struct audit_frames *result)
{
	struct scan scan = {.result = result};

	*result = (struct audit_frames){0};
	walk_kernel(visit_executable, &scan);
	space_walk_users(visit_executable, &scan);
	walk_kernel(visit_kernel, &scan);
	space_walk_users(visit_user, &scan);
}
