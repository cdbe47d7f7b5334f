/*
 * Worlds on simulated processors (simcpu.h): what world.c, world_wait.c and the interrupts are to
 * the scheduler in the kernel, over threads of control instead of stacks and registers. Each world
 * follows a program of bytes.
 */
#ifndef MODELS_SIMWORLD_H
#define MODELS_SIMWORLD_H

#include "fuzz/models/simcpu.h"
#include "sched/event.h"
#include "sched/group.h"
#include "sched/sched.h"

#define SIMWORLDS       (SIMCPU_THREADS - SIMCPU_CPUS)
#define SIMWORLD_EVENTS 4u
#define SIMWORLD_GROUPS 3u

struct simworld {
	struct task task;
	struct simworld *lender;
	unsigned thread;
	bool started, ended;
	const uint8_t *program; /* two bytes each; not owned */
	unsigned operations;
	/* The wait that it is in; `mask` 0 outside. */
	unsigned mask;
	uint64_t seen[SIMWORLD_EVENTS], deadline;
};

extern struct simworld simworlds[SIMWORLDS];
extern struct event simworld_events[SIMWORLD_EVENTS];
extern struct group simworld_groups[SIMWORLD_GROUPS];
extern struct sched simworld_sched;
extern uint64_t simworld_clock;

/* After simcpu_start(): processors with their idle worlds. */
void simworld_start(unsigned cpus);
void simworld_interrupt(unsigned cpu); /* for struct simcpu_ops */
/* Before the processors run. */
void simworld_create(
	unsigned world, struct group *parent, const uint8_t *program, unsigned operations);
/* Will that processor look at its queue without being told again? */
bool simworld_is_told(unsigned cpu);
/* To the next timer, if there is one; true: some processor has an interrupt now. */
bool simworld_next_timer(void);

#endif
