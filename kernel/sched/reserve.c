#include "sched/reserve.h"

static uint64_t quota(const struct task *task)
{
	return (uint64_t)task->entity.reservation * (RESERVE_PERIOD_NS / RATE_ONE);
}

/* The period is over: the next one, or a new one if that was long ago. */
static void next_period(struct task *task, uint64_t now)
{
	task->shortfall += task->budget;
	task->budget = quota(task);
	task->period_end += RESERVE_PERIOD_NS;
	if (task->period_end <= now)
		task->period_end = now + RESERVE_PERIOD_NS;
}

void reserve_begin(struct task *task, uint64_t now)
{
	uint64_t left;

	if (!task->entity.reservation)
		return;
	left = task->period_end > now ? task->period_end - now : 0;
	if (task->budget <= left * task->entity.reservation / RATE_ONE && left)
		return;
	task->budget = quota(task);
	task->period_end = now + RESERVE_PERIOD_NS;
}

/* The budget of a promise that is new, or new on its pCPU, begins with its second period: those
 * whom the pCPU promised the same time before may use theirs to the end. */
void reserve_set(struct task *task, uint32_t rate, bool stays, uint64_t now)
{
	bool kept = stays && task->entity.reservation;

	task->entity.reservation = rate;
	if (kept) {
		task->budget = MIN(task->budget, quota(task));
		return;
	}
	task->budget = 0;
	task->period_end = now + RESERVE_PERIOD_NS;
}

void reserve_queue(struct reserve *reserve, struct task *task)
{
	struct list *before = reserve->line.prev;
	const uint64_t start = reserve_start(task);

	task->claim.key = start;
	for (unsigned passed = 0; passed <= RESERVE_PASS_MAX; passed++, before = before->prev) {
		if (before == &reserve->line ||
			!key_before(start, list_entry(before, struct task, in_line)->claim.key)) {
			list_insert(&task->in_line, before->next);
			return;
		}
	}
	queue_insert(&reserve->others, &task->claim, start);
}

void reserve_pick(struct task *task, uint64_t now)
{
	if (now >= task->period_end)
		next_period(task, now);
}

uint64_t reserve_charge(struct task *task, uint64_t ns, uint64_t now)
{
	uint64_t paid;

	paid = MIN(ns, task->budget);
	task->budget -= paid;
	if (now >= task->period_end)
		next_period(task, now);
	return paid;
}

uint64_t reserve_next(const struct reserve *reserve, uint64_t now)
{
	struct queue_node *first = reserve_front(reserve);

	return first && first->key > now ? first->key : SCHED_NEVER;
}
