/*
 * The input of fuzz/fuzz_guest.c: a guest's program (program.h) and what the host does between its
 * operations, on the run loop (vtx/vcpu.h), over a model of the processor or the processor. Pure.
 */
#ifndef REPLAY_GUEST_H
#define REPLAY_GUEST_H

#include "replay/program.h"
#include "replay/trace.h"
#include "vtx/vcpu.h"

/* A machine to run it on: made by the caller, who owns it. */
struct replay_machine {
	struct vtx_vm *vm; /* its EPT maps nothing; its policy of CPUID is made here */
	struct vcpu *vcpu; /* of this VM, after vcpu_init(), on no pCPU */
	unsigned pcpu;     /* this one; interrupts are off */
	/* Its memory: where it is for the EPT and for us; zeroed, then program_write_handlers(). */
	struct hpa frames[REPLAY_FRAMES];
	uint8_t *memory[REPLAY_FRAMES];
};

/*
 * Runs the program; the vCPU is on no pCPU afterwards. The trace (NULL: none) has a step for each
 * operation: registers, memory, events delivered, exits. Returns how many operations were done;
 * fewer than program->count where the run loop gave up, which is the last step.
 */
unsigned replay_guest(struct replay_machine *machine, const struct replay_program *program,
	struct replay_trace *trace);

#endif
