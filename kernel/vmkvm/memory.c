/* A VM's RAM: frames of its own, all mapped when it is made. */
#include "lib/checked.h"
#include "mem/frames.h"
#include "mem/heap.h"
#include "mem/space.h"
#include "mem/window.h"
#include "vmkvm/state.h"
#include <string.h>

#define LARGE_ORDER (EPT_2M - PAGE_SHIFT)
#define ROOM_FIRST  64u

static uint64_t *table_at(void *context, struct hpa address)
{
	return direct_map(address);
}

static enum vmk_status allocate_table(void *context, struct hpa *address)
{
	struct pfn frame;
	enum vmk_status status = frames_alloc(0, FRAME_VTX, &frame);

	if (status == VMK_OK)
		*address = pfn_hpa(frame);
	return status;
}

static void free_table(void *context, struct hpa address)
{
	frames_free(hpa_pfn(address), 0);
}

/* The block that holds a frame, or NULL. */
static const struct vm_block *find(const struct vm_memory *memory, uint64_t pfn)
{
	size_t low = 0, high = memory->count;

	while (low < high) {
		const size_t middle = low + (high - low) / 2;
		const struct vm_block *b = &memory->blocks[middle];

		if (pfn < b->pfn)
			low = middle + 1;
		else if (pfn >= b->pfn + (1ull << b->order))
			high = middle;
		else
			return b;
	}
	return NULL;
}

static bool is_owned(void *context, struct hpa address, uint64_t bytes)
{
	const struct vm *vm = context;
	uint64_t pfn = address.v >> PAGE_SHIFT, end;

	if (!checked_add(address.v, bytes, &end))
		return false;
	end = ALIGN_UP(end, PAGE_SIZE) >> PAGE_SHIFT;
	while (pfn < end) {
		const struct vm_block *b = find(&vm->memory, pfn);

		if (!b)
			return false;
		pfn = b->pfn + (1ull << b->order);
	}
	return true;
}

const struct ept_ops vm_ept_ops = {table_at, allocate_table, free_table, is_owned};

static bool make_room(struct vm_memory *memory)
{
	const size_t room = memory->room ? 2 * memory->room : ROOM_FIRST;
	struct vm_block *blocks;

	if (memory->count < memory->room)
		return true;
	blocks = heap_calloc(room, sizeof(*blocks));
	if (!blocks)
		return false;
	if (memory->count)
		memcpy(blocks, memory->blocks, memory->count * sizeof(*blocks));
	heap_free(memory->blocks);
	memory->blocks = blocks;
	memory->room = room;
	return true;
}

/* Frames come from the highest free ones down, so that most new blocks are the last. */
static void insert(struct vm_memory *memory, struct vm_block block)
{
	size_t at = memory->count++;

	while (at > 0 && memory->blocks[at - 1].pfn < block.pfn) {
		memory->blocks[at] = memory->blocks[at - 1];
		at--;
	}
	memory->blocks[at] = block;
}

/* One block of at most `order`, large if there is one. */
static enum vmk_status add_block(struct vm_memory *memory, unsigned order, uint64_t *frames)
{
	enum vmk_status status = make_room(memory) ? VMK_OK : VMK_NO_MEMORY;
	struct pfn frame;

	if (status != VMK_OK)
		return status;
	status = frames_alloc(order, FRAME_VM, &frame);
	if (status != VMK_OK && order) {
		order = 0;
		status = frames_alloc(order, FRAME_VM, &frame);
	}
	if (status != VMK_OK)
		return status;
	insert(memory, (struct vm_block){frame.v, order});
	*frames = 1ull << order;
	return VMK_OK;
}

static enum vmk_status allocate(struct vm_memory *memory, uint64_t frames)
{
	while (frames) {
		const unsigned order = frames >= 1u << LARGE_ORDER ? LARGE_ORDER : 0;
		uint64_t got;
		enum vmk_status status = add_block(memory, order, &got);

		if (status != VMK_OK)
			return status;
		frames -= got;
	}
	return VMK_OK;
}

/* Large blocks first, from guest-physical 0 on; then the small ones where large ones end. */
static enum vmk_status map_order(struct vm *vm, unsigned order, uint64_t *done)
{
	enum vmk_status status = VMK_OK;

	for (size_t i = vm->memory.count; status == VMK_OK && i-- > 0;) {
		const struct vm_block *b = &vm->memory.blocks[i];
		struct gpa to = {
			*done < vm->low_bytes ? *done : VMK_VM_HIGH_BASE + *done - vm->low_bytes};

		if (b->order != order)
			continue;
		status = ept_map(&vm->vtx.ept, to, pfn_hpa((struct pfn){b->pfn}),
			PAGE_SIZE << order, EPT_ACCESS | EPT_WRITE_BACK);
		*done += PAGE_SIZE << order;
	}
	return status;
}

