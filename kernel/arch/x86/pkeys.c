#include "arch/x86/pkeys.h"
#include "arch/x86/cpu.h"
#include "arch/x86/features.h"

void pkeys_init_cpu(void)
{
	pkeys_load();
	if (cpu_has(CPU_PKS))
		wrmsr(MSR_PKRS, PKEY_RIGHTS);
}
