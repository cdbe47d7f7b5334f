#include "vmkvm/pcpu.h"
#include "arch/x86/cpu.h"
#include "arch/x86/percpu.h"
#include "sched/world.h"

uint64_t vm_pcpu_take(void)
{
	return irq_save();
}

void vm_pcpu_give(uint64_t taken)
{
	irq_restore(taken);
}

struct vm_pcpu vm_pcpu(void)
{
	const struct percpu *self = percpu();

	return (struct vm_pcpu){self->index, &self->reschedule};
}

void vm_pcpu_give_way(void)
{
	sched_give_way();
}
