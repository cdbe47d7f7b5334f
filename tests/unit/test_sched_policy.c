/* sources: kernel/sched/queue.c kernel/sched/turns.c kernel/sched/fair.c */
/* sources: kernel/sched/reserve.c kernel/sched/limit.c kernel/sched/group.c kernel/sched/runq.c */
/* sources: kernel/sched/sched.c kernel/sched/settings.c kernel/sched/event.c */
/* sources: kernel/sched/service.c kernel/sched/lend.c */
/* sources: kernel/sched/invariants.c kernel/sched/invariants_watch.c kernel/sched/stats.c */
/* sources: kernel/sched/turns_check.c kernel/sched/invariants_queue.c */
/* sources: kernel/sched/invariants_groups.c */
/* sources: kernel/lib/lock.c */
/* sources: kernel/replay/sched_sim.c tests/unit/shim/sched_space.c */
/* sources: tests/unit/shim/panic.c */
/* Who gets how much: shares, pools, reservations, limits, affinity, over simulated seconds. */
#include "sched/limit.h"
#include "sched/stats.h"
#include "tests/unit/shim/sched_test.h"

/* --- shares */

static void shares_divide_a_cpu_two_to_one(void **state)
{
	start(1, 2);
	sim_task_prepare(0, NULL)->entity.shares = 2000;
	start_all(2);
	run_checked(3000 * MS, MS);
	assert_near(sim_received(0), 2000 * MS, 5);
	assert_near(sim_received(1), 1000 * MS, 5);
}

static void shares_from_the_least_to_the_most_are_kept(void **state)
{
	start(1, 3);
	sim_task_prepare(0, NULL)->entity.shares = 1;
	sim_task_prepare(1, NULL)->entity.shares = 999;
	sim_task_prepare(2, NULL)->entity.shares = SHARES_MAX - 1000;
	start_all(3);
	run_checked(30000 * MS, 10 * MS);
	/* Of 1048576 shares 999 in 30 s are 28.6 ms; one request is what it may be off. */
	assert_in_range(sim_received(1), 28 * MS - SCHED_SLICE_NS, 29 * MS + SCHED_SLICE_NS);
	assert_true(sim_received(2) > 29900 * MS);
}

static void a_pools_members_divide_its_part(void **state)
{
	start(1, 4);
	group_init(&sim_groups[0], NULL);
	group_init(&sim_groups[1], NULL);
	group_init(&sim_groups[2], &sim_groups[1]);
	/* Three in one pool, one alone two levels down: half for each pool. */
	for (unsigned i = 0; i < 3; i++)
		sim_task_prepare(i, &sim_groups[0]);
	sim_task_prepare(3, &sim_groups[2]);
	start_all(4);
	run_checked(6000 * MS, MS);
	for (unsigned i = 0; i < 3; i++)
		assert_near(sim_received(i), 1000 * MS, 10);
	assert_near(sim_received(3), 3000 * MS, 10);
}

static void what_a_sleeping_member_leaves_goes_to_its_pool(void **state)
{
	start(1, 3);
	group_init(&sim_groups[0], NULL);
	sim_task_prepare(0, &sim_groups[0]);
	sim_task_prepare(1, &sim_groups[0]);
	start_all(3);
	while (sim_running(0) != &sim_tasks[1])
		sim_run(MS);
	sim_wait(0, 1, SCHED_NEVER);
	sim_settle();
	run_checked(10 * MS, MS);
	uint64_t one = sim_received(0), other = sim_received(2);
	run_checked(2000 * MS, MS);
	assert_near(sim_received(0) - one, 1000 * MS, 10);
	assert_near(sim_received(2) - other, 1000 * MS, 10);
	assert_int_equal(sim_groups[0].active, SHARES_NORMAL);
}

