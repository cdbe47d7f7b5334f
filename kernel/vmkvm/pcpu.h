/* What a vCPU's world asks of the pCPU that it is on: the seam between vmkvm/ and the machine. */
#ifndef VMKVM_PCPU_H
#define VMKVM_PCPU_H

#include "lib/types.h"

/* Interrupts off: the world stays on this pCPU. Returns what vm_pcpu_give() wants. */
uint64_t vm_pcpu_take(void);
void vm_pcpu_give(uint64_t taken);
struct vm_pcpu {
	uint64_t index;
	/* Not 0 when somebody else is to have it, or its scheduler wants to look; atomic. */
	const volatile uint32_t *wanted;
};
/* The one that the caller is on. */
struct vm_pcpu vm_pcpu(void);
/* As sched_give_way(). */
void vm_pcpu_give_way(void);

#endif
