#include "sched/invariants.h"
#include "sched/limit.h"
#include "sched/settings.h"

#define LAG_KEPT_SLACK 1000 /* ns: rounding of a few divisions */

const char *sched_invariant_name(enum sched_invariant invariant)
{
	static const char *const names[] = {
#define X(symbol, text) #symbol ": " text,
		SCHED_INVARIANTS(X)
#undef X
	};

	return names[invariant];
}

static const struct runq *home_of(const struct sched_view *view, const struct task *task)
{
	return view->sched->runqs[task->cpu];
}

static bool is_kicked(const struct sched_view *view, unsigned cpu)
{
	return view->kicked && view->kicked[cpu];
}

/* --- of a task: I1, I4, I13 to I15 */

/* Runs, and mostly keeps its place among the shares. */
static bool runs_in_place(const struct task *task)
{
	return task->state == TASK_RUNNING;
}

static bool check_links(const struct task *task, struct violation *out)
{
	enum task_state state = task->state;
	bool held = state == TASK_PARKED || state == TASK_COSTOP;

	if (turn_queued(&task->turn) != (state == TASK_READY) && !runs_in_place(task))
		return sched_violated(
			out, SCHED_I1, "queued and ready are not the same", task, task->cpu);
	if (queue_linked(&task->timer) && state != TASK_WAITING && !held)
		return sched_violated(out, SCHED_I1, "on a timer without waiting", task, task->cpu);
	if (held && !queue_linked(&task->timer))
		return sched_violated(
			out, SCHED_I1, "held with nothing to end it", task, task->cpu);
	if (task->joined != (state == TASK_READY || state == TASK_RUNNING))
		return sched_violated(out, SCHED_I1, "counted without competing", task, task->cpu);
	if (list_linked(&task->movable) !=
			(task->joined && task->pinned == CPU_ANY && !task->fixed) ||
		list_linked(&task->weighed) != (task->joined && task->entity.parent))
		return sched_violated(
			out, SCHED_I1, "not in the lists that it belongs to", task, task->cpu);
	if (task->joined &&
		((!(task->bounds & BOUND_GROUP) != !task->entity.parent) ||
			(!(task->bounds & BOUND_RESERVED) != !task->entity.reservation) ||
			(!(task->bounds & BOUND_LIMITED) != !limit_applies(task))))
		return sched_violated(out, SCHED_I1, "not bound by what it says", task, task->cpu);
	return true;
}

static bool check_times(const struct task *task, struct violation *out)
{
	uint64_t sum = 0, waits = 0;

	for (unsigned state = 0; state < TASK_STATES; state++)
		sum += task->times[state];
	for (unsigned what = 0; what < SCHED_WAITS; what++)
		waits += task->waits[what];
	if (waits != task->times[TASK_WAITING])
		return sched_violated(out, SCHED_I13, "a task's waits are not what it waited for",
			task, task->cpu);
	if (task->state != TASK_NEW && sum != task->since - task->born)
		return sched_violated(
			out, SCHED_I13, "a task's times are not its life", task, task->cpu);
	return true;
}

static bool check_shares(const struct task *task, struct violation *out)
{
	uint32_t want = task->entity.parent && task_competes(task) ? task->entity.shares : 0;

	if (task->entity.counted != want)
		return sched_violated(
			out, SCHED_I14, "its shares are not in its group's sum", task, task->cpu);
	return true;
}

static bool check_affinity(
	const struct sched_view *view, const struct task *task, struct violation *out)
{
	bool runs = task->state == TASK_RUNNING && !is_kicked(view, task->cpu);

	if ((runs || task->state == TASK_READY) && !task_may_run_on(task, task->cpu))
		return sched_violated(
			out, SCHED_I15, "on a pCPU that is not allowed", task, task->cpu);
	return true;
}

static bool check_task(
	const struct sched_view *view, const struct task *task, struct violation *out)
{
	if (task->state == TASK_WAITING && task->woken)
		return sched_violated(out, SCHED_I4, "waits though it was woken", task, task->cpu);
	return check_links(task, out) && check_shares(task, out) && check_times(task, out) &&
	       check_affinity(view, task, out);
}

/* --- of all: I1, I2, I4 */

/* How many there are, as tasks say themselves and as queues say. */
struct totals {
	unsigned ready, held, running;
};

static bool check_tasks(const struct sched_view *view, struct totals *totals, struct violation *out)
{
	for (unsigned i = 0; i < view->count; i++) {
		const struct task *task = view->tasks[i];
		enum task_state state = task->state;

		if (!check_task(view, task, out))
			return false;
		totals->ready += state == TASK_READY;
		totals->held += state == TASK_PARKED || state == TASK_COSTOP;
		totals->running += state == TASK_RUNNING;
	}
	return true;
}

static bool check_queues(
	const struct sched_view *view, struct totals *totals, struct violation *out)
{
	for (unsigned i = 0; i < view->sched->cpus; i++) {
		const struct runq *runq = view->sched->runqs[i];
		unsigned held;

		if (!sched_check_runq(runq, view->now, &held, out))
			return false;
		if (runq->ready_count && runq->is_idle && !is_kicked(view, i))
			return sched_violated(
				out, SCHED_I4, "an idle pCPU does not know of its work", NULL, i);
		totals->ready += runq->ready_count;
		totals->held += held;
		totals->running += !runq->is_idle;
	}
	return true;
}

