#include "vmkuser/vms.h"

#include "arch/x86/time.h"
#include "lib/log.h"
#include "mem/heap.h"
#include "trust/audit.h"
#include "vmkmod/package.h"
#include "vmknet/switch.h"
#include "vmkuser/uworld.h"
#include "vmkvm/vm.h"

#include <stdio.h>
#include <string.h>

#define LOG_MODULE "Vm"

/* A life is what has a `vm`. */
struct machine {
	struct package image; /* as it was signed, under the machine's own name */
	char package[PACKAGE_NAME_MAX];
	uint32_t id;
	uint32_t references; /* the table's, a life's, who is attached, who looks; under the lock */
	struct vm_console console;
	/* Under the lock. */
	bool listed;
	enum vmk_vm_state state;
	uint64_t since_ns;
	uint32_t starts;
	struct vm *vm; /* from its creation until its VMX world ends; that world has a reference */
	char why[VM_WHY_BYTES];
};

static struct spinlock lock = SPINLOCK(LOCK_UWORLD);
static struct machine *machines[VMS_MAX]; /* in the order of their ids */
static unsigned machine_count;
static uint32_t last_id;
static const struct package *vmx;

void vms_set_vmx(const struct package *package)
{
	if (!vmx)
		vmx = package;
}

unsigned vms_count(void)
{
	uint64_t saved = spin_lock(&lock);
	unsigned count = machine_count;

	spin_unlock(&lock, saved);
	return count;
}

/* Under the lock; NULL: there is none. */
static struct machine *by_name(const char *name)
{
	for (unsigned i = 0; i < machine_count; i++)
		if (strcmp(machines[i]->image.name, name) == 0)
			return machines[i];
	return NULL;
}

uint32_t vms_find(const char *name)
{
	uint64_t saved = spin_lock(&lock);
	const struct machine *m = by_name(name);
	uint32_t id = m ? m->id : 0;

	spin_unlock(&lock, saved);
	return id;
}

/* With a reference for the caller; NULL: there is none of that id. */
static struct machine *get(uint32_t id)
{
	uint64_t saved = spin_lock(&lock);
	struct machine *found = NULL;

	for (unsigned i = 0; i < machine_count && !found; i++)
		if (machines[i]->id == id)
			found = machines[i];
	if (found)
		found->references++;
	spin_unlock(&lock, saved);
	return found;
}

static void hold(struct machine *m)
{
	uint64_t saved = spin_lock(&lock);

	m->references++;
	spin_unlock(&lock, saved);
}

static void put(struct machine *m)
{
	uint64_t saved = spin_lock(&lock);
	bool last = --m->references == 0;

	spin_unlock(&lock, saved);
	if (last)
		heap_free(m);
}

bool vms_name(uint32_t id, char name[PACKAGE_NAME_MAX])
{
	struct machine *m = get(id);

	if (!m)
		return false;
	memcpy(name, m->image.name, sizeof(m->image.name));
	put(m);
	return true;
}

/* --- which there are */

static enum vmk_status list(struct machine *m)
{
	uint64_t saved = spin_lock(&lock);
	enum vmk_status status = VMK_OK;

	if (by_name(m->image.name))
		status = VMK_EXISTS;
	else if (machine_count == VMS_MAX || last_id == UINT32_MAX)
		status = VMK_NO_RESOURCES;
	if (status == VMK_OK) {
		m->id = ++last_id;
		m->references = 1;
		m->listed = true;
		machines[machine_count++] = m;
	}
	spin_unlock(&lock, saved);
	return status;
}

/* VMK_NOT_FOUND: somebody else was first. Under the lock. */
static enum vmk_status unlist(struct machine *m)
{
	unsigned at = 0;

	if (!m->listed)
		return VMK_NOT_FOUND;
	if (vm_life_next(m->state, VM_DESTROY) == VMK_VM_STATES_END)
		return VMK_BAD_STATE;
	while (machines[at] != m)
		at++;
	machine_count--;
	memmove(&machines[at], &machines[at + 1], (machine_count - at) * sizeof(machines[0]));
	m->listed = false;
	return VMK_OK;
}

