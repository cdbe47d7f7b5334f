#include "sched/settings.h"
#include "sched/group.h"

/* --- the tree */

static uint64_t unpromised(const struct group *group)
{
	return (uint64_t)group->entity.reservation + group->borrowed - group->promised;
}

/* `rate` from a group, NULL: the root. What is missing in an expandable one comes from above. */
static bool promise(
	struct sched *sched, struct group *group, uint64_t rate, struct shortage *short_of)
{
	uint64_t there;

	if (!group) {
		there = (uint64_t)ADMIT_CAPACITY * sched->cpus - sched->promised;
		if (rate > there) {
			*short_of = (struct shortage){NULL, CPU_ANY, rate, there};
			return false;
		}
		sched->promised += rate;
		return true;
	}
	there = unpromised(group);
	if (rate > there) {
		if (!group->expandable) {
			*short_of = (struct shortage){group, CPU_ANY, rate, there};
			return false;
		}
		if (!promise(sched, group->entity.parent, rate - there, short_of))
			return false;
		group->borrowed += (uint32_t)(rate - there);
	}
	group->promised += (uint32_t)rate;
	return true;
}

/* Take a promise back; what was borrowed for it goes back as well. */
static void forgo(struct sched *sched, struct group *group, uint64_t rate)
{
	while (group) {
		group->promised -= (uint32_t)rate;
		rate = MIN(unpromised(group), group->borrowed);
		group->borrowed -= (uint32_t)rate;
		group = group->entity.parent;
	}
	sched->promised -= rate;
}

static enum vmk_status reserve_group(
	struct sched *sched, struct group *group, uint32_t rate, struct shortage *shortage)
{
	struct group *parent = group->entity.parent;
	uint32_t old = group->entity.reservation, kept = group->promised - group->borrowed;
	uint32_t limit = group->entity.limit.rate;

	if (limit && rate > limit)
		return VMK_BAD_PARAM;
	if (rate < kept) {
		*shortage = (struct shortage){group, CPU_ANY, kept, rate};
		return VMK_NO_RESOURCES;
	}
	if (rate > old && !promise(sched, parent, rate - old, shortage))
		return VMK_NO_RESOURCES;
	group->entity.reservation = rate;
	if (rate < old)
		forgo(sched, parent, old - rate);
	return VMK_OK;
}

enum vmk_status sched_reserve_group(
	struct sched *sched, struct group *group, uint32_t rate, struct shortage *shortage)
{
	uint64_t saved = spin_lock(&sched->config);
	enum vmk_status status = reserve_group(sched, group, rate, shortage);

	spin_unlock(&sched->config, saved);
	return status;
}

/* --- pCPUs */

static uint32_t room_of(const struct runq *runq)
{
	return ADMIT_CAPACITY - __atomic_load_n(&runq->promised, __ATOMIC_RELAXED);
}

/* Where the task's reservation fits: where it is, its home, or where most is left. Its own promise
 * counts as room there. CPU_ANY and *short_of: nowhere. */
static unsigned find_room(const struct sched *sched, const struct task *task,
	const struct cpu_set *affinity, uint32_t rate, struct shortage *short_of)
{
	unsigned first = task->pinned != CPU_ANY ? task->pinned : task->cpu, best = CPU_ANY;
	uint32_t most = 0;

	for (unsigned i = 0; i < sched->cpus; i++) {
		unsigned cpu = (first + i) % sched->cpus;
		uint32_t room = room_of(sched->runqs[cpu]);

		if (!cpu_set_has(affinity, cpu))
			continue;
		if (cpu == task->pinned)
			room += task->entity.reservation;
		if (i == 0 && room >= rate)
			return cpu;
		if (best == CPU_ANY || room > most) {
			best = cpu;
			most = room;
		}
	}
	if (best != CPU_ANY && most >= rate)
		return best;
	*short_of = (struct shortage){NULL, best, rate, most};
	return CPU_ANY;
}

static void move_promise(struct sched *sched, const struct task *task, unsigned cpu, uint32_t rate)
{
	if (task->pinned != CPU_ANY)
		__atomic_fetch_sub(&sched->runqs[task->pinned]->promised, task->entity.reservation,
			__ATOMIC_RELAXED);
	if (cpu != CPU_ANY)
		__atomic_fetch_add(&sched->runqs[cpu]->promised, rate, __ATOMIC_RELAXED);
}

/* The home, locked and charged; a queued task is taken out, to be queued anew by what will be set,
 * one that runs is. */
static struct runq *begin_change(
	struct sched *sched, struct task *task, uint64_t *saved, bool *queued)
{
	struct runq *home = sched_lock_home(sched, task, saved);

	runq_charge(home, sched->ops->now());
	*queued = task->state == TASK_READY && task->joined;
	if (*queued)
		runq_take(home, task);
	else if (task->joined)
		runq_unfile(task);
	return home;
}

static void end_change(
	struct sched *sched, struct task *task, struct runq *home, uint64_t saved, bool queued)
{
	bool runs = task->state == TASK_RUNNING;

