/*
 * Two ways to run the operations: single steps of CPUs in any order, that answer kicks and timers
 * as late as they like (nothing may be lost); or CPUs that answer at once (then service, limits,
 * skew and idle time are watched too).
 */
#include "replay/sched.h"

#include <stdio.h>
#include "replay/sched_sim.h"

#define TASKS      32u
#define CPUS       4u
#define MS         1000000ull
#define TEXT_BYTES 96

static const struct cpu_set sets[] = {
	{{1}}, {{2}}, {{3}}, {{4}}, {{5}}, {{6}}, {{8}}, {{9}}, {{12}}, {{14}}};

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
	struct group *group = detail % 6 < 5 ? &sim_groups[detail % 6] : NULL;
	struct sim_task *task = &sim_tasks[i];
	struct shortage unused;

	if (task->started)
		return;
	if (task->prepared) {
		sim_called();
		group_leave(&task->task);
	}
	sim_task_prepare(i, group);
	if (group && group->costart)
		sched_reserve_part(&sim_sched, &task->task, &unused);
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
		sched_set_shares(sim_called(), task, 1u << detail % 21);
		break;
	case 1:
		sched_reserve(sim_called(), task, detail * 4000u, &unused);
		break;
	case 2:
		/* A vCPU's is its VM's word (set_pool()). */
		if (!list_linked(&task->member))
			sched_set_limit(sim_called(), &task->entity, detail * 5000u);
		break;
	case 3:
		sched_set_affinity(
			sim_called(), task, detail % 11 < 10 ? &sets[detail % 11] : NULL, &unused);
		break;
	case 4:
		sim_called();
		sched_set_latency(task, detail & 1);
		break;
	default:
		sim_called();
		group_set_shares(&sim_groups[detail % 5], 1u << (detail >> 3) % 21);
	}
}

static void set_pool(struct group *group, uint8_t what, uint8_t detail)
{
	struct shortage unused;

	if ((what & 1) && group->costart)
		sched_reserve_vm(sim_called(), group, detail * 5000u, &unused);
	else if (what & 1)
		sched_reserve_group(sim_called(), group, detail * 5000u, &unused);
	else if ((detail & 1) && group->costart)
		sched_limit_members(sim_called(), group, (detail >> 1) * 10000u);
	else
		sched_set_limit(sim_called(), &group->entity, detail * 20000u);
}

static void pass_time(bool prompt, uint64_t ns)
{
	if (prompt)
		sim_run(ns);
	else
		sim_advance(ns);
}

/* Never, soon, or after centuries. */
static uint64_t deadline_of(const uint8_t *op)
{
	if (!(op[1] & 16))
		return SCHED_NEVER;
	return sim_now + (op[1] >= 0xe0 ? (uint64_t)op[2] << 56 : op[2] * MS / 4);
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
		sim_wait(cpu, op[1] & 15, deadline_of(op));
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

/* The calls and the time up to which all holds. */
struct seen {
	uint64_t calls, now;
};

/* What needs watching is looked at after each step, what the state shows if it is `due`; neither
 * can have changed where nothing was called and no time has passed. */
static void check(struct seen *seen, bool prompt, bool due)
{
	if (seen->calls == sim_calls && seen->now == sim_now)
		return;
	if (prompt)
		sim_check_timely();
	if (!due)
		return;
	sim_check();
	*seen = (struct seen){sim_calls, sim_now};
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

/* The number of the task that runs there; -1. */
static int runs_on(unsigned cpu)
{
	const struct sim_task *task = sim_running(cpu);

	return task ? (int)(task - sim_tasks) : -1;
}

static void end_step(struct replay_trace *trace, const uint8_t *op)
{
	char text[TEXT_BYTES] = "";
	int at = 0;

	if (trace->line)
		at = snprintf(text, sizeof(text), "%02x%02x%02x at %llu ns:", op[0], op[1], op[2],
			(unsigned long long)sim_now);
	for (unsigned i = 0; i < sim_sched.cpus && trace->line; i++)
		at += snprintf(text + at, sizeof(text) - (size_t)at, " %d", runs_on(i));
	trace_step(trace, text);
}

/* What the step left: time, who runs where, each task's state, place and service. */
static void show(struct replay_trace *trace, const uint8_t *op)
{
	trace_add(trace, sim_now);
	for (unsigned i = 0; i < sim_sched.cpus; i++) {
		trace_add(trace, (uint64_t)runs_on(i));
		trace_add(trace, sim_armed[i]);
		trace_add(trace, sim_kicked[i] | sim_cpus[i].halted << 1);
	}
	for (unsigned i = 0; i < TASKS; i++) {
		if (!sim_tasks[i].started)
			continue;
		trace_add(trace, i << 16 | (unsigned)sim_tasks[i].task.state);
		trace_add(trace, sim_tasks[i].task.cpu);
		trace_add(trace, sim_received(i));
	}
	end_step(trace, op);
}

const struct replay_sched_way replay_sched_short = {160, 256, 1};
const struct replay_sched_way replay_sched_long = {1000, UINT32_MAX, 64};

/* By the input's first two bytes. */
static void start(const uint8_t *header)
{
	unsigned cpus = 1 + header[0] % CPUS;

	sim_start((struct sim_config){.cpus = cpus,
		.tasks = TASKS,
		.threads = 1 + (header[0] >> 3 & 1),
		.nodes = 1 + (header[0] >> 4 & 1),
		.start = header[1] & 2 ? (1ull << 63) - 20 * MS : 0});
	make_groups(cpus);
}

unsigned replay_sched(const uint8_t *data, size_t size, const struct replay_sched_way *way,
	struct replay_trace *trace)
{
	const uint64_t before = sim_calls;
	struct seen seen = {0};
	unsigned operations = 0;
	bool prompt;

	if (size < 2)
		return 0;
	prompt = data[0] & 4;
	start(data);
	for (size_t i = 2; i + 2 < size && operations < way->operations; i += 3) {
		if (sim_calls - before >= way->calls)
			break;
		operate(sim_sched.cpus, prompt, data + i);
		if (trace)
			show(trace, data + i);
		check(&seen, prompt, ++operations % way->every == 0);
	}
	check(&seen, prompt, true);
	finish();
	if (trace)
		show(trace, (const uint8_t[3]){0});
	return operations;
}
