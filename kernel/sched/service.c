#include "sched/service.h"

static void take(struct runq *runq, struct task *task, uint64_t now)
{
	struct task *current = runq->current;
	uint64_t ns = now > runq->serves_since ? now - runq->serves_since : 0;

	runq->serves_since += ns;
	if (task == current)
		return;
	/* Others look at both, and may serve the same task. */
	__atomic_fetch_add(&task->served, ns, __ATOMIC_RELAXED);
	__atomic_store_n(&current->overlapped, current->overlapped + ns, __ATOMIC_RELAXED);
}

void service_begin(struct runq *runq, uint64_t now)
{
	runq->serves = true;
	runq->serves_since = now;
}

void service_claim(struct runq *runq, struct task *task, uint64_t (*now)(void))
{
	if (runq && runq->serves)
		take(runq, task, now());
}

void service_end(struct runq *runq, uint64_t now)
{
	take(runq, runq->idle, now);
	runq->serves = false;
}
