#include "sched/group.h"
#include "sched/fair.h"

#define PART_SHIFT 38

void group_init(struct group *group, struct group *parent)
{
	group->entity.parent = parent;
	group->entity.shares = SHARES_NORMAL;
	group->lock = (struct spinlock)SPINLOCK(LOCK_GROUP);
	list_init(&group->members);
}

/* --- shares */

static void note_change(struct group *group)
{
	__atomic_fetch_add(&group->changes, 1, __ATOMIC_RELEASE);
}

/* The parent's sum follows what its child wants, for whoever alone changes what was counted of the
 * child. Returns whether the parent began or ended to be active. */
static bool count_child(struct entity *child, bool competes)
{
	uint32_t want = competes ? __atomic_load_n(&child->shares, __ATOMIC_SEQ_CST) : 0;
	uint64_t more = (uint64_t)want - child->counted, before;

	if (!more)
		return false;
	child->counted = want;
	before = __atomic_fetch_add(&child->parent->active, more, __ATOMIC_SEQ_CST);
	note_change(child->parent);
	return !before != !(before + more);
}

/* Whoever changes what is read here calls it afterwards, so the last one is right. */
static bool count_in_parent(struct group *group)
{
	struct spinlock *lock = &group->entity.parent->lock;
	uint64_t saved = spin_lock(lock);
	bool active = __atomic_load_n(&group->active, __ATOMIC_SEQ_CST);
	bool changed = count_child(&group->entity, active);

	spin_unlock(lock, saved);
	return changed;
}

static void count_group(struct group *group)
{
	while (group->entity.parent && count_in_parent(group))
		group = group->entity.parent;
}

void group_count(struct task *task)
{
	if (task->entity.parent && count_child(&task->entity, task_competes(task)))
		count_group(task->entity.parent);
}

void group_set_shares(struct group *group, uint32_t shares)
{
	__atomic_store_n(&group->entity.shares, MIN(MAX(shares, 1u), SHARES_MAX), __ATOMIC_SEQ_CST);
	note_change(group);
	count_group(group);
}

uint32_t group_part(const struct task *task)
{
	const struct entity *entity = &task->entity;
	/* Its part of the group below the root, in units of 2^-38; shares have 20 bits. */
	uint64_t part = 1ull << PART_SHIFT, weight;

	for (; entity->parent; entity = &entity->parent->entity) {
		uint64_t shares = __atomic_load_n(&entity->shares, __ATOMIC_RELAXED);
		uint64_t sum = __atomic_load_n(&entity->parent->active, __ATOMIC_RELAXED);

		part = MIN(part * shares / MAX(sum, 1u), 1ull << PART_SHIFT);
	}
	weight = __atomic_load_n(&entity->shares, __ATOMIC_RELAXED) * (uint64_t)WEIGHT_PER_SHARE;
	return (uint32_t)MAX(weight * part >> PART_SHIFT, 1u);
}

/* --- co-scheduling */

void group_join(struct task *task)
{
	struct group *group = task->entity.parent;
	uint64_t saved;

	if (!group || !group->costart)
		return;
	saved = spin_lock(&group->lock);
	list_append(&group->members, &task->member);
	spin_unlock(&group->lock, saved);
	task->request = MIN(task->request, COSTART_REQUEST_NS);
}

void group_leave(struct task *task)
{
	struct group *group = task->entity.parent;
	uint64_t saved;

	if (!list_linked(&task->member))
		return;
	saved = spin_lock(&group->lock);
	list_remove(&task->member);
	spin_unlock(&group->lock, saved);
}

/* The least progress of the others that want to run; SCHED_NEVER if there are none. The lock is
 * held. */
static uint64_t slowest_other(const struct task *task, uint64_t now)
{
	uint64_t least = SCHED_NEVER;

	list_for_each (node, &task->entity.parent->members) {
		const struct task *other = list_entry(node, struct task, member);

		if (other != task && task_wants_to_run(other))
			least = MIN(least, group_progress(other, now));
	}
	return least;
}

/* The lock is held. */
static void set_behind(struct group *group, uint64_t progress)
{
	__atomic_store_n(&group->behind, progress, __ATOMIC_RELAXED);
}

void group_catch_up(struct task *task, uint64_t now)
{
	struct group *group = task->entity.parent;
	uint64_t least, saved;

	if (!list_linked(&task->member))
		return;
	saved = spin_lock(&group->lock);
	least = slowest_other(task, now);
	if (least != SCHED_NEVER && least > task->progress)
		__atomic_store_n(&task->progress, least, __ATOMIC_RELAXED);
	set_behind(group, MIN(group->behind, task->progress));
	spin_unlock(&group->lock, saved);
}

/* The lock is held. */
static uint64_t skew_of(const struct task *task, uint64_t now)
{
	uint64_t own = group_progress(task, now), least = slowest_other(task, now);

	set_behind(task->entity.parent, MIN(own, least));
	return own > least ? own - least : 0;
}

uint64_t group_skew(const struct task *task, uint64_t now)
{
	struct group *group = task->entity.parent;
	uint64_t skew, saved;

	if (!list_linked(&task->member))
		return 0;
	saved = spin_lock(&group->lock);
	skew = skew_of(task, now);
	spin_unlock(&group->lock, saved);
	return skew;
}

/* Who reads them takes no lock. */
static void note_skew(struct skew_stats *stats, uint64_t skew)
{
	static const uint64_t bounds[GROUP_SKEW_BUCKETS - 1] = GROUP_SKEW_BOUNDS;
	unsigned bucket = 0;

	for (unsigned i = 0; i < ARRAY_SIZE(bounds); i++)
		bucket += skew >= bounds[i];
	__atomic_store_n(&stats->counts[bucket], stats->counts[bucket] + 1, __ATOMIC_RELAXED);
	if (skew > stats->max)
		__atomic_store_n(&stats->max, skew, __ATOMIC_RELAXED);
}

uint64_t group_look(const struct task *task, uint64_t now)
{
	struct group *group = task->entity.parent;
	uint64_t saved = spin_lock(&group->lock), skew = skew_of(task, now);

	note_skew(&group->skew, skew);
	spin_unlock(&group->lock, saved);
	return skew;
}
