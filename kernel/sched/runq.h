/*
 * One pCPU's run queue: who is ready, parked or waits here, and who runs next. Reservations first
 * (reserve.h), then shares (fair.h); limits and co-scheduling are asked when somebody is picked.
 * Pure: no locks, no clock. Whoever calls holds the queue's lock (sched.h).
 */
#ifndef SCHED_RUNQ_H
#define SCHED_RUNQ_H

#include "sched/fair.h"
#include "sched/reserve.h"

/* Events are not asked for more often than that. */
#define SCHED_EVENT_MIN_NS 50000ull

/* The weights of members of groups that have joined are looked at one by one, that far apart, as
 * long as shares decide. */
#define RUNQ_WEIGH_NS 1000000ull

/* Where a pCPU is: siblings on a core have the same `core`. */
struct cpu_place {
	unsigned core, node;
};

struct runq {
	struct spinlock lock;
	unsigned cpu;
	struct cpu_place place;
	unsigned sibling; /* the next CPU of its core, in a ring; itself if there is no other.
			     Atomic */
	struct task *current, *idle;
	struct task *previous; /* left by the last switch, for sched_finish_switch() */
	struct fair fair;
	struct reserve reserve;
	struct queue timers;  /* who waits with a deadline */
	struct queue parked;  /* who is parked or co-stopped, by when to look again */
	struct list movable;  /* who may run elsewhere, in turns; the current one, too */
	struct list members;  /* those of groups, in the order of weighing them again; likewise */
	uint64_t weigh_at;    /* when the next may be */
	unsigned ready_count; /* may be read without the lock, as a hint */
	bool is_idle;         /* likewise */
	bool due;             /* the current task was told to make room, and nobody picked since */
	uint64_t load;        /* likewise: fair.load */
	uint32_t promised;    /* sum of the reservations admitted here; atomic */
	uint64_t balance_at;  /* when to compare loads next */
	unsigned probe;       /* where to begin to look for an idle CPU */
	/* An interrupt is handled here, of which nobody has claimed what it took since then
	 * (service.h). */
	bool serves;
	uint64_t serves_since;
};

/* `idle` runs when nothing else can; it becomes the current task. */
void runq_init(
	struct runq *runq, unsigned cpu, struct cpu_place place, struct task *idle, uint64_t now);
/* A task that runs here already, instead of the idle one. */
void runq_adopt(struct runq *runq, struct task *task, uint64_t now);
/* Account the time since the last charge to the current task. */
void runq_charge(struct runq *runq, uint64_t now);

/* A new or waiting task, at its home, begins to want to run: it is ready, and queued nowhere. */
void runq_wake(struct runq *runq, struct task *task, uint64_t now);
/* Queue a ready task that is queued nowhere. The queue must be charged. */
void runq_add(struct runq *runq, struct task *task, uint64_t now);
/* Who has joined is in the lists that its settings say; out of them before these change, and into
 * them again. */
void runq_file(struct runq *runq, struct task *task);
void runq_unfile(struct task *task);
/* The first ready task that may run elsewhere, or the one after `task`; NULL. */
static inline struct task *runq_next_movable(const struct runq *runq, const struct task *task)
{
	const struct list *at = task ? task->movable.next : runq->movable.next;

	if (at == &runq->current->movable)
		at = at->next;
	return at == &runq->movable ? NULL : list_entry(at, struct task, movable);
}
/* The weight of a task that has joined may have changed. */
void runq_reweigh(struct runq *runq, struct task *task);
/* Take a queued task out, with its lag; it stays ready. */
void runq_take(struct runq *runq, struct task *task);

/* The current task wants to run on: it is queued, parked, co-stopped or exiled. */
void runq_put(struct runq *runq, uint64_t now);
/* The same without exile, for one that another runs in place of: it is parked for no time then. */
void runq_step_back(struct runq *runq, uint64_t now);
/* Longer waits, of 146 years, have no end: the keys of a queue lie within 2^63 of each other. */
#define RUNQ_WAIT_MAX_NS (1ull << 62)
/* A task that waits at this queue is to be woken at `deadline`. False: that is never. */
bool runq_set_timer(struct runq *runq, struct task *task, uint64_t deadline, uint64_t now);
/* The current task waits, until `deadline` (SCHED_NEVER) or runq_wake(). */
void runq_wait(struct runq *runq, uint64_t deadline, uint64_t now);
void runq_end(struct runq *runq, uint64_t now);
/* The current task gives up the rest of its turn; before runq_put(). */
void runq_forfeit(struct runq *runq);
/* Whose turn it is becomes current; the idle one if nobody can run. The former current task must
 * have been put, or wait, or have ended. */
struct task *runq_pick(struct runq *runq, uint64_t now);

/* When somebody's wait or parking ends; SCHED_NEVER. */
static inline uint64_t runq_next_deadline(const struct runq *runq)
{
	const struct queue_node *timer = queue_first(&runq->timers);
	const struct queue_node *parked = queue_first(&runq->parked);
	uint64_t at = timer ? timer->key : SCHED_NEVER;

	return parked && parked->key < at ? parked->key : at;
}
/* A task whose wait or parking is over, ready and queued nowhere; NULL when there are no more. */
struct task *runq_take_expired(struct runq *runq, uint64_t now);
static inline struct task *runq_expired(struct runq *runq, uint64_t now)
{
	return runq_next_deadline(runq) <= now ? runq_take_expired(runq, now) : NULL;
}
/* Should the current task make room? Grants it more of its limit if that is all it needs. */
bool runq_should_switch(struct runq *runq, uint64_t now);
/* The current task stays: its next request begins. */
void runq_keep(struct runq *runq);
/* Limits change: nobody keeps a grant, who is parked asks again now. Charged; the caller kicks this
 * CPU. O(n). */
void runq_forget_grants(struct runq *runq, uint64_t now);
/* They have changed. O(n). */
void runq_limits_changed(struct runq *runq);
/* When this queue needs attention next; SCHED_NEVER. */
uint64_t runq_next_event(const struct runq *runq, uint64_t now);

#endif
