/* sources: kernel/sched/queue.c kernel/sched/turns.c kernel/sched/fair.c */
/* sources: kernel/sched/reserve.c kernel/sched/limit.c kernel/sched/group.c kernel/sched/runq.c */
/* sources: kernel/sched/sched.c kernel/sched/settings.c kernel/sched/event.c */
/* sources: kernel/sched/service.c kernel/sched/lend.c */
/* sources: kernel/sched/invariants.c kernel/sched/invariants_watch.c kernel/lib/lock.c */
/* sources: kernel/sched/turns_check.c kernel/sched/invariants_queue.c */
/* sources: kernel/sched/invariants_groups.c */
/* sources: kernel/replay/sched_sim.c tests/unit/shim/sched_space.c */
/* sources: tests/unit/shim/panic.c */
/* Each invariant is seen to fail on a scheduler that was made to break it, and to hold before. */
#include "sched/limit.h"
#include "sched/turns_node.h"
#include "tests/unit/shim/panic.h"
#include "tests/unit/shim/sched_test.h"
#include <string.h>

static struct violation found;

static void assert_broken(bool holds, enum sched_invariant invariant)
{
	assert_false(holds);
	assert_int_equal(found.invariant, invariant);
	assert_non_null(strstr(sched_invariant_name(found.invariant), "I"));
	assert_non_null(found.what);
}

/* The first of the state's checks to fail is this one. */
static void assert_state_breaks(enum sched_invariant invariant)
{
	assert_broken(sim_holds(&found), invariant);
}

static struct task *first_ready(void)
{
	for (unsigned i = 0; i < 16; i++) {
		if (sim_tasks[i].started && sim_tasks[i].task.state == TASK_READY)
			return &sim_tasks[i].task;
	}
	return NULL;
}

/* --- I1, I2, I4, I13, I15: bookkeeping */

static void a_queue_that_loses_a_task(void **state)
{
	start_checked(1, 3);
	fair_unqueue(&sim_cpus[0].runq.fair, first_ready());
	assert_state_breaks(SCHED_I1);
}

static void a_wake_that_queues_who_waits(void **state)
{
	start_checked(1, 3);
	assert_true(sim_wait(0, 1, SCHED_NEVER));
	sim_settle();
	fair_queue(&sim_cpus[0].runq.fair, &sim_tasks[0].task);
	assert_state_breaks(SCHED_I1);
}

static void a_wait_that_leaves_it_to_be_fetched(void **state)
{
	start_checked(1, 3);
	assert_true(sim_wait(0, 1, SCHED_NEVER));
	sim_settle();
	runq_file(&sim_cpus[0].runq, &sim_tasks[0].task);
	assert_state_breaks(SCHED_I1);
}

static void a_fetch_that_forgets_to_take(void **state)
{
	struct sched_view view;

	start_checked(2, 2);
	sim_cpus[1].runq.current = sim_cpus[0].runq.current;
	view = sim_view();
	assert_broken(sched_check_all(&view, &found), SCHED_I2);
}

static void a_wake_that_only_takes_note(void **state)
{
	start_checked(1, 2);
	assert_true(sim_wait(0, 1, SCHED_NEVER));
	sim_settle();
	sim_check();
	for (unsigned i = 0; i < 2; i++)
		sim_tasks[i].task.woken = true;
	assert_state_breaks(SCHED_I4);
}

static void a_wake_that_kicks_nobody(void **state)
{
	start_checked(1, 0);
	sim_task_start(0);
	sim_kicked[0] = false;
	assert_state_breaks(SCHED_I4);
}

static void an_account_that_rounds(void **state)
{
	struct sched_view view;

	start_checked(1, 2);
	first_ready()->times[TASK_READY]--;
	assert_state_breaks(SCHED_I13);
	start_checked(2, 1);
	view = sim_view();
	sim_cpus[1].idle.times[TASK_RUNNING] += 7;
	assert_true(sched_check_all(&view, &found));
	assert_state_breaks(SCHED_I13);
}

