#include "arch/x86/paging.h"
#include "arch/x86/pkeys.h"
#include "arch/x86/predict.h"
#include "lib/checked.h"
#include "lib/random.h"
#include "mem/area.h"
#include "mem/places.h"
#include <string.h>

/* --- bookkeeping lives in frames */

void space_free_frame(struct hpa frame, unsigned shift)
{
	frames_free(hpa_pfn(frame), shift - PAGE_SHIFT);
}

/* Two free places in the array of ranges: what one operation takes at most. */
static enum vmk_status ensure_room(struct space *space)
{
	struct ranges *ranges = &space->ranges;
	struct range *old = ranges->items;
	enum vmk_status status;
	struct pfn frame;

	if (ranges->room - ranges->count >= 2)
		return VMK_OK;
	status = frames_alloc(space->ranges_order + 1, FRAME_KERNEL, &frame);
	if (status != VMK_OK)
		return status;
	ranges->items = direct_map(pfn_hpa(frame));
	memcpy(ranges->items, old, ranges->count * sizeof(*old));
	frames_free(hpa_pfn(direct_map_hpa(old)), space->ranges_order);
	space->ranges_order++;
	ranges->room = (PAGE_SIZE << space->ranges_order) / sizeof(*old);
	return VMK_OK;
}

enum vmk_status space_setup(struct space *space, bool user)
{
	struct pfn frame;
	enum vmk_status status = frames_alloc(0, FRAME_KERNEL, &frame);

	if (status != VMK_OK)
		return status;
	*space = (struct space){.lock = SPINLOCK(LOCK_SPACE), .user = user};
	list_init(&space->leaving);
	space->table.ops = &space_ptable_ops;
	space->table.tally = &space->tally;
	space->ranges.items = direct_map(pfn_hpa(frame));
	space->ranges.room = PAGE_SIZE / sizeof(struct range);
	if (user) {
		space->half = (struct range){USER_START, USER_END};
		places_choose_user(space->window, random_below);
	}
	return VMK_OK;
}

void space_teardown(struct space *space)
{
	frames_free(hpa_pfn(direct_map_hpa(space->ranges.items)), space->ranges_order);
}

/* --- checks */

uint64_t prot_flags(const struct space *space, unsigned prot)
{
	uint64_t flags = prot & PROT_R ? PTE_PRESENT : PTE_WITHHELD;

	if (prot & PROT_W)
		flags |= PTE_WRITE;
	if (!(prot & PROT_X))
		flags |= PTE_NX;
	if (prot & PROT_UNCACHED)
		flags |= PTE_UNCACHED;
	if (prot & PROT_SHADOW)
		flags |= PTE_DIRTY;
	/* Without protection keys the bits mean nothing. */
	if (prot & PROT_X && space->user)
		flags |= PKEY_EXECUTE_ONLY << PTE_KEY_SHIFT;
	if (space->user)
		return flags | PTE_USER;
	/* What is global stays in the TLB when ring 3's tables are loaded, and is readable then. */
	return predict_isolate ? flags : flags | PTE_GLOBAL;
}

static enum vmk_status check_prot(const struct space *space, unsigned prot)
{
	if ((prot & PROT_W) && (prot & PROT_X))
		return VMK_DENIED;
	if (prot & ~(unsigned)(PROT_R | PROT_W | PROT_X | PROT_USER | PROT_SHADOW))
		return VMK_BAD_PARAM;
	if (prot & PROT_SHADOW && (prot & ~(unsigned)PROT_USER) != (PROT_R | PROT_SHADOW))
		return VMK_BAD_PARAM;
	/* x86 has no write-only or execute-only pages. */
	if ((prot & (PROT_W | PROT_X)) && !(prot & PROT_R))
		return VMK_BAD_PARAM;
	return !!(prot & PROT_USER) == space->user ? VMK_OK : VMK_BAD_PARAM;
}

static enum vmk_status round_up(size_t bytes, size_t *rounded)
{
	size_t sum;

	if (!bytes || !checked_add(bytes, PAGE_SIZE - 1, &sum))
		return VMK_BAD_PARAM;
	*rounded = ALIGN_DOWN(sum, PAGE_SIZE);
	return VMK_OK;
}

static enum vmk_status check_range(const struct space *space, uintptr_t address, size_t bytes)
{
	const struct range *half = &space->half;

	if (!bytes || address % PAGE_SIZE || bytes % PAGE_SIZE)
		return VMK_BAD_PARAM;
	if (address < half->start || address >= half->end || bytes > half->end - address)
		return VMK_BAD_ADDRESS;
	return VMK_OK;
}

/* --- allocation; `space` is locked in what follows */

