#include "vmkuser/vms.h"

#include "arch/x86/time.h"
#include "boot/boot_info.h"
#include "lib/log.h"
#include "mem/heap.h"
#include "vmkuser/uworld.h"
#include "vmkvm/vm.h"

#include <stdio.h>
#include <string.h>

#define LOG_MODULE "Vm"

/* It stays as long as the kernel; a life is what has a `vm`. */
struct machine {
	const struct package *image;
	uint32_t id;
	struct vm_console console;
	/* Under the lock. */
	enum vmk_vm_state state;
	uint64_t since_ns;
	uint32_t starts;
	struct vm *vm; /* from its creation until its VMX world ends; that world has a reference */
	char why[VM_WHY_BYTES];
};

static struct spinlock lock = SPINLOCK(LOCK_UWORLD);
static struct machine *machines[BOOT_MODULES_MAX];
static unsigned machine_count; /* grows only, while the boot goes on */
static const struct package *vmx;

enum vmk_status vms_add(const struct package *image)
{
	struct machine *m = heap_alloc(sizeof(*m));

	if (!m)
		return VMK_NO_MEMORY;
	m->image = image;
	m->id = machine_count + 1;
	m->since_ns = time_ns();
	vm_console_init(&m->console);
	machines[machine_count++] = m;
	return VMK_OK;
}

void vms_set_vmx(const struct package *package)
{
	if (!vmx)
		vmx = package;
}

unsigned vms_count(void)
{
	return machine_count;
}

static struct machine *get(uint32_t id)
{
	return id - 1 < machine_count ? machines[id - 1] : NULL;
}

uint32_t vms_find(const char *name)
{
	for (unsigned i = 0; i < machine_count; i++)
		if (strcmp(machines[i]->image->name, name) == 0)
			return machines[i]->id;
	return 0;
}

const char *vms_name(uint32_t id)
{
	const struct machine *m = get(id);

	return m ? m->image->name : NULL;
}

static void describe_memory(struct vm *vm, struct vmk_info_vm *info)
{
	const uint32_t kib = PAGE_SIZE >> 10;
	struct vm_balloon_info balloon;
	struct vm_usage usage;

	vm_memory_usage(vm, &usage);
	vm_balloon_info(vm, &balloon);
	info->memory_granted_kib = (uint32_t)usage.granted * kib;
	info->memory_large = (uint32_t)usage.large;
	info->balloon_kib = (uint32_t)balloon.pages * kib;
	info->balloon_target_kib = (uint32_t)balloon.target * kib;
}

bool vms_describe(unsigned index, struct vmk_info_vm *info)
{
	const struct machine *m = get(index + 1);
	const struct package *p;
	uint64_t saved;

	if (!m)
		return false;
	p = m->image;
	info->id = m->id;
	memcpy(info->name, p->name, sizeof(p->name));
	memcpy(info->version, p->version, sizeof(p->version));
	info->vcpus = p->vm_vcpus;
	info->memory_kib = p->vm_memory_kib;
	info->memory_reservation_kib = p->vm_memory_reservation_kib;
	info->memory_limit_kib = p->vm_memory_limit_kib;
	info->shares = vm_shares(p);
	info->cpu_reservation = p->vm_cpu_reservation;
	info->cpu_limit = p->vm_cpu_limit;
	info->autostart = p->vm_autostart;
	memcpy(info->affinity, p->vm_affinity, sizeof(info->affinity));
	saved = spin_lock(&lock);
	info->state = m->state;
	info->since_ns = m->since_ns;
	info->starts = m->starts;
	info->attached = m->console.attached;
	if (m->vm)
		describe_memory(m->vm, info);
	memcpy(info->why, m->why, sizeof(info->why));
	spin_unlock(&lock, saved);
	return true;
}

/* --- its life */

/* To the next state, if there is one; *vm has a reference more, NULL: it has none. */
static bool advance(struct machine *m, enum vm_action action, struct vm **vm)
{
	uint64_t saved = spin_lock(&lock);
	const enum vmk_vm_state from = m->state, to = vm_life_next(from, action);
	const bool possible = to != VMK_VM_STATES_END;

	*vm = NULL;
	if (possible && to != from) {
		m->state = to;
		m->since_ns = time_ns();
	}
	if (possible && m->vm) {
		*vm = m->vm;
		vm_get(*vm);
	}
	spin_unlock(&lock, saved);
	if (!possible)
		vmk_warn("VM %s: cannot be %s: it is %s", m->image->name, vm_action_name(action),
			vm_state_name(from));
	return possible;
}

/* Of something that happened. */
static void happened(struct machine *m, enum vm_action action)
{
	struct vm *vm;

	advance(m, action, &vm);
	if (vm)
		vm_put(vm);
}

