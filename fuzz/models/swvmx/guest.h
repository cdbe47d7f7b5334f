/*
 * What runs in the guest on swvmx, decided by an input: plausible (what a processor could really
 * do) or hostile (any exit with any fields).
 */
#ifndef FUZZ_SWVMX_GUEST_H
#define FUZZ_SWVMX_GUEST_H

#include "fuzz/models/swvmx/rig.h"

/* The input; past its end everything is 0. */
struct guest_input {
	const uint8_t *data;
	size_t size, at;
};
static inline uint8_t guest_byte(struct guest_input *in)
{
	return in->at < in->size ? in->data[in->at++] : 0;
}
uint64_t guest_word(struct guest_input *in);

/* What has to come out for one vCPU. */
struct guest_track {
	uint32_t accepted_all, delivered_all;  /* external interrupts */
	uint8_t accepted[256], delivered[256]; /* by vector, modulo 256 */
	uint32_t nmis;                         /* asked for, not yet delivered */
	uint32_t cut; /* event whose delivery the last exit cut off; 0: none */
	bool retried; /* nothing else may come first */
	bool wrote_tsc;
	bool may_fail; /* the last exit is one that the run loop gives up at */
	uint64_t last_tsc, cr0, cr4;
	bool cr_exit;
	uint64_t dr[4]; /* as it wrote them */
	/* General registers as its last exit left them, and which of them the answer may change;
	 * none is known after a reset. */
	uint64_t gpr[GPRS];
	uint16_t answered;
	bool left;
};

/* Its x87, SSE and extended state as it left them, and its XCR0; resets leave both. */
struct guest_fpu_track {
	uint64_t xcr0, holds[SWVMX_COMPONENTS];
};

struct guest {
	struct guest_input in;
	bool hostile;
	struct guest_track track[RIG_VCPUS];
	struct guest_fpu_track fpu[RIG_VCPUS];
	uint64_t written;                /* values in those so far: each is another */
	unsigned vcpu;                   /* that runs */
	unsigned exits;                  /* that the input may have */
	uint32_t leave;                  /* the host wants the pCPU: the input has ended */
	uint64_t began, stopped, paused; /* host ticks: when the VM's clock began, was stopped, and
					    how many it stood */
	unsigned pauses;
};

/* The chooser's functions; `context` is a struct guest. */
void guest_entering(void *context, struct swvmx_vmcs *vmcs, bool launched);
void guest_run(void *context, struct swvmx_vmcs *vmcs, struct vtx_registers *registers);

/* Into another mode without an exit; the processor keeps the entry control beside EFER.LMA. Paged
 * is long mode where EFER.LME says so, with 64-bit code or not. */
enum guest_mode { GUEST_REAL, GUEST_PROTECTED, GUEST_PAGED, GUEST_V86 };
void guest_set_mode(struct swvmx_vmcs *vmcs, enum guest_mode mode, bool code_64);

#endif
