/* Exceptions: fixed up, charged to the user world that made them, or the end of the kernel. */
#ifndef ARCH_FAULT_H
#define ARCH_FAULT_H

#include "arch/x86/trap.h"

void fault(struct trap_frame *frame);
/* "page fault"; "exception" for a vector that has no name. */
const char *fault_name(uint64_t vector);
/* What the return to ring 3 owes: preemption, and the end of a killed world. Returns with
 * interrupts off. (trap.c) */
void trap_leave_to_user(void);

#endif
