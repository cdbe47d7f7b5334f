#include "tests/unit/shim/sched_sim.h"

#include <string.h>

struct sim_cpu sim_cpus[SIM_CPUS];
struct sim_task sim_tasks[SIM_TASKS];
struct event sim_events[SIM_EVENTS];
uint64_t sim_now;

static struct runq *runqs[SIM_CPUS];
static unsigned acting; /* the CPU whose step this is */
static uint64_t floors[SIM_CPUS];

static uint64_t now(void)
{
	return sim_now;
}

static void kick(unsigned cpu)
{
	if (cpu >= SIM_CPUS || !runqs[cpu])
		sim_fail("a CPU that does not exist was kicked");
	sim_cpus[cpu].kicked = true;
	sim_cpus[cpu].halted = false;
}

static void arm(uint64_t deadline)
{
	sim_cpus[acting].armed = deadline;
}

static const struct sched_ops ops = {now, kick, arm};
static struct sched sched = {.ops = &ops, .runqs = runqs};

void sim_start(unsigned cpus)
{
	memset(sim_cpus, 0, sizeof(sim_cpus));
	memset(sim_tasks, 0, sizeof(sim_tasks));
	memset(sim_events, 0, sizeof(sim_events));
	memset(runqs, 0, sizeof(runqs));
	memset(floors, 0, sizeof(floors));
	sim_now = 1000;
	sched.cpus = cpus;
	for (unsigned i = 0; i < cpus; i++) {
		sim_cpus[i].armed = SCHED_NEVER;
		runqs[i] = &sim_cpus[i].runq;
		runq_init(runqs[i], i, &sim_cpus[i].idle, sim_now);
	}
}

struct sim_task *sim_running(unsigned cpu)
{
	struct task *task = sim_cpus[cpu].runq.current;

	return task->idle ? NULL : container_of(task, struct sim_task, task);
}

static void switched(const struct sched_switch *s)
{
	struct task *dead;

	if (s->to != sim_cpus[acting].runq.current)
		sim_fail("the switch is not to the current task");
	dead = sched_finish_switch(&sched, acting, s->saved);
	if (dead && dead != s->from)
		sim_fail("another task ended than the one that ran");
	if (dead)
		container_of(dead, struct sim_task, task)->started = false;
}

static void reconsider(unsigned cpu)
{
	struct sched_switch s;

	sim_cpus[cpu].kicked = false;
	if (sched_reconsider(&sched, cpu, &s))
		switched(&s);
}

static void account(uint64_t ns)
{
	for (unsigned i = 0; i < sched.cpus; i++) {
		struct sim_task *task = sim_running(i);

		if (task)
			task->received += ns;
	}
	sim_now += ns;
}

void sim_advance(uint64_t ns)
{
	uint64_t end = sim_now + ns;

	for (;;) {
		unsigned next = 0;

		for (unsigned i = 1; i < sched.cpus; i++) {
			if (sim_cpus[i].armed < sim_cpus[next].armed)
				next = i;
		}
		if (sim_cpus[next].armed > end)
			break;
		if (sim_cpus[next].armed > sim_now)
			account(sim_cpus[next].armed - sim_now);
		acting = next;
		sim_cpus[next].armed = SCHED_NEVER;
		if (sched_on_timer(&sched, next))
			kick(next);
		if (sim_cpus[next].armed <= sim_now)
			sim_fail("the timer is armed for what it has just handled");
	}
	account(end - sim_now);
}

static void wake(struct task *task)
{
	sched_wake(&sched, task);
}

void sim_task_start(unsigned i)
{
	struct sim_task *task = &sim_tasks[i];

	if (task->started)
		return;
	*task = (struct sim_task){.started = true, .received = task->received};
	wake(&task->task);
}

void sim_signal(unsigned event)
{
	event_raise(&sim_events[event], wake);
}

