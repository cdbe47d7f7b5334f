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
/* Ring 3's rights on this CPU, as each world finds them that comes to run. */
void pkeys_load(void);
/* Those of ring 0 too, where it has keys. */
void pkeys_init_cpu(void);
#endif

#endif