static void shares_may_change_while_running(void **state)
{
	start(1, 2);
	start_all(2);
	run_checked(1000 * MS, MS);
	sched_set_shares(&sim_sched, &sim_tasks[0].task, 3000);
	run_checked(50 * MS, MS);
	uint64_t before = sim_received(0);
	run_checked(4000 * MS, MS);
	assert_near(sim_received(0) - before, 3000 * MS, 10);
	/* Also of one that runs, and if its limit changes before it is looked at. */
	while (sim_cpus[0].runq.current != &sim_tasks[0].task)
		run_checked(MS, MS);
	sched_set_shares(&sim_sched, &sim_tasks[0].task, 1000);
	sched_set_limit(&sim_sched, &sim_tasks[0].task.entity, RATE_ONE);
	sched_set_limit(&sim_sched, &sim_tasks[0].task.entity, 0);
	before = sim_received(0);
	run_checked(4000 * MS, MS);
	assert_near(sim_received(0) - before, 2000 * MS, 10);
	/* The same for a pool that is busy. */
	start(1, 2);
	group_init(&sim_groups[0], NULL);
	group_init(&sim_groups[1], &sim_groups[0]);
	group_init(&sim_groups[2], &sim_groups[0]);
	sim_task_prepare(0, &sim_groups[1]);
	sim_task_prepare(1, &sim_groups[2]);
	start_all(2);
	run_checked(100 * MS, MS);
	group_set_shares(&sim_groups[1], 4000);
	assert_int_equal(sim_groups[0].active, 5000);
	run_checked(50 * MS, MS);
	before = sim_received(0);
	run_checked(5000 * MS, MS);
	assert_near(sim_received(0) - before, 4000 * MS, 10);
}

/* A change of shares between the two steps in which a task's start is counted, its group's and the
 * parent's: the second then finds nothing to count, and would not go on. */
static void shares_may_change_while_a_group_becomes_active(void **state)
{
	start(1, 1);
	group_init(&sim_groups[0], NULL);
	group_init(&sim_groups[1], &sim_groups[0]);
	group_init(&sim_groups[2], &sim_groups[1]);
	sim_groups[2].active = 1000;
	group_set_shares(&sim_groups[2], 3000);
	assert_int_equal(sim_groups[1].active, 3000);
	assert_int_equal(sim_groups[0].active, SHARES_NORMAL);
}

static void three_hogs_on_two_cpus_get_two_thirds_each(void **state)
{
	start(2, 3);
	start_all(3);
	run_checked(30000 * MS, 10 * MS);
	for (unsigned i = 0; i < 3; i++)
		assert_near(sim_received(i), 20000 * MS, 5);
}

static void a_latency_sensitive_world_runs_soon(void **state)
{
	start(1, 9);
	sched_set_latency(sim_task_prepare(0, NULL), true);
	sim_tasks[0].burst = 200000;
	sim_tasks[0].sleep = 7 * MS;
	start_all(9);
	run_checked(2000 * MS, MS);
	assert_true(sim_tasks[0].waits > 200);
	assert_true(sim_tasks[0].longest_wait <= MS);
}

/* --- reservations */

static void a_reservation_holds_against_any_load(void **state)
{
	start(1, 40);
	for (unsigned i = 1; i < 40; i++)
		sim_task_prepare(i, NULL)->entity.shares = SHARES_MAX / 2;
	sim_task_prepare(0, NULL);
	assert_int_equal(sched_reserve(&sim_sched, &sim_tasks[0].task, 500000, &shortage), VMK_OK);
	start_all(40);
	run_checked(2000 * MS, MS / 4);
	assert_near(sim_received(0), 1000 * MS, 20);
	assert_int_equal(sim_tasks[0].task.shortfall, 0);
}

static void a_reservation_below_its_share_changes_nothing(void **state)
{
	start(1, 2);
	sim_task_prepare(0, NULL);
	assert_int_equal(sched_reserve(&sim_sched, &sim_tasks[0].task, 200000, &shortage), VMK_OK);
	start_all(2);
	run_checked(4000 * MS, MS);
	assert_near(sim_received(0), 2000 * MS, 20);
}

/* Until it runs, and its request is not served yet. */
static struct task *run_in_place(unsigned cpus)
{
	struct task *task = &sim_tasks[0].task;

