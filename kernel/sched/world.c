/* Worlds on real CPUs: their stacks, registers and address spaces over the scheduler's core. */
#include "arch/x86/apic.h"
#include "arch/x86/cet.h"
#include "arch/x86/context.h"
#include "arch/x86/cpu.h"
#include "arch/x86/fpu.h"
#include "arch/x86/percpu.h"
#include "arch/x86/pkeys.h"
#include "arch/x86/shadow.h"
#include "arch/x86/smp.h"
#include "arch/x86/time.h"
#include "arch/x86/timer.h"
#include "boot/boot_info.h"
#include "lib/panic.h"
#include "mem/heap.h"
#include "mem/space.h"
#include "sched/sched.h"
#include "sched/world_state.h"
#include <stdio.h>
#include <string.h>

#define STACK_PAGES   8u
#define FIRST_ID      2097152ull /* as in the field */
#define TOPOLOGY_LEAF 0xbu

static struct runq *runqs[CPUS_MAX];
struct spinlock worlds_lock = SPINLOCK(LOCK_POOLS);
unsigned worlds_listed;
struct list worlds = {&worlds, &worlds}; /* all that exist, the idle ones too */
static uint64_t next_id = FIRST_ID;

static void kick(unsigned cpu)
{
	ipi_reschedule(cpu);
}

static const struct sched_ops ops = {.now = time_ns, .kick = kick, .arm = timer_arm};
static struct sched sched = SCHED(&ops, runqs);

static struct world *world_of(struct task *task)
{
	return container_of(task, struct world, task);
}

/* --- switching */

void world_load_user_state(struct world *to)
{
	if (!to->space) {
		space_activate(kernel_space());
		return;
	}
	percpu_set_kernel_stack(to->stack_top);
	space_activate(to->space);
	wrmsr(MSR_FS_BASE, to->fs_base);
	fpu_restore(&to->fpu);
	cet_restore(&to->cet);
	pkeys_load();
	shadow_set_kernel_stack(to->context.shadow);
}

/* On the stack of the world that runs now: let go of the queue's lock, and of a world that ended.
 */
static void finish_switch(uint64_t saved)
{
	struct task *dead = sched_finish_switch(&sched, percpu_index(), saved);

	if (dead)
		world_put(world_of(dead));
}

static void switch_worlds(const struct sched_switch *s)
{
	struct world *from = world_of(s->from), *to = world_of(s->to);

	if (world_check_each)
		world_check(runqs[percpu_index()]);
	if (from->space) {
		cet_save(&from->cet);
		fpu_save(&from->fpu);
	}
	percpu()->world = to;
	world_load_user_state(to);
	switch_context(&from->context, &to->context);
	finish_switch(s->saved);
}

static void enter_world(void *argument)
{
	struct world *self = argument;

	finish_switch(0);
	irq_enable();
	self->entry(self->argument);
	world_exit();
}

/* --- lending */

/* Only its own thread ends it. */
static bool is_lent(const struct world *world)
{
	return world->task.state == TASK_LENT;
}

bool world_lend(struct world *to, void (*part)(void *argument), void *argument)
{
	struct world *self = world_current();
	uint64_t saved = irq_save();
	struct sched_switch s;
	bool lent;

	self->part = part;
	self->part_argument = argument;
	lent = !is_lent(self) && sched_lend(&sched, percpu_index(), &to->task, &s);
	if (lent) {
		to->lender = self;
		switch_worlds(&s);
	}
	irq_restore(saved);
	return lent;
}

/* With interrupts off: from here on the current world is its queue's current one. */
static void part(void)
{
	struct world *self = world_current(), *lender = self->lender;
	struct sched_switch s;

	if (!is_lent(self))
		return;
	self->lender = NULL;
	lender->part(lender->part_argument);
	if (sched_part(&sched, percpu_index(), &self->task, &s))
		switch_worlds(&s);
}

void world_part(void)
{
	uint64_t saved = irq_save();

	part();
	irq_restore(saved);
}

/* --- giving way */

