#include "sched/runq.h"
#include "sched/group.h"
#include "sched/limit.h"

static void publish(struct runq *runq)
{
	__atomic_store_n(&runq->load, runq->fair.load, __ATOMIC_RELAXED);
}

static void count_ready(struct runq *runq, int step)
{
	__atomic_store_n(&runq->ready_count, runq->ready_count + (unsigned)step, __ATOMIC_RELAXED);
}

static void become_current(struct runq *runq, struct task *task, uint64_t now)
{
	task_set_state(task, TASK_RUNNING, now);
	runq->current = task;
	if (runq->is_idle != task->idle)
		__atomic_store_n(&runq->is_idle, task->idle, __ATOMIC_SEQ_CST);
	publish(runq);
}

void runq_init(
	struct runq *runq, unsigned cpu, struct cpu_place place, struct task *idle, uint64_t now)
{
	*runq = (struct runq){
		.lock = SPINLOCK(LOCK_SCHED),
		.cpu = cpu,
		.place = place,
		.sibling = cpu,
		.idle = idle,
	};
	list_init(&runq->reserve.line);
	list_init(&runq->movable);
	list_init(&runq->members);
	task_init(idle, NULL);
	idle->idle = true;
	idle->cpu = cpu;
	idle->born = idle->since = now;
	become_current(runq, idle, now);
}

/* --- who has joined */

static void classify(struct task *task)
{
	unsigned bounds = task->bounds & BOUND_WATCHED;

	if (task->entity.parent)
		bounds |= BOUND_GROUP;
	if (task->entity.reservation)
		bounds |= BOUND_RESERVED;
	if (limit_applies(task))
		bounds |= BOUND_LIMITED;
	task->bounds = (uint8_t)bounds;
}

void runq_file(struct runq *runq, struct task *task)
{
	classify(task);
	if (task->pinned == CPU_ANY && !task->fixed)
		list_append(&runq->movable, &task->movable);
	if (task->entity.parent)
		list_append(&runq->members, &task->weighed);
}

void runq_unfile(struct task *task)
{
	if (list_linked(&task->movable))
		list_remove(&task->movable);
	if (list_linked(&task->weighed))
		list_remove(&task->weighed);
}

static uint32_t weigh(struct task *task)
{
	task->heard = group_changes(task);
	return group_weight(task);
}

/* Is its weight what it should be? A member's takes divisions, unless its groups are as they were.
 */
static inline bool has_its_weight(struct task *task)
{
	return (task->entity.parent && task->heard == group_changes(task)) ||
	       weigh(task) == task->weight;
}

static void join(struct runq *runq, struct task *task, uint64_t request)
{
	task->cpu = runq->cpu;
	fair_set_weight(task, weigh(task));
	fair_join(&runq->fair, task, request);
	task->bounds = 0;
	runq_file(runq, task);
}

/* Queued among the shares at most. */
static void part(struct runq *runq, struct task *task)
{
	fair_leave(&runq->fair, task);
	runq_unfile(task);
}

void runq_adopt(struct runq *runq, struct task *task, uint64_t now)
{
	task->since = task->born = now;
	join(runq, task, task->request);
	task_set_state(runq->idle, TASK_READY, now);
	become_current(runq, task, now);
}

/* Of one that is queued nowhere, or, as happens seldom, is no longer afterwards. */
static inline void refresh_weight(struct runq *runq, struct task *task)
{
	if (task->bounds & (BOUND_GROUP | BOUND_WATCHED) && !has_its_weight(task))
		fair_reweight(&runq->fair, task, group_weight(task));
}

static inline void charge_bound(struct runq *runq, struct task *task, uint64_t ns, uint64_t now)
{
	uint64_t paid;

	if (task->bounds & BOUND_GROUP)
		/* After `since`, and so for who looks on: no time counts twice. */
		__atomic_store_n(&task->progress, task->progress + ns, __ATOMIC_RELEASE);
	if (task->bounds & BOUND_LIMITED)
		limit_charge(task, ns);
	paid = task->bounds & BOUND_RESERVED ? reserve_charge(task, ns, now) : 0;
	if (paid)
		fair_charge(&runq->fair, task, paid, true);
	if (paid < ns)
		fair_charge(&runq->fair, task, ns - paid, false);
}

