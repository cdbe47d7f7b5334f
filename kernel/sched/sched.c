#include "sched/sched.h"

#define IDLE_PROBES 64u

static unsigned cpu_total(const struct sched *sched)
{
	return __atomic_load_n(&sched->cpus, __ATOMIC_ACQUIRE);
}

/* An idle CPU other than `but`, or `but` if none is seen. A hint: it may be wrong. */
static unsigned find_idle(const struct sched *sched, unsigned but)
{
	unsigned total = cpu_total(sched);

	/* What was queued is visible before the flags are read; sched_fetch() does the reverse. */
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	for (unsigned i = 1; i < total && i <= IDLE_PROBES; i++) {
		unsigned cpu = (but + i) % total;

		if (__atomic_load_n(&sched->runqs[cpu]->is_idle, __ATOMIC_SEQ_CST) &&
			!__atomic_load_n(&sched->runqs[cpu]->ready_count, __ATOMIC_RELAXED))
			return cpu;
	}
	return but;
}

/* Is there work that this CPU will not take next? */
static bool has_surplus(const struct runq *runq)
{
	return runq->ready_count > (runq->is_idle ? 1u : 0u);
}

/* Work is queued behind a task that keeps its CPU: let an idle one fetch it. */
static void offer_work(struct sched *sched, unsigned cpu)
{
	unsigned idle = find_idle(sched, cpu);

	if (idle != cpu)
		sched->ops->kick(idle);
}

/* Queue a task that is ready and nowhere; its home's lock is not held. */
static void place(struct sched *sched, struct task *task, unsigned cpu)
{
	struct runq *runq = sched->runqs[cpu];
	uint64_t saved = spin_lock(&runq->lock);

	runq_charge(runq, sched->ops->now());
	runq_add(runq, task);
	spin_unlock(&runq->lock, saved);
	sched->ops->kick(cpu);
}

/* The virtual times of two queues do not compare; what a task is ahead or behind does. */
static void rebase(struct task *task, const struct runq *from, const struct runq *to)
{
	int64_t lag = (int64_t)(task->vtime - from->floor);
	uint64_t floor = __atomic_load_n(&to->floor, __ATOMIC_RELAXED);

	lag = MIN(MAX(lag, -(int64_t)SCHED_BONUS_NS), (int64_t)SCHED_SLICE_NS);
	task->vtime = floor + (uint64_t)lag;
}

/* Leave `home`, which is locked, for `cpu`. From here until place() only this caller may queue it:
 * others see a task that is ready already. */
static void emigrate(struct sched *sched, struct task *task, struct runq *home, unsigned cpu)
{
	if (cpu == home->cpu)
		return;
	rebase(task, home, sched->runqs[cpu]);
	__atomic_store_n(&task->cpu, cpu, __ATOMIC_RELEASE);
}

static struct runq *lock_home(struct sched *sched, struct task *task, uint64_t *saved)
{
	for (;;) {
		unsigned cpu = __atomic_load_n(&task->cpu, __ATOMIC_ACQUIRE);
		struct runq *runq = sched->runqs[cpu];

		*saved = spin_lock(&runq->lock);
		if (__atomic_load_n(&task->cpu, __ATOMIC_RELAXED) == cpu)
			return runq;
		spin_unlock(&runq->lock, *saved);
	}
}

bool sched_wake(struct sched *sched, struct task *task)
{
	uint64_t saved;
	struct runq *home = lock_home(sched, task, &saved);
	unsigned cpu = home->cpu;

	__atomic_store_n(&task->woken, true, __ATOMIC_SEQ_CST);
	if (task->state != TASK_WAITING && task->state != TASK_NEW) {
		spin_unlock(&home->lock, saved);
		return false;
	}
	runq_unpark(home, task);
	if (!home->is_idle || home->ready_count)
		cpu = find_idle(sched, home->cpu);
	emigrate(sched, task, home, cpu);
	spin_unlock(&home->lock, saved);
	place(sched, task, cpu);
	return true;
}

static void arm(struct sched *sched, const struct runq *runq)
{
	sched->ops->arm(runq_next_event(runq));
}

/* The current task has got its new state; choose who follows. False if that is itself. */
static bool choose_next(struct sched *sched, struct runq *runq, uint64_t now, uint64_t saved,
	struct sched_switch *out)
{
	struct task *from = runq->current, *to = runq_pick(runq, now);
	bool leftover = runq->ready_count;

	arm(sched, runq);
	if (to == from) {
		spin_unlock(&runq->lock, saved);
	} else {
		runq->previous = from;
		*out = (struct sched_switch){from, to, saved};
	}
	if (leftover)
		offer_work(sched, runq->cpu);
	return to != from;
}