	if (queued) {
		sched_settle(sched, task, home, saved);
		return;
	}
	if (task->joined)
		runq_file(home, task);
	spin_unlock(&home->lock, saved);
	if (runs)
		sched->ops->kick(home->cpu);
}

static void apply(struct sched *sched, struct task *task, unsigned cpu, uint32_t rate)
{
	uint64_t saved;
	bool queued;
	struct runq *home = begin_change(sched, task, &saved, &queued);

	reserve_set(task, rate, task->pinned == cpu, sched->ops->now());
	task->pinned = cpu;
	end_change(sched, task, home, saved, queued);
}

static enum vmk_status reserve(struct sched *sched, struct task *task, uint32_t rate,
	const struct cpu_set *affinity, struct shortage *short_of)
{
	struct group *parent = task->entity.parent;
	uint32_t old = task->entity.reservation, limit = task->entity.limit.rate;
	unsigned cpu = rate ? find_room(sched, task, affinity, rate, short_of) : CPU_ANY;

	if (limit && rate > limit)
		return VMK_BAD_PARAM;
	if (rate && cpu == CPU_ANY)
		return VMK_NO_RESOURCES;
	if (rate > old && !promise(sched, parent, rate - old, short_of))
		return VMK_NO_RESOURCES;
	if (rate < old)
		forgo(sched, parent, old - rate);
	move_promise(sched, task, cpu, rate);
	apply(sched, task, cpu, rate);
	return VMK_OK;
}

enum vmk_status sched_reserve(
	struct sched *sched, struct task *task, uint32_t rate, struct shortage *shortage)
{
	enum vmk_status status;
	uint64_t saved;

	if (rate > RATE_ONE)
		return VMK_BAD_PARAM;
	saved = spin_lock(&sched->config);
	status = reserve(sched, task, rate, task->affinity, shortage);
	spin_unlock(&sched->config, saved);
	return status;
}

/* --- VMs */

/* Of its vCPUs some may not have joined yet: their parts are kept for them. */
static unsigned count_parts(struct group *group)
{
	uint64_t saved = spin_lock(&group->lock);
	unsigned count = 0;

	list_for_each (node, &group->members)
		count++;
	spin_unlock(&group->lock, saved);
	return group->parts ? group->parts : MAX(count, 1u);
}

static bool reserves_other(const struct entity *member, uint32_t rate)
{
	return member->reservation != rate;
}

static bool exceeds(const struct entity *member, uint32_t rate)
{
	return member->reservation > rate;
}

/* A member of which that is so; NULL: there is none. It stays until the configuration's lock is
 * released: whoever frees it takes back what it reserved first (sched_reserve_vm()). */
static struct task *find_other(
	struct group *group, bool (*is)(const struct entity *member, uint32_t rate), uint32_t rate)
{
	uint64_t saved = spin_lock(&group->lock);
	struct task *found = NULL;

	list_for_each (node, &group->members) {
		found = list_entry(node, struct task, member);
		if (is(&found->entity, rate))
			break;
		found = NULL;
	}
	spin_unlock(&group->lock, saved);
	return found;
}

static enum vmk_status reserve_members(
	struct sched *sched, struct group *group, uint32_t rate, struct shortage *shortage)
{
	enum vmk_status status = VMK_OK;
	struct task *task;

	while (status == VMK_OK && (task = find_other(group, reserves_other, rate)))
		status = reserve(sched, task, rate, task->affinity, shortage);
	return status;
}

/* More is promised to the VM before its members, less to them before it. */
static enum vmk_status divide(struct sched *sched, struct group *group, uint32_t rate,
	unsigned parts, struct shortage *shortage)
{
	const bool more = rate > group->entity.reservation;
	enum vmk_status status = VMK_OK;

	if (more)
		status = reserve_group(sched, group, rate, shortage);
	if (status == VMK_OK)
		status = reserve_members(sched, group, rate / parts, shortage);
	if (status == VMK_OK && !more)
		status = reserve_group(sched, group, rate, shortage);
	return status;
}

/* Refused, it stays as it was. */
static enum vmk_status redivide(
	struct sched *sched, struct group *group, uint32_t rate, struct shortage *shortage)
{
	const uint32_t old = group->entity.reservation;
	const unsigned parts = count_parts(group);
	enum vmk_status status = divide(sched, group, rate, parts, shortage);
	struct shortage unused;

	if (status != VMK_OK)
		divide(sched, group, old, parts, &unused);
	return status;
}

enum vmk_status sched_reserve_vm(
	struct sched *sched, struct group *group, uint32_t rate, struct shortage *shortage)
{
	enum vmk_status status = VMK_BAD_PARAM;
	uint64_t saved;

	if (rate < group->least)
		return VMK_BAD_PARAM;
	saved = spin_lock(&sched->config);
	/* Of members to come, too: they would be refused when they join. */
	if (!group->member_limit || rate / count_parts(group) <= group->member_limit)
		status = redivide(sched, group, rate, shortage);
	spin_unlock(&sched->config, saved);
	return status;
}

static void limit(struct entity *entity, uint32_t rate, uint64_t now)
{
	if (rate == entity->limit.rate)
		return;
	__atomic_store_n(&entity->limit.rate, rate, __ATOMIC_RELAXED);
	__atomic_store_n(&entity->limit.tag, now, __ATOMIC_RELAXED);
}

