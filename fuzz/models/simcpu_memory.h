/* The store buffers of simulated processors (simcpu.h), and what is called at each access. */
#ifndef MODELS_SIMCPU_MEMORY_H
#define MODELS_SIMCPU_MEMORY_H

#include <stdbool.h>
#include <stdint.h>

/* Empty; without `tso` they stay so. */
void simcpu_memory_reset(bool tso);
/* This processor goes on: accesses are its own from here. SIMCPU_CPUS: none does. */
void simcpu_memory_is(unsigned cpu);
/* The oldest `count` stores of a processor become visible. */
void simcpu_memory_drain(unsigned cpu, uint32_t count);

extern uint32_t simcpu_left; /* accesses until simcpu_turn() */
void simcpu_turn(void);
/* Before each atomic access: another processor may go on here. */
static inline void simcpu_access(void)
{
	if (!--simcpu_left)
		simcpu_turn();
}

#endif
