/*
 * What the scheduler knows of a world. A task is guarded by the lock of the run queue `cpu`, except
 * where said otherwise; its owner embeds it, zeroed, and calls task_init(). Times are nanoseconds
 * of the monotonic clock, rates parts per million of one pCPU.
 */
#ifndef SCHED_TASK_H
#define SCHED_TASK_H

#include "lib/list.h"
#include "lib/lock.h"
#include "sched/queue.h"
#include "sched/stats.h"
#include "sched/turns.h"

#define SCHED_NEVER    UINT64_MAX
#define RATE_ONE       1000000u /* one pCPU */
#define SHARES_NORMAL  1000u    /* of a vCPU or world; High is twice, Low half of that */
#define SHARES_MAX     1048576u

#define SCHED_SLICE_NS 5000000ull /* a request of an ordinary world */
#define SCHED_SHORT_NS 500000ull  /* and of a latency-sensitive one */
#define SCHED_WAKE_DIV 8u         /* the first request after a wait is that much shorter */

enum task_state {
	TASK_NEW,
	TASK_READY,   /* queued */
	TASK_RUNNING, /* the current one of its queue */
	TASK_PARKED,  /* could run, but has used up its limit */
	TASK_COSTOP,  /* could run, but leads its VM's other vCPUs by too much */
	TASK_WAITING,
	TASK_LENT, /* runs in the place of its queue's current one, on that one's time (lend.c) */
	TASK_DEAD,
	TASK_STATES
};

/* A limit as a line in time: who is granted time moves the tag to when the next may have some. */
struct limit {
	uint32_t rate; /* of one pCPU, may be more than one; 0: none. Atomic */
	uint64_t tag;  /* atomic */
};

/* What tasks and groups have in common: a place in the tree. */
struct entity {
	struct group *parent; /* NULL: the root. Set before the first start only */
	uint32_t shares;      /* atomic */
	/* Of them, in the parent's sum. A task's: under its queue's lock, a group's: its parent's.
	 */
	uint32_t counted;
	uint32_t reservation; /* rate; under the configuration's lock */
	struct limit limit;
};

/* How far ahead vCPUs were when they were looked at: how often by less than each bound of
 * GROUP_SKEW_BOUNDS, and by more than all. Atomic. */
#define GROUP_SKEW_BUCKETS 6u
struct skew_stats {
	uint64_t max; /* ns */
	uint64_t counts[GROUP_SKEW_BUCKETS];
};

/* A VM (members run in step) or a resource pool. No allocation: the owner embeds it. */
struct group {
	struct entity entity;
	struct spinlock lock;
	struct list members;    /* tasks of a co-scheduled group; under the lock */
	bool costart;           /* keep the members in step */
	bool expandable;        /* children may reserve from the parent what is missing here */
	uint64_t active;        /* sum of the shares of children that want to run; atomic */
	uint64_t changes;       /* of that and of its own shares, counted; atomic */
	uint32_t promised;      /* rate reserved by children; under the configuration's lock */
	uint32_t borrowed;      /* of that, taken from the parent; likewise */
	uint64_t behind;        /* no member that wants to run has less progress; atomic */
	struct skew_stats skew; /* of a co-scheduled group */
	/* Of a VM; set before members join. */
	unsigned parts; /* its reservation is that many equal ones; 0: as many as have joined */
	uint32_t least; /* rate that it has to reserve */
	/* The limit of each member, a rate, 0: none; under the configuration's lock. */
	uint32_t member_limit;
};

/* A set of pCPUs; bit n of word n / 64. */
#define CPU_SET_WORDS 16u
struct cpu_set {
	uint64_t bits[CPU_SET_WORDS];
};

#define BOUND_GROUP    1u /* its weight is a part of its group's; it may be kept in step */
#define BOUND_RESERVED 2u
#define BOUND_LIMITED  4u /* itself, or a group above it */
#define BOUND_WATCHED  8u /* its weight is to be looked at */

/* What each decision reads comes first, so that it lies in few cache lines: of a plain task 128
 * bytes, of others 128 more. */
