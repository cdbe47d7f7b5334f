#include "fuzz/models/sched_input.h"
#include <stdio.h>
#include <stdlib.h>
#include "fuzz/lib/figures.h"
#include "fuzz/lib/trace.h"
#include "replay/sched_sim.h"
#include "sched/stats.h"

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

/* The kernel's replay has to agree with this one, so two here have to. */
static void check_repeats(const uint8_t *data, size_t size, const struct replay_sched_way *way)
{
	struct replay_trace first = trace_to(NULL), second = trace_to(NULL);

	replay_sched(data, size, way, &first);
	replay_sched(data, size, way, &second);
	if (first.hash != second.hash || first.steps != second.steps)
		sim_fail("a replay is not the same as the one before");
}

void sched_input(const uint8_t *data, size_t size, const struct replay_sched_way *way)
{
	const uint64_t before = sim_calls;
	struct sched_view view;

	if (!replay_sched(data, size, way, trace_wanted()))
		return;
	figures_operations((unsigned)(sim_calls - before));
	view = sim_view();
	for (unsigned i = 0; i < view.count; i++)
		check_times(view.tasks[i]);
	for (unsigned i = 0; i < sim_sched.cpus; i++)
		check_times(&sim_cpus[i].idle);
	if (data[1] >> 2 == 21 && size % 16 == 0)
		check_repeats(data, size, way);
}
