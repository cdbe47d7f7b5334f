/*
 * A simulated set of CPUs that run the real scheduler core, one step at a time, in an order that
 * the caller chooses. Tasks compute, signal events and wait for them as the kernel's worlds do.
 * sim_check() proves after any step that the invariants hold.
 */
#ifndef REPLAY_SCHED_SIM_H
#define REPLAY_SCHED_SIM_H

#include "sched/event.h"
#include "sched/group.h"
#include "sched/invariants.h"
#include "sched/sched.h"
#include "sched/settings.h"

#define SIM_CPUS   16u
#define SIM_EVENTS 4u
#define SIM_GROUPS 8u

enum sim_phase { SIM_RUNS, SIM_REGISTERS, SIM_PARKED };

struct sim_task {
	struct task task;
	enum sim_phase phase;
	bool prepared, started;
	unsigned waits; /* finished waits */
	/* With a burst: computes for that long, then sleeps, again and again (sim_run()). */
	uint64_t burst, sleep, burst_end;
	uint64_t ready_at, longest_wait; /* its wake-up delay: when its sleep was over */
	/* The wait that it is in: */
	unsigned mask, registered; /* events wanted; how many bits are done */
	uint64_t seen[SIM_EVENTS], deadline;
	struct event_waiter waiters[SIM_EVENTS];
	struct sched_watch_task watch;
};

struct sim_cpu {
	struct runq runq;
	struct task idle;
	struct sim_task *borrower; /* runs in the place of the current task */
	bool halted;
};

extern struct sched sim_sched;
extern struct sim_cpu *sim_cpus;
extern bool sim_kicked[SIM_CPUS];
extern uint64_t sim_armed[SIM_CPUS]; /* when the timer fires */
extern struct sim_task *sim_tasks;
extern struct event sim_events[SIM_EVENTS];
extern struct group sim_groups[SIM_GROUPS];
extern uint64_t sim_now;
/* Calls of the scheduler so far: each one that may change something, of sched.h, settings.h,
 * event.h and group.h, but for what sim_start() does. */
extern uint64_t sim_calls;
/* The scheduler, for a call that counts. */
static inline struct sched *sim_called(void)
{
	sim_calls++;
	return &sim_sched;
}

/* CPU i is on core i / threads, in node i / (cpus / nodes). */
struct sim_config {
	unsigned cpus, tasks, threads, nodes;
	uint64_t start; /* when the clock begins; 0: 1000 ns */
};
void sim_start(struct sim_config config);
/*
 * Where a simulation lies: brought by its user, who owns it. Contents do not matter. At least as
 * many `cpus` and `tasks` (with a node and a place in `live` each) as sim_start() was given.
 */
struct sim_space {
	struct sim_cpu *cpus;
	struct sim_task *tasks;
	struct turns_node *nodes;
	struct task **live;
	const uint32_t *levels_held; /* locks that are held, to be 0 at each check; or NULL */
};
struct sim_space sim_space(unsigned cpus, unsigned tasks);
/* Let time pass; the timers that are due fire. Kicked CPUs do nothing yet. */
void sim_advance(uint64_t ns);
/* Let time pass on CPUs that answer everything at once; tasks do their bursts. */
void sim_run(uint64_t ns);
/* A new task, for settings before its start; sim_task_start() does it if it was not done. */
struct task *sim_task_prepare(unsigned task, struct group *parent);
void sim_task_start(unsigned task);
void sim_signal(unsigned event);
/* One step of that CPU: answers a kick, takes a step of a wait, or of the idle loop. False if its
 * task only computes or it is halted. */
bool sim_step(unsigned cpu);
/* The task that runs there begins to wait for the events of `mask`; false if none does. */
bool sim_wait(unsigned cpu, unsigned mask, uint64_t deadline);
/* The task that runs there has that one run in its place, if it may (lend.c). */
void sim_lend(unsigned cpu, unsigned to);
void sim_yield(unsigned cpu);
void sim_exit(unsigned cpu);
/* Step every CPU until nothing changes. */
void sim_settle(void);
struct sim_task *sim_running(unsigned cpu); /* NULL: idle */
uint64_t sim_received(unsigned task);       /* ns of service */
struct sched_view sim_view(void);           /* of all that live; valid until the next call */
/* The invariants that the state shows, and those that need watching; the first one broken is in
 * *out. */
bool sim_holds(struct violation *out);
bool sim_watch(struct violation *out);
void sim_describe(const struct violation *violation, char *text, size_t bytes);
/* They call sim_fail() with what is wrong, if anything is: at any moment; */
void sim_check(void);
/* and where all CPUs answer at once, as in sim_run(). */
void sim_check_timely(void);
_Noreturn void sim_fail(const char *what); /* brought by the user of the simulation */

#endif
