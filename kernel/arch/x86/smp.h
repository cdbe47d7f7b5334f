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
/* Only one CPU leaves the machine: true for that one (arch/x86/stop.h). */
bool smp_claim_stop(void);
/*
 * Stop every other CPU for good: each runs `park()`, or halts when that is NULL. Who does not
 * answer is named, and left behind. Returns once `away()` says that all have left the kernel (NULL:
 * they need not); false: not within a second.
 */
bool smp_stop_others(void (*park)(void), bool (*away)(void));
/* True from smp_stop_others() on, for CPUs that wait for something. */
bool smp_stopping(void);
/* Stop the running CPU, as another one asked; the one that asked goes on. */
void smp_stop_here(void);
/* First of all in the handler of each NMI. */
void smp_nmi_came(void);
/* Unless that CPU is about to leave the kernel. */
void smp_send_nmi(unsigned index);

#endif
