/* The kernel's own accesses to a VM's RAM; frames cannot leave meanwhile. */
#include "mem/window.h"
#include "vmkvm/memory.h"
#include <string.h>

/* The RAM at gpa, with *bytes cut to one page. */
enum reach { REACH_FRAME, REACH_NOTHING_YET, REACH_NO_RAM };
static enum reach reach(struct vm *vm, struct gpa gpa, size_t *bytes, struct hpa *at)
{
	const uint64_t offset = gpa.v % PAGE_SIZE;
	uint64_t page, frame;

	if (!memory_page(vm, gpa, &page))
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
		/* It may have been taken away again, as it was never written: once more. */
		if (found != REACH_FRAME)
			part = 0;
	}
	return true;
}

bool vm_memory_find(struct vm *vm, struct gpa gpa, struct hpa *at, bool *whole)
{
	struct vm_memory *m = &vm->memory;
	uint64_t page, saved = spin_lock(&m->lock);
	bool found = memory_page(vm, gpa, &page) && ram_frame(&m->ram, page);

	if (found) {
		*at = hpa(ram_frame(&m->ram, page) << PAGE_SHIFT);
		/* Below a limit the rest may be taken away again. */
		*whole = ram_needs_list(&m->ram, page) && m->policy.limit >= m->ram.pages;
		ram_show(&m->ram, page, *whole);
	}
	spin_unlock(&m->lock, saved);
	return found;
}
