#include "sched/invariants.h"
#include "sched/settings.h"

#define LAG_KEPT_SLACK 1000 /* ns: rounding of a few divisions */
#define KEY_SPREAD_MAX (1ll << 62)

const char *sched_invariant_name(enum sched_invariant invariant)
{
	static const char *const names[] = {
#define X(symbol, text) #symbol ": " text,
		SCHED_INVARIANTS(X)
#undef X
	};

	return names[invariant];
}

/* All nodes of a queue, of any kind. */
#define for_each_node(node, queue) \
	for (const struct queue_node *node = queue_first(queue); node; node = queue_walk(node))
#define task_of(node, member) \
	container_of((struct queue_node *)(uintptr_t)(node), struct task, member)

/* All who are queued, by deadline. */
static const struct task *next_turn(const struct fair *fair, const struct task *task)
{
	const struct turn *turn = turns_next(&fair->turns, task ? &task->turn : NULL);

	return turn ? container_of((struct turn *)(uintptr_t)turn, struct task, turn) : NULL;
}
#define for_each_turn(task, fair)                                     \
	for (const struct task *task = next_turn(fair, NULL); (task); \
		(task) = next_turn(fair, task))

static unsigned count_turns(const struct fair *fair)
{
	unsigned count = 0;

	for_each_turn(task, fair) count++;
	return count;
}

static unsigned length(const struct queue *queue)
{
	unsigned count = 0;

	for_each_node(node, queue) count++;
	return count;
}

static const struct runq *home_of(const struct sched_view *view, const struct task *task)
{
	return view->sched->runqs[task->cpu];
}

static bool is_kicked(const struct sched_view *view, unsigned cpu)
{
	return view->kicked && view->kicked[cpu];
}

/* --- I1, I2: places */

static bool check_links(const struct task *task, struct violation *out)
{
	enum task_state state = task->state;
	bool held = state == TASK_PARKED || state == TASK_COSTOP;

	if (turn_queued(&task->turn) != (state == TASK_READY))
		return sched_violated(
			out, SCHED_I1, "queued and ready are not the same", task, task->cpu);
	if (queue_linked(&task->timer) && state != TASK_WAITING && !held)
		return sched_violated(out, SCHED_I1, "on a timer without waiting", task, task->cpu);
	if (held && !queue_linked(&task->timer))
		return sched_violated(
			out, SCHED_I1, "held with nothing to end it", task, task->cpu);
	if (task->joined != (state == TASK_READY || state == TASK_RUNNING))
		return sched_violated(out, SCHED_I1, "counted without competing", task, task->cpu);
	return true;
}

static bool check_queue_homes(const struct runq *runq, struct violation *out)
{
	for_each_turn(task, &runq->fair)
	{
		if (task->cpu != runq->cpu || task->state != TASK_READY)
			return sched_violated(
				out, SCHED_I1, "queued where it is not", task, runq->cpu);
	}
	for_each_node(node, &runq->parked)
	{
		const struct task *task = task_of(node, timer);

		if (task->cpu != runq->cpu ||
			(task->state != TASK_PARKED && task->state != TASK_COSTOP))
			return sched_violated(
				out, SCHED_I1, "held where it is not", task, runq->cpu);
	}
	return true;
}

bool sched_check_places(const struct sched_view *view, struct violation *out)
{
	unsigned ready = 0, held = 0, queued = 0, parked = 0;

	for (unsigned i = 0; i < view->count; i++) {
		const struct task *task = view->tasks[i];

		if (!check_links(task, out))
			return false;
		ready += task->state == TASK_READY;
		held += task->state == TASK_PARKED || task->state == TASK_COSTOP;
	}
	for (unsigned i = 0; i < view->sched->cpus; i++) {
		const struct runq *runq = view->sched->runqs[i];
		unsigned here = count_turns(&runq->fair);

		if (!check_queue_homes(runq, out))
			return false;
		if (here != runq->ready_count)
			return sched_violated(
				out, SCHED_I1, "the count of ready tasks is wrong", NULL, i);
		queued += here;
		parked += length(&runq->parked);
	}
	if (ready != queued || held != parked)
		return sched_violated(
			out, SCHED_I1, "a task is queued twice or lost", NULL, CPU_ANY);
	return true;
}

