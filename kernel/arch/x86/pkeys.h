/*
 * Protection keys (SDM 3A, 4.6.2). Ring 3's code has a key of its own, whose rights let it be
 * executed but not read: whoever can make a world read where it should not learns nothing of the
 * code's place from it. A world may give itself the right (WRPKRU): nothing that the kernel relies
 * on hangs on it. All of ring 0's pages have key 0.
 */
#ifndef ARCH_PKEYS_H
#define ARCH_PKEYS_H

#define PTE_KEY_SHIFT     59
#define PKEY_EXECUTE_ONLY 1ull

#ifndef __ASSEMBLY__
#include "arch/x86/features.h"

/* Two bits for each key, the lower one forbids all access: key 0 has every right, no other has any.
 */
#define PKEY_RIGHTS 0x55555554u

/* Ring 3's rights on this CPU, as each world finds them that comes to run. */
static inline void pkeys_load(void)
{
	if (cpu_has(CPU_PKU))
		__asm__ volatile("wrpkru" : : "a"(PKEY_RIGHTS), "c"(0), "d"(0) : "memory");
}
/* Those of ring 0 too, where it has keys. */
void pkeys_init_cpu(void);
#endif

#endif