	start(cpus, 4);
	start_all(4);
	assert_int_equal(sched_reserve(&sim_sched, task, 300000, &shortage), VMK_OK);
	for (unsigned i = 0; i < 1000; i++) {
		run_checked(MS / 4, MS / 4);
		if (task->state == TASK_RUNNING && turn_queued(&task->turn))
			return task;
	}
	fail();
	return NULL;
}

/* Whatever happens to it there, it is in one place afterwards. */
static void who_runs_keeps_its_place(void **state)
{
	static const struct cpu_set sets[] = {{{1}}, {{2}}};
	struct task *task = run_in_place(1);
	const uint32_t weight = task->weight;

	sched_set_shares(&sim_sched, task, 3000);
	assert_int_equal(task->weight, weight);
	assert_true(turn_queued(&task->turn));
	sim_check();
	run_checked(50 * MS, MS);
	assert_int_equal(task->weight, 3 * weight);

	task = run_in_place(1);
	assert_int_equal(sched_reserve(&sim_sched, task, 0, &shortage), VMK_OK);
	assert_true(turn_queued(&task->turn));
	run_checked(50 * MS, MS);

	task = run_in_place(1);
	assert_int_equal(
		sched_set_limit(&sim_sched, &task->entity, task->entity.reservation), VMK_OK);
	sim_settle();
	run_checked(50 * MS, MS / 4);

	task = run_in_place(1);
	assert_true(sim_wait(0, 1, SCHED_NEVER));
	run_checked(50 * MS, MS);
	assert_int_equal(task->state, TASK_WAITING);
	assert_false(turn_queued(&task->turn));

	task = run_in_place(1);
	sim_exit(0);
	run_checked(50 * MS, MS);
	assert_false(turn_queued(&task->turn));

	task = run_in_place(2);
	assert_int_equal(
		sched_set_affinity(&sim_sched, task, &sets[!task->cpu], &shortage), VMK_OK);
	run_checked(50 * MS, MS);
	assert_true(cpu_set_has(task->affinity, task->cpu));
}

static void many_reservations_fill_a_cpu(void **state)
{
	start(1, 21);
	for (unsigned i = 0; i < 19; i++) {
		sim_task_prepare(i, NULL);
		assert_int_equal(
			sched_reserve(&sim_sched, &sim_tasks[i].task, 50000, &shortage), VMK_OK);
	}
	sim_task_prepare(20, NULL);
	assert_int_equal(
		sched_reserve(&sim_sched, &sim_tasks[20].task, 1, &shortage), VMK_NO_RESOURCES);
	start_all(21);
	run_checked(2000 * MS, MS);
	for (unsigned i = 0; i < 19; i++) {
		assert_int_equal(sim_tasks[i].task.shortfall, 0);
		assert_true(sim_received(i) >= 99 * MS);
	}
}

/* The pCPU that it comes to promised its time to others until the next period. */
static void a_promise_that_moves_begins_anew(void **state)
{
	static const struct cpu_set cpus[] = {{{1}}, {{2}}};

	start(2, 13);
	start_all(13);
	assert_int_equal(
		sched_reserve(&sim_sched, &sim_tasks[0].task, RATE_ONE / 2, &shortage), VMK_OK);
	for (unsigned i = 0; i < 40; i++) {
		assert_int_equal(
			sched_set_affinity(&sim_sched, &sim_tasks[0].task, &cpus[i % 2], &shortage),
			VMK_OK);
		sim_settle();
		run_checked(12 * MS, MS);
	}
}