bool sched_check_running(const struct sched_view *view, struct violation *out)
{
	unsigned running = 0, busy = 0;

	for (unsigned i = 0; i < view->count; i++)
		running += view->tasks[i]->state == TASK_RUNNING;
	for (unsigned i = 0; i < view->sched->cpus; i++) {
		const struct runq *runq = view->sched->runqs[i];
		const struct task *task = runq->current;

		if (task->state != TASK_RUNNING || task->cpu != i)
			return sched_violated(
				out, SCHED_I2, "current without running here", task, i);
		if (task->idle != runq->is_idle)
			return sched_violated(out, SCHED_I2, "idle is not what it says", task, i);
		busy += !task->idle;
	}
	if (running != busy)
		return sched_violated(out, SCHED_I2, "runs on no pCPU or on two", NULL, CPU_ANY);
	return true;
}

/* --- I4: wake-ups */

bool sched_check_wakeups(const struct sched_view *view, struct violation *out)
{
	for (unsigned i = 0; i < view->count; i++) {
		const struct task *task = view->tasks[i];

		if (task->state == TASK_WAITING && task->woken)
			return sched_violated(
				out, SCHED_I4, "waits though it was woken", task, task->cpu);
	}
	for (unsigned i = 0; i < view->sched->cpus; i++) {
		const struct runq *runq = view->sched->runqs[i];

		if (runq->ready_count && runq->is_idle && !is_kicked(view, i))
			return sched_violated(
				out, SCHED_I4, "an idle pCPU does not know of its work", NULL, i);
	}
	return true;
}

/* --- I5: lag */

static bool check_lag_of(const struct fair *fair, const struct task *task, struct violation *out)
{
	int64_t ahead = (int64_t)(task->vtime - fair_average(fair));
	__int128 lag = (__int128)ahead * task->weight;
	/* Who just joined or left moves everybody's lag by no more than its own. */
	__int128 bound = (__int128)(2 * FAIR_LAG_NS + SCHED_SLICE_NS) << FAIR_SHIFT;

	bound += task->weight + (__int128)1;
	if (task->state == TASK_READY && (lag > bound || lag < -bound * 4 - fair->owed))
		return sched_violated(
			out, SCHED_I5, "a task's lag is out of bounds", task, task->cpu);
	return true;
}

static __int128 total_of(const struct runq *runq, uint64_t *load)
{
	const struct fair *fair = &runq->fair;
	__int128 sum = 0;

	*load = 0;
	for_each_turn(task, fair)
	{
		sum += (__int128)(int64_t)(task->vtime - fair->zero) * task->weight;
		*load += task->weight;
	}
	if (!runq->current->joined)
		return sum;
	*load += runq->current->weight;
	return sum + (__int128)(int64_t)(runq->current->vtime - fair->zero) * runq->current->weight;
}

bool sched_check_lag(const struct sched_view *view, struct violation *out)
{
	for (unsigned i = 0; i < view->count; i++) {
		const struct task *task = view->tasks[i];

		if (task->joined && !check_lag_of(&home_of(view, task)->fair, task, out))
			return false;
	}
	return true;
}

static bool check_sums_of(const struct runq *runq, struct violation *out)
{
	const struct fair *fair = &runq->fair;
	uint64_t load;
	__int128 sum = total_of(runq, &load);
	__int128 rest = sum + fair->owed -
			(__int128)(int64_t)(fair_average(fair) - fair->zero) * (int64_t)load;

	if (fair->joined && (rest < 0 || rest >= (__int128)load))
		return sched_violated(out, SCHED_I5, "the sum of weighted lag is not what is owed",
			NULL, runq->cpu);
	if (fair->owed < 0 || fair->owed > (int64_t)fair->joined * FAIR_OWED_EACH)
		return sched_violated(
			out, SCHED_I5, "more is owed than a request to each", NULL, runq->cpu);
	return true;
}

