/* What one run queue shows, seen in one walk through who is queued: I1, I2, I5 to I7, I14. */
#include "sched/invariants.h"
#include "sched/turns_node.h"

#define KEY_SPREAD_MAX (1ll << 62)

/* All nodes of a queue, of any kind. */
#define for_each_node(node, queue) \
	for (const struct queue_node *node = queue_first(queue); node; node = queue_walk(node))

/* Who is queued by deadline: those who are ready, and the current one if it has kept its place. */
static const struct task *task_at(const struct turns_walk *walk)
{
	return container_of(turns_walk_turn(walk), struct task, turn);
}

/* What a walk through a queue finds. */
struct census {
	unsigned ready, claims; /* how many are ready, and have claims */
	uint64_t load;          /* of all who joined, and the sum of their virtual times */
	__int128 sum;
	const struct task *claim, *share; /* who is to be picked by that; NULL */
};

static void count_joined(struct census *census, const struct runq *runq, const struct task *task)
{
	census->load += task->weight;
	census->sum += (__int128)(int64_t)(task->vtime - runq->fair.zero) * task->weight;
}

static void count_queued(
	struct census *census, const struct runq *runq, const struct task *task, uint64_t now)
{
	if ((!census->share || key_before(task->deadline, census->share->deadline)) &&
		fair_eligible(&runq->fair, task))
		census->share = task;
	if (task == runq->current)
		return;
	census->ready++;
	census->claims += reserve_queued(task);
	count_joined(census, runq, task);
	if (task->entity.reservation && reserve_start(task) <= now &&
		(!census->claim || reserve_start(task) < reserve_start(census->claim)))
		census->claim = task;
}

static struct census take_census(const struct runq *runq, uint64_t now)
{
	struct turns_walk walk = turns_walk_from(runq->fair.turns.root);
	struct census census = {0};

	for (; walk.leaf; turns_walk_on(&walk))
		count_queued(&census, runq, task_at(&walk), now);
	if (runq->current->joined)
		count_joined(&census, runq, runq->current);
	return census;
}

/* --- I1, I2: places */

static bool check_current(const struct runq *runq, struct violation *out)
{
	const struct task *task = runq->current;

	if (task->state != TASK_RUNNING || task->cpu != runq->cpu)
		return sched_violated(
			out, SCHED_I2, "current without running here", task, runq->cpu);
	if (task->idle != runq->is_idle)
		return sched_violated(out, SCHED_I2, "idle is not what it says", task, runq->cpu);
	return true;
}

/* Sets how many are parked or co-stopped. */
static bool check_held(const struct runq *runq, unsigned *held, struct violation *out)
{
	*held = 0;
	for_each_node(node, &runq->parked)
	{
		const struct task *task =
			container_of((struct queue_node *)(uintptr_t)node, struct task, timer);

		++*held;
		if (task->cpu != runq->cpu ||
			(task->state != TASK_PARKED && task->state != TASK_COSTOP))
			return sched_violated(
				out, SCHED_I1, "held where it is not", task, runq->cpu);
	}
	return true;
}

/* --- I5: the sum of weighted lag */

static bool check_sum(const struct runq *runq, const struct census *census, struct violation *out)
{
	const struct fair *fair = &runq->fair;
	const int64_t average = (int64_t)(fair_average(fair) - fair->zero);
	__int128 rest = census->sum + fair->owed - (__int128)average * (int64_t)census->load;

	if (fair->joined && (rest < 0 || rest >= (__int128)census->load))
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
		const struct runq *runq = view->sched->runqs[i];
		const struct census census = take_census(runq, view->now);

		if (!check_sum(runq, &census, out))
			return false;
	}
	return true;
}

/* --- I6, I7: the pick */

static const struct task *wanted(const struct census *census)
{
	return census->claim ? census->claim : census->share;
}

const struct task *sched_reference_pick(const struct runq *runq, uint64_t now)
{
	const struct census census = take_census(runq, now);

	return wanted(&census);
}

static bool check_pick(
	const struct runq *runq, const struct census *census, uint64_t now, struct violation *out)
{
	const struct task *want = wanted(census);
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
		const struct runq *runq = view->sched->runqs[i];
		const struct census census = take_census(runq, view->now);

		if (!check_pick(runq, &census, view->now, out))
			return false;
	}
	return true;
}

/* --- I14: structure */

