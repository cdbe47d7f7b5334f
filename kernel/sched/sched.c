#include "sched/sched.h"
#include "sched/group.h"
#include "sched/service.h"

#define WAKE_PROBES  4u
#define OFFER_PROBES 64u
#define TAKE_PROBES  32u

static unsigned cpu_total(const struct sched *sched)
{
	return __atomic_load_n(&sched->cpus, __ATOMIC_ACQUIRE);
}

void sched_add_cpu(struct sched *sched, unsigned cpu)
{
	struct runq *runq = sched->runqs[cpu];

	for (unsigned i = 0; i < cpu; i++) {
		struct runq *other = sched->runqs[i];

		if (other->place.core != runq->place.core || other->place.node != runq->place.node)
			continue;
		runq->sibling = other->sibling;
		__atomic_store_n(&other->sibling, cpu, __ATOMIC_RELAXED);
		break;
	}
	__atomic_store_n(&sched->cpus, cpu + 1, __ATOMIC_RELEASE);
}

/* --- which CPU. What is read of other CPUs is a hint: it may be wrong. */

static bool looks_idle(const struct runq *runq)
{
	return __atomic_load_n(&runq->is_idle, __ATOMIC_SEQ_CST) &&
	       !__atomic_load_n(&runq->ready_count, __ATOMIC_RELAXED);
}

static unsigned next_sibling(const struct runq *runq)
{
	return __atomic_load_n(&runq->sibling, __ATOMIC_RELAXED);
}

static bool core_looks_idle(const struct sched *sched, const struct runq *runq)
{
	for (unsigned i = next_sibling(runq); i != runq->cpu; i = next_sibling(sched->runqs[i])) {
		if (!looks_idle(sched->runqs[i]))
			return false;
	}
	return true;
}

/* Of an idle CPU, higher is better: near its memory, then a core of its own. */
static unsigned score(const struct sched *sched, const struct runq *home, const struct runq *other)
{
	return 1 + 2 * (other->place.node == home->place.node) + core_looks_idle(sched, other);
}

/*
 * The best idle CPU among `probes` of those on which the task may run (NULL: any task); the home's
 * own number if there is none. Each search goes on where the last one ended.
 */
static unsigned find_idle(
	const struct sched *sched, struct runq *home, const struct task *task, unsigned probes)
{
	unsigned total = cpu_total(sched), best = home->cpu, best_score = 0, start;

	if (total == 1)
		return home->cpu;
	/* What was queued is visible before the flags are read; sched_fetch() does the reverse. On
	 * x86 a locked instruction is a fence (SDM 3A, 9.2.3.9), and there is one here anyway. */
	start = __atomic_fetch_add(&home->probe, probes, __ATOMIC_SEQ_CST);
	start %= total;
	for (unsigned i = 0; i < total && i <= probes; i++) {
		unsigned cpu = start + i < total ? start + i : start + i - total;
		const struct runq *other = sched->runqs[cpu];
		unsigned points;

		if (cpu == home->cpu || (task && !task_may_run_on(task, cpu)) || !looks_idle(other))
			continue;
		points = score(sched, home, other);
		if (points > best_score) {
			best = cpu;
			best_score = points;
		}
	}
	return best;
}

static uint64_t load_of(const struct runq *runq)
{
	return __atomic_load_n(&runq->load, __ATOMIC_RELAXED);
}

/* Of two that are equally loaded, the one near its memory. */
static bool is_lighter(const struct runq *home, const struct runq *runq, uint64_t least, bool found)
{
	uint64_t load = load_of(runq);

	return load < least || (found && load == least && runq->place.node == home->place.node);
}

/* The least loaded of a few CPUs on which the task may run; the home's own number if none is less
 * loaded, or, if it may not run at home, the first allowed one. */
static unsigned find_light(const struct sched *sched, struct runq *home, const struct task *task)
{
	unsigned total = cpu_total(sched), best = home->cpu, seen = 0;
	unsigned start = __atomic_fetch_add(&home->probe, WAKE_PROBES, __ATOMIC_RELAXED);
	uint64_t least = task_may_run_on(task, home->cpu) ? load_of(home) : SCHED_NEVER;

	for (unsigned i = 0; i < total && seen < WAKE_PROBES; i++) {
		unsigned cpu = (start + i) % total;

		if (cpu == home->cpu || !task_may_run_on(task, cpu))
			continue;
		seen++;
		if (is_lighter(home, sched->runqs[cpu], least, best != home->cpu)) {
			least = load_of(sched->runqs[cpu]);
			best = cpu;
		}
	}
	return best;
}

static unsigned choose_cpu(const struct sched *sched, struct runq *home, const struct task *task)
{
	bool may_stay = task_may_run_on(task, home->cpu);
	unsigned cpu;

	if (may_stay && (task->pinned != CPU_ANY || looks_idle(home)))
		return home->cpu;
	cpu = find_idle(sched, home, task, WAKE_PROBES);
	if (cpu != home->cpu || may_stay)
		return cpu;
	return find_light(sched, home, task);
}

