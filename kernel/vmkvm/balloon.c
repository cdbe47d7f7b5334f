/* How much memory guests are asked to give up, and why. */
#include "vmkvm/state.h"

/* What is asked of all VMs together at once, in frames. */
#define PRESS_AT_ONCE ((8ull << 20) >> PAGE_SHIFT)
#define VMS_AT_ONCE   32u

uint64_t vm_balloon_target(const struct vm *vm)
{
	const struct vm_memory *m = &vm->memory;
	const uint64_t asked = __atomic_load_n(&vm->balloon.asked, __ATOMIC_RELAXED);
	const uint64_t pressed = __atomic_load_n(&vm->balloon.pressed, __ATOMIC_RELAXED);
	uint64_t most = m->policy.limit;

	most = asked ? MIN(most, asked) : most;
	most = pressed ? MIN(most, pressed) : most;
	return m->ram.pages - MIN(most, m->ram.pages);
}

void vm_balloon_info(const struct vm *vm, struct vm_balloon_info *info)
{
	info->target = vm_balloon_target(vm);
	info->pages = __atomic_load_n(&vm->balloon.reported, __ATOMIC_RELAXED);
}

static void set(struct vm *vm, uint64_t *what, uint64_t frames)
{
	if (__atomic_exchange_n(what, frames, __ATOMIC_RELAXED) != frames)
		vm_ask_for(vm, VMK_VM_REQUEST_BALLOON);
}

void vm_balloon_ask(struct vm *vm, uint64_t frames)
{
	set(vm, &vm->balloon.asked, frames);
}

void vm_balloon_report(struct vm *vm, uint64_t pages)
{
	__atomic_store_n(&vm->balloon.reported, MIN(pages, vm->memory.ram.pages), __ATOMIC_RELAXED);
}

/* What it has beyond what it was promised. */
static uint64_t excess(struct vm *vm, struct vm_usage *usage)
{
	vm_memory_usage(vm, usage);
	return usage->granted > usage->reservation ? usage->granted - usage->reservation : 0;
}

/* Each gives up the same part of what it was not promised. */
static void press(struct vm *vm, uint64_t all)
{
	struct vm_usage usage;
	const uint64_t own = excess(vm, &usage);

	if (own)
		set(vm, &vm->balloon.pressed,
			usage.granted - MIN(own, (PRESS_AT_ONCE * own + all - 1) / all));
}

void vm_balloon_press(void)
{
	struct vm *vms[VMS_AT_ONCE];
	const unsigned count = vm_collect(vms, VMS_AT_ONCE);
	struct vm_usage usage;
	uint64_t all = 0;

	for (unsigned i = 0; i < count; i++)
		all += excess(vms[i], &usage);
	for (unsigned i = 0; i < count; i++) {
		if (all)
			press(vms[i], all);
		vm_put(vms[i]);
	}
}

void vm_balloon_relax(void)
{
	struct vm *vms[VMS_AT_ONCE];
	const unsigned count = vm_collect(vms, VMS_AT_ONCE);

	for (unsigned i = 0; i < count; i++) {
		set(vms[i], &vms[i]->balloon.pressed, 0);
		vm_put(vms[i]);
	}
}
