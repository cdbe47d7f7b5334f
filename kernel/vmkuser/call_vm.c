/* A virtual machine, for the VMX world that runs its devices (vmkuser/vm.h). */
#include "arch/x86/time.h"
#include "lib/nospec.h"
#include "mem/space.h"
#include "sched/world.h"
#include "trust/audit.h"
#include "vmkuser/call.h"
#include "vmkuser/vms.h"
#include "vmkvm/console.h"
#include "vmkvm/image.h"
#include "vmkvm/vm.h"

#include <stdio.h>

static enum vmk_status get_vm(struct uworld *u, uint64_t handle, uint32_t rights, struct vm **vm)
{
	return call_object(u, handle, VMK_KIND_VM, rights, (void **)vm);
}

/* (vm, struct vmk_vm_info *) */
enum vmk_status call_vm_info(struct uworld *u, const uint64_t args[6], uint64_t *value)
{
	struct vmk_vm_info info;
	struct vm *vm;
	enum vmk_status status = get_vm(u, args[0], RIGHT_READ, &vm);

	if (status != VMK_OK)
		return status;
	vm_info(vm, &info);
	return space_copy_out(u->space, args[1], &info, sizeof(info));
}

/* (vm, index, struct vmk_vm_file *) */
enum vmk_status call_vm_file(struct uworld *u, const uint64_t args[6], uint64_t *value)
{
	struct vmk_vm_file record = {0};
	const struct vm_file *file;
	struct vm *vm;
	enum vmk_status status = get_vm(u, args[0], RIGHT_READ, &vm);

	if (status != VMK_OK)
		return status;
	file = vm_file(vm, args[1]);
	if (!file)
		return VMK_NOT_FOUND;
	memcpy(record.name, file->name, sizeof(record.name));
	record.bytes = file->bytes;
	return space_copy_out(u->space, args[2], &record, sizeof(record));
}

/* (vm, index, offset, buffer, bytes) -> bytes of the file */
enum vmk_status call_vm_read(struct uworld *u, const uint64_t args[6], uint64_t *value)
{
	const struct vm_file *file;
	uint64_t offset;
	struct vm *vm;
	enum vmk_status status = get_vm(u, args[0], RIGHT_READ, &vm);

	if (status != VMK_OK)
		return status;
	file = vm_file(vm, args[1]);
	if (!file)
		return VMK_NOT_FOUND;
	if (args[4] > VMK_TRANSFER_MAX)
		return VMK_TOO_LARGE;
	*value = file->bytes;
	if (args[2] >= file->bytes)
		return VMK_OK;
	offset = index_nospec(args[2], file->bytes);
	return space_copy_out(
		u->space, args[3], file->data + offset, MIN(args[4], file->bytes - offset));
}

/* (vm, gpa, bytes) -> address */
enum vmk_status call_vm_map(struct uworld *u, const uint64_t args[6], uint64_t *value)
{
	struct user_range *range = &u->guest_ram[u->guest_maps];
	struct vm *vm;
	uintptr_t address;
	enum vmk_status status = get_vm(u, args[0], RIGHT_READ | RIGHT_WRITE, &vm);

	if (status != VMK_OK)
		return status;
	/* Such a mapping stays as long as the world. */
	if (u->guest_maps == GUEST_MAPS_MAX)
		return VMK_NO_RESOURCES;
	status = vm_map(vm, u->space, (struct gpa){args[1]}, args[2], &address);
	if (status != VMK_OK)
		return status;
	*range = (struct user_range){address, args[2]};
	u->guest_maps++;
	*value = address;
	return VMK_OK;
}

/* (vm, struct vmk_vm_entry *) */
enum vmk_status call_vm_start(struct uworld *u, const uint64_t args[6], uint64_t *value)
{
	struct vmk_vm_entry entry;
	struct vm *vm;
	enum vmk_status status = get_vm(u, args[0], RIGHT_WRITE, &vm);

	if (status == VMK_OK)
		status = space_copy_in(u->space, &entry, args[1], sizeof(entry));
	return status == VMK_OK ? vm_start(vm, &entry) : status;
}

/* The watched handles, with their places in `watch`. */
static enum vmk_status watch_collect(struct uworld *u, struct wait_set *set,
	const struct vmk_vm_exchange *exchange, unsigned place[VMK_VM_WATCH_MAX])
{
	enum vmk_status status = VMK_OK;

	set->count = 0;
	if (!(exchange->watch[0] | exchange->watch[1] | exchange->watch[2] | exchange->watch[3]))
		return VMK_OK;
	for (unsigned i = 0; status == VMK_OK && i < VMK_VM_WATCH_MAX; i++) {
		if (exchange->watch[i] == VMK_NO_HANDLE)
			continue;
		place[set->count] = i;
		status = wait_add(u, set, set->count, exchange->watch[i]);
		set->count++;
	}
	return status;
}

