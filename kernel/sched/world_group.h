/*
 * A VM's worlds as one for the scheduler (sched/group.h): what the VM has a right to is the
 * group's, its vCPUs are kept in step, its VMX world is not. A group lives as long as its members.
 */
#ifndef SCHED_WORLD_GROUP_H
#define SCHED_WORLD_GROUP_H

#include "sched/settings.h"

struct world;
struct world_group;

/* Rates in millionths of one pCPU (task.h). */
struct world_group_settings {
	uint32_t shares;
	uint32_t reservation, limit; /* 0: none */
	struct cpu_set affinity;     /* of every member; empty: any pCPU */
};

enum world_role {
	ROLE_VCPU, /* in step with the other vCPUs */
	ROLE_VMX,  /* serves them: runs soon after it wakes */
};

/*
 * A group below the root, with one reference for the caller; the name is copied, cut at
 * WORLD_NAME_BYTES. VMK_NO_RESOURCES and *shortage if the reservation cannot be promised.
 */
enum vmk_status world_group_create(const char *name, const struct world_group_settings *settings,
	struct world_group **group, struct shortage *shortage);
void world_group_put(struct world_group *group);
const char *world_group_name(const struct world_group *group);
/*
 * Before world_start(): the world becomes a member, with a reference of its own, and is promised
 * `reservation` of what the group has. VMK_NO_RESOURCES and *shortage; VMK_BAD_PARAM if none of the
 * affinity's pCPUs is there. A world that did not join is to be dropped.
 */
enum vmk_status world_join(struct world *world, struct world_group *group, enum world_role role,
	uint32_t reservation, struct shortage *shortage);

/* Between world.c and world_group.c. */
struct world_membership {
	struct world_group *group; /* NULL: none */
	enum world_role role;
};
struct sched *world_sched(void);
struct task *world_task(struct world *world);
struct world_membership *world_membership(struct world *world);
/* The world ended, or never began. */
void world_leave(struct world *world);

#endif
