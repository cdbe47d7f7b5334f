/* simulated: kernel/arch/x86/stop.c */
/* simulated: fuzz/models/simcpu.c fuzz/models/simcpu_memory.c */
/* plain: fuzz/lib/figures.c */
/* coverage: edges, bare */
/*
 * Leaving the machine, at every interleaving of what two to four processors do: they work, with
 * interrupts off for a long time, or stuck in an NMI; they start late; they ask the first one to
 * leave, or leave themselves, several at once. In the end one has left, once. When it goes on
 * (SEXIT, and INIT to all others) each other one is in tboot and not in VMX operation any more, or
 * has been named; no NMI reaches one that has left the kernel, nobody leaves it afterwards. Input:
 * a byte of processors and mode, one of change points, eight of the seed of turns, one of who
 * starts late, then steps of one byte, dealt out in turn.
 */
#include "arch/x86/stop.h"
#include "fuzz/lib/figures.h"
#include "fuzz/models/simcpu.h"
#include "fuzz/models/simcpu_memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HEADER_BYTES 11u
#define STEPS_MAX    16u /* of a processor */
#define ACCESSES_MAX 400000u
#define LOOK_NS      20000000u /* at most between two looks at the clock */
#define ASK_TURNS    12u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static _Noreturn void fail(const char *what)
{
	fprintf(stderr, "stop: %s (cpu%u)\n", what, simcpu_here());
	abort();
}

enum place { IN_KERNEL, ON_THE_WAY, IN_TBOOT, HALTED };
enum online { COMES, ONLINE, NEVER };

static struct {
	uint32_t state, online;
	enum place place;
	bool in_vmx, named;
	unsigned stuck; /* turns in the handler of an NMI */
	uint8_t steps[STEPS_MAX];
	unsigned count;
	bool starts_late;
} cpus[SIMCPU_CPUS];
static unsigned cpu_total;
static uint64_t clock_ns;
static bool asked, left, away;
static unsigned leaver, in_tboot;

/* --- the edge */

static void look(void)
{
	const unsigned here = simcpu_here();

	if (cpus[here].place == IN_TBOOT)
		fail("a CPU that is in tboot runs the kernel");
	if (left && here != leaver && away && !cpus[here].named && cpus[here].online == ONLINE)
		fail("a CPU runs the kernel after the one that leaves has gone on");
}

static uint32_t *state(unsigned cpu)
{
	return cpu < cpu_total ? &cpus[cpu].state : NULL;
}

