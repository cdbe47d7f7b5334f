/* A VM's RAM: a page gets its frame, zeroed, when it is first touched, within the VM's limit. */
#include "lib/checked.h"
#include "mem/frames.h"
#include "mem/heap.h"
#include "mem/window.h"
#include "vmkvm/state.h"
#include <string.h>

#define RAM_FLAGS (EPT_ACCESS | EPT_WRITE_BACK)
/* Beyond its reservation a VM gets large pages only while so many times what is to be kept is
 * there. */
#define LARGE_SPARE 4u

/* --- where a page of RAM is for the guest */

static bool page_of(const struct vm *vm, struct gpa gpa, uint64_t *page)
{
	if (gpa.v < vm->low_bytes)
		*page = gpa.v >> PAGE_SHIFT;
	else if (gpa.v >= VMK_VM_HIGH_BASE && gpa.v - VMK_VM_HIGH_BASE < vm->high_bytes)
		*page = (vm->low_bytes + gpa.v - VMK_VM_HIGH_BASE) >> PAGE_SHIFT;
	else
		return false;
	return true;
}

static struct gpa gpa_of(const struct vm *vm, uint64_t page)
{
	const uint64_t offset = page << PAGE_SHIFT;

	return (struct gpa){
		offset < vm->low_bytes ? offset : VMK_VM_HIGH_BASE + offset - vm->low_bytes};
}

bool vm_memory_is_ram(const struct vm *vm, struct gpa gpa)
{
	uint64_t page;

	return page_of(vm, gpa, &page);
}

/* --- frames: those within what was promised come out of the promise, and go back to it */

static uint64_t beyond(uint64_t have, uint64_t of)
{
	return of > have ? of - have : 0;
}

/* How much of a promise of `all` frames is used up by `count` more than the `have` that there are.
 */
static uint64_t promised_part(uint64_t all, uint64_t have, uint64_t count)
{
	return beyond(have, all) - beyond(have + count, all);
}

static enum vmk_status take_table(struct vm_memory *m, struct pfn *frame)
{
	enum vmk_status status = frames_alloc_promised(
		0, FRAME_VTX, promised_part(m->overhead, m->tables, 1), frame);

	m->tables += status == VMK_OK;
	return status;
}

static void give_table(struct vm_memory *m, struct pfn frame)
{
	m->tables--;
	frames_free_promised(frame, 0, promised_part(m->overhead, m->tables, 1));
}

static enum vmk_status take_list(struct vm_memory *m, uint64_t **list)
{
	struct pfn frame;
	enum vmk_status status = take_table(m, &frame);

	if (status == VMK_OK)
		*list = direct_map(pfn_hpa(frame));
	return status;
}

static void give_list(struct vm_memory *m, uint64_t *list)
{
	if (list)
		give_table(m, hpa_pfn(direct_map_hpa(list)));
}

/* With the lock: the promise is what the reservation has beyond what is granted. It can differ when
 * a claim came to nothing or a frame came back while others claimed. */
static void settle(struct vm_memory *m)
{
	const uint64_t due = beyond(m->granted, m->policy.reservation);

	if (m->promised > due)
		frames_unpromise(m->promised - due);
	else if (m->promised == due || frames_promise(due - m->promised, 0) != VMK_OK)
		return;
	m->promised = due;
}

/* `count` frames count as granted from now on; *part of them come out of the promise. What is
 * reserved but not promised is just coming back. */
static enum vmk_status claim(struct vm_memory *m, uint64_t count, uint64_t *part)
{
	enum vmk_status status = VMK_OK;
	uint64_t saved = spin_lock(&m->lock);

	*part = MIN(count, m->promised);
	if (m->granted + count > m->policy.limit)
		status = VMK_NO_RESOURCES;
	else if (m->granted + count > m->policy.reservation && *part < count &&
		 frames_spare() < m->policy.keep + count)
		status = VMK_NO_MEMORY;
	if (status == VMK_OK) {
		m->granted += count;
		m->promised -= *part;
	}
	spin_unlock(&m->lock, saved);
	return status;
}

static void unclaim(struct vm_memory *m, uint64_t count, uint64_t part)
{
	uint64_t saved = spin_lock(&m->lock);

	m->granted -= count;
	m->promised += part;
	settle(m);
	spin_unlock(&m->lock, saved);
}