bool sched_check_sums(const struct sched_view *view, struct violation *out)
{
	for (unsigned i = 0; i < view->sched->cpus; i++) {
		if (!check_sums_of(view->sched->runqs[i], out))
			return false;
	}
	return true;
}

/* --- I6, I7: the pick */

static const struct task *reference_share(const struct runq *runq)
{
	const struct task *best = NULL;

	for_each_turn(task, &runq->fair)
	{
		if (fair_eligible(&runq->fair, task) &&
			(!best || key_before(task->deadline, best->deadline)))
			best = task;
	}
	return best;
}

const struct task *sched_reference_pick(const struct runq *runq, uint64_t now)
{
	const struct task *best = NULL;

	for_each_turn(task, &runq->fair)
	{
		if (task->entity.reservation && reserve_start(task) <= now &&
			(!best || reserve_start(task) < reserve_start(best)))
			best = task;
	}
	return best ? best : reference_share(runq);
}

static bool check_pick(const struct runq *runq, uint64_t now, struct violation *out)
{
	const struct task *want = sched_reference_pick(runq, now);
	const struct task *claim = reserve_first(&runq->reserve, now);
	const struct task *got = claim ? claim : fair_first(&runq->fair);

	if (!got && (want || (runq->ready_count && !runq->current->joined)))
		return sched_violated(out, SCHED_I7, "nobody is picked", want, runq->cpu);
	if (!want != !got)
		return sched_violated(
			out, SCHED_I6, "somebody is picked who is not eligible", got, runq->cpu);
	if (!want || want == got)
		return true;
	if (claim ? reserve_start(want) != reserve_start(got) : want->deadline != got->deadline)
		return sched_violated(
			out, SCHED_I6, "another one should be picked", got, runq->cpu);
	return true;
}

bool sched_check_pick(const struct sched_view *view, struct violation *out)
{
	for (unsigned i = 0; i < view->sched->cpus; i++) {
		if (!check_pick(view->sched->runqs[i], view->now, out))
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
		if (task->state == TASK_COSTOP && !somebody_may_run(task) &&
			task->until < view->now)
			return sched_violated(
				out, SCHED_I10, "a VM's vCPUs all stop", task, task->cpu);
	}
	return true;
}

/* --- I13: time */

static bool check_time_of(const struct task *task, struct violation *out)
{
	uint64_t sum = 0;

	for (unsigned state = 0; state < TASK_STATES; state++)
		sum += task->times[state];
	if (task->state != TASK_NEW && sum != task->since - task->born)
		return sched_violated(
			out, SCHED_I13, "a task's times are not its life", task, task->cpu);
	return true;
}

bool sched_check_task_time(const struct sched_view *view, struct violation *out)
{
	for (unsigned i = 0; i < view->count; i++) {
		if (!check_time_of(view->tasks[i], out))
			return false;
	}
	return true;
}

bool sched_check_total_time(
	const struct sched_view *view, uint64_t service, uint64_t started, struct violation *out)
{
	if (service != (view->now - started) * view->sched->cpus)
		return sched_violated(out, SCHED_I13, "run and idle times are not the pCPUs' time",
			NULL, CPU_ANY);
	return true;
}

uint64_t sched_service(const struct task *task, uint64_t now)
{
	uint64_t service = task->times[TASK_RUNNING];

	return task->state == TASK_RUNNING && now > task->since ? service + (now - task->since)
								: service;
}

/* --- I14: structure */

static bool check_queue(const struct queue *queue, unsigned cpu, struct violation *out)
{
	for_each_node(node, queue)
	{
		const struct queue_node *left = node->left, *right = node->right;
		uint32_t left_rank = left ? left->rank : 0, right_rank = right ? right->rank : 0;

		if (right_rank > left_rank || node->rank != right_rank + 1)
			return sched_violated(
				out, SCHED_I14, "a queue leans to the wrong side", NULL, cpu);
		if ((left && left->parent != node) || (right && right->parent != node))
			return sched_violated(
				out, SCHED_I14, "a queue's links are broken", NULL, cpu);
		if ((left && key_before(left->key, node->key)) ||
			(right && key_before(right->key, node->key)))
			return sched_violated(out, SCHED_I14, "a queue is out of order", NULL, cpu);
	}
	return true;
}

