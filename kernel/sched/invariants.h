/*
 * What must always hold in the scheduler, as functions: the checks that tests, fuzzers and debug
 * builds call. Each returns true, or false and says in struct violation what is wrong where. They
 * read the state of all queues, so nothing may change meanwhile. Pure.
 */
#ifndef SCHED_INVARIANTS_H
#define SCHED_INVARIANTS_H

#include "sched/group.h"
#include "sched/sched.h"

/* X(symbol, what holds) */
#define SCHED_INVARIANTS(X)                                               \
	X(I1, "a task is in exactly one place")                           \
	X(I2, "nobody runs twice")                                        \
	X(I3, "no pCPU is idle for long while work waits that it may do") \
	X(I4, "no wake-up is lost")                                       \
	X(I5, "lag stays within its bounds, and its weighted sum near 0") \
	X(I6, "who is picked is whom a search through all would pick")    \
	X(I7, "if somebody is eligible, somebody is picked")              \
	X(I8, "an admitted reservation is met in every period")           \
	X(I9, "a limit is exceeded by one quantum at most")               \
	X(I10, "vCPUs of a VM stay in step, and not all of them stop")    \
	X(I11, "nobody starves")                                          \
	X(I12, "lag survives migration and a change of weight")           \
	X(I13, "all time is accounted for, exactly")                      \
	X(I14, "queues are in order, sums are right, nothing overflows")  \
	X(I15, "tasks are where they may be")                             \
	X(I16, "nobody promises more than there is, or twice")
enum sched_invariant {
#define X(symbol, text) SCHED_##symbol,
	SCHED_INVARIANTS(X)
#undef X
		SCHED_INVARIANT_COUNT
};

struct violation {
	enum sched_invariant invariant;
	const char *what;
	const struct task *task; /* or NULL */
	unsigned cpu;
};
const char *sched_invariant_name(enum sched_invariant invariant); /* "I1: a task is ..." */

/* All tasks that live, other than the idle ones, and the state of the CPUs. */
struct sched_view {
	const struct sched *sched;
	struct task *const *tasks; /* not owned */
	unsigned count;
	uint64_t now;
	const bool *kicked; /* of each CPU: it is about to reconsider. NULL: none is */
};

/* By the state alone. */
bool sched_check_all(const struct sched_view *view, struct violation *out); /* but I16 */
/* Parts of it, each by a walk of its own. */
bool sched_check_sums(const struct sched_view *view, struct violation *out); /* I5: the sum */
bool sched_check_pick(const struct sched_view *view, struct violation *out); /* I6, I7 */
/* I9 of vCPUs' rates, I14 of groups, I16; `groups` are all that there are: so many, on so many
 * pCPUs, at most. */
#define SCHED_CHECK_GROUPS 16u
#define SCHED_CHECK_CPUS   16u
bool sched_check_groups(const struct sched_view *view, const struct group *groups, unsigned count,
	struct violation *out);
/* What the queue alone shows: I1, I2, I5 to I7, I14. Sets how many are parked or co-stopped. */
bool sched_check_runq(const struct runq *runq, uint64_t now, unsigned *held, struct violation *out);
/* What one queue shows, with its lock held while others run: I1, I2, I5 to I7, I13 to I15. O(n). */
bool sched_check_queue(const struct runq *runq, uint64_t now, struct violation *out);
/* By the state alone, where every pCPU answers its timers and kicks at once, on SCHED_CHECK_CPUS at
 * most. */
bool sched_check_lag(const struct sched_view *view, struct violation *out);    /* I5 */
bool sched_check_step(const struct sched_view *view, struct violation *out);   /* I10 */
bool sched_check_timely(const struct sched_view *view, struct violation *out); /* these */

/* I12: lag in ns before and after. */
bool sched_check_lag_kept(int64_t before, int64_t after, struct violation *out);
/* The reference for I6: whom a queue should pick, by looking at all; NULL. */
const struct task *sched_reference_pick(const struct runq *runq, uint64_t now);

/* By watching: needs a look now and then, and a look whenever a task or setting comes or goes. */
struct sched_watch_task {
	const struct task *task;
	uint64_t since, service; /* of the interval in which it wants to run all the time */
	uint64_t away;           /* what it waited, was parked or co-stopped before */
	uint32_t reservation;
	unsigned pinned; /* where that is promised: a promise that moves begins anew */
	uint64_t limit_since, limit_service;
	uint32_t limit;
	uint64_t wait_since, due; /* since when it is ready; what its share has come to since */
	uint64_t seen, load;      /* the last look, and the load, weight and home's tasks then */
	uint32_t weight;
	unsigned joined;             /* at most, since it is ready */
	uint64_t request, left, ran; /* ns, at the last look; left: only if the next one began */
};
struct sched_watch_cpu {
	uint64_t idle_since; /* idle while work waits; SCHED_NEVER: not so */
	uint64_t switches;   /* to idle, at the last look: it may have worked in between */
	uint64_t seen;       /* the last look: the work may have been done in between, too */
};
/* Idle while work waits, at most. */
#define SCHED_IDLE_BOUND_NS (2 * SCHED_SLICE_NS + COSTART_POLL_NS)
/* Look at one task; *watch is zeroed at first, `home` is its queue. I8, I9, I11, I14: its requests.
 */
bool sched_watch_service(struct sched_watch_task *watch, const struct task *task,
	const struct runq *home, uint64_t now, struct violation *out);
/* One of these for each CPU, idle_since SCHED_NEVER at first. I3. */
bool sched_watch_idle(
	struct sched_watch_cpu *watch, const struct sched_view *view, struct violation *out);
/* I13: `service` is what all tasks that ever lived have run, the idle ones too, `started` when the
 * CPUs began. */
bool sched_check_total_time(
	const struct sched_view *view, uint64_t service, uint64_t started, struct violation *out);
/* For the files of invariants. Always false. */
static inline bool sched_violated(struct violation *out, enum sched_invariant invariant,
	const char *what, const struct task *task, unsigned cpu)
{
	*out = (struct violation){invariant, what, task, cpu};
	return false;
}
/* Events are late by that much: they are not asked for more often. */
#define EVENT_SLACK_NS (4 * SCHED_EVENT_MIN_NS)
/* Ns that a task has run until now. */
static inline uint64_t sched_service(const struct task *task, uint64_t now)
{
	uint64_t service = task->times[TASK_RUNNING];

	return task->state == TASK_RUNNING && now > task->since ? service + (now - task->since)
								: service;
}

#endif