static void unregister_all(struct sim_task *task)
{
	for (unsigned i = 0; i < task->registered; i++) {
		if (task->mask >> i & 1)
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
	if (is_satisfied(task)) {
		task->phase = SIM_RUNS;
		task->waits++;
		return;
	}
	/* Woken for something else: look again, as event_wait_any() does. */
	sched_prepare_wait(&task->task);
	task->phase = SIM_REGISTERS;
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
	if (sched_wait(&sched, cpu, task->deadline, &s))
		switched(&s);
}

bool sim_wait(unsigned cpu, unsigned mask, uint64_t deadline)
{
	struct sim_task *task = sim_running(cpu);

	if (!task || task->phase != SIM_RUNS)
		return false;
	task->mask = mask;
	task->deadline = deadline;
	task->registered = 0;
	for (unsigned i = 0; i < SIM_EVENTS; i++)
		task->seen[i] = event_count(&sim_events[i]);
	sched_prepare_wait(&task->task);
	task->phase = SIM_REGISTERS;
	return true;
}

bool sim_step(unsigned cpu)
{
	struct sim_task *task = sim_running(cpu);

	acting = cpu;
	if (sim_cpus[cpu].kicked) {
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
	else if (!sched_fetch(&sched, cpu))
		sim_cpus[cpu].halted = true;
	return true;
}

void sim_yield(unsigned cpu)
{
	struct sim_task *task = sim_running(cpu);
	struct sched_switch s;

	acting = cpu;
	if (task && task->phase == SIM_RUNS && sched_pass(&sched, cpu, &s))
		switched(&s);
}

void sim_exit(unsigned cpu)
{
	struct sim_task *task = sim_running(cpu);
	struct sched_switch s;

	acting = cpu;
	if (!task || task->phase != SIM_RUNS)
		return;
	sched_end(&sched, cpu, &s);
	switched(&s);
}

void sim_settle(void)
{
	bool changed = true;

	for (unsigned rounds = 0; changed; rounds++) {
		changed = false;
		if (rounds > 10000)
			sim_fail("the CPUs never come to rest");
		for (unsigned i = 0; i < sched.cpus; i++)
			changed |= sim_step(i);
	}
}

/* --- what must always hold */

static unsigned count_places(const struct task *task)
{
	unsigned places = 0;

	for (unsigned i = 0; i < sched.cpus; i++) {
		const struct runq *runq = runqs[i];

		places += runq->current == task;
		list_for_each (node, &runq->ready)
			places += list_entry(node, struct task, ready) == task;
	}
	return places;
}

static void check_task(const struct sim_task *task)
{
	unsigned places = count_places(&task->task);

	if (!task->started) {
		if (places)
			sim_fail("a task that ended is still there");
		return;
	}
	if (places > 1)
		sim_fail("a task is in two places");
	if (task->task.state == TASK_WAITING) {
		if (places)
			sim_fail("a waiting task is queued");
		if (is_satisfied(task) && sim_now < task->deadline)
			sim_fail("a wake-up was lost");
		return;
	}
	if (!places)
		sim_fail("a task that could run was lost");
	if (task->task.state == TASK_READY && !list_linked(&task->task.ready))
		sim_fail("a ready task is not queued");
}

static void check_cpu(unsigned cpu)
{
	const struct runq *runq = runqs[cpu];
	unsigned ready = 0;
	uint64_t last = 0;

	list_for_each (node, &runq->ready) {
		const struct task *task = list_entry(node, struct task, ready);

		if (task->state != TASK_READY || task->cpu != cpu || task->vtime < last)
			sim_fail("the queue is out of order");
		last = task->vtime;
		ready++;
	}
	if (ready != runq->ready_count)
		sim_fail("the count of ready tasks is wrong");
	if (runq->current->state != TASK_RUNNING || runq->is_idle != runq->current->idle)
		sim_fail("the current task does not run");
	if (runq->floor < floors[cpu])
		sim_fail("virtual time went back");
	floors[cpu] = runq->floor;
	if (sim_cpus[cpu].kicked)
		return;
	if (sim_cpus[cpu].armed > runq_next_deadline(runq))
		sim_fail("a deadline has no timer");
	if (ready && !runq->is_idle && sim_cpus[cpu].armed == SCHED_NEVER)
		sim_fail("a slice has no end");
	if (ready && runq->is_idle)
		sim_fail("an idle CPU with work was not told");
}

/* Work that waits while a CPU sleeps is on its way to somebody, or is offered again soon: the kick
 * that should fetch it may meet a CPU that has just got other work. */
static void check_conservation(void)
{
	uint64_t soon = sim_now + 2 * SCHED_SLICE_NS + SCHED_BONUS_NS;
	bool sleeper = false, coming = false;

	for (unsigned i = 0; i < sched.cpus; i++) {
		sleeper |= sim_cpus[i].halted;
		coming |= sim_cpus[i].kicked || (runqs[i]->is_idle && !sim_cpus[i].halted);
	}
	for (unsigned i = 0; sleeper && !coming && i < sched.cpus; i++) {
		if (runqs[i]->ready_count > (runqs[i]->is_idle ? 1u : 0u) &&
			sim_cpus[i].armed > soon)
			sim_fail("a CPU sleeps while work waits");
	}
}

void sim_check(void)
{
	for (unsigned i = 0; i < SIM_TASKS; i++)
		check_task(&sim_tasks[i]);
	for (unsigned i = 0; i < sched.cpus; i++)
		check_cpu(i);
	check_conservation();
}
