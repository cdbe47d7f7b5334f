/*
 * Control-flow enforcement (SDM 1, chapter 17), wherever the CPU has it: an indirect call or jump
 * must land on ENDBR64, in the kernel and in ring 3, whose code is built with landing pads
 * everywhere; and a return must go where its call came from, which a shadow stack remembers: ring
 * 0's are shadow.h's.
 */
#ifndef ARCH_CET_H
#define ARCH_CET_H

#include "arch/x86/cpu.h"
#include "arch/x86/features.h"
#include "lib/types.h"

/* Of a world in ring 3: all zeroes where the CPU has neither. */
struct cet_state {
	uint64_t u_cet, ssp; /* IA32_U_CET, IA32_PL3_SSP */
};

void cet_init_cpu(void);
/* Off, as tboot and firmware want it. */
void cet_off(void);

/* What ring 3 gets: bits of IA32_U_CET. */
uint64_t cet_user_flags(void);
/* What ring 0 has once it is on a shadow stack: bits of IA32_S_CET. */
uint64_t cet_kernel_flags(void);
/* For a world that starts: with the end of its shadow stack, which is there if cet_user_flags() has
 * CET_SH_STK_EN. */
void cet_state_init(struct cet_state *state, uintptr_t shadow_stack_end);
static inline bool cet_is_there(void)
{
	return cpu_has(CPU_IBT) || cpu_has(CPU_SHSTK);
}
/* Of the world that leaves this CPU, and of the one that comes; interrupts are off. IA32_U_CET too:
 * it says whether the next instruction must be ENDBR64. */
static inline void cet_save(struct cet_state *state)
{
	if (!cet_is_there())
		return;
	state->u_cet = rdmsr(MSR_U_CET);
	if (cpu_has(CPU_SHSTK))
		state->ssp = rdmsr(MSR_PL3_SSP);
}
static inline void cet_restore(const struct cet_state *state)
{
	if (!cet_is_there())
		return;
	wrmsr(MSR_U_CET, state->u_cet);
	if (cpu_has(CPU_SHSTK))
		wrmsr(MSR_PL3_SSP, state->ssp);
}

#define CET_SH_STK_EN 1ull
#define CET_ENDBR_EN  4ull

#endif
