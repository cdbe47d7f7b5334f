/* sources: kernel/sched/queue.c kernel/sched/turns.c kernel/sched/fair.c */
/* sources: kernel/sched/reserve.c kernel/sched/limit.c kernel/sched/group.c kernel/sched/runq.c */
/* sources: kernel/sched/sched.c kernel/sched/settings.c kernel/sched/event.c */
/* sources: kernel/sched/lend.c kernel/sched/stats.c */
/* quiet: kernel/sched/service.c */
/* plain: kernel/sched/invariants.c kernel/sched/invariants_watch.c */
/* plain: kernel/sched/turns_check.c kernel/sched/invariants_queue.c */
/* plain: kernel/sched/invariants_groups.c */
/* plain: kernel/lib/lock.c kernel/replay/trace.c */
/* plain: kernel/replay/sched.c kernel/replay/sched_sim.c */
/* plain: tests/unit/shim/sched_space.c tests/unit/shim/panic.c fuzz/models/sched_input.c */
/* plain: fuzz/lib/figures.c fuzz/lib/trace.c */
/* coverage: edges, lean */
/* options: -use_counters=0 */
/*
 * Some dozen operations in any order on up to four CPUs and 32 worlds in pools and VMs, with every
 * invariant (kernel/sched/invariants.h) checked after each of them. fuzz_sched_long goes on for
 * longer; the input is the same, and the kernel replays both (kernel/replay/sched.h).
 */
#include "fuzz/models/sched_input.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	sched_input(data, size, &replay_sched_short);
	return 0;
}
