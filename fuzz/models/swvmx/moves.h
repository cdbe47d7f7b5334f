/*
 * vCPUs that move between pCPUs, with events and EPT changes between their turns. Plausible mode:
 * no entry fails a check, no event is lost or comes twice, no stale translation is used, the host's
 * state is back. Hostile mode: whatever the processor says, a vCPU fails closed.
 */
#ifndef FUZZ_SWVMX_MOVES_H
#define FUZZ_SWVMX_MOVES_H

#include <stddef.h>
#include <stdint.h>

/* Drives the run loop (kernel/vtx/vcpu.h) by an input; every byte string is one. Aborts where
 * something does not hold. Returns how many entries there were, each of which ends in an exit: 64
 * at most. */
unsigned moves_run(const uint8_t *data, size_t size);

#endif