static void an_affinity_that_only_counts_at_the_next_wake(void **state)
{
	static const struct cpu_set none = {{8}};

	start_checked(2, 4);
	first_ready()->affinity = &none;
	assert_state_breaks(SCHED_I15);
}

/* --- I3: work conservation */

static void drop_kicks(void)
{
	sim_kicked[1] = false;
	sim_cpus[1].halted = true;
}

static void an_idle_cpu_that_nobody_tells(void **state)
{
	start_checked(2, 4);
	while (sim_running(1)) {
		sim_exit(1);
		drop_kicks();
	}
	/* Its own way to work is cut as well. */
	for (unsigned i = 0; i < 100; i++) {
		sim_advance(MS);
		drop_kicks();
		sim_step(0);
		if (!sim_watch(&found)) {
			assert_int_equal(found.invariant, SCHED_I3);
			return;
		}
	}
	fail();
}

/* Work that is done between two looks, and waits at both, has not waited all the time. */
static void an_idle_cpu_whose_work_was_done_meanwhile(void **state)
{
	static const struct cpu_set others = {{14}};
	struct shortage unused;

	sim_start((struct sim_config){.cpus = 4, .tasks = 16, .threads = 2, .nodes = 2});
	sim_task_prepare(1, NULL);
	sim_tasks[1].burst = 7 * MS / 4;
	sim_tasks[1].sleep = 4 * MS;
	for (unsigned i = 0; i < 2; i++) {
		sim_task_start(i);
		sim_settle();
	}
	sched_reserve(&sim_sched, &sim_tasks[1].task, 476000, &unused);
	sim_run(8185 * MS / 1000);
	sched_set_affinity(&sim_sched, &sim_tasks[0].task, &others, &unused);
	sim_settle();
	sim_check_timely();
	for (unsigned i = 0; i < 20; i++) {
		sim_run(4320 * MS / 1000);
		sim_check_timely();
		sim_run(16709 * MS / 1000);
		sim_check_timely();
	}
}

/* --- I5, I6, I7, I12, I14: the share class */

static void a_charge_that_forgets_the_sum(void **state)
{
	struct sched_view view;

	start_checked(1, 3);
	sim_cpus[0].runq.current->vtime += 1000000000;
	view = sim_view();
	assert_broken(sched_check_sums(&view, &found), SCHED_I5);
	assert_state_breaks(SCHED_I14);
}

static void a_lag_that_nobody_bounds(void **state)
{
	struct sched_view view;
	struct task *task, *current;
	uint64_t step = 100ull * SCHED_SLICE_NS << 10;

	start_checked(1, 2);
	task = first_ready();
	current = sim_cpus[0].runq.current;
	fair_unqueue(&sim_cpus[0].runq.fair, task);
	task->vtime -= step;
	task->deadline -= step;
	current->vtime += step;
	fair_queue(&sim_cpus[0].runq.fair, task);
	view = sim_view();
	assert_true(sched_check_sums(&view, &found));
	assert_broken(sched_check_lag(&view, &found), SCHED_I5);
}

static void a_deadline_that_moves_under_its_key(void **state)
{
	struct sched_view view;
	struct task *task;

	start_checked(1, 8);
	task = (struct task *)(uintptr_t)sched_reference_pick(&sim_cpus[0].runq, sim_now);
	assert_non_null(task);
	task->deadline += 1ull << 40;
	view = sim_view();
	assert_broken(sched_check_pick(&view, &found), SCHED_I6);
}

static void a_pick_that_finds_nobody(void **state)
{
	struct sched_view view;

	start_checked(1, 0);
	sim_task_start(0);
	view = sim_view();
	assert_true(sched_check_pick(&view, &found));
	sim_cpus[0].runq.fair.turns.root = NULL;
	assert_broken(sched_check_pick(&view, &found), SCHED_I7);
}

static int64_t lag_of(const struct task *task)
{
	return fair_lag(&sim_cpus[task->cpu].runq.fair, task);
}

