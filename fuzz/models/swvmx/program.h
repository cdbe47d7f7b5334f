/*
 * What a processor does with the code of kernel/replay/program.h, on swvmx: operation by operation,
 * with windows and blocking where they would show. Everything that the run loop or the guest could
 * notice is as the SDM says; stacks are left out.
 */
#ifndef FUZZ_SWVMX_PROGRAM_H
#define FUZZ_SWVMX_PROGRAM_H

#include "fuzz/models/swvmx/swvmx.h"
#include "replay/program.h"

struct program_guest {
	const struct replay_program *program;
	uint8_t *counters; /* of vectors, 32 bits each */
};

/* The chooser's function; `context` is a struct program_guest. */
void program_run(void *context, struct swvmx_vmcs *vmcs, struct vtx_registers *registers);

#endif
