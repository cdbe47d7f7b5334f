/* Indirect-branch tracking and shadow stacks. */
#include "arch/x86/cet.h"
#include "arch/x86/cpu.h"
#include "arch/x86/features.h"

#define CR4_CET 0x800000ull

void cet_init_cpu(void)
{
	if (!cet_is_there())
		return;
	wrmsr(MSR_U_CET, 0);
	wrmsr(MSR_S_CET, cpu_has(CPU_IBT) ? CET_ENDBR_EN : 0);
	write_cr4(read_cr4() | CR4_CET);
}

void cet_off(void)
{
	if (!cet_is_there())
		return;
	write_cr4(read_cr4() & ~CR4_CET);
	wrmsr(MSR_S_CET, 0);
	wrmsr(MSR_U_CET, 0);
}

uint64_t cet_user_flags(void)
{
	return (cpu_has(CPU_IBT) ? CET_ENDBR_EN : 0) | (cpu_has(CPU_SHSTK) ? CET_SH_STK_EN : 0);
}

uint64_t cet_kernel_flags(void)
{
	return cet_user_flags(); /* the same bits of another register */
}

void cet_state_init(struct cet_state *state, uintptr_t shadow_stack_end)
{
	state->u_cet = cet_user_flags();
	state->ssp = shadow_stack_end;
}
