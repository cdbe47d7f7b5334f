/* sources: kernel/sched/queue.c kernel/sched/turns.c kernel/sched/fair.c */
/* sources: kernel/sched/reserve.c kernel/sched/limit.c kernel/sched/group.c kernel/sched/runq.c */
/* sources: kernel/sched/sched.c kernel/sched/settings.c kernel/sched/event.c */
/* sources: kernel/sched/lend.c */
/* quiet: kernel/sched/invariants.c kernel/sched/invariants_watch.c */
/* quiet: kernel/lib/lock.c tests/unit/shim/sched_sim.c */
/* quiet: tests/unit/shim/panic.c */
/* quiet: fuzz/lib/figures.c */
/* coverage: edges */
/*
 * Any order of operations on up to four CPUs and 32 worlds in pools and VMs. Two ways to run them:
 * single steps of CPUs in any order, that answer kicks and timers as late as they like (nothing may
 * be lost); or CPUs that answer at once (then service, limits, skew and idle time are watched too).
 * The invariants are kernel/sched/invariants.h. Input: a byte of CPUs and mode, one of how often to
 * check, then operations of three bytes.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include "fuzz/lib/figures.h"
#include "tests/unit/shim/sched_sim.h"

#define TASKS      32u
#define OPERATIONS 1000u
#define MS         1000000ull

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct cpu_set sets[] = {
	{{1}}, {{2}}, {{3}}, {{4}}, {{5}}, {{6}}, {{8}}, {{9}}, {{12}}, {{14}}};

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

/* A pool with a limit and a co-scheduled VM in it, a VM in the root, a pool that reserves. */
static void make_groups(unsigned cpus)
{
	struct shortage unused;

	for (unsigned i = 0; i < 5; i++)
		group_init(&sim_groups[i], i == 1 || i == 4 ? &sim_groups[i - 1] : NULL);
	sched_set_limit(&sim_sched, &sim_groups[0].entity, RATE_ONE / 2 * cpus);
	sim_groups[1].costart = true;
	sim_groups[2].costart = true;
	sched_reserve_group(&sim_sched, &sim_groups[3], RATE_ONE / 2, &unused);
	sim_groups[4].expandable = true;
}

static void start_task(unsigned i, uint8_t detail)
{
	struct sim_task *task = &sim_tasks[i];

	if (task->started)
		return;
	if (task->prepared)
		group_leave(&task->task);
	sim_task_prepare(i, detail % 6 < 5 ? &sim_groups[detail % 6] : NULL);
	if (detail & 0x40)
		task->burst = MS / 4 * (1 + (detail >> 3) % 8);
	task->sleep = MS * (1 + (detail >> 5));
	sim_task_start(i);
}

static void set_something(struct task *task, uint8_t what, uint8_t detail)
{
	struct shortage unused;

	switch (what % 6) {
	case 0:
		sched_set_shares(&sim_sched, task, 1u << detail % 21);
		break;
	case 1:
		sched_reserve(&sim_sched, task, detail * 4000u, &unused);
		break;
	case 2:
		sched_set_limit(&sim_sched, &task->entity, detail * 5000u);
		break;
	case 3:
		sched_set_affinity(
			&sim_sched, task, detail % 11 < 10 ? &sets[detail % 11] : NULL, &unused);
		break;
	case 4:
		sched_set_latency(task, detail & 1);
		break;
	default:
		group_set_shares(&sim_groups[detail % 5], 1u << (detail >> 3) % 21);
	}
}

static void set_pool(struct group *group, uint8_t what, uint8_t detail)
{
	struct shortage unused;

	if (what & 1)
		sched_reserve_group(&sim_sched, group, detail * 5000u, &unused);
	else
		sched_set_limit(&sim_sched, &group->entity, detail * 20000u);
}

static void pass_time(bool prompt, uint64_t ns)
{
	if (prompt)
		sim_run(ns);
	else
		sim_advance(ns);
}

static void operate(unsigned cpus, bool prompt, const uint8_t *op)
{
	unsigned cpu = (op[0] >> 4) % cpus, task = op[1] % TASKS;

	switch (op[0] % 12) {
	case 0:
	case 1:
		sim_step(cpu);
		break;
	case 2:
	case 3:
		start_task(task, op[2]);
		break;
	case 4:
		sim_signal(op[2] % SIM_EVENTS);
		break;
	case 5:
		sim_wait(cpu, op[1] & 15, op[1] & 16 ? sim_now + op[2] * MS / 4 : SCHED_NEVER);
		break;
	case 6:
	case 7:
		pass_time(prompt, (op[1] + 1) * (op[2] + 1ull) * 300);
		break;
	case 8:
		sim_yield(cpu);
		break;
	case 9:
		if (op[1] < 64)
			sim_exit(cpu);
		else
			sim_settle();
		break;
	default:
		if (op[0] >= 0xe0)
			sim_lend(op[2] % cpus, task);
		else if (op[0] >= 0xc0)
			set_pool(&sim_groups[op[1] % 5], op[0] >> 4, op[2]);
		else if (sim_tasks[task].started)
			set_something(&sim_tasks[task].task, op[0] >> 4, op[2]);
	}
	if (prompt)
		sim_settle();
}

static void check(bool prompt)
{
	sim_check();
	if (prompt)
		sim_check_timely();
}

/* Let every deadline pass: then nobody with one may still wait. */
static void finish(void)
{
	sim_settle();
	sim_advance(200 * MS);
	sim_settle();
	sim_check();
	for (unsigned i = 0; i < TASKS; i++) {
		if (sim_tasks[i].started && sim_tasks[i].task.state == TASK_WAITING &&
			sim_tasks[i].deadline <= sim_now)
			sim_fail("a deadline was missed");
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	unsigned cpus, every;
	bool prompt;

	if (size < 2)
		return 0;
	cpus = 1 + data[0] % 4;
	prompt = data[0] & 4;
	every = prompt || (data[1] & 1) ? 1 : 16;
	sim_start((struct sim_config){.cpus = cpus,
		.tasks = TASKS,
		.threads = 1 + (data[0] >> 3 & 1),
		.nodes = 1 + (data[0] >> 4 & 1),
		.start = data[1] & 2 ? (1ull << 63) - 20 * MS : 0});
	make_groups(cpus);
	for (size_t i = 2, n = 1; i + 2 < size && n <= OPERATIONS; i += 3, n++) {
		operate(cpus, prompt, data + i);
		figures_operations(1);
		if (n % every == 0)
			check(prompt);
	}
	check(prompt);
	finish();
	return 0;
}