static void give_frames(struct vm_memory *m, struct pfn frame, unsigned order)
{
	const uint64_t count = 1ull << order;
	uint64_t saved = spin_lock(&m->lock), part;

	m->granted -= count;
	part = MIN(count, beyond(m->promised, beyond(m->granted, m->policy.reservation)));
	spin_unlock(&m->lock, saved);
	frames_free_promised(frame, order, part);
	/* Not before it is in the pool may it be claimed. */
	saved = spin_lock(&m->lock);
	m->promised += part;
	settle(m);
	spin_unlock(&m->lock, saved);
}

/* Interrupts may be on: clearing a large one takes its time. */
static enum vmk_status take_frames(struct vm_memory *m, unsigned order, struct pfn *frame)
{
	uint64_t part;
	enum vmk_status status = claim(m, 1ull << order, &part);

	if (status != VMK_OK)
		return status;
	status = frames_alloc_promised(order, FRAME_VM, part, frame);
	if (status != VMK_OK)
		unclaim(m, 1ull << order, part);
	return status;
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
	enum vmk_status status = take_table(&vm->memory, &frame);

	if (status == VMK_OK)
		*address = pfn_hpa(frame);
	return status;
}

static void free_table(void *context, struct hpa address)
{
	struct vm *vm = context;

	give_table(&vm->memory, hpa_pfn(address));
}

static bool is_owned(void *context, struct gpa gpa, struct hpa address, uint64_t bytes)
{
	const struct vm *vm = context;
	uint64_t page;

	return page_of(vm, gpa, &page) && !((gpa.v | address.v | bytes) & (PAGE_SIZE - 1)) &&
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

enum vmk_status vm_memory_create(struct vm *vm, const struct vm_memory_policy *policy)
{
	const uint64_t pages = (vm->low_bytes + vm->high_bytes) >> PAGE_SHIFT;
	struct vm_memory *m = &vm->memory;
	enum vmk_status status;

	m->lock = (struct spinlock)SPINLOCK(LOCK_VM_RAM);
	m->ram.pages = pages;
	m->ram.blocks = heap_calloc(ram_blocks(pages), sizeof(*m->ram.blocks));
	if (!m->ram.blocks)
		return VMK_NO_MEMORY;
	status = frames_promise(policy->reservation + tables_for(pages), policy->keep);
	if (status != VMK_OK)
		return status;
	m->policy = *policy;
	m->promised = policy->reservation;
	m->overhead = tables_for(pages);
	return ept_init(&vm->vtx.ept, &vm_ept_ops, vm, vm->vtx.controls->ept_vpid);
}

static void free_block(struct vm_memory *m, uint64_t page)
{
	struct ram_block *b = &m->ram.blocks[page / RAM_BLOCK_PAGES];

	if (b->first)
		give_frames(m, (struct pfn){b->first}, RAM_BLOCK_ORDER);
	for (unsigned i = 0; b->list && i < RAM_BLOCK_PAGES; i++)
		if (b->list[i])
			give_frames(m, (struct pfn){b->list[i]}, 0);
	give_list(m, b->list);
}

void vm_memory_destroy(struct vm *vm)
{
	struct vm_memory *m = &vm->memory;

	if (vm->vtx.ept.root.v)
		ept_destroy(&vm->vtx.ept);
	for (uint64_t page = 0; m->ram.blocks && page < m->ram.pages; page += RAM_BLOCK_PAGES)
		free_block(m, page);
	frames_unpromise(m->promised + m->overhead);
	heap_free(m->ram.blocks);
	memset(m, 0, sizeof(*m));
}

/* --- a page is touched */

struct look {
	bool present, large; /* there; or may come as a large page */
};

static struct look look_at(struct vm_memory *m, uint64_t page)
{
	uint64_t saved = spin_lock(&m->lock);
	const uint64_t then = m->granted + RAM_BLOCK_PAGES;
	struct look look = {.present = ram_frame(&m->ram, page),
		.large = m->policy.large && ram_is_free_block(&m->ram, page) &&
			 then <= m->policy.limit};
	bool promised = then <= m->policy.reservation;

	spin_unlock(&m->lock, saved);
	if (look.large && !promised)
		look.large = frames_spare() >= LARGE_SPARE * m->policy.keep;
	return look;
}

/* The lock is held in what follows. */
static enum vmk_status place_whole(struct vm *vm, uint64_t page, struct pfn first)
{
	struct ram *ram = &vm->memory.ram;
	enum vmk_status status;

	if (!ram_is_free_block(ram, page))
		return VMK_EXISTS;
	ram_put_whole(ram, page, first.v);
	status = ept_map(&vm->vtx.ept, gpa_of(vm, page), pfn_hpa(first),
		PAGE_SIZE << RAM_BLOCK_ORDER,
		vm->memory.policy.small_code ? RAM_FLAGS & ~EPT_EXECUTE : RAM_FLAGS);
	if (status != VMK_OK)
		ram_take_whole(ram, page);
	return status;
}

static enum vmk_status place_page(struct vm *vm, uint64_t page, struct pfn frame)
{
	struct vm_memory *m = &vm->memory;
	enum vmk_status status = VMK_OK;
	uint64_t *list = NULL;

	if (ram_frame(&m->ram, page))
		return VMK_EXISTS;
	if (ram_needs_list(&m->ram, page))
		status = take_list(m, &list);
	if (status != VMK_OK)
		return status;
	ram_put(&m->ram, page, frame.v, list);
	status = ept_map(&vm->vtx.ept, gpa_of(vm, page), pfn_hpa(frame), PAGE_SIZE, RAM_FLAGS);
	if (status != VMK_OK) {
		ram_take(&m->ram, page, &list);
		give_list(m, list);
	}
	return status;
}

static enum vmk_status supply(struct vm *vm, uint64_t page, unsigned order)
{
	struct vm_memory *m = &vm->memory;
	struct pfn frame;
	enum vmk_status status = take_frames(m, order, &frame);
	uint64_t saved;

	if (status != VMK_OK)
		return status;
	saved = spin_lock(&m->lock);
	status = order ? place_whole(vm, page, frame) : place_page(vm, page, frame);
	spin_unlock(&m->lock, saved);
	if (status != VMK_OK)
		give_frames(m, frame, order);
	return status;
}

enum vmk_status vm_memory_supply(struct vm *vm, struct gpa gpa, bool large)
{
	enum vmk_status status;
	struct look look;
	uint64_t page;

	if (!page_of(vm, gpa, &page))
		return VMK_NOT_FOUND;
	look = look_at(&vm->memory, page);
	if (look.present)
		return VMK_OK;
	if (large && look.large &&
		supply(vm, ALIGN_DOWN(page, RAM_BLOCK_PAGES), RAM_BLOCK_ORDER) == VMK_OK)
		return VMK_OK;
	status = supply(vm, page, 0);
	return status == VMK_EXISTS ? VMK_OK : status;
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
		if (take_list(m, &list) != VMK_OK)
			return false;
		frames_split((struct pfn){ram_frame(&m->ram, ALIGN_DOWN(page, RAM_BLOCK_PAGES))},
			RAM_BLOCK_ORDER);
		ram_split(&m->ram, page, list);
	}
	if (ept_unmap(&vm->vtx.ept, gpa_of(vm, page), PAGE_SIZE) != VMK_OK)
		return false;
	*frame = ram_take(&m->ram, page, &list);
	give_list(m, list);
	return true;
}

