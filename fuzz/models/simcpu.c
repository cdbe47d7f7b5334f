#include "fuzz/models/simcpu.h"
#include "fuzz/models/simcpu_memory.h"
#include "lib/types.h"

#include <stddef.h>
#include <string.h>

#define STACK_BYTES 32768u
#define TURN_MAX    12u      /* accesses in a row, without change points */
#define RUN_MAX     4000u    /* the same with them */
#define STUCK_TURNS 2000000u /* turns without anything to show for them */
#define NOBODY      UINT32_MAX

struct cpu {
	unsigned thread;
	bool booted, irq_on, pending, halted, resting;
	bool nmi_pending, in_nmi;
	uint32_t priority;
};

static _Alignas(64) uint8_t stacks[SIMCPU_THREADS][STACK_BYTES];
static struct {
	void *sp; /* NULL: it runs */
	void (*entry)(void *argument);
	void *argument;
} threads[SIMCPU_THREADS];
static struct cpu cpus[SIMCPU_CPUS];
static struct simcpu_config config;
static const struct simcpu_ops *ops;
static unsigned here, turn_left;
static uint32_t accesses, next_priority, change_at[8];
static uint32_t next_change; /* the first of them that lies ahead, or UINT32_MAX */
/* What simcpu_left began with: turn_left and `accesses` are as they were then. */
static uint32_t granted;
uint32_t simcpu_left = UINT32_MAX;
static bool resting, running;
static void *scheduler_sp;
static uint64_t random_state;

/* ASan's, if a target has it: frames on simulated stacks are left in any order. */
void __asan_unpoison_memory_region(const volatile void *at, size_t bytes) __attribute__((weak));
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
	return "detect_stack_use_after_return=0";
}

uint32_t simcpu_random(uint32_t limit)
{
	/* xorshift64 */
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return (uint32_t)((random_state >> 32) % limit);
}

/* --- threads. Saves what a call preserves (System V ABI for AMD64, 3.2.1). */

/* No ret: it goes elsewhere than it was called from. */
void simcpu_swap(void **save, void *sp);
__asm__(".pushsection .text\n"
	"simcpu_swap:\n"
	"	push %rbp\n	push %rbx\n	push %r12\n	push %r13\n	push %r14\n	"
	"push %r15\n"
	"	mov %rsp, (%rdi)\n"
	"	mov %rsi, %rsp\n"
	"	pop %r15\n	pop %r14\n	pop %r13\n	pop %r12\n	pop %rbx\n	"
	"pop %rbp\n"
	"	pop %rax\n	jmp *%rax\n"
	".popsection\n");

static void begin(void)
{
	unsigned thread = cpus[here].thread;

	threads[thread].entry(threads[thread].argument);
	ops->fail("a thread of control ended");
}

void simcpu_thread(unsigned thread, void (*entry)(void *argument), void *argument)
{
	void **top = (void **)(void *)(stacks[thread] + STACK_BYTES);

	if (__asan_unpoison_memory_region)
		__asan_unpoison_memory_region(stacks[thread], STACK_BYTES);
	*--top = NULL; /* begin() has no caller, and the alignment of a called function */
	*--top = (void *)(uintptr_t)begin;
	for (unsigned i = 0; i < 6; i++)
		*--top = NULL;
	threads[thread].sp = top;
	threads[thread].entry = entry;
	threads[thread].argument = argument;
}

/* --- how far somebody may go on without a look at anything but memory */

static bool takes_something(const struct cpu *cpu)
{
	return (cpu->pending && cpu->irq_on) || (cpu->nmi_pending && !cpu->in_nmi);
}

static void find_next_change(void)
{
	next_change = UINT32_MAX;
	for (unsigned i = 0; i < config.change_points && i < ARRAY_SIZE(change_at); i++) {
		if (change_at[i] > accesses)
			next_change = MIN(next_change, change_at[i]);
	}
}

static void grant(void)
{
	if (next_change <= accesses)
		find_next_change();
	granted = takes_something(&cpus[here]) ? 1 : MIN(turn_left, next_change - accesses);
	simcpu_left = granted;
}

static void settle(void)
{
	accesses += granted - simcpu_left;
	turn_left -= granted - simcpu_left;
	granted = simcpu_left;
}

/* There is something to take, maybe: at its next access. */
static void look_soon(unsigned cpu)
{
	if (!running || cpu != here)
		return;
	settle();
	grant();
}

static void to_scheduler(void)
{
	settle();
	simcpu_swap(&threads[cpus[here].thread].sp, scheduler_sp);
}

static void to_cpu(unsigned cpu)
{
	unsigned thread = cpus[cpu].thread;
	void *sp = threads[thread].sp;

	here = cpu;
	simcpu_memory_is(cpu);
	threads[thread].sp = NULL;
	running = true;
	grant();
	simcpu_swap(&scheduler_sp, sp);
	simcpu_left = UINT32_MAX;
	running = false;
}

void simcpu_switch(unsigned thread)
{
	struct cpu *cpu = &cpus[here];
	unsigned from = cpu->thread;
	void *sp = threads[thread].sp;

	for (unsigned i = 0; i < config.cpus; i++) {
		if (cpus[i].booted && cpus[i].thread == thread)
			ops->fail("a world runs on two processors");
	}
	cpu->thread = thread;
	threads[thread].sp = NULL;
	simcpu_swap(&threads[from].sp, sp);
}

/* --- who goes on */

