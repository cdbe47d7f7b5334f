#include "fuzz/models/ram_oracle.h"
#include "fuzz/models/frame_promises.h"
#include "fuzz/models/ram_machine.h"
#include "vtx/ept.h"
#include <string.h>

#define ENTRIES      512u
#define LINE         8u /* entries that are looked at together */
#define ADDRESS_MASK 0x000ffffffffff000ull
#define KNOWN        (ADDRESS_MASK | EPT_ACCESS | EPT_TYPE | EPT_ACCESSED | EPT_DIRTY)
#define NO_PAGE      UINT64_MAX
#define FAULT(text)  return "vm memory: " text

static const struct ram_machine *const machine = &ram_machine;

/* As the record says. */
static uint64_t frame_at(const struct ram *ram, uint64_t page)
{
	const struct ram_block *b = &ram->blocks[page / RAM_BLOCK_PAGES];

	if (b->first)
		return b->first + page % RAM_BLOCK_PAGES;
	return b->list ? b->list[page % RAM_BLOCK_PAGES] : 0;
}

/* --- the EPT */

static uint64_t page_of(const struct vm *vm, uint64_t gpa)
{
	if (gpa < vm->low_bytes)
		return gpa >> PAGE_SHIFT;
	if (gpa - VMK_VM_HIGH_BASE < vm->high_bytes)
		return (vm->low_bytes + gpa - VMK_VM_HIGH_BASE) >> PAGE_SHIFT;
	return NO_PAGE;
}

/* It reaches what the record says, and as it may. */
static bool leaf_is_good(const struct vm *vm, uint64_t entry, unsigned shift, uint64_t gpa)
{
	const uint64_t count = 1ull << (shift - PAGE_SHIFT), page = page_of(vm, gpa),
		       frame = (entry & ADDRESS_MASK) >> PAGE_SHIFT;

	if (shift > (unsigned)vm->vtx.ept.largest || !(entry & EPT_READ) || frame % count ||
		(entry & ~(KNOWN | (shift > EPT_4K ? EPT_LARGE : 0))))
		return false;
	if (shift > EPT_4K && vm->memory.policy.small_code && (entry & EPT_EXECUTE))
		return false;
	if (page == NO_PAGE || page + count > RAM_MACHINE_PAGES || !frame)
		return false;
	for (uint64_t i = 0; i < count; i++)
		if (frame_at(&vm->memory.ram, page + i) != frame + i)
			return false;
	return true;
}

static bool line_is_empty(const uint64_t *line)
{
	uint64_t any = 0;

	for (unsigned i = 0; i < LINE; i++)
		any |= line[i];
	return !any;
}

/* *tables: how many there are. */
static bool walk(
	const struct vm *vm, uint64_t address, unsigned shift, uint64_t gpa, uint64_t *tables)
{
	const uint64_t *table = direct_map(hpa(address));

	++*tables;
	for (unsigned i = 0; i < ENTRIES; i++) {
		const uint64_t at = gpa + ((uint64_t)i << shift);

		if (i % LINE == 0 && line_is_empty(table + i)) {
			i += LINE - 1;
			continue;
		}
		if (!table[i])
			continue;
		if (shift == EPT_4K || (table[i] & EPT_LARGE)) {
			if (!leaf_is_good(vm, table[i], shift, at))
				return false;
		} else if (!walk(vm, table[i] & ADDRESS_MASK, shift - 9, at, tables)) {
			return false;
		}
	}
	return true;
}

static const char *ept_fault(const struct vm *vm)
{
	const struct ept *ept = &vm->vtx.ept;
	uint64_t tables = 0;

	if (!walk(vm, ept->root.v, 39, 0, &tables))
		FAULT("an EPT leaf reaches what it may not");
	for (uint64_t at = ept->retired.v; at; at = *(const uint64_t *)direct_map(hpa(at)))
		tables++;
	if (tables != ept->tables)
		FAULT("the EPT has another number of tables than it says");
	return NULL;
}

/* --- pages */

static bool take_once(uint64_t *taken, uint64_t frame)
{
	const bool before = taken[frame / 64] >> frame % 64 & 1;

	taken[frame / 64] |= 1ull << frame % 64;
	return !before && frame_pool_owner(&machine->pool, frame) == FRAME_VM;
}

static bool is_empty(const uint8_t *said, const uint16_t *shown, uint64_t pages)
{
	static const uint16_t nothing[RAM_BLOCK_PAGES];

	return !memcmp(said, nothing, pages) && !memcmp(shown, nothing, pages * sizeof(*shown));
}

static const char *page_fault(uint64_t frame, uint16_t shown, uint8_t said, uint64_t *taken)
{
	if (shown && shown != frame)
		FAULT("the world sees a frame that a page has not");
	if (frame >= RAM_MACHINE_FRAMES)
		FAULT("a page has a frame that there is not");
	if (said != (frame ? machine->content[frame] : 0))
		FAULT("a page does not hold what was written");
	if (frame && !take_once(taken, frame))
		FAULT("a frame is of two pages, or not the VM's");
	return NULL;
}

static const char *pages_fault(const struct vm *vm, const uint8_t *said)
{
	const struct vm_memory *m = &vm->memory;
	uint64_t taken[RAM_MACHINE_FRAMES / 64] = {0};

	for (uint64_t page = 0; page < RAM_MACHINE_PAGES;) {
		const uint64_t end = MIN(page + RAM_BLOCK_PAGES, (uint64_t)RAM_MACHINE_PAGES);
		const struct ram_block *b = &m->ram.blocks[page / RAM_BLOCK_PAGES];

		if (!b->first && !b->list &&
			is_empty(said + page, machine->shown + page, end - page))
			page = end;
		for (; page < end; page++) {
			const char *fault = page_fault(
				frame_at(&m->ram, page), machine->shown[page], said[page], taken);

			if (fault)
				return fault;
		}
	}
	for (unsigned i = 0; i < m->stocked; i++)
		if (m->stock[i].v >= RAM_MACHINE_FRAMES || machine->content[m->stock[i].v] ||
			!take_once(taken, m->stock[i].v))
			FAULT("a frame in stock is not clear, or not the VM's alone");
	return NULL;
}

const char *ram_oracle_fault(const struct vm *vm, const uint8_t *said)
{
	const char *fault = ept_fault(vm);

	if (!frame_promises_hold(&machine->pool))
		FAULT("a promise of frames cannot be kept");
	return fault ? fault : pages_fault(vm, said);
}
