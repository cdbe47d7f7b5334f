/* simulated: kernel/sched/queue.c kernel/sched/turns.c kernel/sched/fair.c */
/* simulated: kernel/sched/reserve.c kernel/sched/limit.c kernel/sched/group.c */
/* simulated: kernel/sched/runq.c kernel/lib/lock.c fuzz/models/simcpu_lock.c */
/* simulated: fuzz/models/simcpu.c fuzz/models/simcpu_memory.c */
/* plain: tests/unit/shim/panic.c fuzz/lib/figures.c */
/* coverage: edges, bare */
/*
 * How far a vCPU has come, looked at from other processors while its own lets it run, stops it,
 * charges it and wakes it, at every interleaving of their accesses, with or without store buffers.
 * What is seen is never more than it had at any moment of the look, and never less than it had been
 * charged before: time for which it was only ready, or which is being charged, counts once at most.
 * Input: a byte of processors and mode, eight of the seed of turns, then what its queue does, one
 * byte each.
 */
#include "fuzz/lib/figures.h"
#include "fuzz/models/simcpu.h"
#include "fuzz/models/simcpu_lock.h"
#include "lib/types.h"
#include "sched/group.h"
#include "sched/runq.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HEADER_BYTES 9u
#define STEPS_MAX    32u
#define LOOKS        12u /* of each other processor */
#define ACCESSES_MAX 400000u
#define FAR_AHEAD    (1ull << 62)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static _Noreturn void fail(const char *what)
{
	fprintf(stderr, "progress_smp: %s\n", what);
	abort();
}

static void interrupt(unsigned cpu)
{
}
static const struct simcpu_ops edge = {.interrupt = interrupt, .fail = fail};

/* The vCPU that is looked at shares its queue with a world; another one of its VM, which does not
 * want to run, is far ahead, and its lead shows what is seen. */
static struct runq queue;
static struct turns_node nodes[2];
static struct task idle, vcpu, rival, leader;
static struct group vm;
static bool vcpu_waits;

static uint64_t clock_ns;
static const uint8_t *steps;
static unsigned step_count;

/* After each step: what it has come to at `since`, from when on it runs, or does not. */
struct point {
	uint64_t progress, since;
	bool runs, waits;
};
static struct point points[STEPS_MAX + 1];
static unsigned done;

/* What was seen at `now`, between the points `first` and `last`. */
struct look {
	uint64_t now, lead;
	unsigned first, last;
};
static struct look looks[SIMCPU_CPUS * LOOKS];
static unsigned look_count;

static uint64_t look_at_clock(void)
{
	clock_ns += 1 + simcpu_random(3000);
	return clock_ns;
}

static uint64_t progress_at(const struct point *p, uint64_t now)
{
	return p->progress + (p->runs && now > p->since ? now - p->since : 0);
}

/* --- its own processor */

static void pass(uint64_t now)
{
	if (queue.ready_count && !queue.current->idle)
		runq_forfeit(&queue);
	runq_put(&queue, now);
	runq_pick(&queue, now);
}

static void wait(uint64_t now)
{
	if (queue.current->idle)
		return;
	vcpu_waits |= queue.current == &vcpu;
	runq_wait(&queue, SCHED_NEVER, now);
	runq_pick(&queue, now);
}

static void wake(struct task *task, uint64_t now)
{
	if (task->state != TASK_WAITING)
		return;
	vcpu_waits &= task != &vcpu;
	runq_wake(&queue, task, now);
	runq_add(&queue, task, now);
}

static void step(uint8_t what)
{
	const struct point *was = &points[done];
	/* Whatever the last step stored is seen after that. */
	const uint64_t saved = spin_lock(&queue.lock), now = look_at_clock();

	runq_charge(&queue, now);
	switch (what % 4) {
	case 0:
		break;
	case 1:
		wake(what & 4 ? &vcpu : &rival, now);
		break;
	case 2:
		pass(now);
		break;
	default:
		wait(now);
	}
	points[done + 1] =
		(struct point){progress_at(was, now), now, queue.current == &vcpu, vcpu_waits};
	spin_unlock(&queue.lock, saved);
	done++;
}

static void rest(void)
{
	for (;;)
		simcpu_halt();
}

static void run_queue(void *argument)
{
	for (unsigned i = 0; i < step_count; i++) {
		for (unsigned n = steps[i] >> 4; n; n--)
			simcpu_pause();
		step(steps[i]);
	}
	rest();
}

/* --- the others */

static void look_on(void *argument)
{
	for (unsigned i = 0; i < LOOKS; i++) {
		/* A step's stores may wait in a buffer until the next one takes the lock. */
		struct look look = {.first = done ? done - 1 : 0};

		look.now = look_at_clock();
		look.lead = group_skew(&leader, look.now);
		look.last = done + 1;
		looks[look_count++] = look;
		for (uint32_t n = simcpu_random(16); n; n--)
			simcpu_pause();
	}
	rest();
}

static void judge(const struct look *look)
{
	const unsigned last = MIN(look->last, done);
	const uint64_t seen = FAR_AHEAD - look->lead;
	bool waited = false;
	uint64_t most = 0;

	for (unsigned i = look->first; i <= last; i++) {
		waited |= points[i].waits;
		most = MAX(most, progress_at(&points[i], look->now));
	}
	if (!look->lead && waited)
		return;
	if (!look->lead)
		fail("it was not seen");
	if (seen > most)
		fail("it was seen further than it has come");
	if (seen < points[look->first].progress)
		fail("it was seen behind what it had been charged");
}

static void prepare(void)
{
	memset(nodes, 0, sizeof(nodes));
	vcpu = rival = leader = idle = (struct task){0};
	vm = (struct group){.costart = true};
	clock_ns = 1000;
	done = look_count = 0;
	vcpu_waits = false;
	simcpu_locks();
	runq_init(&queue, 0, (struct cpu_place){0, 0}, &idle, clock_ns);
	group_init(&vm, NULL);
	task_init(&vcpu, &vm);
	task_init(&leader, &vm);
	task_init(&rival, NULL);
	vcpu.turn.spare = &nodes[0];
	rival.turn.spare = &nodes[1];
	group_join(&vcpu);
	group_join(&leader);
	leader.progress = FAR_AHEAD;
	runq_adopt(&queue, &vcpu, clock_ns);
	runq_wake(&queue, &rival, clock_ns);
	runq_add(&queue, &rival, clock_ns);
	points[0] = (struct point){0, clock_ns, true, false};
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct simcpu_config config;

	if (size < HEADER_BYTES)
		return 0;
	config = (struct simcpu_config){.cpus = 2 + data[0] % 3, .tso = data[0] & 16};
	memcpy(&config.seed, data + 1, sizeof(config.seed));
	steps = data + HEADER_BYTES;
	step_count = (unsigned)MIN(size - HEADER_BYTES, (size_t)STEPS_MAX);
	figures_operations(step_count + LOOKS * (config.cpus - 1));
	simcpu_start(&config, &edge);
	prepare();
	for (unsigned i = 0; i < config.cpus; i++) {
		simcpu_thread(i, i ? look_on : run_queue, NULL);
		simcpu_boot(i, i);
	}
	if (simcpu_run(ACCESSES_MAX))
		fail("there is no end");
	for (unsigned i = 0; i < look_count; i++)
		judge(&looks[i]);
	return 0;
}
