/* Whether each world guards its stack frames with a number of its own. */
#include "sched/world_state.h"

/* A world that is being made has none yet; nor has, until it first waits, one that runs on the
 * stack on which its CPU started: its is in the CPU's area alone. */
static bool may_have_none(const struct world *world)
{
	return !world->stack_top || world->task.state == TASK_NEW;
}

/* With one of those before it. */
static bool is_shared(const struct list *all, const struct world *world)
{
	const uint64_t canary = world->context.canary;

	list_for_each (node, all) {
		const struct world *other = list_entry(node, struct world, all);

		if (other == world)
			return false;
		if (canary && other->context.canary == canary)
			return true;
	}
	return false;
}

void world_audit_canaries(const struct list *all, struct world_canaries *canaries)
{
	*canaries = (struct world_canaries){0};
	list_for_each (node, all) {
		const struct world *world = list_entry(node, struct world, all);
		const uint64_t canary = world->context.canary;

		if (!canary && may_have_none(world))
			continue;
		canaries->worlds++;
		canaries->weak += !canary || canary & 0xff;
		canaries->shared += is_shared(all, world);
	}
}