void runq_charge(struct runq *runq, uint64_t now)
{
	struct task *task = runq->current;
	uint64_t ns;

	if (now <= task->since)
		return;
	ns = now - task->since;
	task_account(task, now);
	if (task->idle)
		return;
	if (task->bounds)
		charge_bound(runq, task, ns, now);
	else
		fair_charge(&runq->fair, task, ns, false);
}

/* --- who is ready */

static void enqueue(struct runq *runq, struct task *task)
{
	if (!turn_queued(&task->turn))
		fair_queue(&runq->fair, task);
	if (task->bounds & BOUND_RESERVED)
		reserve_queue(&runq->reserve, task);
	count_ready(runq, 1);
	publish(runq);
}

/* It keeps its place among the shares. */
static void dequeue(struct runq *runq, struct task *task)
{
	if (task->bounds & BOUND_RESERVED)
		reserve_unqueue(&runq->reserve, task);
	count_ready(runq, -1);
}

void runq_reweigh(struct runq *runq, struct task *task)
{
	const bool queued = turn_queued(&task->turn);

	if (has_its_weight(task))
		return;
	fair_reweight(&runq->fair, task, group_weight(task));
	if (queued)
		fair_queue(&runq->fair, task);
	publish(runq);
}

/* Weights follow the groups while their members are queued, one after the other: who was queued
 * beside a heavy sibling does not wait as a light one for long after that one sleeps. */
static void reweigh_first(struct runq *runq, uint64_t now)
{
	struct list *first = list_first(&runq->members);

	runq->weigh_at = now + RUNQ_WEIGH_NS;
	if (first->next != &runq->members) {
		list_remove(first);
		list_append(&runq->members, first);
	}
	runq_reweigh(runq, list_entry(first, struct task, weighed));
}

static inline void reweigh_next(struct runq *runq, uint64_t now)
{
	if (now >= runq->weigh_at && !list_empty(&runq->members))
		reweigh_first(runq, now);
}

/* Who owed service when it stopped to compete has paid as much as it would have received since. */
static void forgive(struct runq *runq, struct task *task, uint64_t now)
{
	uint64_t slept = now > task->since ? MIN(now - task->since, 1ull << 32) : 0;
	uint64_t paid = slept * task->weight / (runq->fair.load + task->weight);

	if (task->lag >= 0)
		return;
	paid = MIN(paid, (uint64_t)-task->lag);
	task->lag += (int64_t)paid;
	fair_pay(&runq->fair, paid);
}

void runq_wake(struct runq *runq, struct task *task, uint64_t now)
{
	if (queue_linked(&task->timer))
		queue_remove(&runq->timers, &task->timer);
	/* A new one has no claim to be served soon, or a stream of them would take every turn. */
	task->woke = task->state == TASK_WAITING;
	if (task->woke)
		forgive(runq, task, now);
	else
		task->born = task->since = now;
	/* First: others of its VM who look meanwhile would see one that wants to run and is as far
	 * behind as it slept. */
	group_catch_up(task, now);
	task_set_state(task, TASK_READY, now);
	group_count(task);
}

void runq_add(struct runq *runq, struct task *task, uint64_t now)
{
	uint64_t request = task->woke ? task->request / SCHED_WAKE_DIV : task->request;

	/* It asks for no more than its limit lets it have. */
	if (task->granted)
		request = MIN(request, task->granted);
	join(runq, task, request);
	reserve_begin(task, now);
	task->woke = false;
	enqueue(runq, task);
}

void runq_take(struct runq *runq, struct task *task)
{
	dequeue(runq, task);
	part(runq, task);
	publish(runq);
}

/* --- who has to stop */

/* It has joined, is queued among the shares at most, and could run but may not. */
static void hold(struct runq *runq, struct task *task, enum task_state state, uint64_t now)
{
	part(runq, task);
	task_set_state(task, state, now);
	group_count(task);
	queue_insert(&runq->parked, &task->timer, task->until);
	publish(runq);
}

/* Its limit says no: until task->until. */
static bool is_over_limit(struct task *task, uint64_t now)
{
	if (task->until > now)
		return true;
	if (task->granted || !(task->bounds & BOUND_LIMITED))
		return false;
	task->until = limit_draw(task, now);
	/* What it draws before its turn is paid for all the same: the next turns come later. */
	if (task->urgent)
		task->until = now;
	return task->until > now;
}