bool sched_check_all(const struct sched_view *view, struct violation *out)
{
	struct totals told = {0}, found = {0};

	if (!check_tasks(view, &told, out) || !check_queues(view, &found, out))
		return false;
	if (told.ready != found.ready || told.held != found.held)
		return sched_violated(
			out, SCHED_I1, "a task is queued twice or lost", NULL, CPU_ANY);
	if (told.running != found.running)
		return sched_violated(out, SCHED_I2, "runs on no pCPU or on two", NULL, CPU_ANY);
	return true;
}

static bool check_member(const struct runq *runq, const struct task *task, struct violation *out)
{
	if (!check_links(task, out) || !check_times(task, out))
		return false;
	if (!task_may_run_on(task, runq->cpu))
		return sched_violated(
			out, SCHED_I15, "queued on a pCPU that is not allowed", task, runq->cpu);
	return true;
}

bool sched_check_queue(const struct runq *runq, uint64_t now, struct violation *out)
{
	const struct turns *turns = &runq->fair.turns;
	unsigned held;

	if (!sched_check_runq(runq, now, &held, out))
		return false;
	for (struct turn *turn = turns_next(turns, NULL); turn; turn = turns_next(turns, turn)) {
		const struct task *task = container_of(turn, struct task, turn);

		if (task != runq->current && !check_member(runq, task, out))
			return false;
	}
	return check_times(runq->current, out);
}

/* --- I5: lag */

static bool check_lag_of(
	const struct fair *fair, uint64_t average, const struct task *task, struct violation *out)
{
	int64_t ahead = (int64_t)(task->vtime - average);
	__int128 lag = (__int128)ahead * task->weight;
	/* Who just joined or left moves everybody's lag by no more than its own. */
	__int128 bound = (__int128)(2 * FAIR_LAG_NS + SCHED_SLICE_NS) << FAIR_SHIFT;

	bound += task->weight + (__int128)1;
	if (lag > bound || lag < -bound * 4 - fair->owed)
		return sched_violated(
			out, SCHED_I5, "a task's lag is out of bounds", task, task->cpu);
	return true;
}

bool sched_check_lag(const struct sched_view *view, struct violation *out)
{
	uint64_t averages[SCHED_CHECK_CPUS];

	if (view->sched->cpus > SCHED_CHECK_CPUS)
		return sched_violated(
			out, SCHED_I5, "more pCPUs than can be looked at", NULL, CPU_ANY);
	for (unsigned i = 0; i < view->sched->cpus; i++)
		averages[i] = fair_average(&view->sched->runqs[i]->fair);
	for (unsigned i = 0; i < view->count; i++) {
		const struct task *task = view->tasks[i];

		if (task->state == TASK_READY && task->joined &&
			!check_lag_of(&home_of(view, task)->fair, averages[task->cpu], task, out))
			return false;
	}
	return true;
}

/* --- I10: co-scheduling */

static bool somebody_may_run(const struct task *task)
{
	list_for_each (node, &task->entity.parent->members) {
		const struct task *other = list_entry(node, struct task, member);

		if (task_wants_to_run(other) && other->state != TASK_COSTOP)
			return true;
	}
	return false;
}

bool sched_check_step(const struct sched_view *view, struct violation *out)
{
	for (unsigned i = 0; i < view->count; i++) {
		const struct task *task = view->tasks[i];
		uint64_t bound = COSTART_STOP_NS + COSTART_POLL_NS + EVENT_SLACK_NS;

		if (!list_linked(&task->member))
			continue;
		if (task->state == TASK_RUNNING && !is_kicked(view, task->cpu) &&
			group_skew(task, view->now) > bound)
			return sched_violated(
				out, SCHED_I10, "a vCPU runs too far ahead", task, task->cpu);
		if (task->state == TASK_COSTOP && task->until < view->now &&
			!somebody_may_run(task))
			return sched_violated(
				out, SCHED_I10, "a VM's vCPUs all stop", task, task->cpu);
	}
	return true;
}

/* --- I13: time */

bool sched_check_total_time(
	const struct sched_view *view, uint64_t service, uint64_t started, struct violation *out)
{
	if (service != (view->now - started) * view->sched->cpus)
		return sched_violated(out, SCHED_I13, "run and idle times are not the pCPUs' time",
			NULL, CPU_ANY);
	return true;
}

bool sched_check_timely(const struct sched_view *view, struct violation *out)
{
	return sched_check_lag(view, out) && sched_check_step(view, out);
}

bool sched_check_lag_kept(int64_t before, int64_t after, struct violation *out)
{
	int64_t change = after - before;

	if (change > LAG_KEPT_SLACK || change < -LAG_KEPT_SLACK)
		return sched_violated(out, SCHED_I12, "lag changed on the way", NULL, CPU_ANY);
	return true;
}
