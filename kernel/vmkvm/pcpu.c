#include "vmkvm/pcpu.h"
#include "arch/x86/cpu.h"
#include "arch/x86/percpu.h"

uint64_t vm_pcpu_take(void)
{
	return irq_save();
}

void vm_pcpu_give(uint64_t taken)
{
	irq_restore(taken);
}

unsigned vm_pcpu_index(void)
{
	return percpu_index();
}

const volatile uint32_t *vm_pcpu_wanted(void)
{
	return &percpu()->reschedule;
}
