#include "fuzz/models/simworld.h"

#include "fuzz/models/simcpu_lock.h"
#include "sched/settings.h"
#include <string.h>

#define TICK_NS 3000u /* at most between two looks at the clock */
#define MS      1000000ull

struct simworld simworlds[SIMWORLDS];
struct event simworld_events[SIMWORLD_EVENTS];
struct group simworld_groups[SIMWORLD_GROUPS];
uint64_t simworld_clock;

static struct runq queues[SIMCPU_CPUS], *runqs[SIMCPU_CPUS];
static struct simworld idles[SIMCPU_CPUS];
static struct turns_node nodes[SIMWORLDS];
static struct simworld *current[SIMCPU_CPUS];
static uint64_t armed[SIMCPU_CPUS];
static bool kicked[SIMCPU_CPUS], reschedule[SIMCPU_CPUS];

static uint64_t now(void)
{
	simworld_clock += simcpu_random(TICK_NS);
	for (unsigned i = 0; i < simworld_sched.cpus; i++) {
		if (armed[i] <= simworld_clock)
			simcpu_interrupt(i);
	}
	return simworld_clock;
}

static void kick(unsigned cpu)
{
	kicked[cpu] = true;
	simcpu_interrupt(cpu);
}

static void arm(uint64_t deadline)
{
	armed[simcpu_here()] = deadline;
}

static const struct sched_ops ops = {now, kick, arm};
struct sched simworld_sched = SCHED(&ops, runqs);

static struct simworld *world_of(struct task *task)
{
	return container_of(task, struct simworld, task);
}

static struct simworld *self(void)
{
	return current[simcpu_here()];
}

/* --- switching */

static void finish_switch(uint64_t saved)
{
	struct task *dead = sched_finish_switch(&simworld_sched, simcpu_here(), saved);
	struct shortage unused;

	if (!dead)
		return;
	world_of(dead)->ended = true;
	sched_reserve(&simworld_sched, dead, 0, &unused);
}

static void switch_worlds(const struct sched_switch *s)
{
	current[simcpu_here()] = world_of(s->to);
	simcpu_switch(world_of(s->to)->thread);
	finish_switch(s->saved);
}

static void part(void)
{
	struct simworld *world = self();
	struct sched_switch s;

	if (world->task.state != TASK_LENT)
		return;
	world->lender = NULL;
	if (sched_part(&simworld_sched, simcpu_here(), &world->task, &s))
		switch_worlds(&s);
}

static void preempt(void)
{
	bool saved = simcpu_irq_save();
	struct sched_switch s;

	reschedule[simcpu_here()] = false;
	part();
	if (sched_reconsider(&simworld_sched, simcpu_here(), &s))
		switch_worlds(&s);
	simcpu_irq_restore(saved);
}

void simworld_interrupt(unsigned cpu)
{
	if (kicked[cpu])
		reschedule[cpu] = true;
	kicked[cpu] = false;
	if (armed[cpu] > simworld_clock)
		return;
	armed[cpu] = SCHED_NEVER;
	if (sched_on_timer(&simworld_sched, cpu))
		reschedule[cpu] = true;
}

static void idle_loop(void *argument)
{
	simcpu_irq_save();
	for (;;) {
		unsigned cpu = simcpu_here();

		if (reschedule[cpu] || sched_fetch(&simworld_sched, cpu))
			preempt();
		else
			simcpu_halt();
	}
}

/* --- what worlds do */

static void yield(void)
{
	bool saved = simcpu_irq_save();
	struct sched_switch s;

	part();
	if (sched_pass(&simworld_sched, simcpu_here(), &s))
		switch_worlds(&s);
	simcpu_irq_restore(saved);
}

static void wait(uint64_t deadline)
{
	struct simworld *world = self();
	bool saved = simcpu_irq_save(), switches;
	struct sched_switch s;

	if (world->task.state == TASK_LENT)
		switches =
			sched_give_back(&simworld_sched, simcpu_here(), &world->task, deadline, &s);
	else
		switches = sched_wait(&simworld_sched, simcpu_here(), deadline, &s);
	if (switches)
		switch_worlds(&s);
	simcpu_irq_restore(saved);
}

/* True: what it waited for has come. */
static bool wait_once(struct simworld *world)
{
	struct event_waiter waiters[SIMWORLD_EVENTS];
	unsigned registered = 0;
	bool done = false;

	sched_prepare_wait(&world->task);
	for (unsigned i = 0; i < SIMWORLD_EVENTS && !done; i++) {
		waiters[i].task = &world->task;
		if (!(world->mask >> i & 1))
			continue;
		if (event_register(&simworld_events[i], &waiters[i], world->seen[i]))
			registered |= 1u << i;
		else
			done = true;
	}
	done = done || now() >= world->deadline;
	if (!done)
		wait(world->deadline);
	for (unsigned i = 0; i < SIMWORLD_EVENTS; i++) {
		if (registered >> i & 1)
			event_unregister(&simworld_events[i], &waiters[i]);
	}
	return done;
}

