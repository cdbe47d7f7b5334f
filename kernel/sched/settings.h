/*
 * What can be set for tasks and groups at any time, from any CPU, and the admission of
 * reservations. Reservations are promised only where they can be kept. Each is placed on one pCPU,
 * whose promises stay below ADMIT_CAPACITY (a sum over the machine would admit sets that no
 * partition can serve), and is accounted to the groups above. Slow path; takes the configuration's
 * lock, then one queue's.
 */
#ifndef SCHED_SETTINGS_H
#define SCHED_SETTINGS_H

#include "sched/group.h"
#include "sched/sched.h"

/* Of each pCPU; the rest is for switches and for what cannot be preempted. */
#define ADMIT_CAPACITY (RATE_ONE / 100 * 95)

/* Who had not enough: a group, or, with group NULL and cpu != CPU_ANY, the pCPU that has most left,
 * or the whole machine. Rates of one pCPU. */
struct shortage {
	const struct group *group;
	unsigned cpu;
	uint64_t needed, available;
};

/*
 * Reserve `rate` for a task (0: nothing any more), which from then on runs only on the pCPU that
 * promised it. VMK_OK; VMK_NO_RESOURCES and *shortage, with nothing changed; VMK_BAD_PARAM for more
 * than one pCPU or more than its limit.
 */
enum vmk_status sched_reserve(
	struct sched *sched, struct task *task, uint32_t rate, struct shortage *shortage);
/* The same for a group; its children reserve from it. Not less than they hold already, nor more
 * than its limit. */
enum vmk_status sched_reserve_group(
	struct sched *sched, struct group *group, uint32_t rate, struct shortage *shortage);
/* The same for a VM's group, whose members, the vCPUs, have equal parts of what it reserves, as
 * much as each was promised. Whoever frees a member calls sched_reserve(0) for it first.
 * VMK_BAD_PARAM: less than the VM has to reserve, or more than its members' limit, too. */
enum vmk_status sched_reserve_vm(
	struct sched *sched, struct group *group, uint32_t rate, struct shortage *shortage);

/* Of each member of a VM, those to come too, as a rate of one pCPU; 0: none. VMK_BAD_PARAM below
 * what one of them reserves, or would. */
enum vmk_status sched_limit_members(struct sched *sched, struct group *group, uint32_t rate);

/* A member that has just joined gets its part of what its VM reserves now, and its limit. */
enum vmk_status sched_reserve_part(
	struct sched *sched, struct task *task, struct shortage *shortage);

/* `set` is NULL for any CPU, or outlives the task. VMK_NO_RESOURCES and *shortage if its
 * reservation fits on none of them. */
enum vmk_status sched_set_affinity(struct sched *sched, struct task *task,
	const struct cpu_set *set, struct shortage *shortage);
/* Clamped to 1..SHARES_MAX. They count at once, or, for who runs, when its turn ends. */
void sched_set_shares(struct sched *sched, struct task *task, uint32_t shares);
/* Short requests: it runs soon after it wakes, and gives way as soon. */
void sched_set_latency(struct task *task, bool sensitive);
/* Of a task or group, as a rate of one pCPU; 0: none. VMK_BAD_PARAM below its reservation. */
enum vmk_status sched_set_limit(struct sched *sched, struct entity *entity, uint32_t rate);

#endif