static void a_migration_that_carries_virtual_time(void **state)
{
	struct fair *to = &sim_cpus[1].runq.fair;
	struct task *task;
	uint64_t vtime;
	int64_t before;

	start_checked(2, 7);
	sim_run(1234567);
	task = first_ready();
	assert_int_equal(task->cpu, 0);
	to->zero += 1ull << 44;
	for (unsigned i = 0; i < 16; i++) {
		if (sim_tasks[i].task.cpu != 1 || !sim_tasks[i].task.joined)
			continue;
		sim_tasks[i].task.vtime += 1ull << 44;
	}
	runq_charge(&sim_cpus[0].runq, sim_now);
	before = lag_of(task);
	vtime = task->vtime;
	runq_take(&sim_cpus[0].runq, task);
	runq_add(&sim_cpus[1].runq, task, sim_now);
	assert_true(sched_check_lag_kept(before, lag_of(task), &found));
	fair_unqueue(to, task);
	to->sum += (int64_t)(vtime - task->vtime) * task->weight;
	task->vtime = vtime;
	assert_broken(sched_check_lag_kept(before, lag_of(task), &found), SCHED_I12);
}

static void a_reweight_that_keeps_virtual_time(void **state)
{
	struct fair *fair = &sim_cpus[0].runq.fair;
	struct task *task;
	int64_t before;

	start_checked(1, 5);
	do {
		sim_run(345678);
		runq_charge(&sim_cpus[0].runq, sim_now);
		task = sim_cpus[0].runq.current;
		before = fair_lag(fair, task);
	} while (before >= -100000);
	fair_reweight(fair, task, task->weight * 3);
	assert_true(sched_check_lag_kept(before, fair_lag(fair, task), &found));
	sim_check();
	fair_reweight(fair, task, 17);
	assert_true(sched_check_lag_kept(before, fair_lag(fair, task), &found));
	sim_check();
	before = fair_lag(fair, task);
	fair->load += task->weight * 99ull;
	fair->sum += (int64_t)(task->vtime - fair->zero) * task->weight * 99;
	fair_set_weight(task, task->weight * 100);
	assert_broken(sched_check_lag_kept(before, fair_lag(fair, task), &found), SCHED_I12);
}

static void a_load_that_forgets_who_left(void **state)
{
	start_checked(1, 3);
	sim_cpus[0].runq.fair.load += 1;
	assert_state_breaks(SCHED_I14);
}

static void a_turn_out_of_order(void **state)
{
	struct turns_node *leaf;
	uint64_t first;

	start_checked(1, 12);
	leaf = first_ready()->turn.leaf;
	first = turns_key(leaf, 0);
	leaf->keys[turns_slot(leaf, 0)] = turns_key(leaf, leaf->count - 1u) + 1;
	assert_state_breaks(SCHED_I14);
	leaf->keys[turns_slot(leaf, 0)] = first;
	sim_check();
}

/* One slot has two places, so that another has none. */
static void a_slot_twice(void **state)
{
	struct turns_node *leaf;
	uint64_t order;

	start_checked(1, 12);
	leaf = first_ready()->turn.leaf;
	order = leaf->order;
	for (unsigned lost = 0; lost < TURNS_WIDTH; lost++) {
		const unsigned place = turns_place(leaf, lost);
		const uint64_t twice = (lost + 1) % TURNS_WIDTH;

		leaf->order ^= (lost ^ twice) << TURNS_PLACE_BITS * place;
		assert_state_breaks(SCHED_I14);
		leaf->order = order;
	}
	sim_check();
}

static void a_request_that_nothing_follows(void **state)
{
	struct task *current;

	start_checked(1, 12);
	current = sim_cpus[0].runq.current;
	current->deadline = current->vtime;
	assert_state_breaks(SCHED_I14);
	current->deadline = current->vtime + (1ull << 60) / current->weight;
	assert_state_breaks(SCHED_I14);
}

static void a_least_that_nobody_refreshed(void **state)
{
	struct turns_node *root;

	start(1, 40);
	start_all(40);
	root = sim_cpus[0].runq.fair.turns.root;
	assert_false(root->leaf);
	root->least[turns_slot(root, 1)] += 1;
	assert_state_breaks(SCHED_I14);
}