enum vmk_status vms_create(const struct package *image, const char *name)
{
	const size_t length = strnlen(name, PACKAGE_NAME_MAX);
	struct machine *m;
	enum vmk_status status;

	if (length == PACKAGE_NAME_MAX)
		return VMK_BAD_PARAM;
	m = heap_alloc(sizeof(*m));
	if (!m)
		return VMK_NO_MEMORY;
	m->image = *image;
	memcpy(m->package, image->name, sizeof(m->package));
	memset(m->image.name, 0, sizeof(m->image.name));
	memcpy(m->image.name, name, length);
	/* The boot brings up what it loads, each package once. */
	m->image.vm_autostart = image->vm_autostart && strcmp(name, image->name) == 0;
	m->since_ns = time_ns();
	vm_console_init(&m->console);
	status = list(m);
	if (status != VMK_OK)
		heap_free(m);
	return status;
}

enum vmk_status vms_destroy(uint32_t id)
{
	struct machine *m = get(id);
	enum vmk_status status;
	uint64_t saved;

	if (!m)
		return VMK_NOT_FOUND;
	saved = spin_lock(&lock);
	status = unlist(m);
	spin_unlock(&lock, saved);
	if (status == VMK_OK) {
		vmk_log("VM %s: is destroyed; its package %s stays", m->image.name, m->package);
		put(m); /* the table's */
	}
	put(m);
	return status;
}

static void describe_memory(struct vm *vm, struct vmk_info_vm *info)
{
	const uint32_t kib = PAGE_SIZE >> 10;
	struct vm_balloon_info balloon;
	struct vm_kernel_memory kernel;
	struct vm_usage usage;

	vm_memory_usage(vm, &usage);
	vm_balloon_info(vm, &balloon);
	vm_balloon_stats(vm, &info->guest);
	info->memory_granted_kib = (uint32_t)usage.granted * kib;
	info->memory_large = (uint32_t)usage.large;
	info->balloon_kib = (uint32_t)balloon.pages * kib;
	info->balloon_target_kib = (uint32_t)balloon.target * kib;
	vm_kernel_memory(vm, &kernel);
	info->kernel_bytes += kernel.all;
	info->vcpu_kernel_bytes = kernel.each_vcpu;
}

static void describe(const struct machine *m, struct vmk_info_vm *info)
{
	const struct package *p = &m->image;

	info->id = m->id;
	memcpy(info->name, p->name, sizeof(p->name));
	memcpy(info->package, m->package, sizeof(m->package));
	memcpy(info->version, p->version, sizeof(p->version));
	info->vcpus = p->vm_vcpus;
	info->memory_kib = p->vm_memory_kib;
	info->memory_reservation_kib = p->vm_memory_reservation_kib;
	info->memory_limit_kib = p->vm_memory_limit_kib;
	info->shares = vm_shares(p);
	info->cpu_reservation = p->vm_cpu_reservation;
	info->cpu_limit = p->vm_cpu_limit;
	info->vcpu_limit = (uint8_t)p->vm_vcpu_limit;
	info->latency_high = p->vm_latency_high;
	info->autostart = p->vm_autostart;
	memcpy(info->affinity, p->vm_affinity, sizeof(info->affinity));
	info->state = m->state;
	info->since_ns = m->since_ns;
	info->starts = m->starts;
	info->attached = m->console.attached;
	info->kernel_bytes = heap_object_bytes(sizeof(*m));
	if (m->vm)
		describe_memory(m->vm, info);
	memcpy(info->why, m->why, sizeof(info->why));
}

bool vms_describe(unsigned index, struct vmk_info_vm *info)
{
	uint64_t saved = spin_lock(&lock);
	bool found = index < machine_count;

	if (found)
		describe(machines[index], info);
	spin_unlock(&lock, saved);
	return found;
}

