/* A vCPU touches RAM that has no frame yet. */
#include "arch/x86/time.h"
#include "sched/world.h"
#include "vmkvm/state.h"
#include <stdio.h>

static void fail(struct vm_vcpu *v, enum vmk_status status)
{
	struct vm_usage usage;
	char why[VM_WHY_BYTES];

	vm_memory_usage(v->vm, &usage);
	snprintf(why, sizeof(why), "no memory for its RAM: it has %llu KiB, %s",
		(unsigned long long)(usage.granted * (PAGE_SIZE >> 10)),
		status == VMK_NO_RESOURCES
			? "which is its limit, and its balloon gives nothing back"
			: "the machine has no more, and no balloon gives anything back");
	vm_fail(v, why);
}

static bool is_wanted(const struct vm_vcpu *v)
{
	return __atomic_load_n(&v->attention, __ATOMIC_SEQ_CST) &
	       (ATTEND_END | ATTEND_RESET | ATTEND_INIT);
}

/* What a guest never wrote is not missed where it is taken away. */
static enum vmk_status supply(struct vm *vm, struct gpa gpa)
{
	enum vmk_status status = vm_memory_supply(vm, gpa, true);

	while ((status == VMK_NO_RESOURCES || status == VMK_NO_MEMORY) && vm_memory_trim(vm))
		status = vm_memory_supply(vm, gpa, false);
	return status;
}

/* Only the VM that touches waits, and only this vCPU of it. */
static enum vmk_status wait_for_frame(struct vm_vcpu *v, struct gpa gpa, enum vmk_status status)
{
	struct event *const events[] = {&v->event};
	const uint64_t end = time_ns() + VM_PATIENCE_NS;

	world_waits_for(SCHED_WAIT_MEMORY);
	while (status != VMK_OK && !is_wanted(v) && time_ns() < end) {
		uint64_t seen = event_count(&v->event);
		unsigned index;

		if (status == VMK_NO_MEMORY)
			vm_balloon_press(0);
		event_wait_any(events, &seen, 1, time_ns() + VM_LOOK_NS, &index);
		status = supply(v->vm, gpa);
	}
	world_waits_for(SCHED_WAIT_EVENT);
	return is_wanted(v) ? VMK_OK : status;
}

bool vm_touch_in_place(struct vtx_vm *vtx, struct gpa gpa, bool fetch)
{
	struct vm *vm = (struct vm *)vtx;

	return vm_memory_supply_at_once(vm, gpa) == VMK_OK &&
	       (!fetch || vm_memory_execute(vm, gpa) == VMK_OK);
}

bool vm_touch(struct vm_vcpu *v, struct gpa gpa, bool fetch)
{
	enum vmk_status status;

	/* With interrupts on: a large one takes its time, and so does want of memory. */
	vm_vcpu_leave(v);
	status = supply(v->vm, gpa);
	if (status != VMK_OK)
		status = wait_for_frame(v, gpa, status);
	if (status == VMK_OK && fetch)
		status = vm_memory_execute(v->vm, gpa);
	vm_vcpu_enter(v);
	if (status != VMK_OK)
		fail(v, status);
	return status == VMK_OK;
}

enum vmk_status vm_touch_for_devices(struct vm *vm, struct gpa gpa)
{
	const uint64_t end = time_ns() + VM_PATIENCE_NS;
	enum vmk_status status = supply(vm, gpa);

	while (status == VMK_NO_MEMORY && time_ns() < end && !world_killed(world_current())) {
		vm_balloon_press(0);
		world_waits_for(SCHED_WAIT_MEMORY);
		world_sleep(VM_LOOK_NS);
		world_waits_for(SCHED_WAIT_EVENT);
		status = supply(vm, gpa);
	}
	return status;
}
