/*
 * Resource pools and virtual machines as groups for the scheduler (sched/group.h), each with a
 * path: "host/user" is the pool of VMs, "host/vim" that of user worlds, "host" the whole machine,
 * to which system worlds belong directly. A VM's vCPUs are kept in step, its VMX world is not.
 * A VM's group lives as long as its members, a pool as long as the kernel.
 */
#ifndef SCHED_WORLD_GROUP_H
#define SCHED_WORLD_GROUP_H

#include "sched/settings.h"

#define GROUP_PATH_BYTES 80u
#define POOL_HOST        "host"
#define POOL_USER        "host/user"
#define POOL_VIM         "host/vim"

struct world;
struct world_group;

enum world_group_kind { GROUP_POOL, GROUP_VM };

/* Rates in millionths of one pCPU (task.h). */
struct world_group_settings {
	uint32_t shares;
	uint32_t reservation, limit; /* 0: none */
	uint32_t vcpu_limit;         /* of each vCPU; likewise */
	bool expandable;             /* what is missing for its members comes from the pool above */
	bool latency_high;           /* its vCPUs run soon after they wake, as a VMX world does */
	uint32_t least;              /* it reserves no less than that, whoever sets it */
	uint32_t vcpus;              /* of a VM: what it reserves is theirs, in equal parts */
	struct cpu_set affinity;     /* of every member; empty: any pCPU */
};

enum world_role {
	ROLE_MEMBER, /* of a pool */
	ROLE_VCPU,   /* in step with the other vCPUs */
	ROLE_VMX,    /* serves them: runs soon after it wakes */
};

/* The pools that there always are, and those of `option` (pool_spec.h; NULL: none). Once all pCPUs
 * run. What cannot be made is logged. */
void pools_init(const char *option);

/*
 * A group named `name` (copied) in the pool `pool`, with one reference for the caller.
 * VMK_NOT_FOUND: no such pool; VMK_BAD_PARAM: limit below reservation; VMK_TOO_LARGE: its path is
 * too long; VMK_NO_RESOURCES and *shortage if the reservation cannot be promised.
 */
enum vmk_status world_group_create(enum world_group_kind kind, const char *pool, const char *name,
	const struct world_group_settings *settings, struct world_group **group,
	struct shortage *shortage);
void world_group_put(struct world_group *group);
/* Of the kernel's memory, for one group. */
size_t world_group_bytes(void);
/* "host/user/NAME" without what is before the last slash. */
const char *world_group_name(const struct world_group *group);
enum world_group_kind world_group_kind(const struct world_group *group);
/* Who had not enough, for a message: a group's path, "a pCPU" or "host". */
const char *world_group_shortage(const struct shortage *shortage);
/*
 * Before world_start(): the world becomes a member, with a reference of its own; a vCPU is promised
 * its part of what the group has. VMK_NO_RESOURCES and *shortage; VMK_BAD_PARAM if none of the
 * affinity's pCPUs is there. A world that did not join is to be dropped.
 */
enum vmk_status world_join(struct world *world, struct world_group *group, enum world_role role,
	struct shortage *shortage);
/* The same for a pool by its path. VMK_NOT_FOUND: there is none. */
enum vmk_status world_join_pool(struct world *world, const char *path);
/* Before world_start(): its own shares, 0: the usual ones; and its limit in millionths of one pCPU,
 * 0: none. */
void world_set_cpu(struct world *world, uint32_t shares, uint32_t limit);

/* What groups_list() tells; rates in millionths of one pCPU. */
struct group_record {
	enum world_group_kind kind;
	uint32_t id; /* of no other group in this boot */
	char path[GROUP_PATH_BYTES];
	uint32_t shares, reservation, limit;
	uint32_t vcpu_limit;         /* of each vCPU of a VM */
	uint32_t promised, borrowed; /* to members; of that, from the pool above */
	bool expandable;
	struct skew_stats skew;
	/* How often groups_set() had not what it was to reserve; the last time: rates, and who had
	 * no more (as world_group_shortage()). */
	uint32_t refusals, needed, available;
	char lacking[GROUP_PATH_BYTES];
};
/* Fills up to `room` records from the `first`-th on, pools before what is in them; how many it
 * filled. In pieces (listing.h): without locks. */
unsigned groups_list(unsigned first, struct group_record *records, unsigned room);
unsigned groups_count(void);

/* What it tells of one; false: there is none. */
bool groups_find(uint32_t id, struct group_record *record);

/* What may be set of a group while it is used. */
enum group_setting { GROUP_SHARES, GROUP_RESERVATION, GROUP_LIMIT, GROUP_VCPU_LIMIT };
/*
 * Set it for a group of groups_list(): shares, or percent of one pCPU. VMK_NOT_FOUND;
 * VMK_BAD_PARAM for what is out of bounds or a limit below the reservation; VMK_NO_RESOURCES: not
 * promised, the log and the record have who has how much. What a VM reserves is its vCPUs', in
 * equal parts; a pool has no GROUP_VCPU_LIMIT: VMK_BAD_PARAM.
 */
enum vmk_status groups_set(uint32_t id, enum group_setting setting, uint32_t value);

/* Between world.c and world_group.c. */
struct world_membership {
	struct world_group *group; /* NULL: none */
	enum world_role role;
};
struct sched *world_sched(void);
struct task *world_task(struct world *world);
struct world_membership *world_membership(struct world *world);
void world_leave(struct world *world); /* at its end */

#endif
