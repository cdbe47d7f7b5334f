/*
 * Groups: VMs and resource pools, a tree above the tasks. A task's weight is its part of its
 * group's part, up to the root, counted among those that want to run: so a pool's sleeping members
 * leave their part to the others of the pool, not to everybody. Pure; no lock is held across levels
 * and none is taken for tasks of the root.
 */
#ifndef SCHED_GROUP_H
#define SCHED_GROUP_H

#include "sched/task.h"

/* `group` is zeroed; `parent` must outlive it, NULL for the root. */
void group_init(struct group *group, struct group *parent);
/* The task began or ended to want to run, as its state says; its queue's lock is held. */
void group_count(struct task *task);
/* The weight that it has now (fair.h). */
uint32_t group_weight(const struct task *task);
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

void group_join(struct task *task);  /* become a member, if its group is co-scheduled */
void group_leave(struct task *task); /* before the task's end */
/* It wakes: what it did not run while it waited is no arrears. */
void group_catch_up(struct task *task, uint64_t now);
/* True: it does not lead by more than COSTART_STOP_NS. False: look exactly. Takes no lock. */
bool group_is_in_step(const struct task *task, uint64_t now);
/* Upper bounds of skew_stats.counts but the last, ns. */
#define GROUP_SKEW_BOUNDS {500000, 1000000, 2000000, COSTART_STOP_NS, 4000000}
/* Keep in mind how far ahead it is. */
void group_note_skew(const struct task *task, uint64_t skew);
/* Ns by which it leads; 0 if it does not, or is in no co-scheduled group. */
uint64_t group_skew(const struct task *task, uint64_t now);

#endif
