/* A VM's RAM: a page gets its frame, zeroed, when it is first touched, within the VM's limit. */
#include "mem/frames.h"
#include "mem/heap.h"
#include "vmkvm/memory.h"
#include <string.h>

bool vm_memory_is_ram(const struct vm *vm, struct gpa gpa)
{
	uint64_t page;

	return memory_page(vm, gpa, &page);
}

/* --- the EPT */

static uint64_t *table_at(void *context, struct hpa address)
{
	return direct_map(address);
}

static enum vmk_status allocate_table(void *context, struct hpa *address)
{
	struct vm *vm = context;
	struct pfn frame;
	enum vmk_status status = grant_table(&vm->memory, &frame);

	if (status == VMK_OK)
		*address = pfn_hpa(frame);
	return status;
}

static void free_table(void *context, struct hpa address)
{
	struct vm *vm = context;

	grant_table_back(&vm->memory, hpa_pfn(address));
}

static bool is_owned(void *context, struct gpa gpa, struct hpa address, uint64_t bytes)
{
	const struct vm *vm = context;
	uint64_t page;

	return memory_page(vm, gpa, &page) && !((gpa.v | address.v | bytes) & (PAGE_SIZE - 1)) &&
	       ram_is(&vm->memory.ram, page, address.v >> PAGE_SHIFT, bytes >> PAGE_SHIFT);
}

const struct ept_ops vm_ept_ops = {table_at, allocate_table, free_table, is_owned};

/* Tables of the EPT and lists for all of RAM, and a few on the way. */
static uint64_t tables_for(uint64_t pages)
{
	const uint64_t blocks = ram_blocks(pages);

	return 2 * blocks + blocks / RAM_BLOCK_PAGES + 4;
}

uint64_t vm_memory_overhead(uint64_t pages)
{
	return tables_for(pages);
}

/* All or nothing. */
static enum vmk_status promise(struct vm_memory *m, const struct vm_memory_policy *policy,
	uint64_t overhead, uint64_t views)
{
	struct frame_shortage shortage = {0};
	enum vmk_status status =
		vm_balloon_promise(FRAME_PRIVATE, policy->reservation, policy->keep, &shortage);

	if (status == VMK_OK) {
		status =
			vm_balloon_promise(FRAME_DIRECT, overhead + views, policy->keep, &shortage);
		if (status != VMK_OK)
			frames_unpromise(FRAME_PRIVATE, policy->reservation);
	}
	if (status != VMK_OK) {
		m->shortage = shortage;
		return status;
	}
	m->promised = policy->reservation;
	m->overhead = overhead;
	m->views = views;
	return VMK_OK;
}

enum vmk_status vm_memory_create(struct vm *vm, const struct vm_memory_policy *policy)
{
	const uint64_t pages = (vm->low_bytes + vm->high_bytes) >> PAGE_SHIFT;
	struct vm_memory *m = &vm->memory;
	const uint64_t views = vm_view_tables(vm);
	enum vmk_status status;

	m->lock = (struct spinlock)SPINLOCK(LOCK_VM_RAM);
	m->ram.pages = pages;
	/* First the promises: the heap may take frames that its caller saw there. */
	status = promise(m, policy, tables_for(pages), views);
	if (status != VMK_OK)
		return status;
	m->policy = *policy;
	m->ram.blocks = heap_calloc(ram_blocks(pages), sizeof(*m->ram.blocks));
	if (!m->ram.blocks)
		return VMK_NO_MEMORY;
	return ept_init(&vm->vtx.ept, &vm_ept_ops, vm, vm->vtx.controls->ept_vpid);
}

/* Nobody looks it up any more: no lock. */
static void free_block(struct vm *vm, uint64_t page)
{
	struct vm_memory *m = &vm->memory;
	struct ram_block *b = &m->ram.blocks[page / RAM_BLOCK_PAGES];
	struct ept *ept = &vm->vtx.ept;

	if (ept->root.v) {
		ept_unmap(ept, memory_gpa(vm, page), BLOCK_BYTES);
		ept_reclaim(ept, ept->generation);
	}
	if (b->first)
		grant_frames_back(m, (struct pfn){b->first}, RAM_BLOCK_ORDER);
	for (unsigned i = 0; b->list && i < RAM_BLOCK_PAGES; i++)
		if (b->list[i])
			grant_frames_back(m, (struct pfn){b->list[i]}, 0);
	grant_list_back(m, b->list);
}

void vm_memory_destroy(struct vm *vm)
{
	struct vm_memory *m = &vm->memory;

	for (uint64_t page = 0; m->ram.blocks && page < m->ram.pages; page += RAM_BLOCK_PAGES) {
		free_block(vm, page);
		vm_pcpu_give_way();
	}
	if (vm->vtx.ept.root.v)
		ept_destroy(&vm->vtx.ept);
	grant_stock_back(m);
	frames_unpromise(FRAME_PRIVATE, m->promised);
	frames_unpromise(FRAME_DIRECT, m->overhead + m->views);
	heap_free(m->ram.blocks);
	memset(m, 0, sizeof(*m));
}