void sched_preempt(void)
{
	uint64_t saved = irq_save();
	struct sched_switch s;

	__atomic_store_n(&percpu()->reschedule, 0, __ATOMIC_SEQ_CST);
	part();
	if (sched_reconsider(&sched, percpu_index(), &s))
		switch_worlds(&s);
	irq_restore(saved);
}

void sched_give_way(void)
{
	if (__atomic_load_n(&percpu()->reschedule, __ATOMIC_SEQ_CST))
		sched_preempt();
}

void sched_tick(void)
{
	if (sched_on_timer(&sched, percpu_index()))
		__atomic_store_n(&percpu()->reschedule, 1, __ATOMIC_SEQ_CST);
}

void world_yield(void)
{
	uint64_t saved = irq_save();
	struct sched_switch s;

	part();
	if (sched_pass(&sched, percpu_index(), &s))
		switch_worlds(&s);
	irq_restore(saved);
}

void world_wait(uint64_t deadline)
{
	struct world *self = world_current();
	uint64_t saved = irq_save();
	struct sched_switch s;
	bool switches;

	if (is_lent(self))
		switches = sched_give_back(&sched, percpu_index(), &self->task, deadline, &s);
	else
		switches = sched_wait(&sched, percpu_index(), deadline, &s);
	if (switches)
		switch_worlds(&s);
	irq_restore(saved);
}

_Noreturn void world_exit(void)
{
	struct world *self = world_current();
	void (*at_exit)(void *owner) = self->at_exit;
	struct sched_switch s;

	/* Cleared first: it may end the world itself. */
	self->at_exit = NULL;
	if (at_exit)
		at_exit(self->owner);
	irq_disable();
	part();
	sched_end(&sched, percpu_index(), &s);
	switch_worlds(&s);
	panic("a world that ended was run again");
}

static _Noreturn void idle_loop(void)
{
	for (;;) {
		irq_disable();
		if (__atomic_load_n(&percpu()->reschedule, __ATOMIC_SEQ_CST) ||
			sched_fetch(&sched, percpu_index())) {
			sched_preempt();
			continue;
		}
		cpu_wait();
	}
}

static void idle_entry(void *argument)
{
	idle_loop();
}

/* --- their lives */

static void unlist(struct world *world)
{
	uint64_t saved = spin_lock(&worlds_lock);

	list_remove(&world->all);
	__atomic_sub_fetch(&worlds_listed, 1, __ATOMIC_RELAXED);
	spin_unlock(&worlds_lock, saved);
}

static void discard(struct world *world)
{
	heap_free(world->task.turn.spare);
	heap_free(world);
}

static struct world *create(const char *name)
{
	struct world *world = heap_alloc(sizeof(*world));
	uint64_t saved;

	if (!world)
		return NULL;
	world->task.turn.spare = heap_alloc(sizeof(*world->task.turn.spare));
	if (!world->task.turn.spare) {
		heap_free(world);
		return NULL;
	}
	world->id = __atomic_fetch_add(&next_id, 1, __ATOMIC_RELAXED);
	world->references = 1;
	task_init(&world->task, NULL);
	snprintf(world->name, sizeof(world->name), "%s", name);
	fpu_state_init(&world->fpu);
	saved = spin_lock(&worlds_lock);
	list_append(&worlds, &world->all);
	__atomic_add_fetch(&worlds_listed, 1, __ATOMIC_RELAXED);
	spin_unlock(&worlds_lock, saved);
	return world;
}

uint64_t world_bytes(const struct world *world)
{
	return heap_object_bytes(sizeof(*world)) +
	       heap_object_bytes(sizeof(*world->task.turn.spare)) +
	       (STACK_PAGES + (world->context.shadow ? 1 : 0)) * PAGE_SIZE;
}

enum vmk_status world_create(
	const char *name, void (*entry)(void *argument), void *argument, struct world **created)
{
	struct world *world = create(name);

	if (!world)
		return VMK_NO_MEMORY;
	if (stack_alloc(STACK_PAGES, &world->stack_top) != VMK_OK)
		goto no_stack;
	if (context_init(&world->context, world->stack_top, enter_world, world) != VMK_OK)
		goto no_context;
	world->entry = entry;
	world->argument = argument;
	*created = world;
	return VMK_OK;

no_context:
	stack_free(world->stack_top, STACK_PAGES);
no_stack:
	unlist(world);
	discard(world);
	return VMK_NO_MEMORY;
}

