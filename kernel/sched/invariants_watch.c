/* Invariants that only show over time. */
#include "sched/invariants.h"
#include "sched/limit.h"

#define STARVATION_TURNS 8u
#define REQUEST_SLACK    1000 /* ns: rounding of a few divisions */

static uint64_t time_away(const struct task *task)
{
	return task->times[TASK_WAITING] + task->times[TASK_PARKED] + task->times[TASK_COSTOP];
}

static bool watch_reservation(struct sched_watch_task *watch, const struct task *task, uint64_t now,
	struct violation *out)
{
	const uint64_t rate = task->entity.reservation;
	uint64_t service, due;

	if (!rate || !task_competes(task)) {
		watch->since = SCHED_NEVER;
		return true;
	}
	service = sched_service(task, now);
	if (watch->since == SCHED_NEVER || watch->task != task || watch->reservation != rate ||
		watch->away != time_away(task) || watch->pinned != task->pinned) {
		watch->since = now;
		watch->service = service;
		watch->away = time_away(task);
		watch->reservation = (uint32_t)rate;
		watch->pinned = task->pinned;
	}
	/* Of any interval, the first and the last period may be cut. */
	due = (now - watch->since) / 1000 * rate / (RATE_ONE / 1000);
	if (due > service - watch->service + 2 * rate * (RESERVE_PERIOD_NS / RATE_ONE))
		return sched_violated(out, SCHED_I8, "less service than reserved", task, task->cpu);
	return true;
}

static bool watch_limit(struct sched_watch_task *watch, const struct task *task, uint64_t now,
	struct violation *out)
{
	const uint64_t rate = task->entity.limit.rate;
	uint64_t service, most;

	if (!rate) {
		watch->limit = 0;
		return true;
	}
	service = sched_service(task, now);
	if (watch->task != task || watch->limit != rate || task->urgent) {
		watch->limit_since = now;
		watch->limit_service = service + task->granted;
		watch->limit = (uint32_t)rate;
	}
	most = (now - watch->limit_since) / 1000 * rate / (RATE_ONE / 1000) + LIMIT_QUANTUM_NS +
	       EVENT_SLACK_NS;
	if (service > watch->limit_service + most)
		return sched_violated(
			out, SCHED_I9, "more service than its limit", task, task->cpu);
	return true;
}

/* A task's part of what reservations leave of the pCPU in so many ns. */
static uint64_t due_since(uint64_t ns, uint64_t left, uint64_t load, uint64_t weight)
{
	const uint64_t due = ns * left / RATE_ONE;

	/* due * weight / load: the product need not fit, and the kernel has no longer division. */
	load = MAX(load, 1u);
	if (due <= UINT64_MAX / WEIGHT_MAX)
		return due * weight / load;
	return due / load * weight + due % load * weight / load;
}

/* A ready task is served when its part has come to what it may owe and a request, and those owed
 * service before it have had theirs, a request and a lag for each (README.md). */
static bool watch_wait(struct sched_watch_task *watch, const struct task *task,
	const struct runq *home, uint64_t now, struct violation *out)
{
	const uint64_t load = MAX(watch->load, home->fair.load);
	uint64_t left;

	watch->load = home->fair.load;
	if (task->state != TASK_READY) {
		watch->wait_since = SCHED_NEVER;
		return true;
	}
	if (watch->wait_since != task->since || watch->task != task) {
		watch->due = 0;
		watch->joined = 0;
		watch->seen = task->since;
		watch->weight = task->weight;
	}
	left = MAX(RATE_ONE - MIN(home->promised, RATE_ONE), RATE_ONE / 20);
	watch->wait_since = task->since;
	watch->joined = MAX(watch->joined, home->fair.joined);
	watch->due += due_since(
		MAX(now, watch->seen) - watch->seen, left, load, MIN(watch->weight, task->weight));
	watch->seen = MAX(now, watch->seen);
	watch->weight = task->weight;
	if (watch->due <= STARVATION_TURNS * SCHED_SLICE_NS)
		return true;
	if (watch->seen - task->since >
		STARVATION_TURNS * SCHED_SLICE_NS * watch->joined / left * RATE_ONE)
		return sched_violated(
			out, SCHED_I11, "a ready task waits too long", task, task->cpu);
	return true;
}

/* Who has ended its request asks for a whole one, of which only service takes away: not a change of
 * weight, nor arithmetic that wraps or saturates. Until it is picked, or goes on. */
static bool watch_request(
	struct sched_watch_task *watch, const struct task *task, struct violation *out)
{
	const uint64_t ran = task->times[TASK_RUNNING], asked = MIN(task->request, watch->request);
	const uint64_t left = task->joined && task->request_over ? fair_left(task) : SCHED_NEVER;
	const bool known = watch->task == task;
	const uint64_t least = MIN(asked, watch->left);
	const uint64_t served = ran - watch->ran + REQUEST_SLACK;

	watch->request = task->request;
	watch->left = left;
	watch->ran = ran;
	if (known && least > served && left < least - served)
		return sched_violated(out, SCHED_I14,
			"a request is shorter than what was asked for", task, task->cpu);
	return true;
}

bool sched_watch_service(struct sched_watch_task *watch, const struct task *task,
	const struct runq *home, uint64_t now, struct violation *out)
{
	bool good = watch_reservation(watch, task, now, out) &&
		    watch_limit(watch, task, now, out) && watch_wait(watch, task, home, now, out) &&
		    watch_request(watch, task, out);

	watch->task = task;
	return good;
}

/* Since when the one has been ready that waits longest of those who may run there; SCHED_NEVER. */
static uint64_t work_waits_since(const struct sched_view *view, unsigned cpu)
{
	uint64_t since = SCHED_NEVER;

	for (unsigned i = 0; i < view->count; i++) {
		const struct task *task = view->tasks[i];

		if (task->state == TASK_READY && task_may_run_on(task, cpu))
			since = MIN(since, task->since);
	}
	return since;
}

bool sched_watch_idle(
	struct sched_watch_cpu *watch, const struct sched_view *view, struct violation *out)
{
	for (unsigned i = 0; i < view->sched->cpus; i++) {
		const struct runq *runq = view->sched->runqs[i];
		const uint64_t switches = runq->idle->switches;
		const uint64_t since = runq->is_idle ? work_waits_since(view, i) : SCHED_NEVER;

		if (since == SCHED_NEVER)
			watch[i].idle_since = SCHED_NEVER;
		else if (watch[i].idle_since == SCHED_NEVER || watch[i].switches != switches ||
			 since > watch[i].seen)
			watch[i].idle_since = view->now;
		else if (view->now - watch[i].idle_since > SCHED_IDLE_BOUND_NS)
			return sched_violated(out, SCHED_I3, "idle while work waits", NULL, i);
		watch[i].switches = switches;
		watch[i].seen = view->now;
	}
	return true;
}
