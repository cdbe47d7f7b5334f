/* sources: kernel/sched/queue.c kernel/sched/turns.c kernel/sched/fair.c */
/* sources: kernel/sched/reserve.c kernel/sched/limit.c kernel/sched/group.c kernel/sched/runq.c */
/* sources: kernel/sched/sched.c kernel/sched/settings.c kernel/sched/event.c */
/* sources: kernel/sched/service.c kernel/sched/lend.c */
/* sources: kernel/sched/invariants.c kernel/sched/invariants_watch.c kernel/lib/lock.c */
/* sources: kernel/sched/turns_check.c kernel/sched/invariants_queue.c */
/* sources: kernel/sched/invariants_groups.c */
/* sources: kernel/replay/sched_sim.c tests/unit/shim/sched_space.c */
/* sources: tests/unit/shim/panic.c */
/* Nobody starves: beside worlds that come and go, sleep and wake, or whose settings keep changing.
 */
#include "tests/unit/shim/sched_test.h"

/* World 1 computes for a millisecond and ends, again and again, beside world 0 with a ninth of the
 * shares. Each time it is a new one, of whom nobody knows what those before it have had. */
static void a_stream_of_heavy_short_lives(void **state)
{
	start(1, 2);
	sim_task_prepare(0, NULL)->entity.shares = 500;
	sim_task_start(0);
	sim_settle();
	run_checked(20 * MS, MS);
	uint64_t before = sim_received(0);
	for (unsigned i = 0; i < 2000; i++) {
		if (!sim_tasks[1].started)
			sim_task_prepare(1, NULL)->entity.shares = 4000;
		sim_task_start(1);
		sim_settle();
		run_checked(MS, MS);
		if (sim_running(0) == &sim_tasks[1])
			sim_exit(0);
		sim_settle();
	}
	assert_in_range(sim_received(0) - before, 2000 * MS / 9 - 2 * SCHED_SLICE_NS, 500 * MS);
}

/* Thirty worlds of eight times the shares that each want a thirtieth of the CPU: together all of
 * it, though few of them are ever ready at a time. */
static void a_crowd_of_heavy_sleepers(void **state)
{
	start(1, 41);
	sim_task_prepare(0, NULL)->entity.shares = 500;
	for (unsigned i = 1; i < 41; i++) {
		sim_task_prepare(i, NULL)->entity.shares = 4000;
		sim_tasks[i].burst = MS;
		sim_tasks[i].sleep = 29 * MS;
	}
	for (unsigned i = 0; i < 41; i++) {
		sim_task_start(i);
		sim_settle();
		sim_run(MS);
	}
	run_checked(100 * MS, MS);
	uint64_t before = sim_received(0);
	run_checked(3000 * MS, MS);
	/* When it is the only one, or one of two, that is a ninth at least. */
	assert_true(sim_received(0) - before > 3000 * MS / 200);
}

/* A member that was queued with next to no weight, as its pool's heavy one wanted to run, has the
 * whole pool's as soon as that one sleeps. */
static void a_member_queued_beside_a_heavy_one(void **state)
{
	start(1, 12);
	group_init(&sim_groups[0], NULL);
	sim_task_prepare(0, &sim_groups[0])->entity.shares = 1;
	sim_task_prepare(1, &sim_groups[0])->entity.shares = SHARES_MAX;
	for (unsigned i = 2; i < 12; i++)
		sim_task_prepare(i, NULL)->entity.shares = 1000 + 17 * i;
	for (unsigned i = 12; i-- > 0;)
		sim_task_start(i);
	sim_settle();
	while (sim_running(0) != &sim_tasks[1])
		sim_run(MS);
	sim_wait(0, 1, SCHED_NEVER);
	sim_settle();
	assert_int_equal(sim_tasks[0].task.state, TASK_READY);
	run_checked(1500 * MS, MS);
	assert_in_range(sim_received(0), 100 * MS, 150 * MS);
}

static void settings_that_keep_changing(void **state)
{
	static const struct cpu_set only = {{1}};

	start(1, 6);
	start_all(6);
	for (unsigned i = 0; i < 3000; i++) {
		sched_set_affinity(&sim_sched, &sim_tasks[0].task, i % 2 ? &only : NULL, &shortage);
		sched_set_shares(&sim_sched, &sim_tasks[0].task, 1000 + i % 2);
		sim_settle();
		run_checked(MS, MS);
	}
	assert_near(sim_received(0), 500 * MS, 50);
}

/* A promise that is made anew gives no second budget for the same time. */
static void a_reservation_that_is_set_over_and_over(void **state)
{
	start(1, 4);
	start_all(4);
	for (unsigned i = 0; i < 500; i++) {
		assert_int_equal(sched_reserve(&sim_sched, &sim_tasks[0].task,
					 800000 + i % 2 * 1000, &shortage),
			VMK_OK);
		sim_settle();
		run_checked(4 * MS, MS);
	}
	assert_near(sim_received(0), 1600 * MS, 15);
	/* And two that take it in turns have no more than one. */
	uint64_t before = sim_received(0) + sim_received(1);
	for (unsigned i = 0; i < 200; i++) {
		sched_reserve(&sim_sched, &sim_tasks[i % 2].task, 0, &shortage);
		sched_reserve(&sim_sched, &sim_tasks[1 - i % 2].task, 800000, &shortage);
		sim_settle();
		run_checked(9 * MS, MS);
	}
	assert_true(sim_received(0) + sim_received(1) - before < 1800 * MS * 85 / 100);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_stream_of_heavy_short_lives),
		cmocka_unit_test(a_crowd_of_heavy_sleepers),
		cmocka_unit_test(a_member_queued_beside_a_heavy_one),
		cmocka_unit_test(settings_that_keep_changing),
		cmocka_unit_test(a_reservation_that_is_set_over_and_over),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
