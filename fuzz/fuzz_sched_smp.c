/* simulated: kernel/sched/queue.c kernel/sched/turns.c kernel/sched/fair.c */
/* simulated: kernel/sched/reserve.c kernel/sched/limit.c kernel/sched/group.c */
/* simulated: kernel/sched/runq.c kernel/sched/sched.c kernel/sched/service.c */
/* simulated: kernel/sched/lend.c kernel/sched/settings.c kernel/sched/event.c kernel/lib/lock.c */
/* simulated: fuzz/models/simworld.c fuzz/models/simcpu_lock.c */
/* simulated: fuzz/models/simcpu.c fuzz/models/simcpu_memory.c */
/* plain: kernel/sched/invariants.c */
/* plain: kernel/sched/turns_check.c kernel/sched/invariants_queue.c */
/* plain: kernel/sched/invariants_groups.c */
/* plain: tests/unit/shim/panic.c fuzz/lib/figures.c */
/* coverage: edges, bare */
/*
 * The scheduler, events and locks on two to four processors that take turns at every atomic access,
 * with or without store buffers: twelve worlds signal, wait, lend, yield, move each other, promise
 * each other time, and end. Again and again all processors are let out of the scheduler, and the
 * invariants (kernel/sched/invariants.h) are checked; nobody runs twice, nobody waits for what has
 * come, all come to an end. Input: two bytes of processors and mode, eight of the seed of turns,
 * one of how often to check, then the worlds' programs, operations of two bytes dealt out in turn.
 */
#include "fuzz/lib/figures.h"
#include "fuzz/models/simworld.h"
#include "sched/invariants.h"
#include "sched/settings.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HEADER_BYTES   11u
#define OPERATIONS_MAX 16u /* of a world */
#define ROUNDS_MAX     4000u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* For libFuzzer: which states worlds were seen in together at rest. */
__attribute__((used, section("__libfuzzer_extra_counters"))) static uint8_t seen[512];

static _Noreturn void fail(const char *what)
{
	fprintf(stderr, "sched_smp: %s (at %llu ns)\n", what, (unsigned long long)simworld_clock);
	abort();
}

static const struct simcpu_ops edge = {.interrupt = simworld_interrupt, .fail = fail};

/* --- what must hold when no processor is in the scheduler */

static void require(bool good, const struct violation *violation)
{
	char text[200];

	if (good)
		return;
	snprintf(text, sizeof(text), "%s: %s (cpu %d)", sched_invariant_name(violation->invariant),
		violation->what, (int)violation->cpu);
	fail(text);
}

static void check_wait(const struct simworld *world)
{
	if (world->task.state != TASK_WAITING || world->task.woken)
		return;
	for (unsigned i = 0; i < SIMWORLD_EVENTS; i++) {
		if ((world->mask >> i & 1) && simworld_events[i].count != world->seen[i])
			fail("a wake-up was lost");
	}
}

static void check_invariants(const struct sched_view *view)
{
	struct violation violation;

	require(sched_check_all(view, &violation), &violation);
	require(sched_check_groups(view, simworld_groups, SIMWORLD_GROUPS, &violation), &violation);
}

/* What it was promised goes last. */
static bool is_gone(const struct simworld *world)
{
	return (world->ended || world->task.state == TASK_DEAD) && !world->task.entity.reservation;
}

static void check(void)
{
	struct task *live[SIMWORLDS];
	struct sched_view view = {&simworld_sched, live, 0, simworld_clock, NULL};
	bool told[SIMCPU_CPUS];
	uint32_t states = 2166136261u;

	simcpu_rest();
	for (unsigned i = 0; i < SIMWORLDS; i++) {
		struct simworld *world = &simworlds[i];

		states = (states ^ world->task.state) * 16777619u;
		if (!world->started || is_gone(world))
			continue;
		check_wait(world);
		live[view.count++] = &world->task;
	}
	for (unsigned i = 0; i < simworld_sched.cpus; i++)
		told[i] = simworld_is_told(i);
	view.kicked = told;
	view.now = simworld_clock;
	seen[(states ^ states >> 15) % sizeof(seen)] = 1;
	check_invariants(&view);
}

/* --- a run */

static void make_groups(void)
{
	group_init(&simworld_groups[0], NULL);
	group_init(&simworld_groups[1], &simworld_groups[0]);
	simworld_groups[1].costart = true;
	group_init(&simworld_groups[2], NULL);
	simworld_groups[2].entity.limit.rate = RATE_ONE / 2;
}

static struct group *group_for(unsigned world)
{
	return world % 4 ? &simworld_groups[world % 4 - 1] : NULL;
}

/* Nobody signals any more. Who still waits without a deadline may do so for ever. */
static void finish(void)
{
	unsigned rounds = 0;

	while (simcpu_run(20000) || simworld_next_timer()) {
		if (++rounds > ROUNDS_MAX)
			fail("there is no end");
	}
	check();
	for (unsigned i = 0; i < SIMWORLDS; i++) {
		const struct simworld *world = &simworlds[i];

		if (world->started && !world->ended && world->task.state != TASK_WAITING)
			fail("a world was forgotten");
		if (world->task.state == TASK_WAITING && world->deadline != SCHED_NEVER)
			fail("a deadline was missed");
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t programs[SIMWORLDS][2 * OPERATIONS_MAX];
	unsigned lengths[SIMWORLDS] = {0}, worlds = SIMWORLDS;
	struct simcpu_config config;
	unsigned every;

	if (size < HEADER_BYTES)
		return 0;
	config = (struct simcpu_config){.cpus = 2 + data[0] % 3,
		.tso = data[0] & 16,
		.change_points = data[0] & 32 ? 1 + data[1] % 4 : 0,
		.change_within = 4000};
	memcpy(&config.seed, data + 2, sizeof(config.seed));
	every = 100u + data[10] * 32u;
	for (size_t at = HEADER_BYTES, n = 0; at + 1 < size && n < SIMWORLDS * OPERATIONS_MAX;
		at += 2, n++)
		memcpy(&programs[n % worlds][2 * lengths[n % worlds]++], data + at, 2);
	simcpu_start(&config, &edge);
	simworld_start(config.cpus);
	make_groups();
	for (unsigned i = 0; i < worlds; i++) {
		if (lengths[i])
			simworld_create(i, group_for(i), programs[i], lengths[i]);
		figures_operations(lengths[i]);
	}
	for (unsigned rounds = 0; rounds < 200 && simcpu_run(every); rounds++)
		check();
	finish();
	return 0;
}