static bool check_heap(const struct queue *queue, unsigned cpu, struct violation *out)
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

static bool check_heaps(const struct runq *runq, struct violation *out)
{
	return check_heap(&runq->reserve.others, runq->cpu, out) &&
	       check_heap(&runq->timers, runq->cpu, out) &&
	       check_heap(&runq->parked, runq->cpu, out);
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

static bool check_turn(const struct runq *runq, const struct task *task, struct violation *out)
{
	const struct turns_node *leaf = task->turn.leaf;
	int64_t ahead = (int64_t)(task->vtime - runq->fair.zero);

	if (leaf->keys[task->turn.slot] != task->deadline)
		return sched_violated(out, SCHED_I14, "a key is not the deadline", task, runq->cpu);
	if (leaf->least[task->turn.slot] != task->vtime)
		return sched_violated(
			out, SCHED_I14, "a key is not the virtual time", task, runq->cpu);
	if (ahead > KEY_SPREAD_MAX || ahead < -KEY_SPREAD_MAX)
		return sched_violated(
			out, SCHED_I14, "virtual times are too far apart", task, runq->cpu);
	return check_deadline(task, out);
}

static bool check_ready(const struct runq *runq, const struct task *task, struct violation *out)
{
	if (task->cpu != runq->cpu || task->state != TASK_READY)
		return sched_violated(out, SCHED_I1, "queued where it is not", task, runq->cpu);
	if (reserve_queued(task) != (task->entity.reservation != 0))
		return sched_violated(out, SCHED_I14, "a reservation and a claim are not the same",
			task, runq->cpu);
	if (reserve_queued(task) && task->claim.key != reserve_start(task))
		return sched_violated(
			out, SCHED_I14, "a claim is not when it begins", task, runq->cpu);
	return true;
}

static bool check_turns(
	const struct runq *runq, uint64_t now, struct census *census, struct violation *out)
{
	const char *wrong = turns_wrong(&runq->fair.turns);
	struct turns_walk walk = turns_walk_from(runq->fair.turns.root);

	if (wrong)
		return sched_violated(out, SCHED_I14, wrong, NULL, runq->cpu);
	for (; walk.leaf; turns_walk_on(&walk)) {
		const struct task *task = task_at(&walk);

		if (task != runq->current && !check_ready(runq, task, out))
			return false;
		if (!check_turn(runq, task, out))
			return false;
		count_queued(census, runq, task, now);
	}
	if (!runq->current->joined)
		return true;
	count_joined(census, runq, runq->current);
	return check_deadline(runq->current, out);
}

/* Those in line are in order, and all who have claims are ready. */
static bool check_claims(
	const struct runq *runq, const struct census *census, struct violation *out)
{
	const struct queue_node *last = NULL;
	unsigned claims = 0;

	for_each_node(node, &runq->reserve.others) claims++;
	list_for_each (node, &runq->reserve.line) {
		const struct queue_node *claim = &list_entry(node, struct task, in_line)->claim;

		claims++;
		if (last && key_before(claim->key, last->key))
			return sched_violated(
				out, SCHED_I14, "claims are out of order", NULL, runq->cpu);
		last = claim;
	}
	if (claims != census->claims)
		return sched_violated(out, SCHED_I14,
			"a claim is queued twice, or by who is not ready", NULL, runq->cpu);
	return true;
}

static bool check_totals(
	const struct runq *runq, const struct census *census, struct violation *out)
{
	if (census->ready != runq->ready_count)
		return sched_violated(
			out, SCHED_I1, "the count of ready tasks is wrong", NULL, runq->cpu);
	if (census->load != runq->fair.load)
		return sched_violated(
			out, SCHED_I14, "the load is not the sum of weights", NULL, runq->cpu);
	if (census->sum != runq->fair.sum)
		return sched_violated(
			out, SCHED_I14, "the sum of virtual times is wrong", NULL, runq->cpu);
	return true;
}

bool sched_check_runq(const struct runq *runq, uint64_t now, unsigned *held, struct violation *out)
{
	struct census census = {0};

	return check_current(runq, out) && check_held(runq, held, out) &&
	       check_turns(runq, now, &census, out) && check_heaps(runq, out) &&
	       check_totals(runq, &census, out) && check_claims(runq, &census, out) &&
	       check_sum(runq, &census, out) && check_pick(runq, &census, now, out);
}
