/* What a vCPU's world asks of the pCPU that it is on: the seam between run.c and the machine. */
#ifndef VMKVM_PCPU_H
#define VMKVM_PCPU_H

#include "lib/types.h"

/* Interrupts off: the world stays on this pCPU. Returns what vm_pcpu_give() wants. */
uint64_t vm_pcpu_take(void);
void vm_pcpu_give(uint64_t taken);
unsigned vm_pcpu_index(void);
/* Not 0 when somebody else is to have this pCPU, or its scheduler wants to look; atomic. */
const volatile uint32_t *vm_pcpu_wanted(void);

#endif
