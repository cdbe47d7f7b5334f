/* sources: kernel/sched/queue.c kernel/sched/turns.c kernel/sched/fair.c */
/* sources: kernel/sched/reserve.c kernel/sched/limit.c kernel/sched/group.c kernel/sched/runq.c */
/* sources: kernel/sched/sched.c kernel/sched/settings.c kernel/sched/event.c */
/* sources: kernel/sched/invariants.c kernel/sched/invariants_watch.c kernel/sched/stats.c */
/* sources: kernel/sched/turns_check.c kernel/sched/invariants_queue.c */
/* sources: kernel/sched/invariants_groups.c */
/* sources: kernel/sched/service.c kernel/sched/lend.c kernel/lib/lock.c */
/* sources: kernel/replay/sched_sim.c tests/unit/shim/sched_space.c */
/* sources: tests/unit/shim/panic.c */
/* Whose time interrupts take, and what waits are for: %SYS, %OVRLP, %VMWAIT, %SWPWT. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "sched/service.h"
#include "sched/stats.h"
#include "replay/sched_sim.h"

enum { HOG, SLEEPER, OTHER, TASKS };
#define US      1000ull
#define MS      1000000ull
#define TASK(i) (&sim_tasks[i].task)
#define QUEUE   (&sim_cpus[0].runq)
#define IDLE    (&sim_cpus[0].idle)

_Noreturn void sim_fail(const char *what)
{
	fprintf(stderr, "sched: %s\n", what);
	abort();
}

static uint64_t clock_now(void)
{
	return sim_now;
}

/* Who runs waits for that event, and whoever is next runs. */
static void put_to_sleep(unsigned event, uint64_t deadline)
{
	assert_true(sim_wait(0, 1u << event, deadline));
	sim_settle();
}

/* On one CPU: SLEEPER waits for event 0, OTHER for event 1, HOG runs. */
static void start(uint64_t deadline)
{
	sim_start((struct sim_config){.cpus = 1, .tasks = TASKS});
	sim_task_start(SLEEPER);
	sim_settle();
	put_to_sleep(0, deadline);
	sim_task_start(OTHER);
	sim_settle();
	put_to_sleep(1, SCHED_NEVER);
	sim_task_start(HOG);
	sim_settle();
	assert_ptr_equal(QUEUE->current, TASK(HOG));
}

static void wake(unsigned task)
{
	sched_wake(&sim_sched, TASK(task));
	service_claim(QUEUE, TASK(task), clock_now);
}

/* What was served is what others were overlapped by, and all that was spent is the CPU's time. */
static void check_sums(void)
{
	uint64_t served = IDLE->served, overlapped = IDLE->overlapped, used = 0;

	for (unsigned i = 0; i < TASKS; i++) {
		struct sched_sample sample;

		sched_sample(TASK(i), sim_now, &sample);
		assert_true(sample.overlap <= sample.run);
		assert_int_equal(
			sample.run + sample.ready + sample.parked + sample.costop + sample.wait,
			sim_now - TASK(i)->born);
		served += sample.served;
		overlapped += sample.overlap;
		used += sample.run + sample.served - sample.overlap;
	}
	used += sched_service(IDLE, sim_now) + IDLE->served - IDLE->overlapped;
	assert_int_equal(served, overlapped);
	assert_int_equal(used, sim_now - IDLE->born);
	sim_check();
}

/* What comes before each of two wake-ups is done for who is woken, and the rest for nobody. */
static void an_interrupt_is_for_whom_it_wakes(void **state)
{
	start(SCHED_NEVER);
	service_begin(QUEUE, sim_now);
	sim_now += 30 * US;
	wake(SLEEPER);
	sim_now += 20 * US;
	wake(OTHER);
	sim_now += 5 * US;
	service_end(QUEUE, sim_now);
	assert_int_equal(TASK(SLEEPER)->served, 30 * US);
	assert_int_equal(TASK(OTHER)->served, 20 * US);
	assert_int_equal(IDLE->served, 5 * US);
	assert_int_equal(TASK(HOG)->overlapped, 55 * US);
	check_sums();
	sim_settle();
	check_sums();
}

static void what_it_does_for_the_one_that_runs_is_that_ones(void **state)
{
	start(SCHED_NEVER);
	service_begin(QUEUE, sim_now);
	sim_now += 30 * US;
	wake(HOG);
	sim_now += 5 * US;
	service_end(QUEUE, sim_now);
	assert_int_equal(TASK(HOG)->served, 0);
	assert_int_equal(TASK(HOG)->overlapped, 5 * US);
	check_sums();
}

/* An idle CPU's own interrupts are its own, too. */
static void on_an_idle_cpu_nobody_is_overlapped(void **state)
{
	start(SCHED_NEVER);
	put_to_sleep(2, SCHED_NEVER);
	assert_ptr_equal(QUEUE->current, IDLE);
	service_begin(QUEUE, sim_now);
	sim_now += 30 * US;
	wake(SLEEPER);
	sim_now += 5 * US;
	service_end(QUEUE, sim_now);
	assert_int_equal(TASK(SLEEPER)->served, 30 * US);
	assert_int_equal(IDLE->overlapped, 30 * US);
	assert_int_equal(IDLE->served, 0);
	check_sums();
}

/* Outside of interrupts nobody serves, whoever is woken; nor before there is a queue. */
static void a_wakeup_by_a_world_is_its_own_time(void **state)
{
	start(SCHED_NEVER);
	sim_now += 30 * US;
	wake(SLEEPER);
	service_claim(NULL, TASK(SLEEPER), clock_now);
	assert_int_equal(TASK(SLEEPER)->served + TASK(HOG)->overlapped, 0);
	check_sums();
}