enum vmk_status vm_memory_create(struct vm *vm)
{
	uint64_t done = 0;
	enum vmk_status status =
		ept_init(&vm->vtx.ept, &vm_ept_ops, vm, vm->vtx.controls->ept_vpid);

	if (status != VMK_OK)
		return status;
	status = allocate(&vm->memory, (vm->low_bytes + vm->high_bytes) >> PAGE_SHIFT);
	if (status == VMK_OK)
		status = map_order(vm, LARGE_ORDER, &done);
	if (status == VMK_OK)
		status = map_order(vm, 0, &done);
	return status;
}

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
		    is_owned((void *)(uintptr_t)visit->vm, start, bytes);

	for (uint64_t at = 0; good && at < bytes; at += PAGE_SIZE)
		good = frames_owner(hpa_pfn(hpa(start.v + at))) == FRAME_VM;
	visit->audit->mappings++;
	visit->audit->strange += !good;
	return true;
}

void vm_memory_audit(const struct vm *vm, struct vm_audit *audit)
{
	struct visit visit = {vm, audit};

	ept_walk(&vm->vtx.ept, audit_leaf, &visit);
}

void vm_memory_destroy(struct vm *vm)
{
	if (vm->vtx.ept.root.v)
		ept_destroy(&vm->vtx.ept);
	for (size_t i = 0; i < vm->memory.count; i++)
		frames_free((struct pfn){vm->memory.blocks[i].pfn}, vm->memory.blocks[i].order);
	heap_free(vm->memory.blocks);
	vm->memory = (struct vm_memory){0};
}

/* Where [gpa, gpa + *bytes) begins, with *bytes cut to one page; false: no RAM. */
static bool reach(const struct vtx_vm *vtx, struct gpa gpa, size_t *bytes, struct hpa *at)
{
	uint64_t there;

	if (!ept_translate(&vtx->ept, gpa, EPT_READ | EPT_WRITE, at, &there))
		return false;
	*bytes = MIN(*bytes, PAGE_SIZE - gpa.v % PAGE_SIZE);
	return true;
}

bool vm_memory_read(struct vtx_vm *vtx, struct gpa gpa, void *to, size_t bytes)
{
	for (size_t done = 0, part; done < bytes; done += part) {
		struct hpa from;

		part = bytes - done;
		if (!reach(vtx, (struct gpa){gpa.v + done}, &part, &from))
			return false;
		window_read((uint8_t *)to + done, from, part);
	}
	return true;
}

bool vm_memory_write(struct vtx_vm *vtx, struct gpa gpa, const void *from, size_t bytes)
{
	for (size_t done = 0, part; done < bytes; done += part) {
		struct hpa to;

		part = bytes - done;
		if (!reach(vtx, (struct gpa){gpa.v + done}, &part, &to))
			return false;
		window_write(to, (const uint8_t *)from + done, part);
	}
	return true;
}

static enum vmk_status map_ram(
	struct vm *vm, struct space *space, struct gpa gpa, uint64_t bytes, uintptr_t address)
{
	enum vmk_status status = VMK_OK;

	for (uint64_t done = 0, part; status == VMK_OK && done < bytes; done += part) {
		struct hpa from;

		if (!ept_translate(&vm->vtx.ept, (struct gpa){gpa.v + done}, EPT_READ | EPT_WRITE,
			    &from, &part))
			return VMK_INTERNAL;
		part = MIN(part, bytes - done);
		status = space_map_foreign(space, address + done, from, part);
	}
	return status;
}

enum vmk_status vm_map(
	struct vm *vm, struct space *space, struct gpa gpa, uint64_t bytes, uintptr_t *address)
{
	const uint64_t base = gpa.v < VMK_VM_HIGH_BASE ? 0 : VMK_VM_HIGH_BASE;
	const uint64_t end = base ? vm->high_bytes : vm->low_bytes, offset = gpa.v - base;
	enum vmk_status status;

	if (!bytes || gpa.v % PAGE_SIZE || bytes % PAGE_SIZE || offset > end ||
		bytes > end - offset)
		return VMK_BAD_PARAM;
	vm->domain = space_domain(space);
	status = space_reserve(space, bytes, address);
	if (status != VMK_OK)
		return status;
	status = map_ram(vm, space, gpa, bytes, *address);
	if (status != VMK_OK)
		space_free(space, *address, bytes);
	return status;
}
