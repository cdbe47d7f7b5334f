#include "replay/sched_sim.h"

#include <stdio.h>
#include <string.h>

struct sim_cpu *sim_cpus;
bool sim_kicked[SIM_CPUS];
uint64_t sim_armed[SIM_CPUS];
struct sim_task *sim_tasks;
struct event sim_events[SIM_EVENTS];
struct group sim_groups[SIM_GROUPS];
uint64_t sim_now;

static struct runq *runqs[SIM_CPUS];
static unsigned acting; /* the CPU whose step this is */
static unsigned task_total;
static uint64_t started, retired; /* when; service of tasks that ended */
static struct sim_space space;
static struct sched_watch_cpu cpu_watches[SIM_CPUS];
static unsigned live_count; /* in space.live; LIVE_UNKNOWN */
#define LIVE_UNKNOWN UINT32_MAX
/* Of each CPU, as its last step left it: a bit if it may have something to do, and when its task's
 * burst ends. */
static uint32_t busy;
static uint64_t burst_ends[SIM_CPUS];
_Static_assert(SIM_CPUS <= 32, "a bit for each CPU");

static uint64_t now(void)
{
	return sim_now;
}

static void kick(unsigned cpu)
{
	if (cpu >= SIM_CPUS || !runqs[cpu])
		sim_fail("a CPU that does not exist was kicked");
	sim_kicked[cpu] = true;
	sim_cpus[cpu].halted = false;
	busy |= 1u << cpu;
}

static void arm(uint64_t deadline)
{
	sim_armed[acting] = deadline;
}

static const struct sched_ops ops = {now, kick, arm};
struct sched sim_sched;
uint64_t sim_calls;

void sim_start(struct sim_config config)
{
	unsigned threads = MAX(config.threads, 1u);
	unsigned per_node = config.cpus / MAX(config.nodes, 1u);

	space = sim_space(config.cpus, config.tasks);
	sim_cpus = space.cpus;
	sim_tasks = space.tasks;
	memset(sim_cpus, 0, config.cpus * sizeof(sim_cpus[0]));
	memset(sim_kicked, 0, sizeof(sim_kicked));
	memset(sim_tasks, 0, config.tasks * sizeof(sim_tasks[0]));
	for (unsigned i = 0; i < config.tasks; i++)
		sim_tasks[i].task.turn.spare = &space.nodes[i];
	memset(sim_events, 0, sizeof(sim_events));
	memset(sim_groups, 0, sizeof(sim_groups));
	memset(runqs, 0, sizeof(runqs));
	started = sim_now = config.start ? config.start : 1000;
	retired = 0;
	task_total = config.tasks;
	live_count = 0;
	busy = (1u << config.cpus) - 1;
	sim_sched = (struct sched)SCHED(&ops, runqs);
	for (unsigned i = 0; i < config.cpus; i++) {
		struct cpu_place place = {i / threads, i / MAX(per_node, 1u)};

		sim_armed[i] = burst_ends[i] = SCHED_NEVER;
		cpu_watches[i].idle_since = SCHED_NEVER;
		runqs[i] = &sim_cpus[i].runq;
		runq_init(runqs[i], i, place, &sim_cpus[i].idle, sim_now);
		sched_add_cpu(&sim_sched, i);
	}
}

struct sim_task *sim_running(unsigned number)
{
	const struct sim_cpu *cpu = &sim_cpus[number];
	struct task *task = cpu->runq.current;

	if (cpu->borrower)
		return cpu->borrower;
	return task->idle ? NULL : container_of(task, struct sim_task, task);
}

uint64_t sim_received(unsigned task)
{
	return sched_service(&sim_tasks[task].task, sim_now);
}

/* When the burst ends of who runs there by itself, if nobody takes its place: its service and the
 * time since its last charge move together. */
static uint64_t burst_end(const struct sim_task *task)
{
	const uint64_t ran = task->task.times[TASK_RUNNING];

	return task->task.since + (task->burst_end > ran ? task->burst_end - ran : 0);
}

