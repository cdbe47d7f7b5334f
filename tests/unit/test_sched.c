/* sources: kernel/sched/queue.c kernel/sched/turns.c kernel/sched/fair.c */
/* sources: kernel/sched/reserve.c kernel/sched/limit.c kernel/sched/group.c kernel/sched/runq.c */
/* sources: kernel/sched/sched.c kernel/sched/settings.c kernel/sched/event.c */
/* sources: kernel/sched/service.c kernel/sched/lend.c */
/* sources: kernel/sched/invariants.c kernel/sched/invariants_watch.c kernel/lib/lock.c */
/* sources: kernel/sched/turns_check.c kernel/sched/invariants_queue.c */
/* sources: kernel/sched/invariants_groups.c */
/* sources: kernel/replay/sched_sim.c tests/unit/shim/sched_space.c */
/* sources: tests/unit/shim/panic.c */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "replay/sched_sim.h"

_Noreturn void sim_fail(const char *what)
{
	fprintf(stderr, "sched: %s\n", what);
	abort();
}

static void run(uint64_t ns, uint64_t step)
{
	for (uint64_t done = 0; done < ns; done += step) {
		sim_advance(step);
		sim_settle();
		sim_check();
	}
}

static bool is_running(unsigned task)
{
	for (unsigned i = 0; i < SIM_CPUS; i++) {
		if (sim_cpus[i].runq.current == &sim_tasks[task].task)
			return true;
	}
	return false;
}

static void hogs_share_one_cpu_evenly(void **state)
{
	sim_start((struct sim_config){.cpus = 1, .tasks = 8});
	for (unsigned i = 0; i < 5; i++)
		sim_task_start(i);
	run(5000000000ull, 1000000);
	for (unsigned i = 0; i < 5; i++)
		assert_in_range(sim_received(i), 1000000000ull - 2 * SCHED_SLICE_NS,
			1000000000ull + 2 * SCHED_SLICE_NS);
}

static void a_hog_alone_needs_no_timer(void **state)
{
	sim_start((struct sim_config){.cpus = 1, .tasks = 8});
	sim_task_start(0);
	sim_settle();
	assert_int_equal(sim_armed[0], SCHED_NEVER);
	sim_task_start(1);
	sim_settle();
	assert_int_not_equal(sim_armed[0], SCHED_NEVER);
}

static void new_work_goes_to_idle_cpus(void **state)
{
	sim_start((struct sim_config){.cpus = 4, .tasks = 8});
	sim_settle();
	for (unsigned i = 0; i < 4; i++)
		sim_task_start(i);
	sim_settle();
	for (unsigned i = 0; i < 4; i++) {
		assert_true(is_running(i));
		assert_non_null(sim_running(i));
	}
}

static void new_work_goes_to_a_core_of_its_own(void **state)
{
	static const struct cpu_set first = {{1}}, third = {{4}};
	struct shortage unused;

	sim_start((struct sim_config){.cpus = 6, .tasks = 3, .threads = 2});
	for (unsigned i = 0; i < 2; i++) {
		struct task *task = sim_task_prepare(i, NULL);

		assert_int_equal(
			sched_set_affinity(&sim_sched, task, i ? &third : &first, &unused), VMK_OK);
		sim_task_start(i);
		sim_settle();
	}
	assert_int_equal(sim_tasks[1].task.cpu, 2);
	sim_task_start(2);
	sim_settle();
	assert_int_equal(sim_cpus[sim_tasks[2].task.cpu].runq.place.core, 2);
}

static void an_idle_cpu_fetches_what_waits_elsewhere(void **state)
{
	sim_start((struct sim_config){.cpus = 2, .tasks = 8});
	sim_settle();
	for (unsigned i = 0; i < 4; i++)
		sim_task_start(i);
	sim_settle();
	/* Both on one CPU end; the other has two left, of which one comes over. */
	sim_exit(0);
	sim_settle();
	sim_exit(0);
	sim_settle();
	sim_check();
	assert_non_null(sim_running(0));
	assert_non_null(sim_running(1));
}

static void five_tasks_on_four_cpus_all_progress(void **state)
{
	sim_start((struct sim_config){.cpus = 4, .tasks = 8});
	for (unsigned i = 0; i < 5; i++)
		sim_task_start(i);
	run(4000000000ull, 1000000);
	for (unsigned i = 0; i < 5; i++)
		assert_true(sim_received(i) > 1000000000ull);
}

static void a_sleeper_comes_before_a_hog(void **state)
{
	sim_start((struct sim_config){.cpus = 1, .tasks = 8});
	sim_task_start(0);
	sim_task_start(1);
	sim_settle();
	while (sim_running(0) != &sim_tasks[1])
		run(1000000, 1000000);
	assert_true(sim_wait(0, 1, SCHED_NEVER));
	sim_settle();
	assert_true(is_running(0));
	run(100000000, 1000000);
	sim_signal(0);
	/* At once, not at the end of the hog's slice. */
	sim_settle();
	assert_true(is_running(1));
	assert_int_equal(sim_tasks[1].waits, 1);
}

static void sleep_is_no_credit(void **state)
{
	uint64_t before;

	sim_start((struct sim_config){.cpus = 1, .tasks = 8});
	sim_task_start(0);
	sim_settle();
	assert_true(sim_wait(0, 1, SCHED_NEVER));
	sim_settle();
	sim_task_start(1);
	run(10000000000ull, 10000000);
	sim_signal(0);
	before = sim_received(1);
	run(1000000000ull, 1000000);
	/* Ten seconds of sleep do not starve the other for ten seconds. */
	assert_true(sim_received(1) - before > 450000000ull);
}

