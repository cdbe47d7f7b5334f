#include "sched/runq.h"

static struct task *first_ready(const struct runq *runq)
{
	struct list *first = list_first(&runq->ready);

	return first ? list_entry(first, struct task, ready) : NULL;
}

void runq_init(struct runq *runq, unsigned cpu, struct task *idle, uint64_t now)
{
	*runq = (struct runq){
		.lock = SPINLOCK(LOCK_SCHED),
		.cpu = cpu,
		.current = idle,
		.idle = idle,
		.is_idle = true,
		.floor = SCHED_BONUS_NS,
		.since = now,
		.slice_began = now,
	};
	list_init(&runq->ready);
	list_init(&runq->timers);
	idle->idle = true;
	idle->state = TASK_RUNNING;
	idle->cpu = cpu;
}

void runq_charge(struct runq *runq, uint64_t now)
{
	struct task *head = first_ready(runq);
	uint64_t least;

	if (now <= runq->since)
		return;
	runq->current->vtime += now - runq->since;
	runq->since = now;
	if (runq->current->idle)
		return;
	least = head ? MIN(head->vtime, runq->current->vtime) : runq->current->vtime;
	runq->floor = MAX(runq->floor, least);
}

void runq_add(struct runq *runq, struct task *task)
{
	struct list *at = runq->ready.prev;

	/* Sleep is no credit beyond the bonus, or a sleeper could take the CPU for long. */
	task->vtime = MAX(task->vtime, runq->floor - SCHED_BONUS_NS);
	task->cpu = runq->cpu;
	task->state = TASK_READY;
	/* From the end, so that equals stay in the order in which they came. */
	while (at != &runq->ready && list_entry(at, struct task, ready)->vtime > task->vtime)
		at = at->prev;
	list_insert(&task->ready, at->next);
	__atomic_store_n(&runq->ready_count, runq->ready_count + 1, __ATOMIC_RELAXED);
}

void runq_remove(struct runq *runq, struct task *task)
{
	list_remove(&task->ready);
	__atomic_store_n(&runq->ready_count, runq->ready_count - 1, __ATOMIC_RELAXED);
}

struct task *runq_pick(struct runq *runq, uint64_t now)
{
	struct task *next = first_ready(runq);

	if (next)
		runq_remove(runq, next);
	else
		next = runq->idle;
	next->state = TASK_RUNNING;
	runq->current = next;
	runq->since = runq->slice_began = now;
	__atomic_store_n(&runq->is_idle, next->idle, __ATOMIC_SEQ_CST);
	return next;
}

void runq_park(struct runq *runq, uint64_t deadline)
{
	struct task *task = runq->current;
	struct list *at = runq->timers.prev;

	task->state = TASK_WAITING;
	task->deadline = deadline;
	if (deadline == SCHED_NEVER)
		return;
	while (at != &runq->timers && list_entry(at, struct task, timer)->deadline > deadline)
		at = at->prev;
	list_insert(&task->timer, at->next);
}

void runq_unpark(struct runq *runq, struct task *task)
{
	if (list_linked(&task->timer))
		list_remove(&task->timer);
	task->state = TASK_READY;
}

struct task *runq_expired(struct runq *runq, uint64_t now)
{
	struct list *first = list_first(&runq->timers);
	struct task *task = first ? list_entry(first, struct task, timer) : NULL;

	return task && task->deadline <= now ? task : NULL;
}

bool runq_should_switch(const struct runq *runq, uint64_t now)
{
	const struct task *head = first_ready(runq), *current = runq->current;
	uint64_t received;

	if (!head)
		return false;
	if (current->idle || current->state != TASK_RUNNING)
		return true;
	received = current->vtime + (now > runq->since ? now - runq->since : 0);
	if (now >= runq->slice_began + SCHED_SLICE_NS)
		return head->vtime <= received;
	return head->vtime + SCHED_BONUS_NS / 2 < received;
}

uint64_t runq_next_deadline(const struct runq *runq)
{
	struct list *first = list_first(&runq->timers);

	return first ? list_entry(first, struct task, timer)->deadline : SCHED_NEVER;
}

uint64_t runq_next_event(const struct runq *runq)
{
	const struct task *head = first_ready(runq), *current = runq->current;
	uint64_t at, gap;

	if (!head || current->idle)
		return runq_next_deadline(runq);
	/* The slice ends, or, if that is later, the current task has received as much as the next.
	 * But no later than in another slice, so that idle CPUs are offered the work again. */
	gap = head->vtime > current->vtime ? head->vtime - current->vtime : 0;
	at = runq->since + MIN(gap, SCHED_SLICE_NS);
	at = MAX(at, runq->slice_began + SCHED_SLICE_NS);
	return MIN(at, runq_next_deadline(runq));
}
