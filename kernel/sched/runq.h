/*
 * One CPU's run queue: round robin by virtual time (nanoseconds of service received), and the
 * deadlines of the worlds that wait there. Pure: no locks, no clock; `now` and all times are
 * nanoseconds of the monotonic clock. Whoever calls holds the queue's lock (sched.h).
 */
#ifndef SCHED_RUNQ_H
#define SCHED_RUNQ_H

#include "lib/list.h"
#include "lib/lock.h"

#define SCHED_SLICE_NS 10000000ull /* a world runs that long while others wait */
#define SCHED_BONUS_NS 5000000ull  /* a world that slept comes that much before its turn */
#define SCHED_NEVER    UINT64_MAX

enum task_state { TASK_NEW, TASK_READY, TASK_RUNNING, TASK_WAITING, TASK_DEAD };

/* The scheduler's part of a world. Everything is guarded by the lock of the queue `cpu`, except
 * where said otherwise. */
struct task {
	struct list ready; /* linked while TASK_READY and queued */
	struct list timer; /* linked while TASK_WAITING with a deadline */
	uint64_t vtime, deadline;
	unsigned cpu; /* its home; changes under the lock of the old home only */
	enum task_state state;
	bool idle;
	bool woken; /* atomic; a wake-up came since the task last cleared it */
};

struct runq {
	struct spinlock lock;
	unsigned cpu;
	struct task *current, *idle;
	struct task *previous; /* left by the last switch, for sched_finish_switch() */
	struct list ready;     /* by virtual time */
	struct list timers;    /* by deadline */
	unsigned ready_count;  /* may be read without the lock, as a hint */
	bool is_idle;          /* likewise */
	uint64_t floor;        /* no queued task has received less than this: never goes back */
	uint64_t since;        /* when `current` was last charged */
	uint64_t slice_began;
};

/* `idle` runs when nothing else can; it becomes the current task. */
void runq_init(struct runq *runq, unsigned cpu, struct task *idle, uint64_t now);
/* Account the time since the last charge to the current task. */
void runq_charge(struct runq *runq, uint64_t now);
/* Make a task that is queued nowhere ready here. */
void runq_add(struct runq *runq, struct task *task);
/* Take a ready task out. */
void runq_remove(struct runq *runq, struct task *task);
/* The task with the least service becomes current; the idle one if there is none. The former
 * current task must have been queued, parked or ended. */
struct task *runq_pick(struct runq *runq, uint64_t now);
/* The current task waits, until `deadline` (SCHED_NEVER) or runq_wake(). */
void runq_park(struct runq *runq, uint64_t deadline);
/* A task that waits here leaves the timers; its state is TASK_READY, it is not queued yet. */
void runq_unpark(struct runq *runq, struct task *task);
/* A task whose deadline has passed, still parked, or NULL. */
struct task *runq_expired(struct runq *runq, uint64_t now);
/* Should the current task make room? */
bool runq_should_switch(const struct runq *runq, uint64_t now);
/* The earliest deadline of a task that waits here; SCHED_NEVER. */
uint64_t runq_next_deadline(const struct runq *runq);
/* When this queue needs attention next: a deadline or the end of a slice; SCHED_NEVER. */
uint64_t runq_next_event(const struct runq *runq);

#endif
