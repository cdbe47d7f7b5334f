/* Memory and locks of simulations of the scheduler on the host. */
#include "lib/lock.h"
#include "replay/sched_sim.h"

#define SIM_TASKS 10240u

static uint32_t levels_held;

/* Locks are for the order in which they are taken: breaking it panics. */
static struct lock_entered enter_lock(void)
{
	return (struct lock_entered){&levels_held, 0};
}

static void leave_lock(uint64_t saved)
{
}

static void wait_for_lock(void)
{
	sim_fail("a lock is taken twice");
}

static const struct lock_ops lock_edge = {enter_lock, leave_lock, wait_for_lock};

struct sim_space sim_space(unsigned cpus, unsigned tasks)
{
	static struct sim_cpu cpu_space[SIM_CPUS];
	static struct sim_task task_space[SIM_TASKS];
	static struct turns_node nodes[SIM_TASKS];
	static struct task *live[SIM_TASKS];

	if (cpus > SIM_CPUS || tasks > SIM_TASKS)
		sim_fail("the simulation is larger than its memory");
	lock_init(&lock_edge);
	levels_held = 0;
	return (struct sim_space){cpu_space, task_space, nodes, live, &levels_held};
}