static void drop(struct space *space, uintptr_t address, size_t bytes)
{
	space->copied.table = NULL;
	ptable_drop(&space->table, address, bytes, space_free_frame);
}

static enum vmk_status populate(
	struct space *space, uintptr_t address, size_t bytes, unsigned prot, enum frame_owner owner)
{
	uint64_t flags = prot_flags(space, prot) | PTE_OWNED | (prot & PROT_X ? PTE_TEXT : 0);
	enum vmk_status status = VMK_OK;
	size_t done;

	for (done = 0; done < bytes; done += PAGE_SIZE) {
		struct pfn frame;

		status = frames_alloc(0, owner, &frame);
		if (status != VMK_OK)
			break;
		status = ptable_map(
			&space->table, address + done, pfn_hpa(frame), PAGE_SIZE, flags, PT_SHIFT);
		if (status != VMK_OK) {
			frames_free(frame, 0);
			break;
		}
	}
	/* Nobody knows the address yet, so no TLB can hold what is dropped here. */
	if (status != VMK_OK && done)
		drop(space, address, done);
	return status;
}

static enum vmk_status take_place(
	struct space *space, enum area area, size_t bytes, size_t align, uintptr_t *address)
{
	enum vmk_status status = ensure_room(space);

	if (status == VMK_OK)
		status = ranges_place(
			&space->ranges, &space->window[area], bytes, align, random_below, address);
	if (status == VMK_OK)
		status = ranges_insert(&space->ranges, *address, *address + bytes);
	return status;
}

enum vmk_status area_alloc(struct space *space, enum area area, size_t bytes, size_t align,
	unsigned prot, enum frame_owner owner, uintptr_t *address)
{
	enum vmk_status status = check_prot(space, prot);
	uintptr_t at = 0;
	uint64_t saved;

	if (status == VMK_OK)
		status = round_up(bytes, &bytes);
	if (status != VMK_OK)
		return status;
	saved = spin_lock(&space->lock);
	status = take_place(space, area, bytes, align, &at);
	if (status == VMK_OK) {
		status = populate(space, at, bytes, prot, owner);
		if (status != VMK_OK)
			ranges_remove(&space->ranges, at, at + bytes);
	}
	spin_unlock(&space->lock, saved);
	if (status == VMK_OK)
		*address = at;
	return status;
}

enum vmk_status area_reserve(
	struct space *space, enum area area, size_t bytes, size_t align, uintptr_t *address)
{
	enum vmk_status status = round_up(bytes, &bytes);
	uint64_t saved;

	if (status != VMK_OK)
		return status;
	saved = spin_lock(&space->lock);
	status = take_place(space, area, bytes, align, address);
	spin_unlock(&space->lock, saved);
	return status;
}

static enum frame_owner default_owner(const struct space *space, unsigned prot)
{
	if (prot & PROT_X)
		return space->user ? FRAME_USER_TEXT : FRAME_MODULE_TEXT;
	return space->user ? FRAME_USER : FRAME_MODULE;
}

enum vmk_status space_alloc(struct space *space, size_t bytes, unsigned prot, uintptr_t *address)
{
	enum area area = space->user ? AREA_STACKS : AREA_IMAGES;

	return area_alloc(space, area, bytes, PAGE_SIZE, prot, default_owner(space, prot), address);
}

enum vmk_status space_reserve(struct space *space, size_t bytes, uintptr_t *address)
{
	enum area area = space->user ? AREA_PAGES : AREA_IMAGES;

	return area_reserve(space, area, bytes, PAGE_SIZE, address);
}

enum vmk_status space_reserve_image(struct space *space, size_t bytes, uintptr_t *address)
{
	return area_reserve(space, AREA_IMAGES, bytes, PAGE_SIZE, address);
}

/* What space_release() has withheld and will drop. */
struct leaving {
	struct range range;
	struct list node;
};

bool space_is_leaving(const struct space *space, uintptr_t address, size_t bytes)
{
	list_for_each (node, &space->leaving) {
		const struct range *range = &list_entry(node, struct leaving, node)->range;

		if (address < range->end && range->start < address + bytes)
			return true;
	}
	return false;
}

/* Inside a reserved range, or in a new one. */
static enum vmk_status alloc_at_locked(
	struct space *space, uintptr_t address, size_t bytes, unsigned prot)
{
	const struct range *inside = ranges_find(&space->ranges, address);
	enum vmk_status status;
	bool is_new = false;

	if (inside) {
		if (bytes > inside->end - address || ptable_any(&space->table, address, bytes) ||
			space_is_leaving(space, address, bytes))
			return VMK_EXISTS;
	} else {
		status = ensure_room(space);
		if (status == VMK_OK)
			status = ranges_insert(&space->ranges, address, address + bytes);
		if (status != VMK_OK)
			return status;
		is_new = true;
	}
	status = populate(space, address, bytes, prot, default_owner(space, prot));
	if (status != VMK_OK && is_new)
		ranges_remove(&space->ranges, address, address + bytes);
	return status;
}