/* What the CPU has to do next, after whatever it has just done. */
static void plan(unsigned cpu)
{
	const struct sim_task *task = sim_running(cpu);
	const bool steps = task ? task->phase != SIM_RUNS : !sim_cpus[cpu].halted;
	const bool bursts = task && task->burst && task->phase == SIM_RUNS;

	busy = (busy & ~(1u << cpu)) | (uint32_t)(steps || sim_kicked[cpu]) << cpu;
	burst_ends[cpu] = bursts && !sim_cpus[cpu].borrower ? burst_end(task) : SCHED_NEVER;
}

static void switched(const struct sched_switch *s)
{
	struct task *dead;

	if (s->to != sim_cpus[acting].runq.current)
		sim_fail("the switch is not to the current task");
	dead = sched_finish_switch(sim_called(), acting, s->saved);
	if (dead && dead != s->from)
		sim_fail("another task ended than the one that ran");
	if (!dead)
		return;
	live_count = LIVE_UNKNOWN;
	retired += dead->times[TASK_RUNNING];
	container_of(dead, struct sim_task, task)->started = false;
	container_of(dead, struct sim_task, task)->prepared = false;
}

/* A borrower goes on by itself, as world_part() does. */
static void part(unsigned cpu)
{
	struct sim_task *task = sim_cpus[cpu].borrower;
	struct sched_switch s;

	sim_cpus[cpu].borrower = NULL;
	if (task && sched_part(sim_called(), cpu, &task->task, &s))
		switched(&s);
}

static void reconsider(unsigned cpu)
{
	struct sched_switch s;

	sim_kicked[cpu] = false;
	part(cpu);
	if (sched_reconsider(sim_called(), cpu, &s))
		switched(&s);
}

/* --- tasks */

static void wake(struct task *task)
{
	sched_wake(sim_called(), task);
}

struct task *sim_task_prepare(unsigned i, struct group *parent)
{
	struct sim_task *task = &sim_tasks[i];
	struct turns_node *spare = task->task.turn.spare;

	*task = (struct sim_task){.prepared = true, .task.turn.spare = spare};
	task_init(&task->task, parent);
	sim_called();
	group_join(&task->task);
	return &task->task;
}

void sim_task_start(unsigned i)
{
	struct sim_task *task = &sim_tasks[i];

	if (task->started)
		return;
	if (!task->prepared)
		sim_task_prepare(i, NULL);
	task->started = true;
	live_count = LIVE_UNKNOWN;
	task->burst_end = task->burst;
	wake(&task->task);
}

void sim_signal(unsigned event)
{
	sim_called();
	event_raise(&sim_events[event], wake);
}

static void unregister_all(struct sim_task *task)
{
	for (unsigned i = 0; i < task->registered; i++) {
		if (!(task->mask >> i & 1))
			continue;
		sim_called();
		event_unregister(&sim_events[i], &task->waiters[i]);
	}
	task->registered = 0;
}

static bool is_satisfied(const struct sim_task *task)
{
	for (unsigned i = 0; i < SIM_EVENTS; i++) {
		if ((task->mask >> i & 1) && sim_events[i].count != task->seen[i])
			return true;
	}
	return sim_now >= task->deadline;
}

static void end_wait(struct sim_task *task)
{
	unregister_all(task);
	if (!is_satisfied(task)) {
		/* Woken for something else: look again, as event_wait_any() does. */
		sim_called();
		sched_prepare_wait(&task->task);
		task->phase = SIM_REGISTERS;
		return;
	}
	task->phase = SIM_RUNS;
	task->waits++;
	if (!task->burst)
		return;
	task->longest_wait = MAX(task->longest_wait, sim_now - task->ready_at);
	task->burst_end = sched_service(&task->task, sim_now) + task->burst;
}

static void step_registering(unsigned cpu, struct sim_task *task)
{
	struct sched_switch s;
	unsigned i = task->registered;

	if (i < SIM_EVENTS) {
		task->registered++;
		if (!(task->mask >> i & 1))
			return;
		task->waiters[i].task = &task->task;
		sim_called();
		if (!event_register(&sim_events[i], &task->waiters[i], task->seen[i])) {
			task->registered--;
			end_wait(task);
		}
		return;
	}
	if (sim_now >= task->deadline) {
		end_wait(task);
		return;
	}
	task->phase = SIM_PARKED;
	if (task != sim_cpus[cpu].borrower) {
		if (sched_wait(sim_called(), cpu, task->deadline, &s))
			switched(&s);
	} else if (sched_give_back(sim_called(), cpu, &task->task, task->deadline, &s)) {
		sim_cpus[cpu].borrower = NULL;
		switched(&s);
	}
}

