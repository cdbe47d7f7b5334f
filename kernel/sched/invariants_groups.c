/* What groups and pCPUs promise, the sums of shares, and vCPUs' limits: I9 and I14 of groups, I16.
 */
#include "sched/invariants.h"
#include "sched/settings.h"

/* Of the children of a group: what it promised them, with what they borrowed from it, and their
 * part of its sum of shares. */
struct sums {
	uint64_t promised, shares;
};

/* What all promise, found in one walk. The last of `groups` is the machine. */
struct promises {
	struct sums groups[SCHED_CHECK_GROUPS + 1];
	uint64_t pcpus[SCHED_CHECK_CPUS];
};

static struct sums *sums_of(struct promises *all, const struct group *groups, unsigned count,
	const struct entity *child)
{
	return &all->groups[child->parent ? (size_t)(child->parent - groups) : count];
}

static void add_up(struct promises *all, const struct sched_view *view, const struct group *groups,
	unsigned count)
{
	*all = (struct promises){0};
	for (unsigned i = 0; i < view->count; i++) {
		const struct task *task = view->tasks[i];
		struct sums *sums = sums_of(all, groups, count, &task->entity);

		sums->promised += task->entity.reservation;
		sums->shares += task->entity.counted;
		if (task->pinned < view->sched->cpus)
			all->pcpus[task->pinned] += task->entity.reservation;
	}
	for (unsigned i = 0; i < count; i++) {
		struct sums *sums = sums_of(all, groups, count, &groups[i].entity);

		sums->promised += (uint64_t)groups[i].entity.reservation + groups[i].borrowed;
		sums->shares += groups[i].entity.counted;
	}
}

static bool check_pcpu(const struct runq *runq, uint64_t sum, struct violation *out)
{
	if (sum != runq->promised)
		return sched_violated(
			out, SCHED_I16, "a pCPU's promises are not its tasks'", NULL, runq->cpu);
	if (sum > ADMIT_CAPACITY)
		return sched_violated(
			out, SCHED_I16, "a pCPU promised more than it has", NULL, runq->cpu);
	return true;
}

static bool check_group(const struct group *group, const struct sums *sums, struct violation *out)
{
	if (sums->shares != group->active)
		return sched_violated(
			out, SCHED_I14, "a group's sum is not its members' shares", NULL, CPU_ANY);
	if (sums->promised != group->promised)
		return sched_violated(
			out, SCHED_I16, "a group's promises are not its members'", NULL, CPU_ANY);
	if (group->promised > (uint64_t)group->entity.reservation + group->borrowed ||
		(group->borrowed && !group->expandable))
		return sched_violated(
			out, SCHED_I16, "a group promised more than it has", NULL, CPU_ANY);
	return true;
}

/* Whoever keeps in step has the limit that its VM gives each. */
static bool check_limit(const struct task *task, struct violation *out)
{
	if (!list_linked(&task->member) ||
		task->entity.limit.rate == task->entity.parent->member_limit)
		return true;
	return sched_violated(out, SCHED_I9, "a vCPU's limit is not its VM's", task, CPU_ANY);
}

bool sched_check_groups(const struct sched_view *view, const struct group *groups, unsigned count,
	struct violation *out)
{
	struct promises all;

	if (count > SCHED_CHECK_GROUPS || view->sched->cpus > SCHED_CHECK_CPUS)
		return sched_violated(out, SCHED_I16, "more groups or pCPUs than can be looked at",
			NULL, CPU_ANY);
	for (unsigned i = 0; i < view->count; i++) {
		if (!check_limit(view->tasks[i], out))
			return false;
	}
	add_up(&all, view, groups, count);
	for (unsigned i = 0; i < count; i++) {
		if (!check_group(&groups[i], &all.groups[i], out))
			return false;
	}
	if (all.groups[count].promised != view->sched->promised)
		return sched_violated(out, SCHED_I16, "the machine's promises are not its members'",
			NULL, CPU_ANY);
	for (unsigned i = 0; i < view->sched->cpus; i++) {
		if (!check_pcpu(view->sched->runqs[i], all.pcpus[i], out))
			return false;
	}
	return true;
}
