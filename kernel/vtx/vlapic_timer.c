/* The local APIC's timer: it counts in the guest's TSC, and is a deadline there. */
#include "vtx/vlapic_timer.h"

/* SDM figure 11-10: bits 0, 1 and 3 say 2, 4, ... 128, 1. */
static unsigned divisor_shift(const struct vlapic *a)
{
	unsigned code = (a->divide & 3) | (a->divide & 8) >> 1;

	return (code + 1) & 7;
}

static uint64_t period(const struct vlapic *a)
{
	return (uint64_t)a->initial << divisor_shift(a);
}

void vlapic_timer_start(struct vlapic *a)
{
	a->deadline = a->initial ? a->ops->now(a->context) + period(a) : 0;
}

uint32_t vlapic_timer_count(const struct vlapic *a)
{
	uint64_t now;

	if (!a->deadline || timer_mode(a) == TIMER_DEADLINE)
		return 0;
	now = a->ops->now(a->context);
	return now >= a->deadline ? 0 : (uint32_t)((a->deadline - now) >> divisor_shift(a));
}

void vlapic_tsc_moved(struct vlapic *a, uint64_t by)
{
	/* What was due before is due, however far ahead its time lies now. */
	vlapic_tick(a, a->ops->now(a->context) - by);
	if (a->deadline && timer_mode(a) != TIMER_DEADLINE)
		a->deadline = MAX(a->deadline + by, 1); /* 0: not armed */
}

void vlapic_tick(struct vlapic *a, uint64_t now)
{
	const uint32_t entry = a->lvt[LVT_TIMER];

	if (!a->deadline || now < a->deadline)
		return;
	if (timer_mode(a) == TIMER_PERIODIC)
		/* Periods that went by while the vCPU did not run are one interrupt. */
		a->deadline += ((now - a->deadline) / period(a) + 1) * period(a);
	else
		a->deadline = 0;
	if (!(entry & LVT_MASKED) && (a->svr & SVR_ENABLE))
		vlapic_post(a, (uint8_t)entry, false);
}

void vlapic_timer_catch_up(struct vlapic *a)
{
	if (a->lvt[LVT_TIMER] & LVT_MASKED)
		vlapic_tick(a, a->ops->now(a->context));
}
