#include "arch/x86/pkeys.h"
#include "arch/x86/cpu.h"
#include "arch/x86/features.h"

/* Two bits for each key, the lower one forbids all access: key 0 has every right, no other has any.
 */
#define RIGHTS 0x55555554u

void pkeys_load(void)
{
	if (cpu_has(CPU_PKU))
		__asm__ volatile("wrpkru" : : "a"(RIGHTS), "c"(0), "d"(0) : "memory");
}

void pkeys_init_cpu(void)
{
	pkeys_load();
	if (cpu_has(CPU_PKS))
		wrmsr(MSR_PKRS, RIGHTS);
}
