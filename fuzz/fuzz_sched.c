/* sources: kernel/sched/queue.c kernel/sched/turns.c kernel/sched/fair.c */
/* sources: kernel/sched/reserve.c kernel/sched/limit.c kernel/sched/group.c kernel/sched/runq.c */
/* sources: kernel/sched/sched.c kernel/sched/settings.c kernel/sched/event.c */
/* sources: kernel/sched/lend.c kernel/replay/sched.c */
/* plain: kernel/sched/invariants.c kernel/sched/invariants_watch.c */
/* plain: kernel/lib/lock.c kernel/replay/sched_sim.c kernel/replay/trace.c */
/* plain: tests/unit/shim/sched_space.c tests/unit/shim/panic.c */
/* plain: fuzz/lib/figures.c fuzz/lib/trace.c */
/* coverage: edges */
/*
 * Any order of operations on up to four CPUs and 32 worlds in pools and VMs. The invariants are
 * kernel/sched/invariants.h; the input is that of kernel/replay/sched.h, which replays it in the
 * kernel, too.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include "fuzz/lib/figures.h"
#include "fuzz/lib/trace.h"
#include "replay/sched.h"
#include "replay/sched_sim.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Frames are not looked at after their end: a sixth of the time. */
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
	return "detect_stack_use_after_return=0";
}

_Noreturn void sim_fail(const char *what)
{
	fprintf(stderr, "sched: %s\n", what);
	abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint64_t before = sim_calls;

	replay_sched(data, size, trace_wanted());
	figures_operations((unsigned)(sim_calls - before));
	return 0;
}