static bool leads_too_far(const struct task *task, uint64_t now)
{
	return !group_is_in_step(task) && group_look(task, now) > COSTART_STOP_NS;
}

static __attribute__((noinline)) bool look_closely(
	struct runq *runq, struct task *task, uint64_t now)
{
	if (is_over_limit(task, now)) {
		hold(runq, task, TASK_PARKED, now);
		return false;
	}
	if (leads_too_far(task, now)) {
		task->until = now + COSTART_POLL_NS;
		hold(runq, task, TASK_COSTOP, now);
		return false;
	}
	return true;
}

/* May a task that has joined, and is queued among the shares at most, run? If not, it is held.
 * Mostly nothing stands against it. */
static inline bool admit(struct runq *runq, struct task *task, uint64_t now)
{
	if (!(task->bounds & (BOUND_GROUP | BOUND_LIMITED)))
		return true;
	if (task->until <= now && (task->granted || !(task->bounds & BOUND_LIMITED)) &&
		group_is_in_step(task))
		return true;
	return look_closely(runq, task, now);
}

/* --- the current task */

void runq_put(struct runq *runq, uint64_t now)
{
	struct task *task = runq->current;

	if (task->idle) {
		task_set_state(task, TASK_READY, now);
		return;
	}
	if (!task_may_run_on(task, runq->cpu)) {
		part(runq, task);
		task_set_state(task, TASK_READY, now);
		task->exiled = true;
		return;
	}
	if (!admit(runq, task, now))
		return;
	refresh_weight(runq, task);
	task_set_state(task, TASK_READY, now);
	enqueue(runq, task);
}

void runq_step_back(struct runq *runq, uint64_t now)
{
	struct task *task = runq->current;

	if (task_may_run_on(task, runq->cpu)) {
		runq_put(runq, now);
		return;
	}
	task->until = now;
	hold(runq, task, TASK_PARKED, now);
}

static void leave(struct runq *runq, enum task_state state, uint64_t now)
{
	struct task *task = runq->current;

	limit_refund(task);
	task->until = 0;
	part(runq, task);
	task_set_state(task, state, now);
	group_count(task);
}

bool runq_set_timer(struct runq *runq, struct task *task, uint64_t deadline, uint64_t now)
{
	if (deadline > now && deadline - now > RUNQ_WAIT_MAX_NS)
		return false;
	queue_insert(&runq->timers, &task->timer, deadline);
	return true;
}

void runq_wait(struct runq *runq, uint64_t deadline, uint64_t now)
{
	struct task *task = runq->current;

	leave(runq, TASK_WAITING, now);
	runq_set_timer(runq, task, deadline, now);
}

void runq_end(struct runq *runq, uint64_t now)
{
	group_leave(runq->current);
	leave(runq, TASK_DEAD, now);
}

void runq_forfeit(struct runq *runq)
{
	fair_forfeit(&runq->fair, runq->current);
}

/* Whose turn it is, ready no longer. It keeps its place among the shares: many are stopped before
 * their request is served, and only their virtual time moves. */
static struct task *take_first(struct runq *runq, uint64_t now)
{
	struct task *task;

	if (!runq->ready_count)
		return NULL;
	task = reserve_first(&runq->reserve, now);
	if (!task) {
		reweigh_next(runq, now);
		task = fair_first(&runq->fair);
	}
	if (task)
		dequeue(runq, task);
	return task;
}

struct task *runq_pick(struct runq *runq, uint64_t now)
{
	struct task *next;

	runq->due = false;
	while ((next = take_first(runq, now)) && !admit(runq, next, now))
		;
	if (!next)
		next = runq->idle;
	next->request_over = false;
	if (next->bounds & BOUND_RESERVED)
		reserve_pick(next, now);
	refresh_weight(runq, next);
	become_current(runq, next, now);
	return next;
}

void runq_keep(struct runq *runq)
{
	struct task *task = runq->current;

	if (task->idle || !task->request_over)
		return;
	task->request_over = false;
	refresh_weight(runq, task);
}

