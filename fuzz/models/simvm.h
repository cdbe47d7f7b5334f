/*
 * A VM on simulated processors: a VMX world that answers, and somebody outside who sends
 * interrupts, pauses, resets, and takes frames away, over vmkvm/ as it is. What the guest does is
 * the target's.
 */
#ifndef MODELS_SIMVM_H
#define MODELS_SIMVM_H

#include "fuzz/models/simhost.h"
#include "vmkvm/state.h"

#define SIMVM_VCPUS   3u
#define SIMVM_VMX     SIMVM_VCPUS
#define SIMVM_OUTSIDE (SIMVM_VCPUS + 1)
#define SIMVM_PAGES   4u
#define SIMVM_FRAMES  32u
/* Of the 8259s. */
#define SIMVM_EXTERNAL_VECTOR 0x30u

/* What has happened for certain: who runs in the guest now must fit it. */
struct simvm {
	struct vm vm;
	struct vm_vcpu vcpus[SIMVM_VCPUS];
	bool paused;                   /* vm_pause() has returned */
	unsigned resets_begun, resets; /* vm_reset() was called, has returned */
	uint32_t tables[SIMVM_PAGES];  /* which frame, from 1; 0: none; atomic */
	bool is_guests[SIMVM_FRAMES + 1];
	void (*is_out)(const char *when); /* fails if a vCPU is in the guest */
	void (*fail)(const char *what);
};
extern struct simvm simvm;

/* After simhost_start(). `program` is what happens outside, a byte each. */
void simvm_start(unsigned vcpus, const uint8_t *program, unsigned operations);
/* What the VMX world makes of a question. */
static inline uint64_t simvm_answer(uint64_t address)
{
	return (address * 0x9e3779b9u) & 0xffffffffu;
}

#endif
