/*
 * The share class of one pCPU: EEVDF (Stoica and Abdel-Wahab, 1995). Each task has a virtual time,
 * its service divided by its weight; the average V over all, weighted, is what an ideal machine
 * would have given to each. Who is not ahead of V is eligible; of these the one runs whose request
 * has the earliest virtual deadline (turns.h finds it). Pure; whoever calls holds the run queue's
 * lock.
 *
 * Virtual time is ns * 2^24 / weight and wraps. V is zero + (sum + owed) / load and is never
 * computed where a comparison will do: v <= V is (v - zero) * load <= sum + owed, in 128 bits, so
 * nothing overflows. It does not fall when tasks come and go: what one that leaves has had too much
 * stays owed to the others until they are served (README.md).
 */
#ifndef SCHED_FAIR_H
#define SCHED_FAIR_H

#include "sched/task.h"

#define FAIR_SHIFT       24
#define WEIGHT_PER_SHARE 16u
#define WEIGHT_MAX       (SHARES_MAX * WEIGHT_PER_SHARE)
/* Nobody is owed more than that, nor owes more, when it leaves or is served beyond its share. */
#define FAIR_LAG_NS (2 * SCHED_SLICE_NS)
/* Longer runs without a charge count as that long. */
#define FAIR_CHARGE_MAX_NS (1ull << 32)
/* What is owed to all together is that much for each at most. */
#define FAIR_OWED_EACH ((int64_t)SCHED_SLICE_NS << FAIR_SHIFT)

struct fair {
	struct turns turns;
	uint64_t zero;
	int64_t sum;  /* of weight * (vtime - zero) over all who joined, the current one too */
	int64_t owed; /* lag over all, in virtual time times weight: the average is (sum + owed) /
		       load  beyond zero; never negative */
	int64_t payable; /* of that: what debts may take from it now */
	uint64_t load;   /* their weights */
	unsigned joined;
};

void fair_set_weight(struct task *task, uint32_t weight); /* of one that has not joined */
/* Join with the lag that it brings and a first request of that many ns. It is not queued yet. */
void fair_join(struct fair *fair, struct task *task, uint64_t request);
/* Leave, queued or not; its lag is kept in task->lag. */
void fair_leave(struct fair *fair, struct task *task);
/* One that left with a debt has paid that much of it by waiting (at most 2 * FAIR_LAG_NS): the
 * others are owed less. */
void fair_pay(struct fair *fair, uint64_t ns);
static inline void fair_queue(struct fair *fair, struct task *task)
{
	turns_insert(&fair->turns, &task->turn, task->deadline, task->vtime);
}
static inline void fair_unqueue(struct fair *fair, struct task *task)
{
	turns_remove(&fair->turns, &task->turn);
}
/* A task that joined has run. With `bounded`, service beyond FAIR_LAG_NS ahead of its share is
 * free: reservations force it. When its request is served that sets request_over. If it is queued,
 * it is where it belongs afterwards. */
void fair_charge(struct fair *fair, struct task *task, uint64_t ns, bool bounded);
/* It gives up the rest of its request. */
void fair_forfeit(struct fair *fair, struct task *task);
/* Another weight; lag and the part of the request that is left are kept. It is queued no longer. */
void fair_reweight(struct fair *fair, struct task *task, uint32_t weight);
/* The queued task whose turn it is, NULL if none is queued or none is eligible because the current
 * one is behind them all. It stays queued. */
struct task *fair_first(const struct fair *fair);
bool fair_eligible(const struct fair *fair, const struct task *task);
/* Ns of service that it is owed (negative: it owes). For a task that has joined. */
int64_t fair_lag(const struct fair *fair, const struct task *task);
/* Ns until its request is served. */
uint64_t fair_left(const struct task *task);
uint64_t fair_average(const struct fair *fair);

#endif