bool runq_should_switch(struct runq *runq, uint64_t now)
{
	struct task *current = runq->current, *claim, *first;

	if (current->entity.parent)
		refresh_weight(runq, current);
	reweigh_next(runq, now);
	if (current->idle)
		return runq->ready_count;
	if (!task_may_run_on(current, runq->cpu) ||
		(current->bounds & (BOUND_GROUP | BOUND_LIMITED) &&
			(is_over_limit(current, now) || leads_too_far(current, now))))
		return true;
	if (!runq->ready_count)
		return false;
	claim = reserve_first(&runq->reserve, now);
	if (claim)
		return !reserve_has_claim(current) || reserve_start(claim) < reserve_start(current);
	if (reserve_has_claim(current))
		return false;
	first = fair_first(&runq->fair);
	if (!first || first == current)
		return false;
	if (current->request_over && !fair_eligible(&runq->fair, current))
		return true;
	return key_before(first->deadline, current->deadline);
}

/* --- time */

static struct task *expired(const struct queue *queue, uint64_t now)
{
	struct queue_node *first = queue_first(queue);

	return first && first->key <= now ? container_of(first, struct task, timer) : NULL;
}

/* Its parking is over, unless its VM's others still lag too far behind. */
static bool end_hold(struct runq *runq, struct task *task, uint64_t now)
{
	queue_remove(&runq->parked, &task->timer);
	if (task->state == TASK_COSTOP && group_skew(task, now) >= COSTART_START_NS) {
		task->until = now + COSTART_POLL_NS;
		queue_insert(&runq->parked, &task->timer, task->until);
		return false;
	}
	task->until = 0;
	if (task->state == TASK_PARKED)
		forgive(runq, task, now);
	task_set_state(task, TASK_READY, now);
	group_count(task);
	return true;
}

struct task *runq_take_expired(struct runq *runq, uint64_t now)
{
	struct task *task = expired(&runq->timers, now);

	if (task) {
		runq_wake(runq, task, now);
		__atomic_store_n(&task->woken, true, __ATOMIC_SEQ_CST);
		return task;
	}
	while ((task = expired(&runq->parked, now))) {
		if (end_hold(runq, task, now))
			return task;
	}
	return NULL;
}

static void refund_all(const struct turns *turns)
{
	for (struct turn *turn = turns_next(turns, NULL); turn; turn = turns_next(turns, turn))
		limit_refund(container_of(turn, struct task, turn));
}

void runq_forget_grants(struct runq *runq, uint64_t now)
{
	struct queue parked = runq->parked;
	struct queue_node *node;

	limit_refund(runq->current);
	refund_all(&runq->fair.turns);
	runq->parked.root = NULL;
	while ((node = queue_first(&parked))) {
		struct task *task = container_of(node, struct task, timer);

		queue_remove(&parked, node);
		limit_refund(task);
		task->until = now;
		queue_insert(&runq->parked, node, now);
	}
}

void runq_limits_changed(struct runq *runq)
{
	classify(runq->current);
	for (struct turn *turn = turns_next(&runq->fair.turns, NULL); turn;
		turn = turns_next(&runq->fair.turns, turn))
		classify(container_of(turn, struct task, turn));
}

/* When the current task must be looked at, whoever else is ready. */
static uint64_t own_event(const struct task *task, uint64_t now)
{
	uint64_t at = SCHED_NEVER;

	if (task->bounds & BOUND_LIMITED)
		at = task->since + task->granted;
	if (list_linked(&task->member)) {
		uint64_t skew = group_look(task, now);
		uint64_t room = skew < COSTART_STOP_NS ? COSTART_STOP_NS + 1 - skew : 0;

		at = MIN(at, now + room);
	}
	return at;
}

uint64_t runq_next_event(const struct runq *runq, uint64_t now)
{
	const struct task *task = runq->current;
	uint64_t at = SCHED_NEVER;

	if (!task->idle) {
		at = own_event(task, now);
		if (runq->ready_count)
			at = MIN(at, MIN(task->since + (reserve_has_claim(task) ? task->budget
										: fair_left(task)),
					     reserve_next(&runq->reserve, now)));
		at = MAX(at, now + SCHED_EVENT_MIN_NS);
	}
	return MIN(at, runq_next_deadline(runq));
}
