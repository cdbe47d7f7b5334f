/* Indirect-branch tracking and shadow stacks. */
#include "arch/x86/cet.h"
#include "arch/x86/cpu.h"
#include "arch/x86/features.h"

#define CR4_CET 0x800000ull

static bool is_there(void)
{
	return cpu_has(CPU_IBT) || cpu_has(CPU_SHSTK);
}

void cet_init_cpu(void)
{
	if (!is_there())
		return;
	wrmsr(MSR_U_CET, 0);
	wrmsr(MSR_S_CET, cpu_has(CPU_IBT) ? CET_ENDBR_EN : 0);
	write_cr4(read_cr4() | CR4_CET);
}

void cet_off(void)
{
	if (!is_there())
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

/* IA32_U_CET too: it says whether the next instruction must be ENDBR64. */
void cet_save(struct cet_state *state)
{
	if (!is_there())
		return;
	state->u_cet = rdmsr(MSR_U_CET);
	if (cpu_has(CPU_SHSTK))
		state->ssp = rdmsr(MSR_PL3_SSP);
}

void cet_restore(const struct cet_state *state)
{
	if (!is_there())
		return;
	wrmsr(MSR_U_CET, state->u_cet);
	if (cpu_has(CPU_SHSTK))
		wrmsr(MSR_PL3_SSP, state->ssp);
}
