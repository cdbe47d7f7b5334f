#include "tests/unit/shim/vm_kernel.h"

#include <string.h>

struct vm sim_vm;
const uint8_t sim_vm_file[16] = "the only file..";

void vm_release(struct vm *vm)
{
	vm->releases++;
}

enum vmk_status vm_adopt(struct vm *vm, struct world *world)
{
	vm->adoptions++;
	return VMK_OK;
}

void vm_info(const struct vm *vm, struct vmk_vm_info *info)
{
	*info = (struct vmk_vm_info){.size = sizeof(*info), .vcpus = 2, .name = "sim"};
}

const struct vm_file *vm_file(const struct vm *vm, uint64_t index)
{
	static const struct vm_file file = {"only", sim_vm_file, sizeof(sim_vm_file)};

	return index ? NULL : &file;
}

enum vmk_status vm_map(
	struct vm *vm, struct space *space, struct gpa gpa, uint64_t bytes, uintptr_t *address)
{
	*address = 0x40000000ul + gpa.v;
	return vm->map_status;
}

enum vmk_status vm_start(struct vm *vm, const struct vmk_vm_entry *entry)
{
	vm->entry = *entry;
	vm->starts++;
	return VMK_OK;
}

bool vm_answer(struct vm *vm, const struct vmk_vm_exchange *exchange)
{
	vm->answered = *exchange;
	return exchange->kind != VMK_VM_REQUEST_NONE;
}

void world_part(void)
{
}

bool vm_next(struct vm *vm, struct vmk_vm_exchange *exchange)
{
	if (!vm->next.kind)
		return false;
	*exchange = vm->next;
	vm->next.kind = 0;
	return true;
}

struct event *vm_event(struct vm *vm)
{
	return &vm->event;
}

void vm_irq(struct vm *vm, unsigned gsi, bool level)
{
	vm->irqs++;
}

enum vmk_status vm_message(struct vm *vm, uint64_t address, uint32_t data)
{
	vm->messages++;
	return VMK_OK;
}

void vm_reset(struct vm *vm)
{
	vm->resets++;
}
