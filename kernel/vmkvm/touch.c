/* A vCPU touches RAM that has no frame yet. */
#include "vmkvm/state.h"
#include <stdio.h>

static void fail(struct vm_vcpu *v, enum vmk_status status)
{
	struct vm_usage usage;
	char why[VM_WHY_BYTES];

	vm_memory_usage(v->vm, &usage);
	snprintf(why, sizeof(why), "no memory for its RAM: %llu KiB are there, %s",
		(unsigned long long)(usage.granted * (PAGE_SIZE >> 10)),
		status == VMK_NO_RESOURCES ? "which is its limit" : "the machine has no more");
	vm_fail(v, why);
}

void vm_touch(struct vm_vcpu *v, struct gpa gpa, bool fetch)
{
	enum vmk_status status;

	/* With interrupts on: a large page takes its time. */
	vm_vcpu_leave(v);
	status = vm_memory_supply(v->vm, gpa, true);
	if (status == VMK_OK && fetch)
		status = vm_memory_execute(v->vm, gpa);
	vm_vcpu_enter(v);
	if (status != VMK_OK)
		fail(v, status);
}