/* Every pCPU that runs this VM has forgotten what its EPT was before. */
static void forget(struct vm *vm)
{
	const uint64_t generation = __atomic_load_n(&vm->vtx.ept.generation, __ATOMIC_SEQ_CST);

	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	for (uint32_t i = 0; i < vm->vcpu_count; i++) {
		vm_kick(vm->vcpus[i]);
		vm_vcpu_await(vm->vcpus[i], generation);
	}
}

size_t vm_memory_give_back(struct vm *vm, const struct gpa *pages, size_t count)
{
	struct vm_memory *m = &vm->memory;
	uint64_t frames[VM_GIVE_BACK_MAX], saved = spin_lock(&m->lock), page;
	size_t taken = 0;

	for (size_t i = 0; i < MIN(count, VM_GIVE_BACK_MAX); i++)
		if (page_of(vm, pages[i], &page) && detach(vm, page, &frames[taken]))
			taken++;
	spin_unlock(&m->lock, saved);
	if (!taken)
		return 0;
	forget(vm);
	saved = spin_lock(&m->lock);
	ept_reclaim(&vm->vtx.ept);
	spin_unlock(&m->lock, saved);
	for (size_t i = 0; i < taken; i++)
		give_frames(m, (struct pfn){frames[i]}, 0);
	return taken;
}

/* --- looking at it */

struct visit {
	const struct vm *vm;
	struct vm_audit *audit;
};

