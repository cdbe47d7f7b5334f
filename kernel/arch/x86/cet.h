/*
 * Indirect-branch tracking (SDM 1, 17.3): an indirect call or jump must land on ENDBR64. On in the
 * kernel wherever the CPU has it; the code is built with landing pads everywhere.
 */
#ifndef ARCH_CET_H
#define ARCH_CET_H

void cet_init_cpu(void);
/* Off, as tboot and firmware want it. */
void cet_off(void);

#endif
