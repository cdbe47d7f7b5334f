#include "sched/stats.h"
#include "sched/task.h"

#define WHOLE 10000u

/* Its time in a state, the current spell included. */
static uint64_t spent(const struct task *task, enum task_state state, uint64_t now)
{
	uint64_t current = task->state == state && now > task->since ? now - task->since : 0;

	return task->times[state] + current;
}

/* The same of its waits, by what they are for. */
static uint64_t waited(const struct task *task, enum sched_wait what, uint64_t now)
{
	uint64_t current = spent(task, TASK_WAITING, now) - task->times[TASK_WAITING];

	return task->waits[what] + (task->waits_for == what ? current : 0);
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
		.idle = waited(task, SCHED_WAIT_WORK, now),
		.memory = waited(task, SCHED_WAIT_MEMORY, now),
		.served = __atomic_load_n(&task->served, __ATOMIC_RELAXED),
		.overlap = __atomic_load_n(&task->overlapped, __ATOMIC_RELAXED),
		.switches = task->switches,
		.migrations = task->migrations,
		.shortfall = task->shortfall,
	};
}

/* Between two looks from CPUs whose clocks disagree by a little a time may seem to fall. */
static uint64_t more(uint64_t before, uint64_t after)
{
	return after > before ? after - before : 0;
}

/* Of `elapsed`; in microseconds, so that years fit. */
static uint32_t part(uint64_t before, uint64_t after, uint64_t elapsed)
{
	return (uint32_t)(more(before, after) / 1000 * WHOLE / MAX(elapsed / 1000, 1u));
}

void sched_columns(const struct sched_sample *before, const struct sched_sample *after,
	struct sched_columns *out)
{
	uint64_t elapsed = after->at - before->at, run = more(before->run, after->run);
	uint64_t overlap = more(before->overlap, after->overlap);
	uint64_t served = more(before->served, after->served);

	*out = (struct sched_columns){
		.used = part(MIN(overlap, run), run + served, elapsed),
		.run = part(0, run, elapsed),
		.sys = part(0, served, elapsed),
		.overlap = part(0, overlap, elapsed),
		.wait = part(before->wait, after->wait, elapsed),
		.idle = part(before->idle, after->idle, elapsed),
		.vmwait = part(before->wait - before->idle, after->wait - after->idle, elapsed),
		.swapwait = part(before->memory, after->memory, elapsed),
		.ready =
			part(before->ready + before->parked, after->ready + after->parked, elapsed),
		.mlmtd = part(before->parked, after->parked, elapsed),
		.costop = part(before->costop, after->costop, elapsed),
		.switches = after->switches - before->switches,
		.migrations = after->migrations - before->migrations,
	};
}