static bool audit_leaf(void *context, const struct ept_leaf *leaf)
{
	const uint64_t bytes = 1ull << leaf->shift;
	const struct visit *visit = context;
	struct hpa start;
	uint64_t there;
	bool good = ept_translate(&visit->vm->vtx.ept, leaf->gpa, EPT_READ, &start, &there) &&
		    is_owned((void *)(uintptr_t)visit->vm, leaf->gpa, start, bytes);

	for (uint64_t at = 0; good && at < bytes; at += PAGE_SIZE)
		good = frames_owner(hpa_pfn(hpa(start.v + at))) == FRAME_VM;
	visit->audit->mappings++;
	visit->audit->strange += !good;
	return true;
}

void vm_memory_audit(struct vm *vm, struct vm_audit *audit)
{
	struct visit visit = {vm, audit};
	uint64_t saved = spin_lock(&vm->memory.lock);

	ept_walk(&vm->vtx.ept, audit_leaf, &visit);
	spin_unlock(&vm->memory.lock, saved);
}

void vm_memory_usage(struct vm *vm, struct vm_usage *usage)
{
	struct vm_memory *m = &vm->memory;
	uint64_t saved = spin_lock(&m->lock);

	*usage = (struct vm_usage){.reservation = m->policy.reservation,
		.limit = m->policy.limit,
		.granted = m->granted,
		.large = m->ram.whole,
		.tables = m->tables};
	spin_unlock(&m->lock, saved);
}

/* --- the kernel's own accesses; frames cannot leave meanwhile */

/* The RAM at gpa, with *bytes cut to one page. */
enum reach { REACH_FRAME, REACH_NOTHING_YET, REACH_NO_RAM };
static enum reach reach(struct vm *vm, struct gpa gpa, size_t *bytes, struct hpa *at)
{
	const uint64_t offset = gpa.v % PAGE_SIZE;
	uint64_t page, frame;

	if (!page_of(vm, gpa, &page))
		return REACH_NO_RAM;
	*bytes = MIN(*bytes, PAGE_SIZE - offset);
	frame = ram_frame(&vm->memory.ram, page);
	*at = hpa((frame << PAGE_SHIFT) + offset);
	return frame ? REACH_FRAME : REACH_NOTHING_YET;
}

/* What was never touched is zero, and need not come for that. */
bool vm_memory_read(struct vtx_vm *vtx, struct gpa gpa, void *to, size_t bytes)
{
	struct vm *vm = (struct vm *)vtx;

	for (size_t done = 0, part; done < bytes; done += part) {
		uint64_t saved = spin_lock(&vm->memory.lock);
		enum reach found;
		struct hpa from;

		part = bytes - done;
		found = reach(vm, (struct gpa){gpa.v + done}, &part, &from);
		if (found == REACH_FRAME)
			window_read((uint8_t *)to + done, from, part);
		spin_unlock(&vm->memory.lock, saved);
		if (found == REACH_NO_RAM)
			return false;
		if (found == REACH_NOTHING_YET)
			memset((uint8_t *)to + done, 0, part);
	}
	return true;
}

bool vm_memory_write(struct vtx_vm *vtx, struct gpa gpa, const void *from, size_t bytes)
{
	struct vm *vm = (struct vm *)vtx;

	for (size_t done = 0, part; done < bytes; done += part) {
		const struct gpa at = {gpa.v + done};
		enum reach found;
		uint64_t saved;
		struct hpa to;

		if (vm_memory_supply(vm, at, false) != VMK_OK)
			return false;
		saved = spin_lock(&vm->memory.lock);
		part = bytes - done;
		found = reach(vm, at, &part, &to);
		if (found == REACH_FRAME)
			window_write(to, (const uint8_t *)from + done, part);
		spin_unlock(&vm->memory.lock, saved);
		if (found != REACH_FRAME)
			return false;
	}
	return true;
}

bool vm_memory_find(struct vm *vm, struct gpa gpa, struct hpa *at, bool *whole)
{
	uint64_t page, saved = spin_lock(&vm->memory.lock);
	bool found = page_of(vm, gpa, &page) && ram_frame(&vm->memory.ram, page);

	if (found) {
		*at = hpa(ram_frame(&vm->memory.ram, page) << PAGE_SHIFT);
		*whole = ram_needs_list(&vm->memory.ram, page);
	}
	spin_unlock(&vm->memory.lock, saved);
	return found;
}