void world_start(struct world *world)
{
	uint64_t saved = irq_save();

	ASSERT(world->task.state == TASK_NEW);
	__atomic_add_fetch(&world->references, 1, __ATOMIC_RELAXED);
	world->task.cpu = percpu_index();
	sched_wake(&sched, &world->task);
	irq_restore(saved);
}

void world_get(struct world *world)
{
	__atomic_add_fetch(&world->references, 1, __ATOMIC_RELAXED);
}

void world_put(struct world *world)
{
	if (__atomic_sub_fetch(&world->references, 1, __ATOMIC_ACQ_REL))
		return;
	ASSERT(world->task.state == TASK_DEAD || world->task.state == TASK_NEW);
	unlist(world);
	world_leave(world);
	context_release(&world->context);
	if (world->stack_top)
		stack_free(world->stack_top, STACK_PAGES);
	discard(world);
}

void world_kill(struct world *world)
{
	unsigned cpu;

	__atomic_store_n(&world->killed, true, __ATOMIC_SEQ_CST);
	if (__atomic_load_n(&world->task.state, __ATOMIC_ACQUIRE) == TASK_NEW)
		return;
	sched_wake(&sched, &world->task);
	/* If it runs in ring 3, it must come out of there to see it. */
	cpu = __atomic_load_n(&world->task.cpu, __ATOMIC_ACQUIRE);
	ipi_reschedule(cpu);
}

void world_waits_for(enum sched_wait what)
{
	world_current()->task.waits_for = (uint8_t)what;
}

void world_urgent(bool urgent)
{
	world_current()->task.urgent = urgent;
}

bool world_killed(const struct world *world)
{
	return __atomic_load_n(&world->killed, __ATOMIC_SEQ_CST);
}

/* --- CPUs */

/* Threads of a core differ in the lowest bits of their APIC ids (SDM 3A, 9.9.3.2); the SRAT tells
 * whose memory is near. */
static struct cpu_place place_of(uint32_t id)
{
	uint32_t leaf[4] = {0}, node = boot_node_of(boot_info, id);

	cpuid(0, 0, leaf);
	if (leaf[0] < TOPOLOGY_LEAF)
		return (struct cpu_place){id, node};
	cpuid(TOPOLOGY_LEAF, 0, leaf);
	return (struct cpu_place){id >> (leaf[0] & 31), node};
}

static void add_cpu(struct world *idle, struct task *running)
{
	struct percpu *self = percpu();
	struct runq *runq = heap_alloc(sizeof(*runq));

	if (!runq)
		panic("no memory for a run queue");
	runq_init(runq, self->index, place_of(apic_id()), &idle->task, time_ns());
	if (running)
		runq_adopt(runq, running, time_ns());
	runqs[self->index] = runq;
	self->sched = runq;
	self->world = running ? world_of(running) : idle;
	sched_add_cpu(&sched, self->index);
}

static char *idle_name(char name[WORLD_NAME_BYTES])
{
	snprintf(name, WORLD_NAME_BYTES, "idle%u", percpu_index());
	return name;
}

void sched_init(void)
{
	struct world *boot = create("boot"), *idle;
	char name[WORLD_NAME_BYTES];

	if (!boot || world_create(idle_name(name), idle_entry, NULL, &idle) != VMK_OK)
		panic("no memory for the first worlds");
	add_cpu(idle, &boot->task);
}

_Noreturn void sched_cpu_start(void)
{
	char name[WORLD_NAME_BYTES];
	struct world *idle;

	irq_disable();
	idle = create(idle_name(name));
	if (!idle)
		panic("no memory for an idle world");
	add_cpu(idle, NULL);
	idle_loop();
}

/* --- for world_group.c */

struct sched *world_sched(void)
{
	return &sched;
}

struct task *world_task(struct world *world)
{
	return &world->task;
}

struct world_membership *world_membership(struct world *world)
{
	return &world->membership;
}