enum vmk_status sched_reserve_part(
	struct sched *sched, struct task *task, struct shortage *shortage)
{
	struct group *group = task->entity.parent;
	uint64_t saved = spin_lock(&sched->config);
	const uint32_t rate = group->entity.reservation / count_parts(group);
	enum vmk_status status = VMK_OK;

	/* Nothing has run yet that it could be charged. */
	limit(&task->entity, group->member_limit, sched->ops->now());
	if (rate != task->entity.reservation)
		status = reserve(sched, task, rate, task->affinity, shortage);
	spin_unlock(&sched->config, saved);
	return status;
}

/* --- other settings */

static unsigned count_cpus(const struct cpu_set *set, unsigned cpus)
{
	unsigned count = 0;

	for (unsigned i = 0; i < cpus; i++)
		count += cpu_set_has(set, i);
	return count;
}

enum vmk_status sched_set_affinity(struct sched *sched, struct task *task,
	const struct cpu_set *set, struct shortage *shortage)
{
	uint64_t saved = spin_lock(&sched->config), home_saved;
	enum vmk_status status = VMK_OK;
	unsigned count = count_cpus(set, sched->cpus);
	struct runq *home;
	bool queued;

	if (!count)
		status = VMK_BAD_PARAM;
	else if (task->entity.reservation)
		status = reserve(sched, task, task->entity.reservation, set, shortage);
	if (status == VMK_OK) {
		home = begin_change(sched, task, &home_saved, &queued);
		task->affinity = set;
		task->fixed = count == 1;
		end_change(sched, task, home, home_saved, queued);
	}
	spin_unlock(&sched->config, saved);
	return status;
}

void sched_set_shares(struct sched *sched, struct task *task, uint32_t shares)
{
	uint64_t saved;
	struct runq *home = sched_lock_home(sched, task, &saved);

	__atomic_store_n(&task->entity.shares, MIN(MAX(shares, 1u), SHARES_MAX), __ATOMIC_SEQ_CST);
	if (task_competes(task))
		group_count(task);
	/* Its weight is looked at again from now on, like that of a member of a group. */
	task->bounds |= BOUND_WATCHED;
	if (task->state == TASK_READY && turn_queued(&task->turn))
		runq_reweigh(home, task);
	spin_unlock(&home->lock, saved);
}

void sched_set_latency(struct task *task, bool sensitive)
{
	uint64_t usual = list_linked(&task->member) ? COSTART_REQUEST_NS : SCHED_SLICE_NS;

	__atomic_store_n(&task->request, sensitive ? SCHED_SHORT_NS : usual, __ATOMIC_RELAXED);
}

static void tell_of_limits(struct sched *sched, struct runq *runq)
{
	uint64_t saved = spin_lock(&runq->lock);

	runq_limits_changed(runq);
	spin_unlock(&runq->lock, saved);
	sched->ops->kick(runq->cpu);
}

static void look_again(struct sched *sched, struct runq *runq)
{
	uint64_t saved = spin_lock(&runq->lock), now = sched->ops->now();

	runq_charge(runq, now);
	runq_forget_grants(runq, now);
	spin_unlock(&runq->lock, saved);
}

/* Before limits change: what ran without them is not charged to them. */
static void begin_limits(struct sched *sched)
{
	for (unsigned i = 0; i < sched->cpus; i++)
		look_again(sched, sched->runqs[i]);
}

/* Who is parked or runs learns of them. */
static void end_limits(struct sched *sched)
{
	for (unsigned i = 0; i < sched->cpus; i++)
		tell_of_limits(sched, sched->runqs[i]);
}

enum vmk_status sched_set_limit(struct sched *sched, struct entity *entity, uint32_t rate)
{
	uint64_t saved = spin_lock(&sched->config);
	bool fits = !rate || rate >= entity->reservation;

	if (fits && rate != entity->limit.rate) {
		begin_limits(sched);
		limit(entity, rate, sched->ops->now());
		end_limits(sched);
	}
	spin_unlock(&sched->config, saved);
	return fits ? VMK_OK : VMK_BAD_PARAM;
}

static void limit_members(struct group *group, uint32_t rate, uint64_t now)
{
	uint64_t saved = spin_lock(&group->lock);

	group->member_limit = rate;
	list_for_each (node, &group->members)
		limit(&list_entry(node, struct task, member)->entity, rate, now);
	spin_unlock(&group->lock, saved);
}

enum vmk_status sched_limit_members(struct sched *sched, struct group *group, uint32_t rate)
{
	uint64_t saved = spin_lock(&sched->config);
	const uint32_t part = group->entity.reservation / count_parts(group);
	bool fits = !rate || (rate >= part && !find_other(group, exceeds, rate));

	/* All at once: interrupts are off, and each CPU's tasks are gone through. */
	if (fits && rate != group->member_limit) {
		begin_limits(sched);
		limit_members(group, rate, sched->ops->now());
		end_limits(sched);
	}
	spin_unlock(&sched->config, saved);
	return fits ? VMK_OK : VMK_BAD_PARAM;
}