enum vmk_status space_alloc_at(struct space *space, uintptr_t address, size_t bytes, unsigned prot)
{
	enum vmk_status status = check_prot(space, prot);
	uint64_t saved;

	if (status == VMK_OK)
		status = round_up(bytes, &bytes);
	if (status == VMK_OK)
		status = check_range(space, address, bytes);
	if (status != VMK_OK)
		return status;
	saved = spin_lock(&space->lock);
	status = alloc_at_locked(space, address, bytes, prot);
	spin_unlock(&space->lock, saved);
	return status;
}

/* --- giving back */

/* Nothing that is given back needs memory for that, but a hole: its range becomes two. */
static enum vmk_status may_leave(
	struct space *space, uintptr_t address, size_t bytes, bool keep_range)
{
	const struct range *range = ranges_find(&space->ranges, address);

	if (!range || bytes > range->end - address || space_is_leaving(space, address, bytes))
		return VMK_NOT_FOUND;
	if (keep_range || range->start == address || address + bytes == range->end)
		return VMK_OK;
	return ensure_room(space);
}

/*
 * In two steps: first nobody can reach the pages, then, with no TLB left that knows them, their
 * frames and addresses may be used again. Between the two nobody can make them present again, nor
 * map others among them, which no flush would follow.
 */
enum vmk_status space_take_away(
	struct space *space, uintptr_t address, size_t bytes, bool keep_range)
{
	struct leaving leaving = {.range = {address, address + bytes}};
	uint64_t saved = spin_lock(&space->lock);
	enum vmk_status status = may_leave(space, address, bytes, keep_range);

	if (status == VMK_OK) {
		list_append(&space->leaving, &leaving.node);
		ptable_withhold(&space->table, address, bytes);
	}
	spin_unlock(&space->lock, saved);
	if (status != VMK_OK)
		return status;

	space_flush(space, address, bytes);

	saved = spin_lock(&space->lock);
	list_remove(&leaving.node);
	if (!keep_range)
		status = ranges_remove(&space->ranges, address, address + bytes);
	if (status == VMK_OK)
		drop(space, address, bytes);
	spin_unlock(&space->lock, saved);
	return status;
}

enum vmk_status space_release(struct space *space, uintptr_t address, size_t bytes)
{
	return space_take_away(space, address, bytes, false);
}

enum vmk_status space_free(struct space *space, uintptr_t address, size_t bytes)
{
	enum vmk_status status = round_up(bytes, &bytes);

	if (status == VMK_OK)
		status = check_range(space, address, bytes);
	return status == VMK_OK ? space_release(space, address, bytes) : status;
}

/* --- protection */

static bool all_executable(const struct space *space, uintptr_t address, size_t bytes)
{
	for (size_t done = 0; done < bytes; done += PAGE_SIZE) {
		struct ptable_leaf leaf;

		if (!ptable_find(&space->table, address + done, &leaf) ||
			!(leaf.flags & PTE_PRESENT) || (leaf.flags & PTE_NX))
			return false;
	}
	return true;
}

enum vmk_status space_protect(struct space *space, uintptr_t address, size_t bytes, unsigned prot)
{
	enum vmk_status status = check_prot(space, prot);
	uint64_t saved;

	if (status == VMK_OK)
		status = round_up(bytes, &bytes);
	if (status == VMK_OK)
		status = check_range(space, address, bytes);
	if (status != VMK_OK)
		return status;
	saved = spin_lock(&space->lock);
	if ((prot & PROT_X) && !all_executable(space, address, bytes))
		status = VMK_DENIED;
	else if (space_is_leaving(space, address, bytes))
		status = VMK_NOT_FOUND;
	else
		status = ptable_protect(&space->table, address, bytes, prot_flags(space, prot));
	spin_unlock(&space->lock, saved);
	if (status == VMK_OK)
		space_flush(space, address, bytes);
	return status;
}

/* --- the kernel's areas */

size_t area_bytes(uintptr_t address)
{
	struct space *space = kernel_space();
	uint64_t saved = spin_lock(&space->lock);
	const struct range *range = ranges_find(&space->ranges, address);
	size_t bytes = range && range->start == address ? range->end - range->start : 0;

	spin_unlock(&space->lock, saved);
	return bytes;
}

bool area_contains(enum area area, uintptr_t address)
{
	const struct range *window = &kernel_space()->window[area];

	return address >= window->start && address < window->end;
}