/* Three who wait until different times. */
static struct queue *timers(void)
{
	start_checked(1, 12);
	for (unsigned i = 1; i <= 3; i++) {
		sim_wait(0, 0, sim_now + i * MS);
		sim_settle();
	}
	sim_check();
	assert_non_null(sim_cpus[0].runq.timers.root->left);
	return &sim_cpus[0].runq.timers;
}

static void a_queue_out_of_order(void **state)
{
	struct queue_node *root = timers()->root;

	root->key = root->left->key + 1;
	assert_state_breaks(SCHED_I14);
}

static void a_rank_that_was_not_settled(void **state)
{
	timers()->root->rank += 1;
	assert_state_breaks(SCHED_I14);
}

/* Four with reservations, of whom one runs; who is first in line. */
static struct task *claims(void)
{
	struct shortage unused;

	start_checked(1, 4);
	for (unsigned i = 0; i < 4; i++)
		sched_reserve(&sim_sched, &sim_tasks[i].task, 100000, &unused);
	sim_run(100 * MS);
	sim_check();
	assert_false(list_empty(&sim_cpus[0].runq.reserve.line));
	return list_entry(sim_cpus[0].runq.reserve.line.next, struct task, in_line);
}

static void a_claim_that_nobody_follows(void **state)
{
	struct task *first = claims();
	struct reserve *reserve = &sim_cpus[0].runq.reserve;
	reserve_unqueue(reserve, first);
	assert_state_breaks(SCHED_I14);
	reserve_queue(reserve, first);
	sim_check();
	first->claim.key += 1;
	assert_state_breaks(SCHED_I14);
	first->claim.key -= 1;
	sim_check();
	/* Who runs has no claim. */
	reserve_queue(reserve, sim_cpus[0].runq.current);
	assert_state_breaks(SCHED_I14);
}

static void claims_out_of_order(void **state)
{
	struct task *first = claims();

	first->period_end += 1000 * MS;
	first->claim.key = reserve_start(first);
	assert_state_breaks(SCHED_I14);
}

static void a_group_that_forgets_who_sleeps(void **state)
{
	start(1, 16);
	group_init(&sim_groups[0], NULL);
	sim_task_prepare(0, &sim_groups[0]);
	sim_task_start(0);
	sim_settle();
	sim_check();
	sim_tasks[0].task.entity.counted = 0;
	assert_state_breaks(SCHED_I14);
}

/* --- I9, of each vCPU of a VM */

static void start_vm(void)
{
	start(1, 16);
	group_init(&sim_groups[0], NULL);
	sim_groups[0].costart = true;
	for (unsigned i = 0; i < 2; i++) {
		sim_task_prepare(i, &sim_groups[0]);
		sim_task_start(i);
	}
	sim_settle();
	sim_run(50 * MS);
	sim_check();
	sim_check_timely();
}

static void a_vcpu_that_is_limited_otherwise(void **state)
{
	struct sched_view view;

	start_vm();
	assert_int_equal(sched_limit_members(&sim_sched, &sim_groups[0], 500000), VMK_OK);
	sim_check();
	view = sim_view();
	sim_tasks[1].task.entity.limit.rate = 400000;
	assert_broken(sched_check_groups(&view, sim_groups, SIM_GROUPS, &found), SCHED_I9);
	sim_tasks[1].task.entity.limit.rate = 0;
	assert_broken(sched_check_groups(&view, sim_groups, SIM_GROUPS, &found), SCHED_I9);
}

/* --- I16 */

static void assert_promises_break(void)
{
	struct sched_view view = sim_view();

	assert_broken(sched_check_groups(&view, sim_groups, SIM_GROUPS, &found), SCHED_I16);
}

