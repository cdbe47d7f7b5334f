#include "fuzz/models/simhost.h"

#include "arch/x86/smp.h"
#include "arch/x86/time.h"
#include "fuzz/models/simcpu_lock.h"
#include "vmkvm/pcpu.h"
#include "vtx/vtx_ops.h"
#include <string.h>

#define LOOK_NS 5000u /* at most between two looks at the clock */

/* LENDS: another one runs in its place. */
enum state { ABSENT, READY, RUNS, WAITS, LENDS, ENDED };

struct host_world {
	enum state state;
	unsigned thread;
	void (*main)(void *argument);
	void *argument;
	/* WAITS */
	const struct event *event;
	uint64_t seen, deadline; /* 0: none */
	/* It runs in this one's place, and what is called when it does no longer. */
	struct host_world *lender;
	void (*part)(void *argument);
	void *part_argument;
};

static struct host_world worlds[SIMHOST_WORLDS], idles[SIMCPU_CPUS], *current[SIMCPU_CPUS];
static uint32_t wanted[SIMCPU_CPUS];
static bool idle[SIMCPU_CPUS];
static unsigned cpu_total;
static uint64_t clock_ns;

static struct host_world *self(void)
{
	return current[simcpu_here()];
}

/* --- who goes on. Nobody else does anything between a look and a switch: there is no access. */

static bool has_come(const struct host_world *w)
{
	return w->event->count != w->seen || (w->deadline && w->deadline <= clock_ns);
}

static bool is_ready(const struct host_world *w)
{
	return w->state == READY || (w->state == WAITS && has_come(w));
}

bool simhost_is_ready(void)
{
	for (unsigned i = 0; i < SIMHOST_WORLDS; i++)
		if (is_ready(&worlds[i]))
			return true;
	return false;
}

static struct host_world *somebody(const struct host_world *but)
{
	const unsigned start = simcpu_random(SIMHOST_WORLDS);

	for (unsigned i = 0; i < SIMHOST_WORLDS; i++) {
		struct host_world *w = &worlds[(start + i) % SIMHOST_WORLDS];

		if (w != but && is_ready(w))
			return w;
	}
	return NULL;
}

static void switch_to(struct host_world *to)
{
	to->state = RUNS;
	if (to == self())
		return;
	current[simcpu_here()] = to;
	simcpu_switch(to->thread);
}

/* The caller, whose state says why, goes on when it is chosen again; where, nobody knows. */
static void leave(void)
{
	struct host_world *next = somebody(self());

	if (!next)
		next = is_ready(self()) ? self() : &idles[simcpu_here()];
	switch_to(next);
}

static void idle_loop(void *argument)
{
	simcpu_irq_save();
	for (;;) {
		const unsigned cpu = simcpu_here();
		struct host_world *next = somebody(NULL);

		if (next) {
			idles[cpu].state = ABSENT;
			switch_to(next);
			continue;
		}
		idle[cpu] = true;
		simcpu_halt();
		idle[cpu] = false;
	}
}

static void wake_idle(void)
{
	for (unsigned i = 0; i < cpu_total; i++)
		if (idle[i])
			simcpu_interrupt(i);
}

void simhost_interrupt(unsigned cpu)
{
	wanted[cpu] = 1;
}

/* Who lent its pCPU goes on by itself, as one of many. */
static void part(void)
{
	struct host_world *lender = self()->lender;

	if (!lender)
		return;
	self()->lender = NULL;
	lender->part(lender->part_argument);
	lender->state = READY;
	wake_idle();
}

static void give_way(void)
{
	part();
	self()->state = READY;
	leave();
}

void sched_preempt(void)
{
	const bool saved = simcpu_irq_save();

	wanted[simcpu_here()] = 0;
	give_way();
	simcpu_irq_restore(saved);
}

void world_yield(void)
{
	const bool saved = simcpu_irq_save();

	if (somebody(self()))
		give_way();
	else
		simcpu_spin();
	simcpu_irq_restore(saved);
}

void simhost_call(void)
{
	simcpu_pause();
	if (wanted[simcpu_here()] || !simcpu_random(8))
		sched_preempt();
}

