/* sources: kernel/sched/queue.c kernel/sched/turns.c kernel/sched/fair.c */
/* sources: kernel/sched/reserve.c kernel/sched/limit.c kernel/sched/group.c kernel/sched/runq.c */
/* sources: kernel/sched/sched.c kernel/sched/settings.c kernel/sched/event.c */
/* sources: kernel/sched/invariants.c kernel/sched/invariants_watch.c kernel/sched/stats.c */
/* sources: kernel/sched/turns_check.c kernel/sched/invariants_queue.c */
/* sources: kernel/sched/invariants_groups.c */
/* sources: kernel/sched/service.c kernel/sched/lend.c kernel/lib/lock.c */
/* sources: kernel/replay/sched_sim.c tests/unit/shim/sched_space.c */
/* sources: tests/unit/shim/panic.c */
/* A task in another's place: who runs, who pays, and that nobody is lost on the way. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "sched/stats.h"
#include "replay/sched_sim.h"

enum { ASKS, ANSWERS };
#define ASKING    (&sim_tasks[ASKS].task)
#define ANSWERING (&sim_tasks[ANSWERS].task)

_Noreturn void sim_fail(const char *what)
{
	fprintf(stderr, "sched: %s\n", what);
	abort();
}

/* The answering task waits for event 0, and the other one runs on CPU 0. */
static void start(unsigned cpus)
{
	sim_start((struct sim_config){.cpus = cpus, .tasks = 4});
	sim_task_start(ANSWERS);
	sim_settle();
	assert_true(sim_wait(ANSWERING->cpu, 1, SCHED_NEVER));
	sim_settle();
	assert_int_equal(ANSWERING->state, TASK_WAITING);
	sim_task_start(ASKS);
	sim_settle();
	assert_ptr_equal(sim_cpus[ASKING->cpu].runq.current, ASKING);
}

static void finish(const struct sched_switch *s)
{
	assert_null(sched_finish_switch(&sim_sched, ASKING->cpu, s->saved));
	sim_check();
}

static void lend(void)
{
	struct sched_switch s;

	assert_true(sched_lend(&sim_sched, ASKING->cpu, ANSWERING, &s));
	assert_ptr_equal(s.from, ASKING);
	assert_ptr_equal(s.to, ANSWERING);
	finish(&s);
	assert_int_equal(ANSWERING->state, TASK_LENT);
	assert_ptr_equal(sim_cpus[ASKING->cpu].runq.current, ASKING);
}

static void the_lender_pays(void **state)
{
	struct sched_sample asks, answers;
	struct sched_switch s;

	start(1);
	lend();
	sim_advance(1000000);
	assert_int_equal(sim_received(ASKS), 1000000);
	assert_int_equal(sim_received(ANSWERS), 0);
	sched_prepare_wait(ANSWERING);
	assert_true(sched_give_back(&sim_sched, 0, ANSWERING, SCHED_NEVER, &s));
	assert_ptr_equal(s.from, ANSWERING);
	assert_ptr_equal(s.to, ASKING);
	finish(&s);
	assert_int_equal(ANSWERING->state, TASK_WAITING);
	sched_sample(ASKING, sim_now, &asks);
	sched_sample(ANSWERING, sim_now, &answers);
	assert_int_equal(asks.run, 1000000);
	assert_int_equal(answers.run + answers.ready + answers.wait, sim_now - ANSWERING->born);
}

static void a_wakeup_meanwhile_is_not_lost(void **state)
{
	struct sched_switch s;

	start(1);
	lend();
	sched_prepare_wait(ANSWERING);
	assert_false(sched_wake(&sim_sched, ANSWERING));
	assert_int_equal(ANSWERING->state, TASK_LENT);
	assert_false(sched_give_back(&sim_sched, 0, ANSWERING, SCHED_NEVER, &s));
	sched_prepare_wait(ANSWERING);
	assert_true(sched_give_back(&sim_sched, 0, ANSWERING, SCHED_NEVER, &s));
	finish(&s);
	sim_signal(0);
	assert_int_not_equal(ANSWERING->state, TASK_WAITING);
	sim_check();
}

static void a_deadline_holds_after_giving_back(void **state)
{
	struct sched_switch s;

	start(1);
	lend();
	sched_prepare_wait(ANSWERING);
	assert_true(sched_give_back(&sim_sched, 0, ANSWERING, sim_now + 500000, &s));
	finish(&s);
	assert_true(sim_armed[0] <= sim_now + 500000);
	sim_advance(500000);
	assert_int_not_equal(ANSWERING->state, TASK_WAITING);
	sim_check();
}

