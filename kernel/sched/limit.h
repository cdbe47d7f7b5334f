/*
 * Limits of tasks and of the groups above them: time is granted in small parts, each of which moves
 * the tags of all that are limited; whoever gets a part whose turn has not come waits until then,
 * with the part in hand. So all together never get more than the limit and one quantum, turns are
 * in the order of asking, and nothing is locked. Pure.
 */
#ifndef SCHED_LIMIT_H
#define SCHED_LIMIT_H

#include "sched/task.h"

#define LIMIT_GRANT_NS   1000000ull /* one part */
#define LIMIT_BANK_NS    1000000ull /* what an unused limit lets one catch up */
#define LIMIT_QUANTUM_NS (LIMIT_GRANT_NS + LIMIT_BANK_NS)

static inline uint32_t limit_rate(const struct entity *entity)
{
	return __atomic_load_n(&entity->limit.rate, __ATOMIC_RELAXED);
}
/* Of one that has joined, task->bounds says so, too. */
static inline bool limit_applies(const struct task *task)
{
	const struct entity *at = &task->entity;

	while (!limit_rate(at)) {
		if (!at->parent)
			return false;
		at = &at->parent->entity;
	}
	return true;
}
/* Grant a part. Returns when it may be used: `now` or later. */
uint64_t limit_draw(struct task *task, uint64_t now);
/* It ran: from what it was granted; beyond that, the tags move. */
void limit_charge(struct task *task, uint64_t ns);
/* Give back what it did not use. */
void limit_refund(struct task *task);

#endif
