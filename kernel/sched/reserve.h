/*
 * The reservation class of one pCPU: each task that has one gets, in each period of
 * RESERVE_PERIOD_NS in which it wants to run all the time, at least its rate; earliest end of
 * period first. All service counts, also what its shares brought. Admission (settings.h) keeps the
 * sum of rates below one, so the ends are met (Liu and Layland, 1973); a task that wakes gets a new
 * period unless what is left of the old one is less (the constant bandwidth server's rule, Abeni
 * and Buttazzo, 1998). Pure; the run queue's lock is held.
 */
#ifndef SCHED_RESERVE_H
#define SCHED_RESERVE_H

#include "sched/task.h"

#define RESERVE_PERIOD_NS 10000000ull

/*
 * All periods are equally long, so they end in the order in which they begin: one queue, by when
 * the period begins that a task is to be served in next, is also the order of their ends. Nothing
 * has to be done when a period begins. Served in that order, most come back in that order, too:
 * they stand in line, and only who would have to pass more than RESERVE_PASS_MAX there goes to the
 * others.
 */
struct reserve {
	struct list line;
	struct queue others;
};
#define RESERVE_PASS_MAX 4u

static inline bool reserve_has_claim(const struct task *task)
{
	return task->entity.reservation && task->budget;
}
/* When the period begins in which it may be served next. */
static inline uint64_t reserve_start(const struct task *task)
{
	return task->budget ? task->period_end - RESERVE_PERIOD_NS : task->period_end;
}
/* Another rate, 0 for none; `stays`: on the pCPU where it was. What it has used of its period stays
 * used, and a new promise holds from the next period on. It is queued nowhere. */
void reserve_set(struct task *task, uint32_t rate, bool stays, uint64_t now);
/* It wakes or comes from another CPU: begin a period if it may have one. */
void reserve_begin(struct task *task, uint64_t now);
/* A task with a reservation. */
void reserve_queue(struct reserve *reserve, struct task *task);
static inline void reserve_unqueue(struct reserve *reserve, struct task *task)
{
	if (list_linked(&task->in_line))
		list_remove(&task->in_line);
	else if (queue_linked(&task->claim))
		queue_remove(&reserve->others, &task->claim);
}
static inline bool reserve_queued(const struct task *task)
{
	return list_linked(&task->in_line) || queue_linked(&task->claim);
}
/* The current task, which has a reservation, has run until `now`; returns how much of that it paid.
 */
uint64_t reserve_charge(struct task *task, uint64_t ns, uint64_t now);
/* It has a reservation and is about to run: its next period begins if the last one is over. What
 * that promised and did not bring is counted. */
void reserve_pick(struct task *task, uint64_t now);
/* The queued claim whose period begins first; NULL. */
static inline struct queue_node *reserve_front(const struct reserve *reserve)
{
	struct queue_node *other = queue_first(&reserve->others), *first;

	if (list_empty(&reserve->line))
		return other;
	first = &list_entry(reserve->line.next, struct task, in_line)->claim;
	return other && key_before(other->key, first->key) ? other : first;
}
/* The queued task whose reservation is most urgent, or NULL. */
static inline struct task *reserve_first(const struct reserve *reserve, uint64_t now)
{
	struct queue_node *first = reserve_front(reserve);

	return first && first->key <= now ? container_of(first, struct task, claim) : NULL;
}
/* When the next queued task may be served, if none may be now; SCHED_NEVER. */
uint64_t reserve_next(const struct reserve *reserve, uint64_t now);

#endif
