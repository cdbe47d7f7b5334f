/* The serving side of TLB shootdown; requests: arch/x86/paging.h. */
#ifndef ARCH_TLB_H
#define ARCH_TLB_H

void tlb_init(void);
/* Do what another CPU asked of this one, if anything. Called with interrupts off. */
void tlb_serve(void);
/* The first thing of a CPU that is online: nobody asked it to forget what changed before. */
void tlb_come_online(void);

#endif
