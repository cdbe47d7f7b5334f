/* The CPUs: starting them, counting them, telling them something. */
#ifndef ARCH_SMP_H
#define ARCH_SMP_H

#include "lib/types.h"

#define CPUS_MAX 1024

/* Interrupt vectors for other CPUs' requests; before smp_start(). */
void smp_init(void);
/* Start every CPU of boot_info; each ends in sched_cpu_start(). Returns how many run. */
unsigned smp_start(void);
/* CPUs that run, the bootstrap CPU included. Grows during smp_start() only. */
unsigned cpu_count(void);
/* Make CPU `index` call sched_preempt() soon: sets its percpu reschedule flag and interrupts it. */
void ipi_reschedule(unsigned index);
/*
 * Stop every other CPU for good, with NMI if it does not answer within 100 ms: each runs
 * `park(argument)`, or halts when that is NULL. Returns the number stopped.
 */
unsigned smp_stop_others(void (*park)(void *argument), void *argument);
/* True from smp_stop_others() on, for CPUs that wait for something. */
bool smp_stopping(void);
/* Stop the running CPU, as another one asked. */
_Noreturn void smp_stop_here(void);

#endif
