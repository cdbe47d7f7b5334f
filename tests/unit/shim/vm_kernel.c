#include "tests/unit/shim/vm_kernel.h"
#include "sched/world_group.h"
#include "vmkmod/drivers.h"
#include "vmkmod/modules.h"

#include <string.h>

struct vm sim_vm;
struct vm_console sim_console;
struct sim_modules sim_modules;
struct sim_pool sim_pool;
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

void vm_put(struct vm *vm)
{
	vm->puts++;
}

struct vm_console *vm_console(struct vm *vm)
{
	return &sim_console;
}

/* --- vmkuser/vms.h, vmkvm/console.h: VM 1 has the only console */

enum vmk_status vms_start(uint32_t id)
{
	sim_vm.action = VM_POWER_ON;
	return id == 1 ? VMK_OK : VMK_NOT_FOUND;
}

bool vms_name(uint32_t id, char name[PACKAGE_NAME_MAX])
{
	strcpy(name, "vm");
	return id == 1;
}

enum vmk_status vms_create(const struct package *image, const char *name)
{
	sim_vm.action = VM_CREATE;
	strcpy(sim_vm.made, name);
	return strcmp(name, "vm") ? VMK_OK : VMK_EXISTS;
}

enum vmk_status vms_destroy(uint32_t id)
{
	sim_vm.action = VM_DESTROY;
	return id == 1 ? VMK_OK : VMK_NOT_FOUND;
}

/* --- vmkmod/modules.h: module 2 is a VM's image, "agent" is a user world */

const struct package *modules_vm_image(unsigned index)
{
	static const struct package image = {.name = "image", .kind = PACKAGE_VM};

	return index == 2 ? &image : NULL;
}

bool modules_have_world(const char *name)
{
	return !strcmp(name, "agent");
}

enum vmk_status vms_act(uint32_t id, enum vm_action action)
{
	sim_vm.action = action;
	return id == 1 ? VMK_OK : VMK_NOT_FOUND;
}

/* There is one driver, module 1, with one parameter. */
enum vmk_status drivers_load(unsigned index, const char *by)
{
	sim_modules.loads++;
	return index == 1 ? VMK_OK : VMK_NOT_FOUND;
}

enum vmk_status drivers_unload(unsigned index, const char *by)
{
	sim_modules.unloads++;
	return index == 1 ? VMK_OK : VMK_NOT_FOUND;
}

enum vmk_status drivers_set_parameter(unsigned index, uint64_t value, const char *by)
{
	sim_modules.parameter = value;
	return index == 0 ? VMK_OK : VMK_NOT_FOUND;
}

bool groups_find(uint32_t id, struct group_record *record)
{
	*record = (struct group_record){
		.id = id, .kind = id == 3 ? GROUP_VM : GROUP_POOL, .path = "host/user/vm"};
	return id == 1 || id == 3;
}

enum vmk_status groups_set(uint32_t id, enum group_setting setting, uint32_t value)
{
	sim_pool = (struct sim_pool){setting, value};
	return id == 1 || id == 3 ? VMK_OK : VMK_NOT_FOUND;
}

uint32_t vms_find(const char *name)
{
	return !strcmp(name, "vm");
}

enum vmk_status vms_attach(uint32_t id, struct vm_console **console)
{
	if (id != 1)
		return VMK_NOT_FOUND;
	if (sim_console.attached)
		return VMK_BUSY;
	sim_console.attached = true;
	*console = &sim_console;
	return VMK_OK;
}

void vms_detach(struct vm_console *console)
{
	sim_console.attached = false;
}

void vms_wake(struct vm_console *console)
{
	sim_vm.wakes++;
}

enum vmk_status vm_console_say(struct vm_console *c, const char *text, size_t bytes, size_t *taken)
{
	*taken = MIN(bytes, sizeof(c->out));
	memcpy(c->out, text, *taken);
	c->out_head = (uint32_t)*taken;
	return c->attached ? VMK_OK : VMK_NOT_PRESENT;
}

enum vmk_status vm_console_hear(struct vm_console *c, char *to, size_t size, size_t *bytes)
{
	*bytes = MIN(size, (size_t)c->in_head);
	memcpy(to, c->in, *bytes);
	c->in_head = 0;
	return *bytes ? VMK_OK : VMK_WOULD_BLOCK;
}

enum vmk_status vm_console_read(struct vm_console *c, char *to, size_t size, size_t *bytes)
{
	*bytes = MIN(size, (size_t)c->out_head);
	memcpy(to, c->out, *bytes);
	c->out_head = 0;
	return *bytes ? VMK_OK : VMK_WOULD_BLOCK;
}

bool vm_console_has_room_again(struct vm_console *c)
{
	return c->no_room;
}

size_t vm_console_type(struct vm_console *c, const char *text, size_t bytes)
{
	c->in_head = (uint32_t)MIN(bytes, sizeof(c->in));
	memcpy(c->in, text, c->in_head);
	return c->in_head;
}

bool vm_console_readable(struct vm_console *c)
{
	return c->out_head != 0;
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

bool vm_is_paused(const struct vm *vm)
{
	return vm->paused;
}

uint64_t vm_time_ns(const struct vm *vm)
{
	return vm->now_ns;
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
void vm_give_back(struct vm *vm, struct space *space, const uint32_t *pages, unsigned count)
{
	vm->given += count;
}

void vm_balloon_report(struct vm *vm, uint64_t pages)
{
	vm->ballooned = pages;
}
void vm_balloon_told(struct vm *vm, const struct vmk_vm_stats *stats)
{
	vm->stats = *stats;
}

enum vmk_status vms_set_memory(uint32_t id, uint32_t kib)
{
	sim_vm.given = kib;
	return id == 1 ? VMK_OK : VMK_BAD_STATE;
}

/* No VM is asked for memory. */
struct event *vm_balloon_event(void)
{
	static struct event never;

	return &never;
}

uint64_t vm_balloon_tend(void)
{
	return 0;
}