/* A request that is served is followed by the next one, and none is for long: rounding at each new
 * weight adds a little. */
static bool check_deadline(const struct task *task, struct violation *out)
{
	int64_t left = (int64_t)(task->deadline - task->vtime);

	if (left <= 0)
		return sched_violated(
			out, SCHED_I14, "a request is over and none followed", task, task->cpu);
	if (fair_left(task) > 2 * SCHED_SLICE_NS)
		return sched_violated(
			out, SCHED_I14, "a deadline is too far ahead", task, task->cpu);
	return true;
}

static bool check_turns(const struct runq *runq, struct violation *out)
{
	const struct fair *fair = &runq->fair;
	const char *wrong = turns_wrong(&fair->turns);

	if (wrong)
		return sched_violated(out, SCHED_I14, wrong, NULL, runq->cpu);
	for_each_turn(task, fair)
	{
		int64_t ahead = (int64_t)(task->vtime - fair->zero);

		if (turn_deadline(&task->turn) != task->deadline)
			return sched_violated(
				out, SCHED_I14, "a key is not the deadline", task, runq->cpu);
		if (turn_vtime(&task->turn) != task->vtime)
			return sched_violated(
				out, SCHED_I14, "a key is not the virtual time", task, runq->cpu);
		if (ahead > KEY_SPREAD_MAX || ahead < -KEY_SPREAD_MAX)
			return sched_violated(
				out, SCHED_I14, "virtual times are too far apart", task, runq->cpu);
		if (!check_deadline(task, out))
			return false;
	}
	return !runq->current->joined || check_deadline(runq->current, out);
}

static bool check_runq(const struct runq *runq, struct violation *out)
{
	const struct queue *queues[] = {&runq->reserve.claims, &runq->timers, &runq->parked};
	uint64_t load;
	__int128 sum = total_of(runq, &load);

	for (unsigned i = 0; i < ARRAY_SIZE(queues); i++) {
		if (!check_queue(queues[i], runq->cpu, out))
			return false;
	}
	if (load != runq->fair.load)
		return sched_violated(
			out, SCHED_I14, "the load is not the sum of weights", NULL, runq->cpu);
	if (sum != runq->fair.sum)
		return sched_violated(
			out, SCHED_I14, "the sum of virtual times is wrong", NULL, runq->cpu);
	return check_turns(runq, out);
}

bool sched_check_structure(const struct sched_view *view, struct violation *out)
{
	for (unsigned i = 0; i < view->count; i++) {
		const struct task *task = view->tasks[i];
		uint32_t want =
			task->entity.parent && task_competes(task) ? task->entity.shares : 0;

		if (task->entity.counted != want)
			return sched_violated(out, SCHED_I14,
				"its shares are not in its group's sum", task, task->cpu);
	}
	for (unsigned i = 0; i < view->sched->cpus; i++) {
		if (!check_runq(view->sched->runqs[i], out))
			return false;
	}
	return true;
}

/* --- I15: affinity */

bool sched_check_affinity(const struct sched_view *view, struct violation *out)
{
	for (unsigned i = 0; i < view->count; i++) {
		const struct task *task = view->tasks[i];
		bool runs = task->state == TASK_RUNNING && !is_kicked(view, task->cpu);

		if ((runs || task->state == TASK_READY) && !task_may_run_on(task, task->cpu))
			return sched_violated(
				out, SCHED_I15, "on a pCPU that is not allowed", task, task->cpu);
	}
	return true;
}

/* --- I14, I16: groups */

/* What children were promised by `parent` (NULL: the machine), and what they borrowed from it. */
static uint64_t promised_by(const struct sched_view *view, const struct group *groups,
	unsigned count, const struct group *parent)
{
	uint64_t sum = 0;

	for (unsigned i = 0; i < view->count; i++) {
		if (view->tasks[i]->entity.parent == parent)
			sum += view->tasks[i]->entity.reservation;
	}
	for (unsigned i = 0; i < count; i++) {
		if (groups[i].entity.parent == parent)
			sum += (uint64_t)groups[i].entity.reservation + groups[i].borrowed;
	}
	return sum;
}

