/*
 * Worlds on simulated processors (simcpu.h) without the scheduler: whoever is ready goes on, on any
 * processor that is free. What sched/world.h, vmkvm/pcpu.h and parts of arch/x86 are to vmkvm/;
 * what a scheduler does beyond that is fuzz_sched_smp's.
 */
#ifndef MODELS_SIMHOST_H
#define MODELS_SIMHOST_H

#include "fuzz/models/simcpu.h"
#include "sched/world.h"

#define SIMHOST_WORLDS (SIMCPU_THREADS - SIMCPU_CPUS)
#define SIMHOST_HZ     1000000000ull /* of the TSC: a tick is a nanosecond */

/* After simcpu_start(). */
void simhost_start(unsigned cpus);
/* Before the processors run. `main` returns when the world ends. */
void simhost_create(unsigned world, void (*main)(void *argument), void *argument);
struct world *simhost_world(unsigned world);
bool simhost_has_ended(unsigned world);
/* Is somebody ready? At rest: then he was forgotten. */
bool simhost_is_ready(void);
/* When nobody is ready: to the next time that somebody waits for; false: there is none. */
bool simhost_next_deadline(void);
void simhost_interrupt(unsigned cpu); /* for struct simcpu_ops */
/* In a world that may be lent a pCPU: what a system call is to the kernel. It may have to give way.
 */
void simhost_call(void);

#endif
