/* What the scheduler's unit tests share. */
#ifndef SHIM_SCHED_TEST_H
#define SHIM_SCHED_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "replay/sched_sim.h"

#define MS 1000000ull

_Noreturn void sim_fail(const char *what)
{
	fprintf(stderr, "sched: %s\n", what);
	abort();
}

/* What was last refused for want of something. */
static struct shortage shortage;

static inline void start(unsigned cpus, unsigned tasks)
{
	sim_start((struct sim_config){.cpus = cpus, .tasks = tasks});
}

/* Tasks [0, count): they only compute, where nothing else was prepared. */
static inline void start_all(unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		sim_task_start(i);
	sim_settle();
}

/* Tasks that only compute, for a while; all is well then. */
static inline void start_checked(unsigned cpus, unsigned tasks)
{
	start(cpus, 16);
	start_all(tasks);
	sim_run(20 * MS);
	sim_settle();
	sim_check();
}

/* Let time pass in steps; everything is checked and watched after each. */
static inline void run_checked(uint64_t ns, uint64_t step)
{
	for (uint64_t done = 0; done < ns; done += step) {
		sim_run(step);
		sim_check();
		sim_check_timely();
	}
}

/* Within `permille` of `expected`. */
static inline void assert_near(uint64_t value, uint64_t expected, unsigned permille)
{
	uint64_t slack = expected / 1000 * permille;

	assert_in_range(value, expected - slack, expected + slack);
}

#endif