/* --- a page is touched */

/* With the lock: may this page come with all of its block? */
static bool may_be_large(const struct vm_memory *m, uint64_t page)
{
	return m->policy.large && ram_is_free_block(&m->ram, page) &&
	       m->granted + RAM_BLOCK_PAGES <= m->policy.limit;
}

/* And is there memory for that? */
static bool is_large(struct vm_memory *m, uint64_t page)
{
	uint64_t saved = spin_lock(&m->lock);
	const bool large = may_be_large(m, page);
	const bool promised = m->granted + RAM_BLOCK_PAGES <= m->policy.reservation;

	spin_unlock(&m->lock, saved);
	return large && (promised || memory_may_be_large(m));
}

/* The lock is held in what follows. */
static enum vmk_status place_whole(struct vm *vm, uint64_t page, struct pfn first)
{
	struct ram *ram = &vm->memory.ram;
	enum vmk_status status;

	if (!ram_is_free_block(ram, page))
		return VMK_EXISTS;
	ram_put_whole(ram, page, first.v);
	status = ept_map(&vm->vtx.ept, memory_gpa(vm, page), pfn_hpa(first), BLOCK_BYTES,
		memory_large_flags(vm));
	if (status != VMK_OK)
		ram_take_whole(ram, page);
	return status;
}

static enum vmk_status map_page(struct vm *vm, uint64_t page)
{
	const struct hpa at = hpa(ram_frame(&vm->memory.ram, page) << PAGE_SHIFT);
	const enum vmk_status status =
		ept_map(&vm->vtx.ept, memory_gpa(vm, page), at, PAGE_SIZE, RAM_FLAGS);

	return status == VMK_EXISTS ? VMK_OK : status;
}

/* Of the stock, where there is one. */
static enum vmk_status place_page(struct vm *vm, uint64_t page)
{
	struct vm_memory *m = &vm->memory;
	enum vmk_status status = VMK_OK;
	uint64_t *list = NULL;

	if (ram_needs_list(&m->ram, page))
		status = grant_list(m, &list);
	if (status != VMK_OK)
		return status;
	ram_put(&m->ram, page, m->stock[m->stocked - 1].v, list);
	status = map_page(vm, page);
	if (status == VMK_OK) {
		m->stocked--;
		return VMK_OK;
	}
	ram_take(&m->ram, page, &list);
	grant_list_back(m, list);
	return status;
}

/* A page that has a frame may not be mapped: blocks.c takes mappings away. *stocked: it failed for
 * no other reason than that nothing is in stock. `alone`: what could come or become large waits for
 * somebody with more time. */
static enum vmk_status try_page(struct vm *vm, uint64_t page, bool alone, bool *stocked)
{
	struct vm_memory *m = &vm->memory;
	uint64_t saved = spin_lock(&m->lock);
	enum vmk_status status;

	*stocked = true;
	if (ram_frame(&m->ram, page))
		status = map_page(vm, page);
	else if (!alone && (may_be_large(m, page) || block_may_join(m, page)))
		status = VMK_BUSY;
	else if ((*stocked = m->stocked))
		status = place_page(vm, page);
	else
		status = VMK_NO_MEMORY;
	spin_unlock(&m->lock, saved);
	return status;
}

static enum vmk_status supply_page(struct vm *vm, uint64_t page, bool alone)
{
	enum vmk_status status;
	bool stocked;

	for (;;) {
		status = try_page(vm, page, alone, &stocked);
		if (stocked)
			return status;
		status = grant_stock(&vm->memory);
		if (status != VMK_OK)
			return status;
	}
}

static enum vmk_status supply_block(struct vm *vm, uint64_t page)
{
	struct vm_memory *m = &vm->memory;
	struct pfn first;
	enum vmk_status status = grant_frames(m, RAM_BLOCK_ORDER, &first);
	uint64_t saved;

	if (status != VMK_OK)
		return status;
	saved = spin_lock(&m->lock);
	status = place_whole(vm, ALIGN_DOWN(page, RAM_BLOCK_PAGES), first);
	spin_unlock(&m->lock, saved);
	if (status != VMK_OK)
		grant_frames_back(m, first, RAM_BLOCK_ORDER);
	return status;
}

enum vmk_status vm_memory_supply(struct vm *vm, struct gpa gpa, bool large)
{
	enum vmk_status status;
	uint64_t page;

	if (!memory_page(vm, gpa, &page))
		return VMK_NOT_FOUND;
	if (large && is_large(&vm->memory, page) && supply_block(vm, page) == VMK_OK)
		return VMK_OK;
	status = supply_page(vm, page, true);
	if (status == VMK_OK && large)
		block_join(vm, page);
	return status;
}

enum vmk_status vm_memory_supply_at_once(struct vm *vm, struct gpa gpa)
{
	uint64_t page;

