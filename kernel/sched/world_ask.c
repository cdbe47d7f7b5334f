/* What others ask of worlds, and what they set. */
#include "arch/x86/cpu.h"
#include "arch/x86/percpu.h"
#include "arch/x86/time.h"
#include "sched/listing.h"
#include "sched/sched.h"
#include "sched/world_state.h"

#include <stdio.h>

struct world *world_current(void)
{
	return percpu_world();
}

uint64_t world_id(const struct world *world)
{
	return world->id;
}

const char *world_name(const struct world *world)
{
	return world->name;
}

static enum world_state state_of(enum task_state state)
{
	switch (state) {
	case TASK_NEW:
		return WORLD_NEW;
	case TASK_READY:
	case TASK_PARKED:
	case TASK_COSTOP:
		return WORLD_READY;
	case TASK_RUNNING:
	case TASK_LENT:
		return WORLD_RUNNING;
	case TASK_WAITING:
		return WORLD_WAITING;
	default:
		return WORLD_DEAD;
	}
}

enum world_state world_get_state(const struct world *world)
{
	return state_of(__atomic_load_n(&world->task.state, __ATOMIC_ACQUIRE));
}

static bool is_in_vm(const struct world *world)
{
	const struct world_group *group = world->membership.group;

	return group && world_group_kind(group) == GROUP_VM;
}

static enum world_kind kind_of(const struct world *world)
{
	if (world->task.idle)
		return WORLD_IDLE;
	if (is_in_vm(world) && world->membership.role == ROLE_VCPU)
		return WORLD_VCPU;
	return world->space ? WORLD_USER : WORLD_SYSTEM;
}

static void look_at(struct world *world, struct world_record *out)
{
	uint64_t saved;
	struct runq *home = sched_lock_home(world_sched(), &world->task, &saved);

	*out = (struct world_record){.id = world->id,
		.cpu = home->cpu,
		.kind = kind_of(world),
		.latency_high = world->task.request == SCHED_SHORT_NS,
		.state = state_of(world->task.state)};
	snprintf(out->name, sizeof(out->name), "%s", world->name);
	if (is_in_vm(world))
		snprintf(out->group, sizeof(out->group), "%s",
			world_group_name(world->membership.group));
	sched_sample(&world->task, time_ns(), &out->sample);
	spin_unlock(&home->lock, saved);
}

static struct world *world_of_node(struct list *node)
{
	return list_entry(node, struct world, all);
}

static void tell(void *records, struct list *node, unsigned n)
{
	look_at(world_of_node(node), (struct world_record *)records + n);
}

/* One that is being discarded gets no reference any more. */
static bool hold(struct list *node)
{
	uint32_t *references = &world_of_node(node)->references;
	uint32_t now = __atomic_load_n(references, __ATOMIC_RELAXED);

	while (now)
		if (__atomic_compare_exchange_n(
			    references, &now, now + 1, false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
			return true;
	return false;
}

static void let_go(struct list *node)
{
	world_put(world_of_node(node));
}

unsigned worlds_list(unsigned first, struct world_record *records, unsigned room)
{
	static const struct listing all = {&worlds_lock, &worlds, hold, let_go};

	return listing_walk(&all, first, room, tell, records);
}

unsigned worlds_count(void)
{
	return __atomic_load_n(&worlds_listed, __ATOMIC_RELAXED);
}

void world_set_space(struct world *world, struct space *space)
{
	uint64_t saved = irq_save();

	world->space = space;
	if (world == world_current())
		world_load_user_state(world);
	irq_restore(saved);
}

void world_set_owner(struct world *world, void *owner)
{
	world->owner = owner;
}

void world_set_at_exit(struct world *world, void (*function)(void *owner))
{
	world->at_exit = function;
}

void *world_owner(const struct world *world)
{
	return world->owner;
}

void world_set_fs_base(struct world *world, uint64_t base)
{
	uint64_t saved = irq_save();

	world->fs_base = base;
	if (world == world_current())
		wrmsr(MSR_FS_BASE, base);
	irq_restore(saved);
}

void world_set_shadow_stack(struct world *world, uintptr_t end)
{
	uint64_t saved = irq_save();

	cet_state_init(&world->cet, end);
	if (world == world_current())
		cet_restore(&world->cet);
	irq_restore(saved);
}

void worlds_audit_canaries(struct world_canaries *canaries)
{
	uint64_t saved = spin_lock(&worlds_lock);

	/* The one that asks may never have waited. */
	world_current()->context.canary = percpu()->canary;
	world_audit_canaries(&worlds, canaries);
	spin_unlock(&worlds_lock, saved);
}