void simcpu_start(const struct simcpu_config *wanted, const struct simcpu_ops *edge)
{
	config = *wanted;
	ops = edge;
	random_state = (wanted->seed ^ 0x9e3779b97f4a7c15ull) | 1;
	memset(cpus, 0, sizeof(cpus));
	memset(threads, 0, sizeof(threads));
	simcpu_memory_reset(wanted->tso);
	accesses = 0;
	simcpu_left = UINT32_MAX;
	resting = false;
	next_priority = SIMCPU_CPUS + 1000;
	for (unsigned i = 0; i < config.cpus; i++)
		cpus[i].priority = next_priority + simcpu_random(1000);
	next_change = 0;
	for (unsigned i = 0; i < config.change_points && i < ARRAY_SIZE(change_at); i++)
		change_at[i] = simcpu_random(config.change_within);
}

void simcpu_boot(unsigned cpu, unsigned thread)
{
	cpus[cpu].thread = thread;
	cpus[cpu].booted = true;
}

unsigned simcpu_here(void)
{
	return here;
}

static void become_last(struct cpu *cpu)
{
	cpu->priority = --next_priority;
}

static bool may_run(const struct cpu *cpu)
{
	return cpu->booted &&
	       (!cpu->halted || cpu->pending || (cpu->nmi_pending && !cpu->in_nmi)) &&
	       !(resting && cpu->resting);
}

static unsigned first_by_priority(void)
{
	unsigned best = NOBODY;

	for (unsigned i = 0; i < config.cpus; i++) {
		if (may_run(&cpus[i]) && (best == NOBODY || cpus[i].priority > cpus[best].priority))
			best = i;
	}
	return best;
}

static unsigned anybody(void)
{
	const unsigned start = simcpu_random(config.cpus);
	unsigned cpu = start;

	do {
		if (may_run(&cpus[cpu]))
			return cpu;
		cpu = cpu + 1 < config.cpus ? cpu + 1 : 0;
	} while (cpu != start);
	return NOBODY;
}

static bool take_turn(void)
{
	unsigned cpu = config.change_points ? first_by_priority() : anybody();

	if (cpu == NOBODY)
		return false;
	if (!simcpu_random(4))
		simcpu_memory_drain(simcpu_random(config.cpus), 1);
	turn_left = config.change_points ? RUN_MAX : 1 + simcpu_random(TURN_MAX);
	to_cpu(cpu);
	return true;
}

bool simcpu_run(unsigned count)
{
	uint32_t end = accesses + count;
	bool goes_on = true;

	while (goes_on && accesses < end) {
		accesses++; /* who is halted makes none */
		goes_on = take_turn();
	}
	simcpu_memory_is(SIMCPU_CPUS);
	return goes_on;
}

void simcpu_rest(void)
{
	unsigned turns = 0;

	resting = true;
	while (take_turn()) {
		if (++turns > STUCK_TURNS)
			ops->fail("the processors never come to rest");
	}
	resting = false;
	simcpu_memory_is(SIMCPU_CPUS);
	for (unsigned i = 0; i < config.cpus; i++)
		simcpu_memory_drain(i, UINT32_MAX);
}

/* --- the processor's side */

static void take_nmi(struct cpu *cpu)
{
	const bool irq_on = cpu->irq_on;

	if (!cpu->nmi_pending || cpu->in_nmi)
		return;
	cpu->nmi_pending = cpu->irq_on = false;
	cpu->in_nmi = true;
	ops->nmi(here);
	cpus[here].in_nmi = false;
	cpus[here].irq_on = irq_on;
	look_soon(here);
}

static void take_interrupt(struct cpu *cpu)
{
	take_nmi(cpu);
	if (!cpu->pending || !cpu->irq_on)
		return;
	cpu->pending = false;
	cpu->irq_on = false;
	ops->interrupt(here);
	cpus[here].irq_on = true;
	look_soon(here);
}

void simcpu_turn(void)
{
	if (!running) {
		simcpu_left = UINT32_MAX;
		return;
	}
	settle();
	if (!turn_left || accesses == next_change) {
		if (config.change_points)
			become_last(&cpus[here]); /* whatever it does over and over, somebody may
						     have to end it */
		to_scheduler();
	} else {
		grant();
	}
	take_interrupt(&cpus[here]);
}

void simcpu_spin(void)
{
	become_last(&cpus[here]);
	to_scheduler();
}

void simcpu_pause(void)
{
	unsigned cpu = here;

	cpus[cpu].resting = true;
	if (resting)
		to_scheduler();
	cpus[here].resting = false;
	simcpu_access();
}

bool simcpu_irq_save(void)
{
	bool was_on = cpus[here].irq_on;

	cpus[here].irq_on = false;
	return was_on;
}

void simcpu_irq_restore(bool on)
{
	cpus[here].irq_on = on;
	take_interrupt(&cpus[here]);
}

void simcpu_halt(void)
{
	struct cpu *cpu = &cpus[here];

	cpu->irq_on = true;
	cpu->resting = true;
	while (!cpu->pending) {
		cpu->halted = true;
		to_scheduler();
		cpu->halted = false;
		take_nmi(cpu);
	}
	cpu->resting = false;
	take_interrupt(cpu);
	cpus[here].irq_on = false;
}

void simcpu_nmi(unsigned cpu)
{
	cpus[cpu].nmi_pending = true;
	look_soon(cpu);
}

void simcpu_interrupt(unsigned cpu)
{
	cpus[cpu].pending = true;
	look_soon(cpu);
}

bool simcpu_interrupt_waits(void)
{
	return cpus[here].pending;
}