static void a_refusal_says_where_and_how_much(void **state)
{
	start(2, 3);
	for (unsigned i = 0; i < 3; i++)
		sim_task_prepare(i, NULL);
	/* Three times 0.66 fit on two pCPUs as a sum, and on none as they are. */
	for (unsigned i = 0; i < 2; i++)
		assert_int_equal(
			sched_reserve(&sim_sched, &sim_tasks[i].task, 660000, &shortage), VMK_OK);
	assert_int_not_equal(sim_tasks[0].task.pinned, sim_tasks[1].task.pinned);
	assert_int_equal(
		sched_reserve(&sim_sched, &sim_tasks[2].task, 560000, &shortage), VMK_NO_RESOURCES);
	assert_null(shortage.group);
	assert_in_range(shortage.cpu, 0, 1);
	assert_int_equal(shortage.needed, 560000);
	assert_int_equal(shortage.available, ADMIT_CAPACITY - 660000);
	/* Given back, it can be had. */
	assert_int_equal(sched_reserve(&sim_sched, &sim_tasks[0].task, 0, &shortage), VMK_OK);
	assert_int_equal(sched_reserve(&sim_sched, &sim_tasks[2].task, 560000, &shortage), VMK_OK);
	assert_int_equal(sim_sched.promised, 1220000);
	assert_int_equal(
		sched_reserve(&sim_sched, &sim_tasks[2].task, 1000001, &shortage), VMK_BAD_PARAM);
}

static void pools_reserve_from_their_parents_if_they_may(void **state)
{
	struct group *pool = &sim_groups[0], *child = &sim_groups[1];

	start(2, 2);
	group_init(pool, NULL);
	group_init(child, pool);
	sim_task_prepare(0, child);
	assert_int_equal(sched_reserve_group(&sim_sched, pool, 800000, &shortage), VMK_OK);
	assert_int_equal(sched_reserve_group(&sim_sched, child, 300000, &shortage), VMK_OK);
	assert_int_equal(pool->promised, 300000);
	assert_int_equal(
		sched_reserve(&sim_sched, &sim_tasks[0].task, 500000, &shortage), VMK_NO_RESOURCES);
	assert_ptr_equal(shortage.group, child);
	assert_int_equal(shortage.needed, 500000);
	assert_int_equal(shortage.available, 300000);
	child->expandable = true;
	assert_int_equal(sched_reserve(&sim_sched, &sim_tasks[0].task, 500000, &shortage), VMK_OK);
	assert_int_equal(child->borrowed, 200000);
	assert_int_equal(pool->promised, 500000);
	assert_int_equal(
		sched_reserve(&sim_sched, &sim_tasks[0].task, 900000, &shortage), VMK_NO_RESOURCES);
	assert_ptr_equal(shortage.group, pool);
	assert_int_equal(shortage.available, 300000);
	assert_int_equal(child->borrowed, 200000);
	assert_int_equal(
		sched_reserve_group(&sim_sched, child, 100000, &shortage), VMK_NO_RESOURCES);
	assert_int_equal(sched_reserve(&sim_sched, &sim_tasks[0].task, 0, &shortage), VMK_OK);
	assert_int_equal(child->borrowed, 0);
	assert_int_equal(pool->promised, 300000);
	assert_int_equal(sched_reserve_group(&sim_sched, child, 0, &shortage), VMK_OK);
	assert_int_equal(sched_set_limit(&sim_sched, &child->entity, 200000), VMK_OK);
	assert_int_equal(sched_reserve_group(&sim_sched, child, 200001, &shortage), VMK_BAD_PARAM);
	assert_int_equal(sched_reserve_group(&sim_sched, pool, 0, &shortage), VMK_OK);
	assert_int_equal(sim_sched.promised, 0);
}

/* --- limits */

static void a_limit_holds_on_an_idle_cpu(void **state)
{
	start(1, 1);
	sim_task_prepare(0, NULL)->entity.limit.rate = 300000;
	start_all(1);
	run_checked(2000 * MS, MS / 4);
	assert_near(sim_received(0), 600 * MS, 10);
	assert_true(sim_tasks[0].task.times[TASK_PARKED] > 1350 * MS);
}

static void a_pools_limit_is_for_all_of_it_together(void **state)
{
	uint64_t sum = 0;

	start(4, 6);
	group_init(&sim_groups[0], NULL);
	group_init(&sim_groups[1], &sim_groups[0]);
	sim_groups[0].entity.limit.rate = 1500000;
	for (unsigned i = 0; i < 6; i++)
		sim_task_prepare(i, &sim_groups[1]);
	start_all(6);
	for (unsigned i = 0; i < 2000; i++) {
		run_checked(MS, MS / 2);
		sum = 0;
		for (unsigned k = 0; k < 6; k++)
			sum += sim_received(k);
		assert_true(sum <= (i + 1) * MS * 3 / 2 + LIMIT_QUANTUM_NS * 3 / 2 + MS / 5);
	}
	assert_near(sum, 3000 * MS, 10);
	for (unsigned k = 0; k < 6; k++)
		assert_near(sim_received(k), 500 * MS, 100);
}

