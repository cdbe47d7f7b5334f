/* sources: kernel/sched/queue.c kernel/sched/turns.c kernel/sched/fair.c */
/* sources: kernel/sched/reserve.c kernel/sched/limit.c kernel/sched/group.c kernel/sched/runq.c */
/* sources: kernel/sched/sched.c kernel/sched/settings.c kernel/sched/event.c */
/* sources: kernel/sched/service.c kernel/sched/lend.c */
/* sources: kernel/sched/invariants.c kernel/sched/invariants_watch.c kernel/lib/lock.c */
/* sources: kernel/sched/turns_check.c kernel/sched/invariants_queue.c */
/* sources: kernel/sched/invariants_groups.c */
/* sources: kernel/replay/sched_sim.c tests/unit/shim/sched_space.c */
/* sources: tests/unit/shim/panic.c */
/* What only shows over time is seen to fail on a scheduler that was made to break it: I8, I9, I11,
 * and requests. */
#include "sched/limit.h"
#include "tests/unit/shim/sched_test.h"

static struct violation found;

/* Step by step with a defect, until the watch sees it. */
static void assert_watch_breaks(void (*defect)(void), enum sched_invariant invariant)
{
	for (unsigned i = 0; i < 4000; i++) {
		sim_run(MS / 2);
		defect();
		if (!sim_watch(&found)) {
			assert_int_equal(found.invariant, invariant);
			return;
		}
	}
	fail();
}

static void nothing(void)
{
}

static void reservations_that_nobody_admitted(void **state)
{
	start_checked(1, 3);
	for (unsigned i = 0; i < 2; i++) {
		sim_tasks[i].task.entity.reservation = 700000;
		sim_tasks[i].task.bounds = BOUND_RESERVED;
	}
	/* In no queue of claims until they are queued anew. */
	for (unsigned i = 0; i < 3; i++) {
		if (sim_tasks[i].task.state != TASK_READY)
			continue;
		runq_take(&sim_cpus[0].runq, &sim_tasks[i].task);
		runq_add(&sim_cpus[0].runq, &sim_tasks[i].task, sim_now);
	}
	assert_watch_breaks(nothing, SCHED_I8);
	assert_true(sim_tasks[0].task.shortfall + sim_tasks[1].task.shortfall > 0);
}

static void forget_limit(void)
{
	sim_tasks[0].task.entity.limit.tag = 0;
}

static void a_limit_whose_tag_is_lost(void **state)
{
	start_checked(1, 1);
	sched_set_limit(&sim_sched, &sim_tasks[0].task.entity, 500000);
	sim_settle();
	assert_watch_breaks(forget_limit, SCHED_I9);
}

static void requeue_first(void)
{
	struct task *task = &sim_tasks[0].task;

	if (task->state != TASK_READY)
		return;
	runq_take(&sim_cpus[0].runq, task);
	task->lag = -(int64_t)FAIR_LAG_NS;
	runq_add(&sim_cpus[0].runq, task, sim_now);
}

static void a_requeue_that_starves(void **state)
{
	start_checked(1, 3);
	assert_watch_breaks(requeue_first, SCHED_I11);
}

/* Deadlines of charges that saturate lie too near. */
static void shorten_requests(void)
{
	for (unsigned i = 0; i < 3; i++) {
		struct task *task = &sim_tasks[i].task;

		if (task->state == TASK_READY && task->request_over) {
			fair_unqueue(&sim_cpus[0].runq.fair, task);
			task->deadline = task->vtime + 1;
			fair_queue(&sim_cpus[0].runq.fair, task);
		}
	}
}

static void a_request_that_collapses(void **state)
{
	start_checked(1, 3);
	assert_watch_breaks(shorten_requests, SCHED_I14);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reservations_that_nobody_admitted),
		cmocka_unit_test(a_limit_whose_tag_is_lost),
		cmocka_unit_test(a_requeue_that_starves),
		cmocka_unit_test(a_request_that_collapses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