static void only_who_waits_is_lent_to(void **state)
{
	struct sched_switch s;

	start(1);
	sim_signal(0);
	assert_false(sched_lend(&sim_sched, 0, ANSWERING, &s));
	start(2);
	ANSWERING->pinned = !ASKING->cpu;
	assert_false(sched_lend(&sim_sched, ASKING->cpu, ANSWERING, &s));
	sim_check();
}

static void it_comes_from_another_cpu(void **state)
{
	const struct cpu_set first = {{1}}, second = {{2}};
	uint64_t before;

	sim_start((struct sim_config){.cpus = 2, .tasks = 4});
	sim_task_prepare(ANSWERS, NULL)->affinity = &second;
	sim_task_prepare(ASKS, NULL)->affinity = &first;
	sim_task_start(ANSWERS);
	sim_settle();
	assert_true(sim_wait(1, 1, SCHED_NEVER));
	sim_settle();
	sim_task_start(ASKS);
	sim_settle();
	ANSWERING->affinity = NULL;
	assert_int_equal(ANSWERING->cpu, 1);
	before = ANSWERING->migrations;
	lend();
	assert_int_equal(ANSWERING->cpu, 0);
	assert_int_equal(ANSWERING->migrations, before + 1);
}

static void whoever_parts_competes(void **state)
{
	struct sched_switch s;

	start(1);
	lend();
	if (sched_part(&sim_sched, 0, ANSWERING, &s)) {
		assert_ptr_equal(s.from, ANSWERING);
		finish(&s);
	}
	sim_check();
	assert_true(task_competes(ASKING));
	assert_true(task_competes(ANSWERING));
	for (unsigned i = 0; i < 100; i++) {
		sim_advance(SCHED_SLICE_NS);
		sim_settle();
		sim_check();
	}
	assert_true(sim_received(ASKS) > 20 * SCHED_SLICE_NS);
}

/* The lender may not run here any more: it is no part of what goes on here, and goes elsewhere. */
static void a_lender_that_must_leave_leaves(void **state)
{
	const struct cpu_set second = {{2}};
	struct sched_switch s;

	start(2);
	lend();
	if (ASKING->cpu != 0)
		return;
	ASKING->affinity = &second;
	sim_step(0); /* timers are this CPU's from here on */
	if (sched_part(&sim_sched, 0, ANSWERING, &s))
		finish(&s);
	assert_ptr_equal(sim_cpus[0].runq.current, ANSWERING);
	sim_advance(1000000);
	sim_settle();
	assert_int_equal(ASKING->cpu, 1);
	assert_int_equal(ASKING->state, TASK_RUNNING);
	sim_check();
}

/* Nor may who answered, since settings changed meanwhile: it is not queued here, even if the lender
 * is more urgent. */
static void who_parts_where_it_may_not_stay_goes_elsewhere(void **state)
{
	const struct cpu_set first = {{1}}, second = {{2}};
	struct shortage unused;
	struct sched_switch s;

	start(2);
	sched_set_affinity(&sim_sched, ASKING, &first, &unused);
	sim_settle();
	assert_int_equal(sched_reserve(&sim_sched, ASKING, RATE_ONE / 2, &unused), VMK_OK);
	sim_settle();
	sim_advance(RESERVE_PERIOD_NS);
	sim_settle();
	assert_int_equal(ASKING->cpu, 0);
	lend();
	assert_int_equal(sched_set_affinity(&sim_sched, ANSWERING, &second, &unused), VMK_OK);
	sim_step(1); /* timers are that CPU's from here on */
	sim_step(0);
	assert_true(sched_part(&sim_sched, 0, ANSWERING, &s));
	assert_ptr_equal(s.to, ASKING);
	finish(&s);
	assert_int_equal(ANSWERING->cpu, 1);
	assert_int_equal(ANSWERING->state, TASK_READY);
	sim_settle();
	sim_check();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_lender_pays),
		cmocka_unit_test(a_wakeup_meanwhile_is_not_lost),
		cmocka_unit_test(a_deadline_holds_after_giving_back),
		cmocka_unit_test(only_who_waits_is_lent_to),
		cmocka_unit_test(it_comes_from_another_cpu),
		cmocka_unit_test(whoever_parts_competes),
		cmocka_unit_test(a_lender_that_must_leave_leaves),
		cmocka_unit_test(who_parts_where_it_may_not_stay_goes_elsewhere),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