static void wait_for(unsigned mask, uint64_t deadline)
{
	struct simworld *world = self();

	if (world->thread == 0) /* the others link themselves */
		event_set_owner(&simworld_events[0], &world->task);
	for (unsigned i = 0; i < SIMWORLD_EVENTS; i++)
		world->seen[i] = event_count(&simworld_events[i]);
	world->deadline = deadline;
	world->mask = mask;
	while (!wait_once(world))
		;
	world->mask = 0;
}

static void wake(struct task *task)
{
	sched_wake(&simworld_sched, task);
}

static void lend(struct simworld *to)
{
	struct simworld *world = self();
	bool saved = simcpu_irq_save();
	struct sched_switch s;

	if (to != world && world->task.state != TASK_LENT &&
		sched_lend(&simworld_sched, simcpu_here(), &to->task, &s)) {
		to->lender = world;
		switch_worlds(&s);
	}
	simcpu_irq_restore(saved);
}

static void operate(uint8_t what, uint8_t detail)
{
	static const struct cpu_set sets[] = {{{1}}, {{2}}, {{3}}, {{5}}, {{7}}, {{15}}};
	struct simworld *other = &simworlds[detail % SIMWORLDS];
	struct shortage unused;

	if (!other->started)
		other = self();
	switch (what % 8) {
	case 0:
	case 1:
		event_raise(&simworld_events[detail % SIMWORLD_EVENTS], wake);
		break;
	case 2:
		wait_for(1u << detail % SIMWORLD_EVENTS, now() + MS * (1 + (detail >> 4)));
		break;
	case 3:
		wait_for(1 + detail % 15, detail & 16 ? SCHED_NEVER : now() + MS / 4);
		break;
	case 4:
		yield();
		break;
	case 5:
		lend(other);
		break;
	case 6:
		sched_set_affinity(&simworld_sched, &(what & 8 ? other : self())->task,
			detail & 64 ? NULL : &sets[(detail >> 3) % 6], &unused);
		break;
	default:
		if (what & 8)
			sched_reserve(
				&simworld_sched, &other->task, (detail >> 4) * 60000u, &unused);
		else
			sched_set_shares(&simworld_sched, &self()->task, 1u << detail % 12);
	}
}

static void user_point(void)
{
	simcpu_pause();
	if (reschedule[simcpu_here()])
		preempt();
}

static void world_main(void *argument)
{
	struct simworld *world = argument;
	struct sched_switch s;

	finish_switch(0);
	simcpu_irq_restore(true);
	for (unsigned i = 0; i < world->operations; i++) {
		user_point();
		operate(world->program[2 * i], world->program[2 * i + 1]);
	}
	simcpu_irq_save();
	part();
	sched_end(&simworld_sched, simcpu_here(), &s);
	switch_worlds(&s);
}

/* --- the beginning */

void simworld_start(unsigned cpus)
{
	simcpu_locks();
	memset(simworlds, 0, sizeof(simworlds));
	memset(idles, 0, sizeof(idles));
	memset(simworld_events, 0, sizeof(simworld_events));
	memset(simworld_groups, 0, sizeof(simworld_groups));
	memset(kicked, 0, sizeof(kicked));
	memset(reschedule, 0, sizeof(reschedule));
	simworld_clock = 1000;
	simworld_sched = (struct sched)SCHED(&ops, runqs);
	for (unsigned i = 0; i < cpus; i++) {
		struct cpu_place place = {i / 2, i / 2};

		armed[i] = SCHED_NEVER;
		runqs[i] = &queues[i];
		idles[i].thread = SIMWORLDS + i;
		current[i] = &idles[i];
		runq_init(runqs[i], i, place, &idles[i].task, simworld_clock);
		sched_add_cpu(&simworld_sched, i);
		simcpu_thread(idles[i].thread, idle_loop, NULL);
		simcpu_boot(i, idles[i].thread);
	}
}

void simworld_create(unsigned i, struct group *parent, const uint8_t *program, unsigned operations)
{
	struct simworld *world = &simworlds[i];

	world->thread = i;
	world->program = program;
	world->operations = operations;
	world->task.turn.spare = &nodes[i];
	task_init(&world->task, parent);
	group_join(&world->task);
	simcpu_thread(i, world_main, world);
	world->started = true;
	world->task.cpu = i % simworld_sched.cpus;
	sched_wake(&simworld_sched, &world->task);
}

bool simworld_is_told(unsigned cpu)
{
	return kicked[cpu] || reschedule[cpu] || armed[cpu] <= simworld_clock;
}

bool simworld_next_timer(void)
{
	uint64_t next = SCHED_NEVER;

	for (unsigned i = 0; i < simworld_sched.cpus; i++)
		next = MIN(next, armed[i]);
	if (next == SCHED_NEVER)
		return false;
	simworld_clock = MAX(simworld_clock, next);
	now();
	return true;
}
