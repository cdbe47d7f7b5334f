/* The store buffers of simulated processors (simcpu.h), and what is called at each access. */
#ifndef MODELS_SIMCPU_MEMORY_H
#define MODELS_SIMCPU_MEMORY_H

#include <stdbool.h>
#include <stdint.h>

/* Empty; without `tso` they stay so. */
void simcpu_memory_reset(bool tso);
/* This processor goes on: accesses are its own from here. */
void simcpu_memory_is(unsigned cpu);
/* The oldest `count` stores of a processor become visible. */
void simcpu_memory_drain(unsigned cpu, uint32_t count);
/* Before each atomic access: another processor may go on here. */
void simcpu_access(void);

#endif