/* The next request, or a watched handle that is ready. Counts are read first (call_wait). */
static bool serve_ready(struct vm *vm, struct event *requests, struct wait_set *set,
	const unsigned *place, uint64_t *seen, struct vmk_vm_exchange *exchange)
{
	uint64_t index;

	*seen = event_count(requests);
	if (vm_next(vm, exchange))
		return true;
	if (!set->count || !wait_ready(set, &index))
		return false;
	exchange->ready = (uint8_t)(place[index] + 1);
	return true;
}

static enum vmk_status serve(
	struct uworld *u, struct vm *vm, struct vmk_vm_exchange *exchange, uint64_t timeout)
{
	const uint64_t deadline = call_deadline(timeout);
	UNINITIALIZED struct event *events[VMK_VM_WATCH_MAX + 1];
	UNINITIALIZED uint64_t seen[VMK_VM_WATCH_MAX + 1];
	UNINITIALIZED unsigned place[VMK_VM_WATCH_MAX], index;
	UNINITIALIZED struct wait_set set;
	enum vmk_status status = watch_collect(u, &set, exchange, place);
	bool answered = vm_answer(vm, exchange);

	events[0] = vm_event(vm);
	exchange->kind = VMK_VM_REQUEST_NONE;
	exchange->ready = 0;
	while (status == VMK_OK && !serve_ready(vm, events[0], &set, place, &seen[0], exchange)) {
		if (timeout == 0)
			break;
		for (unsigned i = 0; i < set.count; i++) {
			events[i + 1] = set.events[i];
			seen[i + 1] = set.seen[i];
		}
		/* For the devices of a paused VM no time passes. */
		status = event_wait_any(events, seen, set.count + 1,
			deadline && vm_is_paused(vm) ? 0 : deadline, &index);
		answered = false;
	}
	/* What comes next is on our own time: the vCPU goes on with its answer. */
	if (answered)
		world_part();
	return status == VMK_TIMEOUT ? VMK_OK : status;
}

/* (vm, small members, value, timeout ns, two handles to watch, two more) -> small members */
enum vmk_status call_vm_serve(struct uworld *u, const uint64_t args[6], uint64_t *value)
{
	struct vmk_vm_exchange exchange = {.value = args[2],
		.watch = {(uint32_t)args[4], (uint32_t)(args[4] >> 32), (uint32_t)args[5],
			(uint32_t)(args[5] >> 32)}};
	struct vm *vm;
	enum vmk_status status = get_vm(u, args[0], RIGHT_WRITE, &vm);

	if (status != VMK_OK)
		return status;
	vmk_vm_unpack(&exchange, args[1]);
	status = serve(u, vm, &exchange, args[3]);
	if (status != VMK_OK)
		return status;
	*value = vmk_vm_pack(&exchange);
	u->more = (struct call_more){true, exchange.address, exchange.value, vm_time_ns(vm)};
	return VMK_OK;
}

/* (vm, gsi, level) */
enum vmk_status call_vm_irq(struct uworld *u, const uint64_t args[6], uint64_t *value)
{
	struct vm *vm;
	enum vmk_status status = get_vm(u, args[0], RIGHT_WRITE, &vm);

	if (status != VMK_OK)
		return status;
	if (args[1] > UINT32_MAX)
		return VMK_BAD_PARAM;
	vm_irq(vm, (unsigned)args[1], args[2] != 0);
	return VMK_OK;
}

/* (vm, address, data) */
enum vmk_status call_vm_message(struct uworld *u, const uint64_t args[6], uint64_t *value)
{
	struct vm *vm;
	enum vmk_status status = get_vm(u, args[0], RIGHT_WRITE, &vm);

	if (status != VMK_OK)
		return status;
	return args[2] > UINT32_MAX ? VMK_BAD_PARAM : vm_message(vm, args[1], (uint32_t)args[2]);
}

static enum vmk_status give_back(struct uworld *u, struct vm *vm, uint64_t address)
{
	struct vmk_vm_pages pages;
	enum vmk_status status = space_copy_in(u->space, &pages, address, sizeof(pages));

	if (status == VMK_OK && pages.count > VMK_VM_PAGES_MAX)
		status = VMK_BAD_PARAM;
	if (status == VMK_OK)
		vm_give_back(vm, u->space, pages.page, pages.count);
	return status;
}