static void a_limit_set_on_a_running_world_counts_at_once(void **state)
{
	start(1, 1);
	start_all(1);
	sim_run(1000 * MS);
	assert_int_equal(sim_armed[0], SCHED_NEVER);
	assert_int_equal(sched_set_limit(&sim_sched, &sim_tasks[0].task.entity, 100000), VMK_OK);
	sim_settle();
	run_checked(1000 * MS, MS);
	assert_near(sim_received(0), 1100 * MS, 10);
	assert_int_equal(
		sched_reserve(&sim_sched, &sim_tasks[0].task, 100001, &shortage), VMK_BAD_PARAM);
	sched_set_limit(&sim_sched, &sim_tasks[0].task.entity, 0);
	run_checked(100 * MS, MS);
	assert_true(sim_received(0) > 1180 * MS);
}

static void a_reserved_and_limited_world_gets_what_is_between(void **state)
{
	start(1, 6);
	sim_task_prepare(0, NULL)->entity.limit.rate = 400000;
	assert_int_equal(sched_reserve(&sim_sched, &sim_tasks[0].task, 300000, &shortage), VMK_OK);
	start_all(6);
	run_checked(3000 * MS, MS);
	assert_in_range(sim_received(0), 880 * MS, 1205 * MS);
}

/* --- affinity */

static void affinity_is_obeyed_and_may_change(void **state)
{
	static const struct cpu_set only1 = {{2}}, only2 = {{4}}, both = {{6}};

	start(4, 6);
	for (unsigned i = 0; i < 6; i++) {
		sim_task_prepare(i, NULL);
		sched_set_affinity(
			&sim_sched, &sim_tasks[i].task, i < 3 ? &only1 : &both, &shortage);
	}
	start_all(6);
	run_checked(1000 * MS, MS);
	for (unsigned i = 0; i < 3; i++)
		assert_int_equal(sim_tasks[i].task.cpu, 1);
	assert_true(sim_cpus[0].runq.is_idle);
	for (unsigned i = 0; i < 6; i++)
		sched_set_affinity(&sim_sched, &sim_tasks[i].task, &only2, &shortage);
	sim_settle();
	sim_check();
	for (unsigned i = 0; i < 6; i++)
		assert_int_equal(sim_tasks[i].task.cpu, 2);
	/* A reservation must fit where the affinity points. */
	assert_int_equal(sched_reserve(&sim_sched, &sim_tasks[0].task, 900000, &shortage), VMK_OK);
	assert_int_equal(
		sched_reserve(&sim_sched, &sim_tasks[1].task, 100000, &shortage), VMK_NO_RESOURCES);
	assert_int_equal(shortage.cpu, 2);
	assert_int_equal(
		sched_set_affinity(&sim_sched, &sim_tasks[1].task, NULL, &shortage), VMK_OK);
	assert_int_equal(sched_reserve(&sim_sched, &sim_tasks[1].task, 100000, &shortage), VMK_OK);
	assert_int_equal(sched_set_affinity(&sim_sched, &sim_tasks[1].task, &only2, &shortage),
		VMK_NO_RESOURCES);
	sim_settle();
	run_checked(500 * MS, MS);
}

/* Who has been on a CPU longest, and cannot leave it for a lighter one, keeps nobody else there. */
static void the_load_is_evened_behind_who_cannot_move(void **state)
{
	static const struct cpu_set first = {{1}}, second = {{2}}, third = {{4}}, two = {{3}};

	start(3, 13);
	for (unsigned i = 0; i < 13; i++) {
		sim_task_prepare(i, NULL);
		sched_set_affinity(&sim_sched, &sim_tasks[i].task,
			i < 6    ? &first
			: i < 12 ? &second
				 : &third,
			&shortage);
	}
	start_all(13);
	for (unsigned i = 0; i < 6; i++)
		sched_set_affinity(&sim_sched, &sim_tasks[i].task, i < 3 ? &two : NULL, &shortage);
	run_checked(1000 * MS, MS);
	assert_int_equal(sim_cpus[1].runq.fair.joined, 6);
	assert_in_range(sim_cpus[2].runq.fair.joined, 3, 4);
}

