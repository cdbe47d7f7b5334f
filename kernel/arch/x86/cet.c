/* Indirect-branch tracking. */
#include "arch/x86/cet.h"
#include "arch/x86/cpu.h"
#include "arch/x86/features.h"

#define CR4_CET      0x800000ull
#define CET_ENDBR_EN 4ull

void cet_init_cpu(void)
{
	if (!cpu_has(CPU_IBT))
		return;
	wrmsr(MSR_U_CET, 0);
	wrmsr(MSR_S_CET, CET_ENDBR_EN);
	write_cr4(read_cr4() | CR4_CET);
}

void cet_off(void)
{
	if (!cpu_has(CPU_IBT))
		return;
	write_cr4(read_cr4() & ~CR4_CET);
	wrmsr(MSR_S_CET, 0);
}