bool sim_wait(unsigned cpu, unsigned mask, uint64_t deadline)
{
	struct sim_task *task = sim_running(cpu);

	if (!task || task->phase != SIM_RUNS)
		return false;
	task->mask = mask;
	task->task.waits_for = mask ? SCHED_WAIT_EVENT : SCHED_WAIT_WORK;
	task->deadline = deadline;
	task->registered = 0;
	for (unsigned i = 0; i < SIM_EVENTS; i++)
		task->seen[i] = event_count(&sim_events[i]);
	sim_called();
	sched_prepare_wait(&task->task);
	task->phase = SIM_REGISTERS;
	plan(cpu);
	return true;
}

static bool step(unsigned cpu)
{
	struct sim_task *task = sim_running(cpu);

	if (sim_kicked[cpu]) {
		reconsider(cpu);
		return true;
	}
	if (task && task->phase == SIM_RUNS)
		return false;
	if (task && task->phase == SIM_PARKED)
		end_wait(task);
	else if (task)
		step_registering(cpu, task);
	else if (sim_cpus[cpu].halted)
		return false;
	else if (!sched_fetch(sim_called(), cpu))
		sim_cpus[cpu].halted = true;
	return true;
}

bool sim_step(unsigned cpu)
{
	bool changed;

	if (!(busy >> cpu & 1))
		return false;
	acting = cpu;
	changed = step(cpu);
	plan(cpu);
	return changed;
}

void sim_lend(unsigned cpu, unsigned to)
{
	struct sim_task *task = sim_running(cpu);
	struct sched_switch s;

	acting = cpu;
	if (!task || task->phase != SIM_RUNS || task == sim_cpus[cpu].borrower ||
		!sim_tasks[to].started || !sched_lend(sim_called(), cpu, &sim_tasks[to].task, &s))
		return;
	sched_finish_switch(sim_called(), cpu, s.saved);
	sim_cpus[cpu].borrower = &sim_tasks[to];
	plan(cpu);
}

/* The task that runs there, as its queue's current one; NULL if another one does after that. */
static struct sim_task *by_itself(unsigned cpu)
{
	struct sim_task *task = sim_running(cpu);

	if (!task || task->phase != SIM_RUNS)
		return NULL;
	part(cpu);
	return sim_running(cpu) == task ? task : NULL;
}

void sim_yield(unsigned cpu)
{
	struct sched_switch s;

	acting = cpu;
	if (by_itself(cpu) && sched_pass(sim_called(), cpu, &s))
		switched(&s);
	plan(cpu);
}

void sim_exit(unsigned cpu)
{
	struct shortage unused;
	struct sched_switch s;
	struct sim_task *task;

	acting = cpu;
	task = by_itself(cpu);
	if (task) {
		sched_reserve(sim_called(), &task->task, 0, &unused);
		sched_end(sim_called(), cpu, &s);
		switched(&s);
	}
	plan(cpu);
}

/* --- time */

/* The CPU whose time comes first. */
static unsigned first_of(const uint64_t *times)
{
	unsigned first = 0;

	for (unsigned i = 1; i < sim_sched.cpus; i++)
		first = times[i] < times[first] ? i : first;
	return first;
}

static void fire(unsigned cpu)
{
	sim_now = MAX(sim_now, sim_armed[cpu]);
	acting = cpu;
	sim_armed[cpu] = SCHED_NEVER;
	if (sched_on_timer(sim_called(), cpu))
		kick(cpu);
	if (sim_armed[cpu] <= sim_now)
		sim_fail("the timer is armed for what it has just handled");
}

void sim_advance(uint64_t ns)
{
	uint64_t end = sim_now + ns;
	unsigned cpu;

	while (sim_armed[cpu = first_of(sim_armed)] <= end)
		fire(cpu);
	sim_now = end;
}

static uint32_t later_than(unsigned cpu)
{
	return UINT32_MAX << cpu << 1;
}

void sim_settle(void)
{
	unsigned cpu;

	for (unsigned rounds = 0; busy; rounds++) {
		if (rounds > 100000)
			sim_fail("the CPUs never come to rest");
		for (uint32_t left = busy; left; left = busy & later_than(cpu)) {
			cpu = (unsigned)__builtin_ctz(left);
			sim_step(cpu);
		}
	}
}