struct task {
	/* The share class (fair.h). */
	struct turn turn; /* while it is ready, and mostly while it runs */
	uint64_t vtime, deadline;
	uint64_t inverse; /* 2^56 / weight */
	uint32_t weight;
	enum task_state state;
	unsigned cpu;    /* its home; changes under the lock of the old home only */
	unsigned pinned; /* the pCPU that admitted its reservation; CPU_ANY */
	bool joined, request_over, idle;
	bool fixed;       /* the affinity leaves one pCPU */
	bool exiled;      /* to be queued elsewhere once its registers are saved */
	bool woke;        /* it comes from a wait: its first request is short */
	bool urgent;      /* world_urgent(): its limits let it run, and are owed */
	uint8_t bounds;   /* what else than its shares says when it runs: BOUND_..., while joined */
	uint64_t since;   /* when it got its state, or was charged; atomic */
	uint64_t request; /* ns */
	const struct cpu_set *affinity; /* NULL: any; owned by whoever set it */
	uint64_t times[TASK_STATES];
	struct entity entity;
	uint64_t heard;     /* how many changes of its groups its weight follows */
	uint64_t granted;   /* ns that its limits let it run */
	uint64_t until;     /* when its wait, parking or co-stop ends */
	uint64_t progress;  /* in its VM; atomic */
	struct list member; /* of a co-scheduled group */
	/* The reservation class (reserve.h). */
	uint64_t budget, period_end;
	struct list in_line; /* or: */
	struct queue_node claim;
	struct list movable;     /* who has joined and other CPUs may take */
	struct list weighed;     /* members of groups that have joined */
	struct queue_node timer; /* while waiting with a deadline, parked or co-stopped */
	uint64_t switches;
	int64_t lag;        /* ns of service it is owed, while not joined */
	uint64_t born;      /* when it was first woken */
	uint64_t shortfall; /* ns that its reservation promised and did not bring */
	uint64_t migrations;
	uint64_t waits[SCHED_WAITS]; /* times[TASK_WAITING], by what it waited for */
	uint8_t waits_for;           /* enum sched_wait */
	/* By interrupts (service.h): for it in others' time, for others in its own. Atomic. */
	uint64_t served, overlapped;
	bool woken; /* atomic; a wake-up came since the task last cleared it */
};
#define CPU_ANY UINT32_MAX

/* `task` is zeroed, but for task->turn.spare, which its owner brings and frees (turns.h): one that
 * is ever queued has to have it. */
static inline void task_init(struct task *task, struct group *parent)
{
	task->entity.parent = parent;
	task->entity.shares = SHARES_NORMAL;
	task->request = SCHED_SLICE_NS;
	task->pinned = CPU_ANY;
}
/* Does it want to run now? What others of its group leave is for those who do. */
static inline bool task_competes(const struct task *task)
{
	enum task_state state = __atomic_load_n(&task->state, __ATOMIC_RELAXED);

	return state == TASK_READY || state == TASK_RUNNING;
}
/* The same, or would it if it might? */
static inline bool task_wants_to_run(const struct task *task)
{
	enum task_state state = __atomic_load_n(&task->state, __ATOMIC_RELAXED);

	return state >= TASK_READY && state <= TASK_COSTOP;
}
static inline bool cpu_set_has(const struct cpu_set *set, unsigned cpu)
{
	return !set || (set->bits[cpu / 64] >> (cpu % 64) & 1);
}
static inline bool task_may_run_on(const struct task *task, unsigned cpu)
{
	return task->pinned != CPU_ANY ? task->pinned == cpu : cpu_set_has(task->affinity, cpu);
}
/* Its time in the state that ends goes to that state. The clocks of two CPUs may disagree by a
 * little: time never runs backwards. */
static inline void task_account(struct task *task, uint64_t now)
{
	if (now <= task->since)
		return;
	task->times[task->state] += now - task->since;
	if (task->state == TASK_WAITING)
		task->waits[task->waits_for] += now - task->since;
	__atomic_store_n(&task->since, now, __ATOMIC_RELAXED);
}
static inline void task_set_state(struct task *task, enum task_state state, uint64_t now)
{
	task_account(task, now);
	__atomic_store_n(&task->state, state, __ATOMIC_RELEASE);
}

#endif