static enum vmk_status take_stats(struct uworld *u, struct vm *vm, uint64_t address)
{
	struct vmk_vm_stats stats;
	enum vmk_status status = space_copy_in(u->space, &stats, address, sizeof(stats));

	if (status == VMK_OK)
		vm_balloon_told(vm, &stats);
	return status;
}

/* (vm, VMK_VM_CONTROL_*, argument) */
enum vmk_status call_vm_control(struct uworld *u, const uint64_t args[6], uint64_t *value)
{
	struct vm *vm;
	enum vmk_status status = get_vm(u, args[0], RIGHT_WRITE, &vm);

	if (status != VMK_OK)
		return status;
	switch (args[1]) {
	case VMK_VM_CONTROL_RESET:
		vm_reset(vm);
		return VMK_OK;
	case VMK_VM_CONTROL_GIVE_BACK:
		return give_back(u, vm, args[2]);
	case VMK_VM_CONTROL_BALLOON:
		vm_balloon_report(vm, args[2]);
		return VMK_OK;
	case VMK_VM_CONTROL_STATS:
		return take_stats(u, vm, args[2]);
	case VMK_VM_CONTROL_POWER_OFF:
		uworld_finish(u, 0);
	default:
		return VMK_BAD_PARAM;
	}
}

/* --- its console: the VMX world at one end, at the other who is attached */

/* (system, id of a VM; 0: detach) */
enum vmk_status call_vm_attach(struct uworld *u, const uint64_t args[6], uint64_t *value)
{
	const uint32_t id = (uint32_t)args[1];
	enum vmk_status status = call_object(u, args[0], VMK_KIND_SYSTEM, RIGHT_WRITE, NULL);
	char number[12];

	if (status != VMK_OK)
		return status;
	if (args[1] > UINT32_MAX)
		return VMK_NOT_FOUND;
	if (u->console)
		vms_detach(u->console);
	u->console = NULL;
	if (!id)
		return VMK_OK;
	status = call_may_act_on(u, id);
	if (status == VMK_OK)
		status = vms_attach(id, &u->console);
	snprintf(number, sizeof(number), "%u", id);
	if (status == VMK_OK)
		audit_record(AUDIT_CONSOLE, WORLD_NAME(u), "world", WORLD_NAME(u), "state",
			"attached to a VM", "vm", number, NULL);
	return status;
}

static enum vmk_status console_read(struct uworld *u, struct vm *vm, size_t size, size_t *bytes)
{
	char *to = (char *)u->scratch;
	enum vmk_status status;

	if (vm)
		return vm_console_hear(vm_console(vm), to, size, bytes);
	status = vm_console_read(u->console, to, size, bytes);
	if (status == VMK_OK && vm_console_has_room_again(u->console))
		vms_wake(u->console);
	return status;
}

static enum vmk_status console_write(struct uworld *u, struct vm *vm, size_t size, size_t *bytes)
{
	const char *text = (const char *)u->scratch;

	if (vm)
		return vm_console_say(vm_console(vm), text, size, bytes);
	*bytes = vm_console_type(u->console, text, size);
	vms_wake(u->console);
	return *bytes ? VMK_OK : VMK_WOULD_BLOCK;
}

/* (vm or system, VMK_VM_CONSOLE_*, buffer, bytes) -> bytes */
enum vmk_status call_vm_console(struct uworld *u, const uint64_t args[6], uint64_t *value)
{
	const size_t size = MIN(args[3], SCRATCH_BYTES);
	const uint32_t right = args[1] == VMK_VM_CONSOLE_WRITE ? RIGHT_WRITE : RIGHT_READ;
	struct vm *vm = NULL;
	enum vmk_status status = get_vm(u, args[0], right, &vm);
	size_t bytes = 0;

	if (status == VMK_BAD_HANDLE)
		status = call_object(u, args[0], VMK_KIND_SYSTEM, RIGHT_WRITE, NULL);
	if (status != VMK_OK)
		return status;
	if (!vm && !u->console)
		return VMK_NOT_PRESENT;
	if (args[1] == VMK_VM_CONSOLE_WRITE)
		status = space_copy_in(u->space, u->scratch, args[2], size);
	else if (args[1] != VMK_VM_CONSOLE_READ)
		return VMK_BAD_PARAM;
	if (status != VMK_OK)
		return status;
	status = args[1] == VMK_VM_CONSOLE_WRITE ? console_write(u, vm, size, &bytes)
						 : console_read(u, vm, size, &bytes);
	if (status != VMK_OK)
		return status;
	*value = bytes;
	return args[1] == VMK_VM_CONSOLE_WRITE
		       ? VMK_OK
		       : space_copy_out(u->space, args[2], u->scratch, bytes);
}