static void set_vm(struct machine *m, struct vm *vm)
{
	uint64_t saved = spin_lock(&lock);

	m->vm = vm;
	m->starts += vm != NULL;
	spin_unlock(&lock, saved);
}

/* Its VMX world is about to let go of it. */
static void ended(void *context)
{
	struct machine *m = context;

	set_vm(m, NULL);
	happened(m, VM_ENDED);
}

static void gone(void *context)
{
	struct machine *m = context;

	vm_console_close(&m->console, true);
	happened(m, VM_GONE);
}

static void set_why(struct machine *m, const char *why)
{
	uint64_t saved = spin_lock(&lock);

	snprintf(m->why, sizeof(m->why), "%s", why);
	spin_unlock(&lock, saved);
}

static enum vmk_status create(struct machine *m, struct vm **vm)
{
	const struct vm_owner owner = {ended, gone, m, &m->console, m->id};
	char why[VM_WHY_BYTES] = "there is no package with a VMX world";
	enum vmk_status status = VMK_NOT_FOUND;

	if (vmx)
		status = vm_create(m->image, &owner, vm, why);
	set_why(m, status == VMK_OK ? "" : why);
	if (status != VMK_OK)
		vmk_error("VM %s: not powered on: %s", m->image->name, why);
	return status;
}

static enum vmk_status power_on(struct machine *m, struct vm *vm)
{
	enum vmk_status status;

	set_vm(m, vm);
	vm_console_close(&m->console, false);
	happened(m, VM_POWER_ON);
	vmk_log("VM %s: %u vCPUs, %u KiB", m->image->name, (unsigned)m->image->vm_vcpus,
		(unsigned)m->image->vm_memory_kib);
	status = uworld_start_vmx(vmx, m->image, vm);
	if (status == VMK_OK)
		return VMK_OK;
	set_why(m, "its VMX world was not started");
	vmk_error("VM %s: its VMX world was not started: %s", m->image->name,
		vmk_status_name(status));
	return status;
}

enum vmk_status vms_start(uint32_t id)
{
	struct machine *m = get(id);
	enum vmk_status status;
	struct vm *vm;

	if (!m)
		return VMK_NOT_FOUND;
	if (!advance(m, VM_CREATE, &vm))
		return VMK_BAD_STATE;
	status = create(m, &vm);
	if (status == VMK_OK)
		return power_on(m, vm);
	happened(m, VM_FAILED);
	return status;
}

static void perform(const struct machine *m, struct vm *vm, enum vm_action action)
{
	switch (action) {
	case VM_PAUSE:
	case VM_RESUME:
		vm_pause(vm, action == VM_PAUSE);
		break;
	case VM_RESET:
		vm_ask_for(vm, VMK_VM_REQUEST_RESET);
		break;
	case VM_STOP:
		vm_ask_for(vm, VMK_VM_REQUEST_STOP);
		break;
	default:
		uworld_kill(m->image->name);
	}
}

enum vmk_status vms_act(uint32_t id, enum vm_action action)
{
	struct machine *m = get(id);
	struct vm *vm;

	if (!m)
		return VMK_NOT_FOUND;
	if (!advance(m, action, &vm))
		return VMK_BAD_STATE;
	vmk_log("VM %s: is %s", m->image->name, vm_action_name(action));
	perform(m, vm, action);
	if (vm)
		vm_put(vm);
	return VMK_OK;
}

enum vmk_status vms_set_memory(uint32_t id, uint32_t kib)
{
	struct machine *m = get(id);
	struct vm *vm;
	uint64_t saved;

	if (!m)
		return VMK_NOT_FOUND;
	saved = spin_lock(&lock);
	vm = m->vm;
	if (vm)
		vm_get(vm);
	spin_unlock(&lock, saved);
	if (!vm)
		return VMK_BAD_STATE;
	vmk_log("VM %s: is asked to make do with %u KiB", m->image->name, (unsigned)kib);
	vm_balloon_ask(vm, kib / (PAGE_SIZE >> 10));
	vm_put(vm);
	return VMK_OK;
}

/* --- its console */

void vms_wake(uint32_t id)
{
	struct machine *m = get(id);
	uint64_t saved;
	struct vm *vm;

	saved = spin_lock(&lock);
	vm = m->vm;
	if (vm)
		vm_get(vm);
	spin_unlock(&lock, saved);
	if (!vm)
		return;
	vm_ask_for(vm, VMK_VM_REQUEST_CONSOLE);
	vm_put(vm);
}

enum vmk_status vms_attach(uint32_t id, struct vm_console **console)
{
	struct machine *m = get(id);

	if (!m)
		return VMK_NOT_FOUND;
	if (!vm_console_attach(&m->console))
		return VMK_BUSY;
	*console = &m->console;
	vms_wake(id);
	return VMK_OK;
}

void vms_detach(uint32_t id)
{
	vm_console_detach(&get(id)->console);
	vms_wake(id);
}