void world_waits_for(enum sched_wait what)
{
}

/* --- events */

void event_note(struct event *event)
{
	__atomic_fetch_add(&event->count, 1, __ATOMIC_SEQ_CST);
}

void event_signal(struct event *event)
{
	event_note(event);
	wake_idle();
}

void event_own(struct event *event, struct world *world)
{
}

/* To whoever lent the pCPU, if anybody did. */
static void wait_once(struct host_world *w)
{
	struct host_world *lender = w->lender;

	w->state = WAITS;
	w->lender = NULL;
	if (lender)
		switch_to(lender);
	else
		leave();
}

enum vmk_status event_wait_any(struct event *const *events, const uint64_t *seen, unsigned count,
	uint64_t deadline, unsigned *index)
{
	const bool saved = simcpu_irq_save();
	struct host_world *w = self();

	w->event = events[0];
	w->seen = seen[0];
	w->deadline = deadline;
	while (!has_come(w))
		wait_once(w);
	simcpu_irq_restore(saved);
	*index = 0;
	return VMK_OK;
}

bool world_lend(struct world *world, void (*part_with)(void *argument), void *argument)
{
	struct host_world *to = (struct host_world *)world, *w = self();

	if (to->state != WAITS)
		return false;
	w->state = LENDS;
	w->part = part_with;
	w->part_argument = argument;
	to->lender = w;
	switch_to(to);
	return true;
}

bool simhost_next_deadline(void)
{
	uint64_t next = UINT64_MAX;

	for (unsigned i = 0; i < SIMHOST_WORLDS; i++)
		if (worlds[i].state == WAITS && worlds[i].deadline)
			next = MIN(next, worlds[i].deadline);
	if (next == UINT64_MAX)
		return false;
	clock_ns = MAX(clock_ns, next);
	wake_idle();
	return true;
}

/* --- the processor */

uint64_t vm_pcpu_take(void)
{
	return simcpu_irq_save();
}

void vm_pcpu_give(uint64_t taken)
{
	simcpu_irq_restore(taken);
}

struct vm_pcpu vm_pcpu(void)
{
	return (struct vm_pcpu){simcpu_here(), &wanted[simcpu_here()]};
}

void ipi_reschedule(unsigned cpu)
{
	simcpu_interrupt(cpu);
}

uint64_t time_ns(void)
{
	clock_ns += simcpu_random(LOOK_NS);
	return clock_ns;
}

uint64_t time_tsc_hz(void)
{
	return SIMHOST_HZ;
}

uint64_t vtx_rdtsc(void)
{
	return time_ns();
}

int64_t vtx_tsc_lag(void)
{
	return 0;
}

void vtx_host_interrupts(void)
{
	simcpu_irq_restore(true);
	simcpu_irq_save();
}

/* --- the beginning */

static void world_main(void *argument)
{
	struct host_world *w = argument;

	simcpu_irq_restore(true);
	w->main(w->argument);
	simcpu_irq_save();
	w->state = ENDED;
	leave();
}

void simhost_start(unsigned cpus)
{
	simcpu_locks();
	memset(worlds, 0, sizeof(worlds));
	memset(idles, 0, sizeof(idles));
	memset(wanted, 0, sizeof(wanted));
	memset(idle, 0, sizeof(idle));
	cpu_total = cpus;
	clock_ns = 1000;
	for (unsigned i = 0; i < cpus; i++) {
		idles[i].thread = SIMHOST_WORLDS + i;
		current[i] = &idles[i];
		simcpu_thread(idles[i].thread, idle_loop, NULL);
		simcpu_boot(i, idles[i].thread);
	}
}

void simhost_create(unsigned world, void (*main)(void *argument), void *argument)
{
	struct host_world *w = &worlds[world];

	*w = (struct host_world){
		.state = READY, .thread = world, .main = main, .argument = argument};
	simcpu_thread(world, world_main, w);
}

struct world *simhost_world(unsigned world)
{
	return (struct world *)&worlds[world];
}

bool simhost_has_ended(unsigned world)
{
	return worlds[world].state == ENDED;
}
