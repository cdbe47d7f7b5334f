/* A vCPU touches RAM that has no frame yet. */
#include "arch/x86/time.h"
#include "vmkvm/state.h"
#include <stdio.h>

/* How long balloons may take to give what is missing, and how often that is looked at. */
#define PATIENCE_NS (5ull * 1000000000)
#define LOOK_NS     (10ull * 1000000)

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

/* Only the VM that touches waits, and only this vCPU of it. */
static enum vmk_status wait_for_frame(struct vm_vcpu *v, struct gpa gpa, enum vmk_status status)
{
	struct event *const events[] = {&v->event};
	const uint64_t end = time_ns() + PATIENCE_NS;

	while (status != VMK_OK && !is_wanted(v) && time_ns() < end) {
		uint64_t seen = event_count(&v->event);
		unsigned index;

		if (status == VMK_NO_MEMORY)
			vm_balloon_press();
		event_wait_any(events, &seen, 1, time_ns() + LOOK_NS, &index);
		status = vm_memory_supply(v->vm, gpa, false);
	}
	return is_wanted(v) ? VMK_OK : status;
}

void vm_touch(struct vm_vcpu *v, struct gpa gpa, bool fetch)
{
	enum vmk_status status;

	/* With interrupts on: a large page takes its time. */
	vm_vcpu_leave(v);
	status = vm_memory_supply(v->vm, gpa, true);
	if (status != VMK_OK)
		status = wait_for_frame(v, gpa, status);
	if (status == VMK_OK && fetch)
		status = vm_memory_execute(v->vm, gpa);
	vm_vcpu_enter(v);
	if (status != VMK_OK)
		fail(v, status);
}
