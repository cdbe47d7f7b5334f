/* sources: kernel/sched/queue.c kernel/sched/turns.c kernel/sched/fair.c */
/* sources: kernel/sched/reserve.c kernel/sched/limit.c kernel/sched/group.c kernel/sched/runq.c */
/* sources: kernel/sched/sched.c kernel/sched/settings.c kernel/sched/event.c */
/* sources: kernel/sched/lend.c kernel/sched/stats.c kernel/replay/sched.c */
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
#include "sched/stats.h"

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

/* A task's times are all of its life, and the columns are parts of it. */
static void check_times(const struct task *task)
{
	const struct sched_sample born = {.at = task->born};
	struct sched_sample now;
	struct sched_columns columns;

	sched_sample(task, sim_now, &now);
	if (now.run + now.ready + now.parked + now.costop + now.wait != sim_now - task->born ||
		now.idle > now.wait)
		sim_fail("a task's times are not its life");
	sched_columns(&born, &now, &columns);
	if (columns.run + columns.ready + columns.costop + columns.wait > 10000 ||
		columns.mlmtd > columns.ready || columns.idle > columns.wait)
		sim_fail("the columns are more than the whole");
	sched_columns(&now, &now, &columns);
	if (columns.run || columns.wait)
		sim_fail("there are times in no time");
}

static void ignore(const char *text)
{
}

/* The kernel's replay has to agree with this one, so two here have to. */
static void check_repeats(const uint8_t *data, size_t size)
{
	struct replay_trace first = trace_to(ignore), second = trace_to(ignore);

	replay_sched(data, size, &first);
	replay_sched(data, size, &second);
	if (first.hash != second.hash || first.steps != second.steps)
		sim_fail("a replay is not the same as the one before");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint64_t before = sim_calls;
	struct sched_view view;

	if (!replay_sched(data, size, trace_wanted()))
		return 0;
	figures_operations((unsigned)(sim_calls - before));
	view = sim_view();
	for (unsigned i = 0; i < view.count; i++)
		check_times(view.tasks[i]);
	for (unsigned i = 0; i < sim_sched.cpus; i++)
		check_times(&sim_cpus[i].idle);
	if (data[1] >> 2 == 21)
		check_repeats(data, size);
	return 0;
}
