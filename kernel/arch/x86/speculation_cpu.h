/* What speculation.h decides, done on the CPUs. */
#ifndef ARCH_SPECULATION_CPU_H
#define ARCH_SPECULATION_CPU_H

#include "arch/x86/speculation.h"

/* Reads the CPU, decides and says in the log what was decided. Bootstrap CPU, once. */
void speculation_init(void);
/* The running CPU's registers follow the plan. */
void speculation_init_cpu(void);
const struct speculation_plan *speculation_plan(void);
/* IA32_SPEC_CTRL of the running CPU; 0 where it is left alone. */
uint64_t speculation_now(void);
/* False if a thread of its core runs already, and the two could read each other's data. */
bool speculation_may_start(uint32_t apic_id);
/* How many running CPUs have another one on their core. */
unsigned speculation_sharing(void);

/*
 * Code of a domain runs next on this CPU: a user world, or a VM with its VMX world. Two domains
 * never have the same number, and none has 0. What another one taught the branch predictors is
 * forgotten. Interrupts are off.
 */
void speculation_enter_domain(uint64_t domain);
/*
 * The same for a VM that this CPU did not run last, its VMX world apart; what the VMkernel and
 * others left in the L1 data cache is gone too.
 */
void speculation_enter_guest(uint64_t domain);
/* The cache alone, before the same VM goes on: interrupts were served, perhaps for others. */
void speculation_forget_data(void);

#endif
