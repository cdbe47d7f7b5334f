/*
 * Groups: VMs and resource pools, a tree above the tasks. A task's weight is its part of its
 * group's part, up to the root, counted among those that want to run: so a pool's sleeping members
 * leave their part to the others of the pool, not to everybody. Pure; no lock is held across levels
 * and none is taken for tasks of the root.
 */
#ifndef SCHED_GROUP_H
#define SCHED_GROUP_H

#include "sched/fair.h"

/* `group` is zeroed; `parent` must outlive it, NULL for the root. */
void group_init(struct group *group, struct group *parent);
/* The task began or ended to want to run, as its state says; its queue's lock is held. */
void group_count(struct task *task);
/* The weight that it has now (fair.h): in the root, or in a group. */
uint32_t group_part(const struct task *task);
static inline uint32_t group_weight(const struct task *task)
{
	if (task->entity.parent)
		return group_part(task);
	return __atomic_load_n(&task->entity.shares, __ATOMIC_RELAXED) * WEIGHT_PER_SHARE;
}
/* Changes of what a member's weight comes from, but for its own shares, which are in its group's
 * sum while it competes. As long as that stays the same the weight does. To be read first. */
static inline uint64_t group_changes(const struct task *task)
{
	uint64_t changes = 0;

	for (const struct group *at = task->entity.parent; at; at = at->entity.parent)
		changes += __atomic_load_n(&at->changes, __ATOMIC_ACQUIRE);
	return changes;
}
/* Clamped to 1..SHARES_MAX. They count when a task's weight is next looked at (runq.h). */
void group_set_shares(struct group *group, uint32_t shares);

/*
 * Relaxed co-scheduling. A vCPU that is ahead of the slowest of its VM's vCPUs that want to run by
 * more than COSTART_STOP_NS stops until it is ahead by less than COSTART_START_NS. Only those who
 * lead stop, so the slowest always may run; vCPUs that wait are not behind.
 */
#define COSTART_STOP_NS  3000000ull
#define COSTART_START_NS 2000000ull
#define COSTART_POLL_NS  1000000ull
/* What a vCPU asks for: in turns of that length on one pCPU none of them leads by too much. */
#define COSTART_REQUEST_NS 2000000ull

/* Become a member, if its group is co-scheduled; it asks for shorter turns then. */
void group_join(struct task *task);
void group_leave(struct task *task); /* before the task's end */
/* It wakes: what it did not run while it waited is no arrears. */
void group_catch_up(struct task *task, uint64_t now);
/*
 * Of a task on another CPU that is a glimpse: it runs on meanwhile. It may lack what is being
 * charged, but has nothing twice and no time that it was only ready: the three are read in the
 * reverse of the order in which runq_charge() and task_set_state() write them.
 */
static inline uint64_t group_progress(const struct task *task, uint64_t now)
{
	bool runs = __atomic_load_n(&task->state, __ATOMIC_ACQUIRE) == TASK_RUNNING;
	uint64_t progress = __atomic_load_n(&task->progress, __ATOMIC_ACQUIRE);
	uint64_t since = __atomic_load_n(&task->since, __ATOMIC_RELAXED);

	return runs && now > since ? progress + (now - since) : progress;
}
/* Of a task that is charged. True: it does not lead by more than COSTART_STOP_NS. False: look
 * exactly. Takes no lock. */
static inline bool group_is_in_step(const struct task *task)
{
	uint64_t behind;

	if (!list_linked(&task->member))
		return true;
	behind = __atomic_load_n(&task->entity.parent->behind, __ATOMIC_RELAXED);
	return task->progress <= behind + COSTART_STOP_NS;
}
/* Upper bounds of skew_stats.counts but the last, ns. */
#define GROUP_SKEW_BOUNDS {500000, 1000000, 2000000, COSTART_STOP_NS, 4000000}
/* Ns by which it leads; 0 if it does not, or is in no co-scheduled group. */
uint64_t group_skew(const struct task *task, uint64_t now);
/* The same of one that is in such a group, for the group's statistics, too. */
uint64_t group_look(const struct task *task, uint64_t now);

#endif