bool sched_wait(struct sched *sched, unsigned cpu, uint64_t deadline, struct sched_switch *out)
{
	struct runq *runq = sched->runqs[cpu];
	uint64_t saved = spin_lock(&runq->lock), now = sched->ops->now();

	if (__atomic_load_n(&runq->current->woken, __ATOMIC_SEQ_CST)) {
		spin_unlock(&runq->lock, saved);
		return false;
	}
	runq_charge(runq, now);
	runq_park(runq, deadline);
	return choose_next(sched, runq, now, saved, out);
}

bool sched_pass(struct sched *sched, unsigned cpu, struct sched_switch *out)
{
	struct runq *runq = sched->runqs[cpu];
	uint64_t saved = spin_lock(&runq->lock), now = sched->ops->now();
	struct task *task = runq->current;

	runq_charge(runq, now);
	if (!task->idle) {
		/* Behind everybody who waits now, or it would come back at once. */
		if (runq->ready_count)
			task->vtime = MAX(task->vtime,
				list_entry(runq->ready.prev, struct task, ready)->vtime);
		runq_add(runq, task);
	}
	return choose_next(sched, runq, now, saved, out);
}

bool sched_reconsider(struct sched *sched, unsigned cpu, struct sched_switch *out)
{
	struct runq *runq = sched->runqs[cpu];
	uint64_t saved = spin_lock(&runq->lock), now = sched->ops->now();

	runq_charge(runq, now);
	if (!runq_should_switch(runq, now)) {
		if (now >= runq->slice_began + SCHED_SLICE_NS)
			runq->slice_began = now;
		arm(sched, runq);
		spin_unlock(&runq->lock, saved);
		return false;
	}
	if (!runq->current->idle)
		runq_add(runq, runq->current);
	return choose_next(sched, runq, now, saved, out);
}

void sched_end(struct sched *sched, unsigned cpu, struct sched_switch *out)
{
	struct runq *runq = sched->runqs[cpu];
	uint64_t saved = spin_lock(&runq->lock), now = sched->ops->now();

	runq_charge(runq, now);
	runq->current->state = TASK_DEAD;
	choose_next(sched, runq, now, saved, out);
}

struct task *sched_finish_switch(struct sched *sched, unsigned cpu, uint64_t saved)
{
	struct runq *runq = sched->runqs[cpu];
	struct task *previous = runq->previous;
	bool dead = previous->state == TASK_DEAD;

	runq->previous = NULL;
	spin_unlock(&runq->lock, saved);
	return dead ? previous : NULL;
}

bool sched_on_timer(struct sched *sched, unsigned cpu)
{
	struct runq *runq = sched->runqs[cpu];
	uint64_t saved = spin_lock(&runq->lock), now = sched->ops->now();
	struct task *task;
	bool wanted, leftover;

	runq_charge(runq, now);
	while ((task = runq_expired(runq, now))) {
		runq_unpark(runq, task);
		__atomic_store_n(&task->woken, true, __ATOMIC_SEQ_CST);
		runq_add(runq, task);
	}
	wanted = runq_should_switch(runq, now);
	leftover = has_surplus(runq);
	/* Once told, the current task will stop as soon as it can; its slice needs no timer. */
	sched->ops->arm(wanted ? runq_next_deadline(runq) : runq_next_event(runq));
	spin_unlock(&runq->lock, saved);
	if (leftover)
		offer_work(sched, cpu);
	return wanted;
}

/* The task that would wait longest there; *leftover: there are more. */
static struct task *take_last(struct sched *sched, unsigned victim, unsigned cpu, bool *leftover)
{
	struct runq *runq = sched->runqs[victim];
	struct task *task = NULL;
	uint64_t saved;

	if (!__atomic_load_n(&runq->ready_count, __ATOMIC_RELAXED))
		return NULL;
	saved = spin_lock(&runq->lock);
	/* An idle CPU is about to take its only ready task by itself. */
	if (has_surplus(runq)) {
		task = list_entry(runq->ready.prev, struct task, ready);
		runq_remove(runq, task);
		emigrate(sched, task, runq, cpu);
		*leftover = has_surplus(runq);
	}
	spin_unlock(&runq->lock, saved);
	return task;
}

bool sched_fetch(struct sched *sched, unsigned cpu)
{
	unsigned total = cpu_total(sched);

	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	for (unsigned i = 1; i < total; i++) {
		bool leftover;
		struct task *task = take_last(sched, (cpu + i) % total, cpu, &leftover);

		if (!task)
			continue;
		place(sched, task, cpu);
		/* One kick brought one idle CPU; where more waits, it wakes the next. */
		if (leftover)
			offer_work(sched, cpu);
		return true;
	}
	return false;
}
