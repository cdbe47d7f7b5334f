/* The invariants in a kernel that runs: the option `schedcheck=` of tests and debugging. */
#include "arch/x86/time.h"
#include "lib/log.h"
#include "lib/panic.h"
#include "sched/invariants.h"
#include "sched/world_state.h"

#define LOG_MODULE "Sched"

unsigned world_check_each;

void sched_check_each(unsigned switches)
{
	world_check_each = switches;
	if (switches)
		vmk_log("each %u-th switch the invariants of its queue are checked", switches);
}

void world_check(const struct runq *runq)
{
	static uint32_t switches;
	struct violation broken;

	if (__atomic_add_fetch(&switches, 1, __ATOMIC_RELAXED) % world_check_each)
		return;
	if (!sched_check_queue(runq, time_ns(), &broken))
		panic("scheduler: %s: %s (pCPU %u)", sched_invariant_name(broken.invariant),
			broken.what, broken.cpu);
}
