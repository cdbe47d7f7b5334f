/*
 * The scheduler of all CPUs: run queues, each under its own lock, wake-ups across them, idle CPUs
 * that are told of work or fetch it, loads that are evened out. Pure over struct sched_ops: the
 * switch of stacks is the caller's (world.c in the kernel, a simulation in tests).
 *
 * The protocol of a switch. The CPU that gives up its current task takes its queue's lock, changes
 * the task's state, picks the next task and switches stacks *with the lock held*; the task that
 * runs next releases it with sched_finish_switch(), on the same CPU but on its own stack. So a task
 * whose state says that it can run elsewhere becomes visible only when its registers are saved and
 * its stack is no longer in use: whoever wants to wake or fetch it needs the lock of its home.
 * Nobody ever holds two queues' locks.
 *
 * A task waits so: sched_prepare_wait(), then register for and check whatever it waits for, then
 * sched_wait(). A wake-up from any CPU in between makes sched_wait() return at once.
 */
#ifndef SCHED_SCHED_H
#define SCHED_SCHED_H

#include "sched/runq.h"
#include <vmkapi/status.h>

/* A busy CPU compares its load with others' that often. */
#define SCHED_BALANCE_NS 50000000ull

struct sched_ops {
	uint64_t (*now)(void);
	void (*kick)(unsigned cpu); /* make that CPU call sched_reconsider() soon */
	/* Have sched_on_timer() called on the running CPU at `deadline`; SCHED_NEVER: not at all.
	 */
	void (*arm)(uint64_t deadline);
};

struct sched {
	const struct sched_ops *ops;
	struct runq **runqs; /* not owned; entries [0, cpus) are valid */
	unsigned cpus;       /* grows only; atomic */
	/* Of settings: reservations and the tree (settings.h). */
	struct spinlock config;
	uint64_t promised; /* rate reserved below the root */
};
#define SCHED(operations, queues) \
	{.ops = (operations), .runqs = (queues), .config = SPINLOCK(LOCK_POOLS)}

/* What a CPU has to do after one of the calls below that may switch: from the task `from` to `to`,
 * with the lock held; `saved` goes back to sched_finish_switch() when `from` runs again. */
struct sched_switch {
	struct task *from, *to;
	uint64_t saved;
};

/* The queue runqs[cpu], which is initialized, takes part from now on; cpus in order, one at a time.
 */
void sched_add_cpu(struct sched *sched, unsigned cpu);

/* A new or waiting task becomes ready, on an idle CPU if there is one. Of tasks that run or are
 * ready already it is noted (task->woken). From any context. Returns whether it was waiting. */
bool sched_wake(struct sched *sched, struct task *task);

/* The calls below are for the task that runs on `cpu`, about itself. */
static inline void sched_prepare_wait(struct task *task)
{
	__atomic_store_n(&task->woken, false, __ATOMIC_SEQ_CST);
}
/* True: switch. False: it was woken already, and runs on. */
bool sched_wait(struct sched *sched, unsigned cpu, uint64_t deadline, struct sched_switch *out);
/* Give up the rest of the turn. */
bool sched_pass(struct sched *sched, unsigned cpu, struct sched_switch *out);
/* Give way if the turn is over or somebody more urgent came. */
bool sched_reconsider(struct sched *sched, unsigned cpu, struct sched_switch *out);
void sched_end(struct sched *sched, unsigned cpu, struct sched_switch *out); /* always switches */
/* After a switch, on the new task's stack: releases the lock. Returns the task that ended, which
 * nobody will run again, or NULL. */
struct task *sched_finish_switch(struct sched *sched, unsigned cpu, uint64_t saved);

/*
 * Lending (lend.c). The current task has `to`, if that waits, run in its place: true, switch. `to`
 * then runs until one of the next two is called for it; the lender stays the current task, with its
 * registers saved, and has its time charged.
 */
bool sched_lend(struct sched *sched, unsigned cpu, struct task *to, struct sched_switch *out);
/* The borrower waits, and its lender goes on: true, switch. False: it was woken already, and runs
 * on as it did. */
bool sched_give_back(struct sched *sched, unsigned cpu, struct task *task, uint64_t deadline,
	struct sched_switch *out);
/* The borrower goes on by itself, and the lender is ready. True: switch; false: `task` is current.
 */
bool sched_part(struct sched *sched, unsigned cpu, struct task *task, struct sched_switch *out);

/* From the timer interrupt: wakes those whose time has come. True: call sched_reconsider() as soon
 * as the current task can be stopped. */
bool sched_on_timer(struct sched *sched, unsigned cpu);
/* For an idle CPU that is about to halt: fetches a ready task of a busy one. True if it got one. */
bool sched_fetch(struct sched *sched, unsigned cpu);

/* For the scheduler's own files. */
/* Work waits behind a task that keeps its CPU: let an idle one fetch it. */
void sched_offer(struct sched *sched, struct runq *runq);
struct runq *sched_lock_home(struct sched *sched, struct task *task, uint64_t *saved);
/* Queue a ready task that is queued nowhere; its home is locked, and unlocked here. */
void sched_settle(struct sched *sched, struct task *task, struct runq *home, uint64_t saved);

#endif
