/*
 * Processors that share memory, in one thread of the host: on each runs a thread of control with a
 * stack of its own, and at each atomic access of the code under test another processor may go on.
 * Who does is decided by a seed alone, so every run can be repeated. With `tso`, stores wait in a
 * buffer of each processor as x86 lets them (SDM 3A, 9.2): the others see them late, in order;
 * locked instructions and fences empty it.
 *
 * The code under test is compiled with -fsanitize=thread (a target's `simulated:` lines), whose
 * calls for each atomic access come here instead of to the sanitizer's own library. Code that is
 * not sees what the processor sees that it runs on, but its own atomic accesses are nobody's: it
 * looks at what others do only when all is at rest (simcpu_rest()).
 */
#ifndef MODELS_SIMCPU_H
#define MODELS_SIMCPU_H

#include <stdbool.h>
#include <stdint.h>

#define SIMCPU_CPUS    4u
#define SIMCPU_THREADS 16u

struct simcpu_config {
	unsigned cpus;
	uint64_t seed;
	bool tso;
	/* 0: anybody goes on at any access. Otherwise PCT (Burckhardt et al., ASPLOS 2010): who is
	 * first in a random order runs, and at so many random points among the first
	 * `change_within` accesses it becomes the last. */
	unsigned change_points, change_within;
};
struct simcpu_ops {
	void (*interrupt)(unsigned cpu); /* interrupts are off meanwhile */
	void (*nmi)(unsigned cpu);       /* so are NMIs */
	void (*fail)(const char *what);  /* does not return */
};

/* Everything from the beginning; no thread runs. */
void simcpu_start(const struct simcpu_config *config, const struct simcpu_ops *ops);
/* Thread `thread` begins with entry(argument) when a processor goes on with it. It never returns
 * from there. */
void simcpu_thread(unsigned thread, void (*entry)(void *argument), void *argument);
/* With interrupts off. */
void simcpu_boot(unsigned cpu, unsigned thread);

/* Let the processors run for so many accesses, or until all are halted: then false. */
bool simcpu_run(unsigned accesses);
/* Let those processors go on that are not at rest, until all are; and empty the buffers. */
void simcpu_rest(void);

/* For the threads: */
unsigned simcpu_here(void);
/* The processor goes on with another thread, which may run nowhere else. */
void simcpu_switch(unsigned thread);
bool simcpu_irq_save(void); /* turns interrupts off; were they on? */
void simcpu_irq_restore(bool on);
/* With interrupts off: until there is an interrupt, which comes when they are on again. */
void simcpu_halt(void);
/* It waits for another processor: that one goes on. */
void simcpu_spin(void);
/* A point at which the code under test is not busy. */
void simcpu_pause(void);
void simcpu_interrupt(unsigned cpu);
/* Is there one that this processor has not taken yet? It ends a guest's turn. */
bool simcpu_interrupt_waits(void);
/* Whether interrupts are off or not, halted or not, as soon as an earlier one has returned. */
void simcpu_nmi(unsigned cpu);
/* Reproducible, from the seed; below `limit`. */
uint32_t simcpu_random(uint32_t limit);

#endif
