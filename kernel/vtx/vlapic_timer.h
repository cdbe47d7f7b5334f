/* The timer of a virtual local APIC (SDM 3A, 11.5.4), for vlapic.c alone. */
#ifndef VTX_VLAPIC_TIMER_H
#define VTX_VLAPIC_TIMER_H

#include "vtx/vlapic.h"

#define LVT_MASKED (1u << 16)
#define SVR_ENABLE (1u << 8)

enum timer_mode { TIMER_ONE_SHOT, TIMER_PERIODIC, TIMER_DEADLINE };

static inline enum timer_mode timer_mode(const struct vlapic *apic)
{
	return (enum timer_mode)(apic->lvt[LVT_TIMER] >> 17 & 3);
}
/* The initial count was written: it counts from there. Not where it goes by deadlines. */
void vlapic_timer_start(struct vlapic *apic);
/* The current count. */
uint32_t vlapic_timer_count(const struct vlapic *apic);
/* Of a masked timer nobody is told when it is due: what went by is made up for before it is seen.
 */
void vlapic_timer_catch_up(struct vlapic *apic);

#endif
