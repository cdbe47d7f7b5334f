/* sources: kernel/sched/queue.c kernel/sched/turns.c kernel/sched/fair.c */
/* sources: kernel/sched/reserve.c kernel/sched/limit.c kernel/sched/group.c kernel/sched/runq.c */
/* sources: kernel/sched/sched.c kernel/sched/settings.c kernel/sched/event.c */
/* sources: kernel/sched/lend.c kernel/sched/stats.c */
/* plain: kernel/sched/service.c kernel/sched/invariants.c kernel/sched/invariants_watch.c */
/* plain: kernel/sched/turns_check.c kernel/sched/invariants_queue.c */
/* plain: kernel/sched/invariants_groups.c */
/* plain: kernel/lib/lock.c kernel/replay/trace.c */
/* plain: kernel/replay/sched.c kernel/replay/sched_sim.c */
/* plain: tests/unit/shim/sched_space.c tests/unit/shim/panic.c fuzz/models/sched_input.c */
/* plain: fuzz/lib/figures.c fuzz/lib/trace.c */
/* coverage: edges, comparisons, bare */
/* options: -use_counters=0 */
/* runs: 1500 */
/*
 * As fuzz_sched, but up to a thousand operations, some seconds of the worlds' lives: service,
 * limits, skew and idle time are watched after each, what the state shows is checked after each
 * 64th and at the end.
 */
#include "fuzz/models/sched_input.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	sched_input(data, size, &replay_sched_long);
	return 0;
}
