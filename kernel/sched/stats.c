#include "sched/stats.h"
#include "sched/task.h"

#define WHOLE 10000u

/* Its time in a state, the current spell included. */
static uint64_t spent(const struct task *task, enum task_state state, uint64_t now)
{
	uint64_t current = task->state == state && now > task->since ? now - task->since : 0;

	return task->times[state] + current;
}

void sched_sample(const struct task *task, uint64_t now, struct sched_sample *out)
{
	*out = (struct sched_sample){
		.at = now,
		.run = spent(task, TASK_RUNNING, now),
		.ready = spent(task, TASK_READY, now),
		.parked = spent(task, TASK_PARKED, now),
		.costop = spent(task, TASK_COSTOP, now),
		.wait = spent(task, TASK_WAITING, now) + spent(task, TASK_LENT, now),
		.idle = task->idle_time,
		.switches = task->switches,
		.migrations = task->migrations,
		.shortfall = task->shortfall,
	};
	if (task->idles)
		out->idle += spent(task, TASK_WAITING, now) - task->times[TASK_WAITING];
}

/* Of `elapsed`; in microseconds, so that years fit. */
static uint32_t part(uint64_t before, uint64_t after, uint64_t elapsed)
{
	return (uint32_t)((after - before) / 1000 * WHOLE / MAX(elapsed / 1000, 1u));
}

void sched_columns(const struct sched_sample *before, const struct sched_sample *after,
	struct sched_columns *out)
{
	uint64_t elapsed = after->at - before->at;

	*out = (struct sched_columns){
		.run = part(before->run, after->run, elapsed),
		.wait = part(before->wait, after->wait, elapsed),
		.idle = part(before->idle, after->idle, elapsed),
		.ready =
			part(before->ready + before->parked, after->ready + after->parked, elapsed),
		.mlmtd = part(before->parked, after->parked, elapsed),
		.costop = part(before->costop, after->costop, elapsed),
		.switches = after->switches - before->switches,
		.migrations = after->migrations - before->migrations,
	};
	out->used = out->run;
}
