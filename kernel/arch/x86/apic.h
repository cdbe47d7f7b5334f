/* The local APIC, in x2APIC mode where the CPU has it (SDM 3A, chapter 10). */
#ifndef ARCH_APIC_H
#define ARCH_APIC_H

#include "lib/types.h"

/* Find out the mode and map the registers; then on every CPU apic_init_cpu(). */
void apic_init(void);
void apic_init_cpu(void);
bool apic_is_x2(void);
uint32_t apic_id(void);
void apic_eoi(void);
/* Interrupt the CPU with that APIC id. */
void apic_send(uint32_t apic_id, unsigned vector);
void apic_send_nmi(uint32_t apic_id);
/* SDM 3A, 10.4.4: INIT, and start-up at physical page `page` below 1 MiB. */
void apic_send_init(uint32_t apic_id);
void apic_send_startup(uint32_t apic_id, uint8_t page);
/* Back to how the firmware had it: no timer, no vectors (before leaving through tboot). */
void apic_quiesce(void);
/* Whether an interrupt of this CPU waits until interrupts are on (SDM 3A, 10.8.4: IRR). */
bool apic_pending(unsigned vector);

/* Timer registers (timer.c). */
void apic_timer_program(uint32_t lvt, uint32_t divide, uint32_t count);
uint32_t apic_timer_count(void);

#endif
