/*
 * What a vCPU's world (vmkvm/run.c) has around it: a pCPU, a scheduler, and a guest that does what
 * a test says. Everything done is a letter of run_trace: l lends its pCPU, w waits, p lets others
 * on, y yields, m an access to memory, O R power-on and reset, r f L entries, S a SIPI's, N an NMI,
 * and what a port read gave.
 */
#ifndef TESTS_SHIM_RUN_KERNEL_H
#define TESTS_SHIM_RUN_KERNEL_H

#include "vmkvm/state.h"

#define RUN_HZ 1000000000ull /* of the host's TSC: a tick is a nanosecond */

struct run_sim {
	/* The guest's turn, and what happens while the world waits. NULL: the vCPU ends. */
	enum vcpu_stop (*guest)(uint64_t ticks);
	void (*waited)(uint64_t deadline);
	void (*kicked)(void); /* what others do then; once */
	void (*reset)(void);  /* what happens during a reset; once */
	bool (*lent)(void);   /* the VMX world's, in its place; NULL: it is busy */
	uint64_t now, flags;  /* host ticks; the guest's RFLAGS */
	uint32_t wanted;
	enum sched_wait waits_for;
	bool taken;
	unsigned cpu, puts, runs, kicks;
	char text[200]; /* what was logged last */
};
extern struct run_sim run_sim;
extern struct vm run_vm;
extern struct vm_vcpu run_vcpus[2]; /* of which the first one's world runs */
extern char run_trace[256];

void run_end(void);

#endif
