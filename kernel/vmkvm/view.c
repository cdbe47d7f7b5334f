/* Guest RAM as the VMX world sees it: page by page, as either side touches it. */
#include "lib/log.h"
#include "mem/frames.h"
#include "mem/space.h"
#include "vmkvm/memory.h"

#define LOG_MODULE "Vm"

static const struct vm_view *view_at(const struct vm *vm, uintptr_t address)
{
	for (unsigned i = 0; i < vm->view_count; i++)
		if (address - vm->views[i].address < vm->views[i].bytes)
			return &vm->views[i];
	return NULL;
}

static enum vmk_status show_range(struct space *space, const struct vm_view *view, struct gpa from,
	uint64_t end, struct hpa at)
{
	return space_map_foreign(space, view->address + (from.v - view->gpa.v), at, end - from.v);
}

/* A whole block at once, as far as the range goes, unless a page of it is there; else one page. */
static enum vmk_status show(
	struct vm *vm, struct space *space, const struct vm_view *view, struct gpa gpa)
{
	const struct gpa page = {ALIGN_DOWN(gpa.v, PAGE_SIZE)};
	const uint64_t block = ALIGN_DOWN(gpa.v, BLOCK_BYTES);
	const struct gpa from = {MAX(block, view->gpa.v)};
	const uint64_t end = MIN(block + BLOCK_BYTES, view->gpa.v + view->bytes);
	enum vmk_status status = VMK_EXISTS;
	struct hpa at;
	bool whole;

	if (!vm_memory_find(vm, page, &at, &whole))
		return VMK_NOT_FOUND;
	if (whole)
		status = show_range(space, view, from, end, hpa(at.v - (page.v - from.v)));
	if (status == VMK_EXISTS)
		status = show_range(space, view, page, page.v + PAGE_SIZE, at);
	return status;
}

/* What was never written may be taken away again before it is seen: another vCPU wants memory. */
static enum vmk_status touch_and_show(
	struct vm *vm, struct space *space, const struct vm_view *view, struct gpa gpa)
{
	enum vmk_status status;

	do {
		status = vm_touch_for_devices(vm, gpa);
		if (status != VMK_OK)
			return status;
		status = show(vm, space, view, gpa);
	} while (status == VMK_NOT_FOUND);
	return status;
}

/* The world is ended by what follows where there is no frame; but not where it had the kernel touch
 * it in a system call, so that this is said once. */
static bool fill(void *context, struct space *space, uintptr_t address)
{
	struct vm *vm = context;
	const struct vm_view *view = view_at(vm, address);
	enum vmk_status status;
	struct gpa gpa;

	if (!view)
		return false;
	gpa.v = view->gpa.v + (address - view->address);
	status = touch_and_show(vm, space, view, gpa);
	if (status != VMK_OK && !vm->views_lacked)
		vmk_warn("VM %s: its devices touch 0x%llx, for which there is no memory: %s",
			vm->name, (unsigned long long)gpa.v, vmk_status_name(status));
	vm->views_lacked |= status != VMK_OK;
	return status == VMK_OK;
}

uint64_t vm_view_tables(const struct vm *vm)
{
	return space_tables_for(vm->low_bytes) +
	       (vm->high_bytes ? space_tables_for(vm->high_bytes) : 0);
}

/* So that no page of it is missing for want of a table when it is touched. Those for all of RAM
 * were promised at power-on; a world may see some of it twice. */
static enum vmk_status promise_tables(struct vm *vm, struct space *space, uint64_t bytes)
{
	const uint64_t kib = PAGE_SIZE >> 10, spare = frames_spare(FRAME_DIRECT, 0);
	const uint64_t needed = space_tables_for(bytes), given = MIN(needed, vm->memory.views);
	const enum vmk_status status = space_promise_tables(space, bytes, given);

	if (status == VMK_OK)
		vm->memory.views -= given;
	else if (!vm->views_lacked)
		vmk_warn("VM %s: no memory for its devices to see its RAM: %llu KiB of page tables "
			 "needed, %llu KiB of the kernel's memory available",
			vm->name, (unsigned long long)((needed - given) * kib),
			(unsigned long long)(spare * kib));
	vm->views_lacked |= status != VMK_OK;
	return status;
}

_Static_assert((SPACE_FOREIGN_BYTES - VM_LOW_MAX) / 2 > (PACKAGE_VM_MEMORY_MAX_KIB + 8ull) << 10,
	"wherever chance puts the part of RAM below the hole, there is a place for the other");
/* There is one for all of RAM, once. */
static enum vmk_status reserve(
	struct vm *vm, struct space *space, uint64_t bytes, uintptr_t *address)
{
	const enum vmk_status status = space_reserve_foreign(space, bytes, address);

	if (status == VMK_NO_PLACE && !vm->views_lacked)
		vmk_warn("VM %s: no place for its devices to see its RAM: %llu KiB of addresses "
			 "needed in one piece, %llu KiB available of %llu",
			vm->name, (unsigned long long)(bytes >> 10),
			(unsigned long long)(space_foreign_room(space) >> 10),
			SPACE_FOREIGN_BYTES >> 10);
	vm->views_lacked |= status != VMK_OK;
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
	if (vm->view_count == VM_VIEWS_MAX)
		return VMK_NO_RESOURCES;
	vm->domain = space_domain(space);
	status = reserve(vm, space, bytes, address);
	if (status != VMK_OK)
		return status;
	status = promise_tables(vm, space, bytes);
	if (status != VMK_OK) {
		space_free(space, *address, bytes);
		return status;
	}
	vm->views[vm->view_count++] = (struct vm_view){gpa, *address, bytes};
	space_set_filler(space, fill, vm);
	return VMK_OK;
}

/* In every range: the world may have mapped the same RAM more than once. False: it is still seen.
 */
static bool hide(const struct vm *vm, struct space *space, struct gpa page)
{
	for (unsigned i = 0; i < vm->view_count; i++) {
		const struct vm_view *view = &vm->views[i];

		if (page.v - view->gpa.v < view->bytes &&
			space_unmap_foreign(
				space, view->address + (page.v - view->gpa.v), PAGE_SIZE) != VMK_OK)
			return false;
	}
	return true;
}

void vm_give_back(struct vm *vm, struct space *space, const uint32_t *pages, unsigned count)
{
	struct gpa list[VM_GIVE_BACK_MAX];
	size_t hidden = 0;

	for (unsigned i = 0; i < MIN(count, VM_GIVE_BACK_MAX); i++) {
		list[hidden].v = (uint64_t)pages[i] << PAGE_SHIFT;
		hidden += hide(vm, space, list[hidden]);
	}
	vm_memory_give_back(vm, list, hidden);
}