	return memory_page(vm, gpa, &page) ? supply_page(vm, page, false) : VMK_NOT_FOUND;
}

/* Other pages of a large one stay as they are, in small ones from then on. */
enum vmk_status vm_memory_execute(struct vm *vm, struct gpa gpa)
{
	const struct gpa page = {ALIGN_DOWN(gpa.v, PAGE_SIZE)};
	struct vm_memory *m = &vm->memory;
	enum vmk_status status = VMK_OK;
	struct ept_leaf leaf;
	uint64_t saved;

	if (!m->policy.small_code)
		return VMK_OK;
	saved = spin_lock(&m->lock);
	if (ept_find(&vm->vtx.ept, page, &leaf) && !(leaf.entry & EPT_EXECUTE))
		status = ept_protect(&vm->vtx.ept, page, PAGE_SIZE, EPT_ACCESS);
	spin_unlock(&m->lock, saved);
	return status;
}

/* --- pages are given back */

/* One page's frame is nobody's any more, but may still be reached until vm_memory_flush(). */
static bool detach(struct vm *vm, uint64_t page, uint64_t *frame)
{
	struct vm_memory *m = &vm->memory;
	uint64_t *list = NULL;

	if (!ram_frame(&m->ram, page))
		return false;
	if (ram_needs_list(&m->ram, page)) {
		if (grant_list(m, &list) != VMK_OK)
			return false;
		frames_split((struct pfn){ram_frame(&m->ram, ALIGN_DOWN(page, RAM_BLOCK_PAGES))},
			RAM_BLOCK_ORDER);
		ram_split(&m->ram, page, list);
	}
	if (ept_unmap(&vm->vtx.ept, memory_gpa(vm, page), PAGE_SIZE) != VMK_OK)
		return false;
	*frame = ram_take(&m->ram, page, &list);
	grant_list_back(m, list);
	return true;
}

size_t vm_memory_give_back(struct vm *vm, const struct gpa *pages, size_t count)
{
	struct vm_memory *m = &vm->memory;
	uint64_t frames[VM_GIVE_BACK_MAX], saved, page, seen;
	size_t taken = 0;

	/* Each may split a large page: the lock is not held for all of them. */
	for (size_t i = 0; i < MIN(count, VM_GIVE_BACK_MAX); i++) {
		saved = spin_lock(&m->lock);
		taken += memory_page(vm, pages[i], &page) && detach(vm, page, &frames[taken]);
		spin_unlock(&m->lock, saved);
	}
	if (!taken)
		return 0;
	seen = memory_forget(vm);
	saved = spin_lock(&m->lock);
	ept_reclaim(&vm->vtx.ept, seen);
	spin_unlock(&m->lock, saved);
	for (size_t i = 0; i < taken; i++)
		grant_frames_back(m, (struct pfn){frames[i]}, 0);
	return taken;
}

/* --- looking at it */

#define AUDIT_PAGES 512u

struct visit {
	const struct vm *vm;
	struct vm_audit *audit;
	struct gpa next; /* what comes after the leaves that were looked at */
	uint64_t pages;  /* that are left in this piece */
};

static bool audit_leaf(void *context, const struct ept_leaf *leaf)
{
	const uint64_t bytes = 1ull << leaf->shift;
	struct visit *visit = context;
	struct hpa start;
	uint64_t there;
	bool good = ept_translate(&visit->vm->vtx.ept, leaf->gpa, EPT_READ, &start, &there) &&
		    is_owned((void *)(uintptr_t)visit->vm, leaf->gpa, start, bytes);

	for (uint64_t at = 0; good && at < bytes; at += PAGE_SIZE)
		good = frames_owner(hpa_pfn(hpa(start.v + at))) == FRAME_VM;
	visit->audit->mappings++;
	visit->audit->strange += !good;
	visit->next.v = leaf->gpa.v + bytes;
	visit->pages -= MIN(visit->pages, bytes >> PAGE_SHIFT);
	return visit->pages;
}

void vm_memory_audit(struct vm *vm, struct vm_audit *audit)
{
	struct visit visit = {.vm = vm, .audit = audit};
	bool done = false;

	while (!done) {
		uint64_t saved = spin_lock(&vm->memory.lock);

		visit.pages = AUDIT_PAGES;
		done = ept_walk_from(&vm->vtx.ept, visit.next, audit_leaf, &visit);
		spin_unlock(&vm->memory.lock, saved);
	}
}

void vm_memory_usage(struct vm *vm, struct vm_usage *usage)
{
	struct vm_memory *m = &vm->memory;
	uint64_t saved = spin_lock(&m->lock);

	*usage = (struct vm_usage){.reservation = m->policy.reservation,
		.limit = m->policy.limit,
		.granted = m->granted - m->stocked,
		.large = m->ram.whole,
		.tables = m->tables};
	spin_unlock(&m->lock, saved);
}