void sim_run(uint64_t ns)
{
	uint64_t end = sim_now + ns;

	for (;;) {
		const unsigned cpu = first_of(burst_ends), timer = first_of(sim_armed);

		if (MIN(burst_ends[cpu], sim_armed[timer]) > end)
			break;
		if (burst_ends[cpu] < sim_armed[timer]) {
			struct sim_task *task = sim_running(cpu);

			sim_now = MAX(sim_now, burst_ends[cpu]);
			task->ready_at = sim_now + task->sleep;
			sim_wait(cpu, 0, task->ready_at);
			/* Steps past events that it does not want change nothing: nobody else has
			 * any to take. */
			task->registered = SIM_EVENTS;
		} else {
			fire(timer);
		}
		sim_settle();
	}
	sim_now = end;
}

/* --- what must always hold */

struct sched_view sim_view(void)
{
	if (live_count == LIVE_UNKNOWN) {
		live_count = 0;
		for (unsigned i = 0; i < task_total; i++) {
			if (sim_tasks[i].started)
				space.live[live_count++] = &sim_tasks[i].task;
		}
	}
	return (struct sched_view){&sim_sched, space.live, live_count, sim_now, sim_kicked};
}

static uint64_t total_service(const struct sched_view *view)
{
	uint64_t total = retired;

	for (unsigned i = 0; i < view->count; i++)
		total += sched_service(view->tasks[i], sim_now);
	for (unsigned i = 0; i < sim_sched.cpus; i++)
		total += sched_service(&sim_cpus[i].idle, sim_now);
	return total;
}

bool sim_holds(struct violation *out)
{
	struct sched_view view = sim_view();

	return sched_check_all(&view, out) &&
	       sched_check_groups(&view, sim_groups, SIM_GROUPS, out) &&
	       sched_check_total_time(&view, total_service(&view), started, out);
}

bool sim_watch(struct violation *out)
{
	struct sched_view view = sim_view();

	for (unsigned i = 0; i < view.count; i++) {
		struct sim_task *task = container_of(view.tasks[i], struct sim_task, task);

		if (!sched_watch_service(
			    &task->watch, &task->task, runqs[task->task.cpu], sim_now, out))
			return false;
	}
	return sched_check_timely(&view, out) && sched_watch_idle(cpu_watches, &view, out);
}

/* What the simulation alone knows: whether its tasks wait for nothing, and its timers. */
static void check_edges(void)
{
	const struct sched_view view = sim_view();

	for (unsigned i = 0; i < view.count; i++) {
		const struct sim_task *task = container_of(view.tasks[i], struct sim_task, task);

		if (task->task.state == TASK_WAITING && sim_now < task->deadline &&
			is_satisfied(task))
			sim_fail("a wake-up was lost");
	}
	for (unsigned i = 0; i < sim_sched.cpus; i++) {
		const struct runq *runq = runqs[i];

		if (sim_kicked[i])
			continue;
		if (sim_armed[i] > runq_next_deadline(runq))
			sim_fail("a deadline has no timer");
		if (runq->ready_count && !runq->is_idle && sim_armed[i] == SCHED_NEVER)
			sim_fail("a turn has no end");
	}
	if (space.levels_held && *space.levels_held)
		sim_fail("a lock was not released");
}

void sim_describe(const struct violation *violation, char *text, size_t bytes)
{
	const struct task *task = violation->task;
	long number = -1;

	if (task)
		number = container_of((struct task *)(uintptr_t)task, struct sim_task, task) -
			 sim_tasks;
	snprintf(text, bytes, "%s: %s (task %ld, cpu %d, now %llu)",
		sched_invariant_name(violation->invariant), violation->what, number,
		(int)violation->cpu, (unsigned long long)sim_now);
}

static void require(bool good, const struct violation *violation)
{
	char text[256];

	if (good)
		return;
	sim_describe(violation, text, sizeof(text));
	sim_fail(text);
}

void sim_check(void)
{
	struct violation violation;

	check_edges();
	require(sim_holds(&violation), &violation);
}

void sim_check_timely(void)
{
	struct violation violation;

	require(sim_watch(&violation), &violation);
}