/* The signal comes after any number of steps of the wait. */
static void signal_at_each_step(struct task *owner)
{
	for (unsigned steps = 0; steps < 8; steps++) {
		sim_start((struct sim_config){.cpus = 2, .tasks = 8});
		sim_events[2].owner = owner;
		sim_task_start(0);
		sim_settle();
		assert_ptr_equal(sim_running(0), &sim_tasks[0]);
		assert_true(sim_wait(0, 0xf, SCHED_NEVER));
		for (unsigned i = 0; i < steps; i++)
			sim_step(0);
		sim_signal(2);
		sim_check();
		sim_settle();
		sim_check();
		assert_true(is_running(0));
		assert_int_equal(sim_tasks[0].waits, 1);
		for (unsigned i = 0; i < SIM_EVENTS; i++)
			assert_null(sim_events[i].waiters);
	}
}

static void a_signal_between_look_and_wait_is_not_lost(void **state)
{
	signal_at_each_step(NULL);
}

static void nor_is_it_for_an_owner(void **state)
{
	signal_at_each_step(&sim_tasks[0].task);
}

static void an_owner_is_woken_unlinked_and_others_beside_it(void **state)
{
	sim_start((struct sim_config){.cpus = 2, .tasks = 8});
	sim_events[1].owner = &sim_tasks[0].task;
	for (unsigned i = 0; i < 2; i++)
		sim_task_start(i);
	sim_settle();
	for (unsigned i = 0; i < 2; i++)
		assert_true(sim_wait(i, 2, SCHED_NEVER));
	sim_settle();
	assert_ptr_equal(sim_events[1].waiters, &sim_tasks[1].waiters[1]);
	assert_null(sim_events[1].waiters->next);
	sim_signal(1);
	sim_settle();
	sim_check();
	for (unsigned i = 0; i < 2; i++)
		assert_int_equal(sim_tasks[i].waits, 1);
}

static void one_signal_wakes_all_waiters(void **state)
{
	sim_start((struct sim_config){.cpus = 4, .tasks = 8});
	for (unsigned i = 0; i < 4; i++)
		sim_task_start(i);
	sim_settle();
	for (unsigned i = 0; i < 4; i++)
		assert_true(sim_wait(i, 2, SCHED_NEVER));
	sim_settle();
	for (unsigned i = 0; i < 4; i++)
		assert_int_equal(sim_tasks[i].task.state, TASK_WAITING);
	sim_signal(1);
	sim_settle();
	sim_check();
	for (unsigned i = 0; i < 4; i++)
		assert_int_equal(sim_tasks[i].waits, 1);
}

static void deadlines_end_waits_in_order(void **state)
{
	sim_start((struct sim_config){.cpus = 1, .tasks = 8});
	for (unsigned i = 0; i < 3; i++) {
		sim_task_start(i);
		sim_settle();
		assert_ptr_equal(sim_running(0), &sim_tasks[i]);
		assert_true(sim_wait(0, 1, sim_now + (3 - i) * 1000000ull));
		sim_settle();
	}
	run(999999, 999999);
	assert_int_equal(sim_tasks[2].task.state, TASK_WAITING);
	run(2, 2);
	assert_int_equal(sim_tasks[2].waits, 1);
	assert_int_equal(sim_tasks[1].task.state, TASK_WAITING);
	run(1000000, 1000000);
	assert_int_not_equal(sim_tasks[1].task.state, TASK_WAITING);
	assert_int_equal(sim_tasks[0].task.state, TASK_WAITING);
	run(1000000, 1000000);
	assert_int_not_equal(sim_tasks[0].task.state, TASK_WAITING);
	/* They take their turns beside the one that computes. */
	run(50000000, 1000000);
	assert_int_equal(sim_tasks[1].waits, 1);
	assert_int_equal(sim_tasks[0].waits, 1);
	assert_null(sim_events[0].waiters);
}

static void yield_lets_everybody_else_run(void **state)
{
	unsigned first = 0;

	sim_start((struct sim_config){.cpus = 1, .tasks = 8});
	for (unsigned i = 0; i < 3; i++)
		sim_task_start(i);
	sim_settle();
	while (!is_running(first))
		first++;
	sim_yield(0);
	assert_false(is_running(first));
	sim_yield(0);
	assert_false(is_running(first));
	/* All have given up a turn: any of them may have the next. */
	for (unsigned i = 0; i < 3 && !is_running(first); i++)
		sim_yield(0);
	assert_true(is_running(first));
	sim_check();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hogs_share_one_cpu_evenly),
		cmocka_unit_test(a_hog_alone_needs_no_timer),
		cmocka_unit_test(new_work_goes_to_idle_cpus),
		cmocka_unit_test(new_work_goes_to_a_core_of_its_own),
		cmocka_unit_test(an_idle_cpu_fetches_what_waits_elsewhere),
		cmocka_unit_test(five_tasks_on_four_cpus_all_progress),
		cmocka_unit_test(a_sleeper_comes_before_a_hog),
		cmocka_unit_test(sleep_is_no_credit),
		cmocka_unit_test(a_signal_between_look_and_wait_is_not_lost),
		cmocka_unit_test(nor_is_it_for_an_owner),
		cmocka_unit_test(an_owner_is_woken_unlinked_and_others_beside_it),
		cmocka_unit_test(one_signal_wakes_all_waiters),
		cmocka_unit_test(deadlines_end_waits_in_order),
		cmocka_unit_test(yield_lets_everybody_else_run),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