static uint64_t counted_in(const struct sched_view *view, const struct group *groups,
	unsigned count, const struct group *parent)
{
	uint64_t sum = 0;

	for (unsigned i = 0; i < view->count; i++) {
		if (view->tasks[i]->entity.parent == parent)
			sum += view->tasks[i]->entity.counted;
	}
	for (unsigned i = 0; i < count; i++) {
		if (groups[i].entity.parent == parent)
			sum += groups[i].entity.counted;
	}
	return sum;
}

static bool check_pcpu_promises(const struct sched_view *view, unsigned cpu, struct violation *out)
{
	const struct runq *runq = view->sched->runqs[cpu];
	uint64_t sum = 0;

	for (unsigned i = 0; i < view->count; i++) {
		if (view->tasks[i]->pinned == cpu)
			sum += view->tasks[i]->entity.reservation;
	}
	if (sum != runq->promised)
		return sched_violated(
			out, SCHED_I16, "a pCPU's promises are not its tasks'", NULL, cpu);
	if (sum > ADMIT_CAPACITY)
		return sched_violated(
			out, SCHED_I16, "a pCPU promised more than it has", NULL, cpu);
	return true;
}

bool sched_check_groups(const struct sched_view *view, const struct group *groups, unsigned count,
	struct violation *out)
{
	for (unsigned i = 0; i < count; i++) {
		const struct group *group = &groups[i];

		if (counted_in(view, groups, count, group) != group->active)
			return sched_violated(out, SCHED_I14,
				"a group's sum is not its members' shares", NULL, CPU_ANY);
		if (promised_by(view, groups, count, group) != group->promised)
			return sched_violated(out, SCHED_I16,
				"a group's promises are not its members'", NULL, CPU_ANY);
		if (group->promised > (uint64_t)group->entity.reservation + group->borrowed ||
			(group->borrowed && !group->expandable))
			return sched_violated(
				out, SCHED_I16, "a group promised more than it has", NULL, CPU_ANY);
	}
	if (promised_by(view, groups, count, NULL) != view->sched->promised)
		return sched_violated(out, SCHED_I16, "the machine's promises are not its members'",
			NULL, CPU_ANY);
	for (unsigned i = 0; i < view->sched->cpus; i++) {
		if (!check_pcpu_promises(view, i, out))
			return false;
	}
	return true;
}

bool sched_check_all(const struct sched_view *view, struct violation *out)
{
	return sched_check_places(view, out) && sched_check_running(view, out) &&
	       sched_check_wakeups(view, out) && sched_check_structure(view, out) &&
	       sched_check_sums(view, out) && sched_check_pick(view, out) &&
	       sched_check_task_time(view, out) && sched_check_affinity(view, out);
}

static bool check_members(const struct runq *runq, struct violation *out)
{
	for_each_turn(task, &runq->fair)
	{
		if (!check_links(task, out) || !check_time_of(task, out))
			return false;
		if (!task_may_run_on(task, runq->cpu))
			return sched_violated(out, SCHED_I15,
				"queued on a pCPU that is not allowed", task, runq->cpu);
	}
	return true;
}

bool sched_check_queue(const struct runq *runq, uint64_t now, struct violation *out)
{
	const struct task *current = runq->current;

	if (current->state != TASK_RUNNING || current->cpu != runq->cpu ||
		current->idle != runq->is_idle)
		return sched_violated(
			out, SCHED_I2, "current without running here", current, runq->cpu);
	if (count_turns(&runq->fair) != runq->ready_count)
		return sched_violated(
			out, SCHED_I1, "the count of ready tasks is wrong", NULL, runq->cpu);
	return check_queue_homes(runq, out) && check_runq(runq, out) && check_sums_of(runq, out) &&
	       check_pick(runq, now, out) && check_members(runq, out) &&
	       check_time_of(current, out);
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