/* --- its life */

/* To the next state, if there is one; *vm has a reference more, NULL: it has none. One that runs or
 * is paused has one: it loses it in the step in which it begins to end. */
static bool advance(struct machine *m, enum vm_action action, struct vm **vm)
{
	uint64_t saved = spin_lock(&lock);
	const enum vmk_vm_state from = m->state, to = vm_life_next(from, action);
	const bool possible = m->listed && to != VMK_VM_STATES_END;

	*vm = NULL;
	if (action == VM_ENDED)
		m->vm = NULL;
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
		vmk_warn("VM %s: cannot be %s: it is %s", m->image.name, vm_action_name(action),
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
	m->starts++;
	spin_unlock(&lock, saved);
}

/* Its VMX world is about to let go of it. */
static void ended(void *context)
{
	happened(context, VM_ENDED);
}

static void gone(void *context)
{
	struct machine *m = context;

	vm_console_close(&m->console, true);
	happened(m, VM_GONE);
	put(m);
}

static void set_why(struct machine *m, const char *why)
{
	uint64_t saved = spin_lock(&lock);

	snprintf(m->why, sizeof(m->why), "%s", why);
	spin_unlock(&lock, saved);
}

/* It is not powered on, whoever asked for it. */
static void refuse(struct machine *m, const char *why)
{
	char number[12];

	set_why(m, why);
	vmk_error("VM %s: not powered on: %s", m->image.name, why);
	snprintf(number, sizeof(number), "%u", (unsigned)m->id);
	audit_record(AUDIT_VM_POWER, m->image.name, "action", "not powered on", "vm", number,
		"name", m->image.name, "why", why, NULL);
}

/* The switch refuses a port that is another's twin; an administrator is to learn whose. */
static bool has_others_mac(const struct machine *m, char why[VM_WHY_BYTES])
{
	char owner[PACKAGE_NAME_MAX];

	if (!switch_guest_clashes(m->image.name, owner, sizeof(owner)))
		return false;
	snprintf(why, VM_WHY_BYTES, "network: a MAC address made of its name is that of %s", owner);
	return true;
}

static enum vmk_status create(struct machine *m, struct vm **vm)
{
	const struct vm_owner owner = {ended, gone, m, &m->console, m->id};
	char why[VM_WHY_BYTES] = "there is no package with a VMX world";
	enum vmk_status status = VMK_NOT_FOUND;

	if (vmx && m->image.vm_network && has_others_mac(m, why))
		status = VMK_EXISTS;
	else if (vmx)
		status = vm_create(&m->image, &owner, vm, why);
	if (status == VMK_OK)
		set_why(m, "");
	else
		refuse(m, why);
	return status;
}

static enum vmk_vm_state state_of(const struct machine *m)
{
	uint64_t saved = spin_lock(&lock);
	const enum vmk_vm_state state = m->state;

	spin_unlock(&lock, saved);
	return state;
}

static enum vmk_status power_on(struct machine *m, struct vm *vm)
{
	char why[VM_WHY_BYTES];
	enum vmk_status status;

	vm_get(vm);
	set_vm(m, vm);
	vm_console_close(&m->console, false);
	happened(m, VM_POWER_ON);
	vmk_log("VM %s: %u vCPUs, %u KiB", m->image.name, (unsigned)m->image.vm_vcpus,
		(unsigned)m->image.vm_memory_kib);
	status = uworld_start_vmx(vmx, &m->image, vm);
	/* Who switched it off meanwhile found no world to kill. */
	if (status == VMK_OK && state_of(m) == VMK_VM_ENDING)
		uworld_kill_vmx(vm);
	vm_put(vm);
	if (status == VMK_OK)
		return VMK_OK;
	snprintf(why, sizeof(why), "its VMX world was not started: %s", vmk_status_name(status));
	refuse(m, why);
	return status;
}

/* Once made it has a reference of its machine, until it is gone(). */
static enum vmk_status start(struct machine *m)
{
	enum vmk_status status;
	struct vm *vm;

	if (!advance(m, VM_CREATE, &vm))
		return VMK_BAD_STATE;
	status = create(m, &vm);
	if (status == VMK_OK) {
		hold(m);
		return power_on(m, vm);
	}
	happened(m, VM_FAILED);
	return status;
}

enum vmk_status vms_start(uint32_t id)
{
	struct machine *m = get(id);
	enum vmk_status status = m ? start(m) : VMK_NOT_FOUND;

	if (m)
		put(m);
	return status;
}

/* As its state says, which somebody else may have changed since, or changes meanwhile: whoever is
 * the last to look leaves the two alike. One that ends stays as it is. */
static void follow_state(const struct machine *m, struct vm *vm)
{
	enum vmk_vm_state state = state_of(m), done;

	do {
		done = state;
		if (done == VMK_VM_PAUSED || done == VMK_VM_RUNNING)
			vm_pause(vm, done == VMK_VM_PAUSED);
		state = state_of(m);
	} while (state != done);
}

static void perform(const struct machine *m, struct vm *vm, enum vm_action action)
{
	switch (action) {
	case VM_PAUSE:
	case VM_RESUME:
		follow_state(m, vm);
		break;
	case VM_RESET:
		vm_ask_for(vm, VMK_VM_REQUEST_RESET);
		break;
	case VM_STOP:
		vm_ask_for(vm, VMK_VM_REQUEST_STOP);
		break;
	default:
		if (vm)
			uworld_kill_vmx(vm);
	}
}

static enum vmk_status act(struct machine *m, enum vm_action action)
{
	struct vm *vm;

	if (!advance(m, action, &vm))
		return VMK_BAD_STATE;
	vmk_log("VM %s: is %s", m->image.name, vm_action_name(action));
	perform(m, vm, action);
	if (vm)
		vm_put(vm);
	return VMK_OK;
}

enum vmk_status vms_act(uint32_t id, enum vm_action action)
{
	struct machine *m = get(id);
	enum vmk_status status = m ? act(m, action) : VMK_NOT_FOUND;

	if (m)
		put(m);
	return status;
}

/* Its life, with a reference for the caller; NULL: it is off. */
static struct vm *vm_of(struct machine *m)
{
	uint64_t saved = spin_lock(&lock);
	struct vm *vm = m->vm;

	if (vm)
		vm_get(vm);
	spin_unlock(&lock, saved);
	return vm;
}

enum vmk_status vms_set_memory(uint32_t id, uint32_t kib)
{
	struct machine *m = get(id);
	struct vm *vm;

	if (!m)
		return VMK_NOT_FOUND;
	vm = vm_of(m);
	if (vm) {
		vmk_log("VM %s: is asked to make do with %u KiB", m->image.name, (unsigned)kib);
		vm_balloon_ask(vm, kib / (PAGE_SIZE >> 10));
		vm_put(vm);
	}
	put(m);
	return vm ? VMK_OK : VMK_BAD_STATE;
}

/* --- its console */

static void wake(struct machine *m)
{
	struct vm *vm = vm_of(m);

	if (!vm)
		return;
	vm_ask_for(vm, VMK_VM_REQUEST_CONSOLE);
	vm_put(vm);
}

static struct machine *attached_to(struct vm_console *console)
{
	return container_of(console, struct machine, console);
}

void vms_wake(struct vm_console *console)
{
	wake(attached_to(console));
}

enum vmk_status vms_attach(uint32_t id, struct vm_console **console)
{
	struct machine *m = get(id);

	if (!m)
		return VMK_NOT_FOUND;
	if (!vm_console_attach(&m->console)) {
		put(m);
		return VMK_BUSY;
	}
	*console = &m->console;
	wake(m);
	return VMK_OK;
}

void vms_detach(struct vm_console *console)
{
	struct machine *m = attached_to(console);

	vm_console_detach(console);
	wake(m);
	put(m);
}
