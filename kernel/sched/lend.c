/*
 * A task in another's place. Who asks and who answers are never busy at the same time, so between
 * the two no queue is needed: the asking task stays what its queue knows as the current one, and
 * pays, while the answering one, which waited, runs. It belongs to no queue until it waits again or
 * goes on by itself.
 */
#include "sched/sched.h"

bool sched_lend(struct sched *sched, unsigned cpu, struct task *to, struct sched_switch *out)
{
	struct runq *runq = sched->runqs[cpu], *home;
	uint64_t saved;

	home = sched_lock_home(sched, to, &saved);
	if (to->state != TASK_WAITING || !task_may_run_on(to, cpu)) {
		spin_unlock(&home->lock, saved);
		return false;
	}
	if (queue_linked(&to->timer))
		queue_remove(&home->timers, &to->timer);
	task_set_state(to, TASK_LENT, sched->ops->now());
	/* It is nobody's but ours from here on. */
	if (home != runq) {
		to->migrations++;
		__atomic_store_n(&to->cpu, cpu, __ATOMIC_RELEASE);
		spin_unlock(&home->lock, saved);
		saved = spin_lock(&runq->lock);
	}
	to->switches++;
	runq->previous = runq->current;
	*out = (struct sched_switch){runq->current, to, saved};
	return true;
}

bool sched_give_back(struct sched *sched, unsigned cpu, struct task *task, uint64_t deadline,
	struct sched_switch *out)
{
	struct runq *runq = sched->runqs[cpu];
	uint64_t saved = spin_lock(&runq->lock), now;

	if (__atomic_load_n(&task->woken, __ATOMIC_SEQ_CST)) {
		spin_unlock(&runq->lock, saved);
		return false;
	}
	now = sched->ops->now();
	task_set_state(task, TASK_WAITING, now);
	if (runq_set_timer(runq, task, deadline, now) && queue_first(&runq->timers) == &task->timer)
		sched->ops->arm(runq_next_event(runq, now));
	runq->previous = task;
	*out = (struct sched_switch){task, runq->current, saved};
	return true;
}

bool sched_part(struct sched *sched, unsigned cpu, struct task *task, struct sched_switch *out)
{
	struct runq *runq = sched->runqs[cpu];
	uint64_t saved = spin_lock(&runq->lock), now = sched->ops->now();
	struct task *next;
	bool leftover;

	runq_charge(runq, now);
	runq_step_back(runq, now);
	task_set_state(task, TASK_WAITING, now);
	runq_wake(runq, task, now);
	if (task_may_run_on(task, cpu))
		runq_add(runq, task, now);
	else
		task->exiled = true;
	next = runq_pick(runq, now);
	leftover = runq_next_movable(runq, NULL);
	sched->ops->arm(runq_next_event(runq, now));
	if (next == task) {
		spin_unlock(&runq->lock, saved);
	} else {
		next->switches++;
		runq->previous = task;
		*out = (struct sched_switch){task, next, saved};
	}
	if (leftover)
		sched_offer(sched, runq);
	return next != task;
}