static void promises_that_are_nobodys(void **state)
{
	struct shortage unused;
	struct sched_view view;

	start_checked(2, 0);
	group_init(&sim_groups[0], NULL);
	sim_groups[0].expandable = true;
	sim_task_prepare(0, &sim_groups[0]);
	sim_task_start(0);
	sim_settle();
	assert_int_equal(sched_reserve_group(&sim_sched, &sim_groups[0], 100000, &unused), VMK_OK);
	assert_int_equal(sched_reserve(&sim_sched, &sim_tasks[0].task, 300000, &unused), VMK_OK);
	assert_int_equal(sim_groups[0].borrowed, 200000);
	sim_check();
	sim_groups[0].active += 1;
	view = sim_view();
	assert_broken(sched_check_groups(&view, sim_groups, SIM_GROUPS, &found), SCHED_I14);
	sim_groups[0].active -= 1;
	sim_sched.promised -= 1;
	assert_promises_break();
	sim_sched.promised += 1;
	sim_groups[0].promised -= 1;
	assert_promises_break();
	sim_groups[0].promised += 1;
	sim_groups[0].expandable = false;
	assert_promises_break();
	sim_groups[0].expandable = true;
	sim_cpus[sim_tasks[0].task.pinned].runq.promised += 1;
	assert_promises_break();
	sim_cpus[sim_tasks[0].task.pinned].runq.promised -= 1;
	sim_check();
}

/* --- I10: co-scheduling */

static void a_leader_that_is_not_stopped(void **state)
{
	struct sched_view view;
	struct task *task;

	start_vm();
	task = sim_cpus[0].runq.current;
	__atomic_store_n(&task->progress, task->progress + 10 * MS, __ATOMIC_RELAXED);
	view = sim_view();
	assert_broken(sched_check_step(&view, &found), SCHED_I10);
}

static void a_vm_of_which_all_stop(void **state)
{
	struct sched_view view;

	start_vm();
	for (unsigned i = 0; i < 2; i++) {
		sim_tasks[i].task.state = TASK_COSTOP;
		sim_tasks[i].task.until = sim_now - 1;
	}
	view = sim_view();
	assert_broken(sched_check_step(&view, &found), SCHED_I10);
}

static void broken_lock_order_panics(void **state)
{
	start_checked(1, 1);
	if (!setjmp(panic_trap)) {
		panic_trapped = true;
		spin_lock(&sim_cpus[0].runq.lock);
		spin_lock(&sim_sched.config);
		fail();
	}
	panic_trapped = false;
	assert_non_null(strstr(panic_text, "lock order"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_queue_that_loses_a_task),
		cmocka_unit_test(a_wake_that_queues_who_waits),
		cmocka_unit_test(a_wait_that_leaves_it_to_be_fetched),
		cmocka_unit_test(a_fetch_that_forgets_to_take),
		cmocka_unit_test(a_wake_that_only_takes_note),
		cmocka_unit_test(a_wake_that_kicks_nobody),
		cmocka_unit_test(an_account_that_rounds),
		cmocka_unit_test(an_affinity_that_only_counts_at_the_next_wake),
		cmocka_unit_test(an_idle_cpu_that_nobody_tells),
		cmocka_unit_test(an_idle_cpu_whose_work_was_done_meanwhile),
		cmocka_unit_test(a_charge_that_forgets_the_sum),
		cmocka_unit_test(a_lag_that_nobody_bounds),
		cmocka_unit_test(a_deadline_that_moves_under_its_key),
		cmocka_unit_test(a_pick_that_finds_nobody),
		cmocka_unit_test(a_migration_that_carries_virtual_time),
		cmocka_unit_test(a_reweight_that_keeps_virtual_time),
		cmocka_unit_test(a_load_that_forgets_who_left),
		cmocka_unit_test(a_turn_out_of_order),
		cmocka_unit_test(a_slot_twice),
		cmocka_unit_test(a_request_that_nothing_follows),
		cmocka_unit_test(a_least_that_nobody_refreshed),
		cmocka_unit_test(a_queue_out_of_order),
		cmocka_unit_test(a_rank_that_was_not_settled),
		cmocka_unit_test(a_claim_that_nobody_follows),
		cmocka_unit_test(claims_out_of_order),
		cmocka_unit_test(a_group_that_forgets_who_sleeps),
		cmocka_unit_test(a_vcpu_that_is_limited_otherwise),
		cmocka_unit_test(promises_that_are_nobodys),
		cmocka_unit_test(a_leader_that_is_not_stopped),
		cmocka_unit_test(a_vm_of_which_all_stop),
		cmocka_unit_test(broken_lock_order_panics),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