static bool take_online(unsigned cpu, uint32_t to)
{
	uint32_t undecided = COMES;

	return __atomic_compare_exchange_n(
		&cpus[cpu].online, &undecided, to, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
}

static bool is_online(unsigned cpu)
{
	take_online(cpu, NEVER);
	return cpus[cpu].online == ONLINE;
}

static void nmi(unsigned cpu)
{
	if (cpus[cpu].place != IN_KERNEL)
		fail("an NMI is sent to a CPU that has left the kernel");
	simcpu_access();
	simcpu_nmi(cpu);
}

static uint64_t now(void)
{
	clock_ns += simcpu_random(LOOK_NS);
	return clock_ns;
}

static void turn(void)
{
	look();
	simcpu_spin();
	look();
}

static void deafen(void)
{
	simcpu_irq_save();
}

static void disarm(void)
{
	look();
	cpus[simcpu_here()].in_vmx = false;
}

static bool are_away(void)
{
	return in_tboot == cpu_total - 1;
}

static void unanswered(unsigned cpu)
{
	cpus[cpu].named = true;
}

static const struct stop_ops stop_edge = {.here = simcpu_here,
	.state = state,
	.is_online = is_online,
	.interrupt = simcpu_interrupt,
	.nmi = nmi,
	.now = now,
	.wait = turn,
	.deafen = deafen,
	.disarm = disarm,
	.are_away = are_away,
	.unanswered = unanswered};
static struct stop stop;

/* --- ends */

static _Noreturn void rest(enum place place)
{
	cpus[simcpu_here()].place = place;
	for (;;)
		simcpu_halt();
}

static _Noreturn void park(void)
{
	const unsigned here = simcpu_here();

	cpus[here].place = ON_THE_WAY;
	for (unsigned i = simcpu_random(6); i; i--)
		simcpu_pause();
	if (cpus[here].in_vmx)
		fail("a CPU reaches tboot in VMX operation: INIT is blocked there");
	if (cpus[here].named || (left && away))
		fail("a CPU reaches tboot that nobody expects there any more");
	in_tboot++;
	rest(IN_TBOOT);
}

static void be_stopped(void)
{
	switch (stop_here(&stop)) {
	case STOP_GO_ON:
		return;
	case STOP_PARK:
		park();
	case STOP_HALT:
		if (cpus[simcpu_here()].in_vmx)
			fail("a CPU halts in VMX operation");
		rest(HALTED);
	}
}

/* SEXIT, then INIT for those that wait. */
static void go_on(void)
{
	for (unsigned i = 0; i < cpu_total; i++) {
		if (i == simcpu_here() || cpus[i].named || cpus[i].online != ONLINE)
			continue;
		if (cpus[i].state != STOP_GONE || cpus[i].in_vmx)
			fail("a CPU is neither away nor named when the other one goes on");
		if (away && cpus[i].place != IN_TBOOT)
			fail("a CPU was taken to be in tboot that is not");
	}
}

static void leave(void)
{
	if (!stop_claim(&stop)) {
		while (!stop_is_on(&stop))
			turn();
		be_stopped();
		return;
	}
	if (left)
		fail("two leave the machine");
	simcpu_irq_save();
	leaver = simcpu_here();
	away = stop_others(&stop);
	go_on();
	left = true;
	rest(HALTED);
}

/* As the kernel's first CPU is asked (arch/x86/power.c). */
static void wait_to_be_stopped(void)
{
	for (unsigned i = 0; i < ASK_TURNS; i++) {
		if (stop_is_on(&stop))
			be_stopped();
		turn();
	}
}

static void ask_first(void)
{
	asked = true;
	simcpu_interrupt(0);
	simcpu_irq_save();
	wait_to_be_stopped();
	stop_send_nmi(&stop, 0);
	wait_to_be_stopped();
	leave();
}

static void serve(void)
{
	if (stop_is_on(&stop))
		be_stopped();
	if (asked && !simcpu_here() && cpus[0].place == IN_KERNEL && !(left && leaver == 0))
		leave();
}

static void on_interrupt(unsigned cpu)
{
	if (cpus[cpu].place == IN_KERNEL)
		serve();
}

static void on_nmi(unsigned cpu)
{
	if (cpus[cpu].place != IN_KERNEL)
		fail("an NMI reaches a CPU that has left the kernel");
	for (; cpus[cpu].stuck; cpus[cpu].stuck--)
		simcpu_pause();
	stop_nmi_came(&stop);
	serve();
}

static const struct simcpu_ops edge = {on_interrupt, on_nmi, fail};

/* --- what a processor does before */

static void work(unsigned turns)
{
	while (turns--)
		simcpu_pause();
}

static void step(uint8_t what)
{
	const unsigned here = simcpu_here(), amount = what >> 2;

	switch (what & 3) {
	case 0:
		work(amount);
		break;
	case 1:
		deafen();
		work(4 * amount);
		simcpu_irq_restore(true);
		break;
	case 2:
		cpus[here].stuck = 64 * amount;
		break;
	case 3:
		if (amount & 1 && here)
			ask_first();
		else if (amount & 2)
			leave();
	}
}

static void run(void *argument)
{
	const unsigned here = simcpu_here();

	simcpu_irq_save();
	if (cpus[here].starts_late) {
		work(4 * cpus[here].count);
		if (!take_online(here, ONLINE)) {
			disarm();
			rest(HALTED);
		}
	}
	simcpu_irq_restore(true);
	for (unsigned i = 0; i < cpus[here].count; i++)
		step(cpus[here].steps[i]);
	if (!here)
		leave();
	for (;;)
		simcpu_halt();
}

static void deal(const uint8_t *data, size_t size)
{
	memset(cpus, 0, sizeof(cpus));
	for (unsigned i = 0; i < cpu_total; i++) {
		cpus[i].in_vmx = true;
		cpus[i].starts_late = i && data[10] >> i & 1;
		cpus[i].online = cpus[i].starts_late ? COMES : ONLINE;
	}
	for (size_t at = HEADER_BYTES, n = 0; at < size && n < cpu_total * STEPS_MAX; at++, n++) {
		const unsigned cpu = (unsigned)n % cpu_total;

		cpus[cpu].steps[cpus[cpu].count++] = data[at];
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct simcpu_config config;

	if (size < HEADER_BYTES)
		return 0;
	cpu_total = 2 + data[0] % 3;
	config = (struct simcpu_config){.cpus = cpu_total,
		.tso = data[0] & 16,
		.change_points = data[0] & 32 ? 1 + data[1] % 4 : 0,
		.change_within = 4000};
	memcpy(&config.seed, data + 2, sizeof(config.seed));
	deal(data, size);
	stop = (struct stop){.ops = &stop_edge};
	clock_ns = 0;
	asked = left = away = false;
	leaver = in_tboot = 0;
	simcpu_start(&config, &edge);
	for (unsigned i = 0; i < cpu_total; i++) {
		simcpu_thread(i, run, NULL);
		simcpu_boot(i, i);
	}
	figures_operations(size - HEADER_BYTES);
	if (simcpu_run(ACCESSES_MAX))
		fail("there is no end");
	if (!left)
		fail("nobody leaves the machine");
	return 0;
}
