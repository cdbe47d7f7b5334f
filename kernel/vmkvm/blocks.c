/*
 * Large pages that go and come while the guest runs. Where memory is wanted, what the guest never
 * wrote is taken out of them; where the pages of a block have all come one by one, they become one.
 *
 * For both the block's mappings are taken away and every pCPU forgets them. What is then found not
 * mapped, with the lock, nobody can write meanwhile: the guest that touches it has it mapped again
 * as the record says. One at a time: what somebody else took away is perhaps not forgotten yet.
 */
#include "lib/panic.h"
#include "mem/frames.h"
#include "mem/window.h"
#include "vmkvm/memory.h"

#define COPY_BYTES 512u

static bool begin(struct vm_memory *m)
{
	return !__atomic_exchange_n(&m->rearranging, true, __ATOMIC_ACQUIRE);
}

static void end(struct vm_memory *m)
{
	__atomic_store_n(&m->rearranging, false, __ATOMIC_RELEASE);
}

/* With the lock. */
static void unmap(struct vm *vm, uint64_t first)
{
	const enum vmk_status status = ept_unmap(&vm->vtx.ept, memory_gpa(vm, first), BLOCK_BYTES);

	/* No page is larger, so that none is split: it needs no memory. */
	ASSERT(status == VMK_OK);
}

static bool is_free_to_move(const struct vm *vm, uint64_t page)
{
	struct ept_leaf leaf;

	return ram_frame(&vm->memory.ram, page) && !ram_is_shown(&vm->memory.ram, page) &&
	       !ept_find(&vm->vtx.ept, memory_gpa(vm, page), &leaf);
}

/* What was unmapped is forgotten, and so are the tables. */
static void forget(struct vm *vm)
{
	const uint64_t seen = memory_forget(vm);
	const uint64_t saved = spin_lock(&vm->memory.lock);

	ept_reclaim(&vm->vtx.ept, seen);
	spin_unlock(&vm->memory.lock, saved);
}

/* --- what was never written */

static bool is_zero(const struct vm *vm, uint64_t page)
{
	return window_is_clear((struct pfn){ram_frame(&vm->memory.ram, page)});
}

static bool take_if_zero(struct vm *vm, uint64_t page)
{
	struct vm_memory *m = &vm->memory;
	uint64_t saved = spin_lock(&m->lock), frame = 0, *list = NULL;

	if (is_free_to_move(vm, page) && is_zero(vm, page)) {
		frame = ram_take(&m->ram, page, &list);
		grant_list_back(m, list);
	}
	spin_unlock(&m->lock, saved);
	if (frame)
		grant_frames_back(m, (struct pfn){frame}, 0);
	return frame;
}

/* With the lock: the next whole block becomes a list, out of the guest's reach. False: there is
 * none before *first, or for want of a list none at all. */
static bool part(struct vm *vm, uint64_t *first)
{
	struct vm_memory *m = &vm->memory;
	uint64_t *list;

	if (!ram_next_whole(&m->ram, first))
		return false;
	if (grant_list(m, &list) != VMK_OK) {
		*first = m->ram.pages;
		return false;
	}
	frames_split((struct pfn){ram_frame(&m->ram, *first)}, RAM_BLOCK_ORDER);
	ram_split(&m->ram, *first, list);
	unmap(vm, *first);
	return true;
}

static size_t trim(struct vm *vm)
{
	struct vm_memory *m = &vm->memory;
	size_t taken = 0;

	for (uint64_t first = 0; !taken && first < m->ram.pages;) {
		uint64_t saved = spin_lock(&m->lock);
		const bool parted = part(vm, &first);

		spin_unlock(&m->lock, saved);
		if (parted)
			forget(vm);
		for (unsigned i = 0; parted && i < RAM_BLOCK_PAGES; i++)
			taken += take_if_zero(vm, first + i);
		/* There may be thousands, and a guest can see to it that none has anything. */
		vm_pcpu_give_way();
	}
	return taken;
}

size_t vm_memory_trim(struct vm *vm)
{
	size_t taken;

	if (!begin(&vm->memory))
		return 0;
	/* Its other vCPUs wait for this. */
	world_urgent(true);
	taken = trim(vm);
	world_urgent(false);
	end(&vm->memory);
	return taken;
}

/* --- what has come page by page */

bool block_may_join(const struct vm_memory *m, uint64_t page)
{
	return m->policy.large && ram_lacks_one(&m->ram, page) && !ram_is_any_shown(&m->ram, page);
}

static bool is_worth_it(struct vm *vm, uint64_t first)
{
	struct vm_memory *m = &vm->memory;
	uint64_t saved = spin_lock(&m->lock);
	const bool full = m->policy.large && ram_is_full_list(&m->ram, first) &&
			  !ram_is_any_shown(&m->ram, first);

	spin_unlock(&m->lock, saved);
	return full && memory_may_be_large(m);
}

/* With the lock. */
static void copy_page(struct hpa to, struct hpa from)
{
	UNINITIALIZED uint8_t bytes[COPY_BYTES];

	for (uint64_t done = 0; done < PAGE_SIZE; done += sizeof(bytes)) {
		window_read(bytes, hpa(from.v + done), sizeof(bytes));
		window_write(hpa(to.v + done), bytes, sizeof(bytes));
	}
}

/* Which of the two frames is not in use then: the old one if it moved. */
static struct pfn move_page(struct vm *vm, uint64_t page, struct pfn to)
{
	struct vm_memory *m = &vm->memory;
	uint64_t saved = spin_lock(&m->lock);
	struct pfn left = to;

	if (is_free_to_move(vm, page)) {
		copy_page(pfn_hpa(to), hpa(ram_frame(&m->ram, page) << PAGE_SHIFT));
		left.v = ram_replace(&m->ram, page, to.v);
	}
	spin_unlock(&m->lock, saved);
	return left;
}

/* Into consecutive frames: they count as granted instead of the old ones. What the guest touches
 * meanwhile stays where it is. */
static void gather(struct vm *vm, uint64_t first)
{
	struct vm_memory *m = &vm->memory;
	struct pfn to;
	uint64_t saved;

	if (frames_alloc(RAM_BLOCK_ORDER, FRAME_VM, &to) != VMK_OK)
		return;
	frames_split(to, RAM_BLOCK_ORDER);
	saved = spin_lock(&m->lock);
	unmap(vm, first);
	spin_unlock(&m->lock, saved);
	forget(vm);
	for (unsigned i = 0; i < RAM_BLOCK_PAGES; i++)
		frames_free(move_page(vm, first + i, (struct pfn){to.v + i}), 0);
}

/* Pages that are mapped one by one meanwhile have the same frames. */
static bool map_joined(struct vm *vm, uint64_t first)
{
	struct vm_memory *m = &vm->memory;
	uint64_t saved = spin_lock(&m->lock);
	const bool joined = ram_join(&m->ram, first);

	if (joined) {
		unmap(vm, first);
		ept_map(&vm->vtx.ept, memory_gpa(vm, first),
			hpa(ram_frame(&m->ram, first) << PAGE_SHIFT), BLOCK_BYTES,
			memory_large_flags(vm));
	}
	spin_unlock(&m->lock, saved);
	if (joined)
		forget(vm);
	return joined;
}

void block_join(struct vm *vm, uint64_t page)
{
	const uint64_t first = ALIGN_DOWN(page, RAM_BLOCK_PAGES);

	if (!is_worth_it(vm, first) || !begin(&vm->memory))
		return;
	if (!map_joined(vm, first)) {
		gather(vm, first);
		map_joined(vm, first);
	}
	end(&vm->memory);
}