/* Is there work that this CPU will not take next? */
static bool has_surplus(const struct runq *runq)
{
	return runq->ready_count > (runq->is_idle ? 1u : 0u);
}

void sched_offer(struct sched *sched, struct runq *runq)
{
	unsigned idle = find_idle(sched, runq, NULL, OFFER_PROBES);

	if (idle != runq->cpu)
		sched->ops->kick(idle);
}

/* --- from queue to queue. Lag, not virtual time, is what a task takes along. */

/* Leave `home`, which is locked, for `cpu`. From here until place() only this caller may queue it:
 * others see a task that is ready already. */
static void emigrate(struct task *task, struct runq *home, unsigned cpu)
{
	if (cpu == home->cpu)
		return;
	task->migrations++;
	__atomic_store_n(&task->cpu, cpu, __ATOMIC_RELEASE);
}

/* The home of a task on its way, locked. Where it may run may have changed since that was chosen.
 */
static struct runq *lock_allowed(struct sched *sched, struct task *task, uint64_t *saved)
{
	for (;;) {
		struct runq *home = sched_lock_home(sched, task, saved);

		if (task_may_run_on(task, home->cpu))
			return home;
		emigrate(task, home, choose_cpu(sched, home, task));
		spin_unlock(&home->lock, *saved);
	}
}

/* Queue a task that is ready and nowhere; its home's lock is not held. */
static void place(struct sched *sched, struct task *task)
{
	uint64_t saved, now;
	struct runq *runq = lock_allowed(sched, task, &saved);

	now = sched->ops->now();
	runq_charge(runq, now);
	runq_add(runq, task, now);
	spin_unlock(&runq->lock, saved);
	sched->ops->kick(runq->cpu);
}

struct runq *sched_lock_home(struct sched *sched, struct task *task, uint64_t *saved)
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

void sched_settle(struct sched *sched, struct task *task, struct runq *home, uint64_t saved)
{
	unsigned cpu = choose_cpu(sched, home, task);

	emigrate(task, home, cpu);
	spin_unlock(&home->lock, saved);
	place(sched, task);
}

bool sched_wake(struct sched *sched, struct task *task)
{
	uint64_t saved;
	struct runq *home = sched_lock_home(sched, task, &saved);

	__atomic_store_n(&task->woken, true, __ATOMIC_SEQ_CST);
	if (task->state != TASK_WAITING && task->state != TASK_NEW) {
		spin_unlock(&home->lock, saved);
		return false;
	}
	runq_wake(home, task, sched->ops->now());
	sched_settle(sched, task, home, saved);
	return true;
}

/* --- the current task gives way */

static void arm(struct sched *sched, const struct runq *runq, uint64_t now)
{
	sched->ops->arm(runq_next_event(runq, now));
}

/* The current task has got its new state; choose who follows. False if that is itself. */
static bool choose_next(struct sched *sched, struct runq *runq, uint64_t now, uint64_t saved,
	struct sched_switch *out)
{
	struct task *from = runq->current, *to = runq_pick(runq, now);
	bool leftover = runq_next_movable(runq, NULL);

	arm(sched, runq, now);
	if (to == from) {
		spin_unlock(&runq->lock, saved);
	} else {
		to->switches++;
		runq->previous = from;
		*out = (struct sched_switch){from, to, saved};
	}
	if (leftover)
		sched_offer(sched, runq);
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
	runq_wait(runq, deadline, now);
	return choose_next(sched, runq, now, saved, out);
}

bool sched_pass(struct sched *sched, unsigned cpu, struct sched_switch *out)
{
	struct runq *runq = sched->runqs[cpu];
	uint64_t saved = spin_lock(&runq->lock), now = sched->ops->now();

	runq_charge(runq, now);
	if (runq->ready_count && !runq->current->idle)
		runq_forfeit(runq);
	runq_put(runq, now);
	return choose_next(sched, runq, now, saved, out);
}

bool sched_reconsider(struct sched *sched, unsigned cpu, struct sched_switch *out)
{
	struct runq *runq = sched->runqs[cpu];
	uint64_t saved = spin_lock(&runq->lock), now = sched->ops->now();

	runq_charge(runq, now);
	/* What the timer has found is not looked for again. */
	if (!runq->due && !runq_should_switch(runq, now)) {
		runq_keep(runq);
		arm(sched, runq, now);
		spin_unlock(&runq->lock, saved);
		return false;
	}
	runq_put(runq, now);
	return choose_next(sched, runq, now, saved, out);
}

void sched_end(struct sched *sched, unsigned cpu, struct sched_switch *out)
{
	struct runq *runq = sched->runqs[cpu];
	uint64_t saved = spin_lock(&runq->lock), now = sched->ops->now();

	runq_charge(runq, now);
	runq_end(runq, now);
	choose_next(sched, runq, now, saved, out);
}

struct task *sched_finish_switch(struct sched *sched, unsigned cpu, uint64_t saved)
{
	struct runq *runq = sched->runqs[cpu];
	struct task *previous = runq->previous;
	bool dead = previous->state == TASK_DEAD;

