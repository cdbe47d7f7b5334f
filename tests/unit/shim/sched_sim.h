/*
 * A simulated set of CPUs that run the real scheduler core, one step at a time, in an order that
 * the caller chooses. Tasks compute, signal events and wait for them as the kernel's worlds do.
 * sim_check() proves after any step that nothing was lost.
 */
#ifndef SHIM_SCHED_SIM_H
#define SHIM_SCHED_SIM_H

#include "sched/event.h"
#include "sched/sched.h"

#define SIM_CPUS   4u
#define SIM_TASKS  8u
#define SIM_EVENTS 4u

enum sim_phase { SIM_RUNS, SIM_REGISTERS, SIM_PARKED };

struct sim_task {
	struct task task;
	enum sim_phase phase;
	bool started;
	uint64_t received; /* ns of CPU time, counted by the simulation */
	unsigned waits;    /* finished waits */
	/* The wait that it is in: */
	unsigned mask, registered; /* events wanted; how many bits are done */
	uint64_t seen[SIM_EVENTS], deadline;
	struct event_waiter waiters[SIM_EVENTS];
};

struct sim_cpu {
	struct runq runq;
	struct task idle;
	bool kicked, halted;
	uint64_t armed;
};

extern struct sim_cpu sim_cpus[SIM_CPUS];
extern struct sim_task sim_tasks[SIM_TASKS];
extern struct event sim_events[SIM_EVENTS];
extern uint64_t sim_now;

void sim_start(unsigned cpus);
/* Let time pass; the timers that are due fire. */
void sim_advance(uint64_t ns);
void sim_task_start(unsigned task);
void sim_signal(unsigned event);
/* One step of that CPU: answers a kick, takes a step of a wait, or of the idle loop. False if its
 * task only computes or it is halted. */
bool sim_step(unsigned cpu);
/* The task that runs there begins to wait for the events of `mask`; false if none does. */
bool sim_wait(unsigned cpu, unsigned mask, uint64_t deadline);
void sim_yield(unsigned cpu);
void sim_exit(unsigned cpu);
/* Step every CPU until nothing changes. */
void sim_settle(void);
struct sim_task *sim_running(unsigned cpu); /* NULL: idle */
/* Calls sim_fail() with what is wrong, if anything is. */
void sim_check(void);
_Noreturn void sim_fail(const char *what); /* brought by the user of the simulation */

#endif