/* --- what is told of it */

static void columns_add_up_to_the_whole(void **state)
{
	struct sched_sample before[4], after[4];
	struct sched_columns columns;

	start(1, 4);
	group_init(&sim_groups[0], NULL);
	sim_groups[0].costart = true;
	sim_task_prepare(0, &sim_groups[0]);
	sim_task_prepare(1, &sim_groups[0]);
	sim_task_prepare(2, NULL)->entity.limit.rate = 100000;
	sim_task_prepare(3, NULL)->waits_for = SCHED_WAIT_WORK;
	sim_tasks[3].burst = MS;
	sim_tasks[3].sleep = 3 * MS;
	start_all(4);
	run_checked(100 * MS, MS);
	for (unsigned i = 0; i < 4; i++)
		sched_sample(&sim_tasks[i].task, sim_now, &before[i]);
	run_checked(1000 * MS, MS);
	for (unsigned i = 0; i < 4; i++) {
		uint64_t whole = 0;

		sched_sample(&sim_tasks[i].task, sim_now, &after[i]);
		whole = after[i].run + after[i].ready + after[i].parked + after[i].costop +
			after[i].wait;
		assert_int_equal(whole, sim_now - sim_tasks[i].task.born);
		sched_columns(&before[i], &after[i], &columns);
		assert_in_range(
			columns.run + columns.ready + columns.costop + columns.wait, 9995, 10000);
		assert_true(columns.mlmtd <= columns.ready && columns.idle <= columns.wait);
		assert_int_equal(columns.used, columns.run);
		assert_true(columns.switches > 0);
	}
	assert_in_range(columns.wait, 4000, 7500);
	assert_int_equal(columns.idle, columns.wait);
	sched_columns(&before[2], &after[2], &columns);
	assert_in_range(columns.run, 950, 1010);
	assert_true(columns.mlmtd > 5000);
	sched_columns(&before[0], &after[0], &columns);
	assert_int_equal(columns.wait + columns.mlmtd, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(shares_divide_a_cpu_two_to_one),
		cmocka_unit_test(shares_from_the_least_to_the_most_are_kept),
		cmocka_unit_test(a_pools_members_divide_its_part),
		cmocka_unit_test(what_a_sleeping_member_leaves_goes_to_its_pool),
		cmocka_unit_test(shares_may_change_while_running),
		cmocka_unit_test(shares_may_change_while_a_group_becomes_active),
		cmocka_unit_test(three_hogs_on_two_cpus_get_two_thirds_each),
		cmocka_unit_test(a_latency_sensitive_world_runs_soon),
		cmocka_unit_test(a_reservation_holds_against_any_load),
		cmocka_unit_test(a_reservation_below_its_share_changes_nothing),
		cmocka_unit_test(who_runs_keeps_its_place),
		cmocka_unit_test(many_reservations_fill_a_cpu),
		cmocka_unit_test(a_promise_that_moves_begins_anew),
		cmocka_unit_test(a_refusal_says_where_and_how_much),
		cmocka_unit_test(pools_reserve_from_their_parents_if_they_may),
		cmocka_unit_test(a_limit_holds_on_an_idle_cpu),
		cmocka_unit_test(a_pools_limit_is_for_all_of_it_together),
		cmocka_unit_test(a_limit_set_on_a_running_world_counts_at_once),
		cmocka_unit_test(a_reserved_and_limited_world_gets_what_is_between),
		cmocka_unit_test(affinity_is_obeyed_and_may_change),
		cmocka_unit_test(the_load_is_evened_behind_who_cannot_move),
		cmocka_unit_test(columns_add_up_to_the_whole),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