static void the_timer_serves_who_wakes_by_it(void **state)
{
	start(1 * MS);
	service_begin(QUEUE, sim_now);
	sim_now = MAX(sim_now, 1 * MS) + 10 * US;
	/* The sleeper is to run first. */
	sim_kicked[0] = sched_on_timer(&sim_sched, 0);
	service_end(QUEUE, sim_now);
	assert_true(TASK(SLEEPER)->served >= 10 * US);
	assert_int_equal(TASK(HOG)->overlapped, TASK(SLEEPER)->served);
	check_sums();
}

/* The lender pays for the answer, and so for what disturbs it. */
static void a_lender_is_overlapped_for_who_runs_in_its_place(void **state)
{
	struct sched_switch s;

	start(SCHED_NEVER);
	assert_true(sched_lend(&sim_sched, 0, TASK(SLEEPER), &s));
	sched_finish_switch(&sim_sched, 0, s.saved);
	service_begin(QUEUE, sim_now);
	sim_now += 30 * US;
	wake(SLEEPER);
	sim_now += 5 * US;
	wake(OTHER);
	service_end(QUEUE, sim_now);
	assert_int_equal(TASK(SLEEPER)->served, 30 * US);
	assert_int_equal(TASK(OTHER)->served, 5 * US);
	assert_int_equal(TASK(HOG)->overlapped, 35 * US);
	check_sums();
}

/* Half of the hog's time is somebody else's: storms are seen. */
static void columns_show_a_storm(void **state)
{
	struct sched_sample before[TASKS], after[TASKS];
	struct sched_columns hog, sleeper;

	start(SCHED_NEVER);
	for (unsigned i = 0; i < TASKS; i++)
		sched_sample(TASK(i), sim_now, &before[i]);
	for (unsigned i = 0; i < 100; i++) {
		service_begin(QUEUE, sim_now);
		sim_now += 10 * US;
		service_claim(QUEUE, TASK(SLEEPER), clock_now);
		service_end(QUEUE, sim_now);
		sim_now += 10 * US;
	}
	for (unsigned i = 0; i < TASKS; i++)
		sched_sample(TASK(i), sim_now, &after[i]);
	sched_columns(&before[HOG], &after[HOG], &hog);
	sched_columns(&before[SLEEPER], &after[SLEEPER], &sleeper);
	assert_int_equal(hog.run, 10000);
	assert_int_equal(hog.overlap, 5000);
	assert_int_equal(hog.used, 5000);
	assert_int_equal(sleeper.run, 0);
	assert_int_equal(sleeper.sys, 5000);
	assert_int_equal(sleeper.used, 5000);
	assert_int_equal(sleeper.wait, 10000);
	check_sums();
}

/* One that is woken right after a look, by a CPU whose clock is behind that of who looked, has
 * waited for less than was seen then. */
static void no_column_falls_below_nothing(void **state)
{
	struct sched_sample before = {.at = 1000 * MS, .run = 5 * US, .wait = 400 * MS}, after;
	struct sched_columns columns;

	before.overlap = 4 * US;
	after = before;
	after.at += 1000 * MS;
	after.wait -= 2 * US;
	after.run -= 1 * US;
	after.ready += 1000 * MS;
	sched_columns(&before, &after, &columns);
	assert_int_equal(columns.wait | columns.vmwait | columns.run | columns.used, 0);
	assert_int_equal(columns.ready, 10000);
}

/* Each wait goes to what it is for, the one that lasts too. */
static void waits_are_told_apart(void **state)
{
	struct sched_sample before, after;
	struct sched_columns columns;

	start(SCHED_NEVER);
	TASK(SLEEPER)->waits_for = SCHED_WAIT_EVENT;
	sched_sample(TASK(SLEEPER), sim_now, &before);
	sim_advance(1 * MS);
	for (unsigned what = SCHED_WAIT_WORK; what < SCHED_WAITS; what++) {
		sim_signal(0);
		sim_yield(0);
		sim_settle();
		assert_ptr_equal(QUEUE->current, TASK(SLEEPER));
		put_to_sleep(0, SCHED_NEVER);
		TASK(SLEEPER)->waits_for = (uint8_t)what;
		sim_advance(what * 2 * MS);
	}
	sched_sample(TASK(SLEEPER), sim_now, &after);
	sched_columns(&before, &after, &columns);
	assert_int_equal(after.memory - before.memory, 4 * MS);
	assert_int_equal(after.idle - before.idle, 2 * MS);
	assert_int_equal(after.wait - before.wait, 7 * MS);
	assert_int_equal(columns.vmwait, 7142);
	assert_in_range(columns.swapwait, 5710, 5715);
	assert_int_equal(columns.idle + columns.vmwait, 9999);
	check_sums();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_interrupt_is_for_whom_it_wakes),
		cmocka_unit_test(what_it_does_for_the_one_that_runs_is_that_ones),
		cmocka_unit_test(on_an_idle_cpu_nobody_is_overlapped),
		cmocka_unit_test(a_wakeup_by_a_world_is_its_own_time),
		cmocka_unit_test(the_timer_serves_who_wakes_by_it),
		cmocka_unit_test(a_lender_is_overlapped_for_who_runs_in_its_place),
		cmocka_unit_test(columns_show_a_storm),
		cmocka_unit_test(no_column_falls_below_nothing),
		cmocka_unit_test(waits_are_told_apart),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
