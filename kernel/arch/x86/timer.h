/* The running CPU's one-shot timer: LAPIC in TSC-deadline or one-shot mode. */
#ifndef ARCH_TIMER_H
#define ARCH_TIMER_H

#include <stdint.h>

/* Once, on the bootstrap CPU, after time_init() and apic_init_cpu(). */
void timer_init(void);
void timer_init_cpu(void);
/* Call sched_tick() on this CPU once time_ns() has reached `deadline_ns` (at once if it has
 * already; a far deadline may fire early). Replaces an earlier deadline; UINT64_MAX disarms. */
void timer_arm(uint64_t deadline_ns);

#endif
