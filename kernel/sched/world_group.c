#include "sched/world_group.h"

#include "mem/heap.h"
#include "sched/world.h"
#include <stdio.h>

struct world_group {
	struct group group;
	struct cpu_set affinity;
	bool has_affinity;
	uint32_t references;
	char name[WORLD_NAME_BYTES];
};

static bool is_empty(const struct cpu_set *set)
{
	for (unsigned i = 0; i < CPU_SET_WORDS; i++)
		if (set->bits[i])
			return false;
	return true;
}

enum vmk_status world_group_create(const char *name, const struct world_group_settings *settings,
	struct world_group **created, struct shortage *shortage)
{
	struct world_group *g = heap_alloc(sizeof(*g));
	enum vmk_status status;

	*shortage = (struct shortage){.cpu = CPU_ANY};
	if (!g)
		return VMK_NO_MEMORY;
	group_init(&g->group, NULL);
	group_set_shares(&g->group, settings->shares);
	g->group.costart = true;
	g->affinity = settings->affinity;
	g->has_affinity = !is_empty(&settings->affinity);
	g->references = 1;
	snprintf(g->name, sizeof(g->name), "%s", name);
	status = sched_reserve_group(world_sched(), &g->group, settings->reservation, shortage);
	if (status == VMK_OK)
		status = sched_set_limit(world_sched(), &g->group.entity, settings->limit);
	if (status != VMK_OK) {
		world_group_put(g);
		return status;
	}
	*created = g;
	return VMK_OK;
}

void world_group_put(struct world_group *g)
{
	struct shortage none;

	if (__atomic_sub_fetch(&g->references, 1, __ATOMIC_ACQ_REL))
		return;
	sched_reserve_group(world_sched(), &g->group, 0, &none);
	heap_free(g);
}

const char *world_group_name(const struct world_group *g)
{
	return g->name;
}

enum vmk_status world_join(struct world *world, struct world_group *g, enum world_role role,
	uint32_t reservation, struct shortage *shortage)
{
	struct task *task = world_task(world);
	enum vmk_status status = VMK_OK;

	*shortage = (struct shortage){.cpu = CPU_ANY};
	__atomic_add_fetch(&g->references, 1, __ATOMIC_RELAXED);
	*world_membership(world) = (struct world_membership){g, role};
	task->entity.parent = &g->group;
	if (role == ROLE_VCPU)
		group_join(task);
	else
		sched_set_latency(task, true);
	if (g->has_affinity)
		status = sched_set_affinity(world_sched(), task, &g->affinity, shortage);
	if (status == VMK_OK && reservation)
		status = sched_reserve(world_sched(), task, reservation, shortage);
	return status;
}

void world_leave(struct world *world)
{
	struct world_membership *membership = world_membership(world);
	struct task *task = world_task(world);
	struct shortage none;

	if (!membership->group)
		return;
	group_leave(task);
	if (task->entity.reservation)
		sched_reserve(world_sched(), task, 0, &none);
	world_group_put(membership->group);
	membership->group = NULL;
}
