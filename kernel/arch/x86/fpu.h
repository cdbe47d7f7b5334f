/*
 * x87, SSE and extended state. The kernel itself never touches these registers
 * (-mgeneral-regs-only), so that only a switch between worlds saves and restores them. A user world
 * has x87 and SSE alone: where there is XSAVE, XCR0 says so whenever no guest has the CPU, and
 * whatever lies beyond SSE is in its initial state then. Guests have more (vtx/guest_fpu.h).
 */
#ifndef ARCH_FPU_H
#define ARCH_FPU_H

#include "lib/types.h"

/* FXSAVE area, SDM 1, 10.5.1; also how an XSAVE area begins. */
struct fpu_state {
	uint8_t area[512];
} __attribute__((aligned(16)));

/* After features_init_cpu(). */
void fpu_init_cpu(void);
/* The state in which a world starts: nothing of another world's, exceptions masked. */
void fpu_state_init(struct fpu_state *state);

static inline void fpu_save(struct fpu_state *state)
{
	__asm__ volatile("fxsave64 %0" : "=m"(*state));
}
static inline void fpu_restore(const struct fpu_state *state)
{
	__asm__ volatile("fxrstor64 %0" : : "m"(*state));
}

#endif