	runq->previous = NULL;
	if (previous->exiled) {
		previous->exiled = false;
		sched_settle(sched, previous, runq, saved);
		return NULL;
	}
	spin_unlock(&runq->lock, saved);
	return dead ? previous : NULL;
}

/* --- time */

/* Those whose time has come are queued; those who may not run here any more go into `exiles`. */
static void wake_expired(
	struct runq *runq, uint64_t now, struct list *exiles, uint64_t (*clock)(void))
{
	struct task *task;

	while ((task = runq_expired(runq, now))) {
		if (task_may_run_on(task, runq->cpu))
			runq_add(runq, task, now);
		else
			list_append(exiles, &task->movable);
		service_claim(runq, task, clock);
	}
}

static void place_exiles(struct sched *sched, struct runq *home, struct list *exiles)
{
	list_for_each_safe (node, exiles) {
		struct task *task = list_entry(node, struct task, movable);

		list_remove(node);
		sched_settle(sched, task, home, spin_lock(&home->lock));
	}
}

/*
 * A ready task that a less loaded CPU should have. With as many moved as the loads differ, the
 * difference may change its sign: then the task comes back in another period, and three tasks get
 * two thirds each of two CPUs.
 */
static struct task *take_excess(struct sched *sched, struct runq *runq, uint64_t now)
{
	struct task *task = runq_next_movable(runq, NULL);
	unsigned cpu;

	if (now < runq->balance_at || !task)
		return NULL;
	runq->balance_at = now + SCHED_BALANCE_NS;
	cpu = find_light(sched, runq, task);
	if (cpu == runq->cpu || load_of(sched->runqs[cpu]) + task->weight > load_of(runq)) {
		/* Another time another one: those behind it may have where to go. */
		list_remove(&task->movable);
		list_append(&runq->movable, &task->movable);
		return NULL;
	}
	runq_take(runq, task);
	emigrate(task, runq, cpu);
	return task;
}

bool sched_on_timer(struct sched *sched, unsigned cpu)
{
	struct runq *runq = sched->runqs[cpu];
	uint64_t saved = spin_lock(&runq->lock), now = sched->ops->now();
	struct task *excess;
	struct list exiles;
	bool wanted, leftover;

	list_init(&exiles);
	runq_charge(runq, now);
	wake_expired(runq, now, &exiles, sched->ops->now);
	excess = take_excess(sched, runq, now);
	wanted = runq->due = runq_should_switch(runq, now);
	if (!wanted)
		runq_keep(runq);
	leftover = has_surplus(runq) && runq_next_movable(runq, NULL);
	/* Once told, the current task will stop as soon as it can; its turn needs no timer. */
	sched->ops->arm(wanted ? runq_next_deadline(runq) : runq_next_event(runq, now));
	spin_unlock(&runq->lock, saved);
	place_exiles(sched, runq, &exiles);
	if (excess)
		place(sched, excess);
	if (leftover)
		sched_offer(sched, runq);
	return wanted;
}

/* --- idle CPUs */

/* The first of the ready ones which may run on `cpu`, of a few. */
static struct task *first_movable(const struct runq *runq, unsigned cpu)
{
	struct task *task = NULL;

	for (unsigned probes = 0; probes < TAKE_PROBES; probes++) {
		task = runq_next_movable(runq, task);
		if (!task || task_may_run_on(task, cpu))
			return task;
	}
	return NULL;
}

/* *leftover: there are more. */
static struct task *take_from(struct sched *sched, unsigned victim, unsigned cpu, bool *leftover)
{
	struct runq *runq = sched->runqs[victim];
	struct task *task = NULL;
	uint64_t saved;

	if (!__atomic_load_n(&runq->ready_count, __ATOMIC_RELAXED))
		return NULL;
	saved = spin_lock(&runq->lock);
	/* An idle CPU is about to take its only ready task by itself. */
	if (has_surplus(runq))
		task = first_movable(runq, cpu);
	if (task) {
		runq_charge(runq, sched->ops->now());
		runq_take(runq, task);
		emigrate(task, runq, cpu);
		*leftover = has_surplus(runq);
	}
	spin_unlock(&runq->lock, saved);
	return task;
}

static bool fetch(struct sched *sched, unsigned cpu, bool near)
{
	unsigned total = cpu_total(sched), node = sched->runqs[cpu]->place.node;

	for (unsigned i = 1; i < total; i++) {
		unsigned victim = (cpu + i) % total;
		bool leftover;
		struct task *task;

		if ((sched->runqs[victim]->place.node == node) != near)
			continue;
		task = take_from(sched, victim, cpu, &leftover);
		if (!task)
			continue;
		place(sched, task);
		/* One kick brought one idle CPU; where more waits, it wakes the next. */
		if (leftover)
			sched_offer(sched, sched->runqs[cpu]);
		return true;
	}
	return false;
}

bool sched_fetch(struct sched *sched, unsigned cpu)
{
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	return fetch(sched, cpu, true) || fetch(sched, cpu, false);
}
