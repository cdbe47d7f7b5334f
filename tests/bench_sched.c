/*
 * vmkbench-sched: the scheduler's core on one host CPU, as rows "NAME|UNIT|MEDIAN|LOWEST|HIGHEST|
 * SAMPLES" for tests/bench. A decision is: charge who ran, queue it, pick who is next. Beside it
 * the same on a plain red-black tree and on a sorted list (bench_sched_peers.h). The quality of
 * service is simulated (kernel/replay/sched_sim.h): those figures are exact and the same
 * everywhere.
 */
#include "sched/group.h"
#include "sched/limit.h"
#include "tests/bench_sched_peers.h"
#include "replay/sched_sim.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <x86intrin.h>

#define WORLDS_MAX 10000u
#define SAMPLES    20001u
#define SERIES     5u
#define MS         1000000ull

static uint32_t ticks[SAMPLES];
static double ns_per_tick;
static struct peer_task peers[WORLDS_MAX];

_Noreturn void sim_fail(const char *what)
{
	fprintf(stderr, "vmkbench-sched: %s\n", what);
	exit(1);
}

static uint64_t monotonic_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000ull + (uint64_t)now.tv_nsec;
}

static void calibrate(void)
{
	uint64_t ns = monotonic_ns(), count = __rdtsc(), end;

	while ((end = monotonic_ns()) < ns + 50 * MS)
		;
	ns_per_tick = (double)(end - ns) / (double)(__rdtsc() - count);
}

static int compare_ticks(const void *a, const void *b)
{
	return (*(const uint32_t *)a > *(const uint32_t *)b) -
	       (*(const uint32_t *)a < *(const uint32_t *)b);
}

static int compare_double(const void *a, const void *b)
{
	return (*(const double *)a > *(const double *)b) -
	       (*(const double *)a < *(const double *)b);
}

static void put_series(const char *name, const char *unit, double *values, unsigned count)
{
	qsort(values, count, sizeof(*values), compare_double);
	printf("%s|%s|%.1f|%.1f|%.1f|%u\n", name, unit, values[count / 2], values[0],
		values[count - 1], count);
}

static void put_figure(const char *name, const char *unit, double value)
{
	printf("%s|%s|%.3f|%.3f|%.3f|1\n", name, unit, value, value, value);
}

/* --- decisions */

static struct peer peer;
static struct peer_task *peer_current;
static struct runq *runq;

static void decide_tree(void)
{
	peer_current = tree_next(&peer, peer_current, SCHED_SLICE_NS, SCHED_SLICE_NS);
}

/* Requests as long as ours are with everything in use: of vCPUs, within a limit, and what a
 * reservation pays of one. */
static void decide_tree_mixed(void)
{
	const unsigned i = (unsigned)(peer_current - peers);
	const uint64_t request = i < 8         ? COSTART_REQUEST_NS
				 : i % 16 == 9 ? LIMIT_GRANT_NS
					       : SCHED_SLICE_NS;

	peer_current =
		tree_next(&peer, peer_current, i % 16 == 8 ? SCHED_SLICE_NS / 7 : request, request);
}

static void decide_list(void)
{
	peer_current = list_next(&peer, peer_current, SCHED_SLICE_NS);
}

/* Whose wait, parking or co-stop may be over is looked at, and queued if it is. */
static void wake_ours(void)
{
	struct task *task;

	runq_charge(runq, sim_now);
	while ((task = runq_expired(runq, sim_now)))
		runq_add(runq, task, sim_now);
}

static void pass_event(void)
{
	sim_now = MIN(runq_next_event(runq, sim_now), sim_now + SCHED_SLICE_NS);
}

/* What passes before a decision, untimed: to the next event, a slice at most; wake-ups, too. */
static void pass_ours(void)
{
	pass_event();
	while (runq_next_deadline(runq) <= sim_now) {
		wake_ours();
		pass_event();
	}
}

static void decide_ours(void)
{
	runq_charge(runq, sim_now);
	runq_put(runq, sim_now);
	runq_pick(runq, sim_now);
}

static void nothing(void)
{
}

static uint32_t weight_of(unsigned i)
{
	static const uint32_t shares[] = {500, 1000, 1000, 2000};

	return shares[i % 4];
}

static void start_peer(bool tree, unsigned worlds)
{
	peer = (struct peer){0};
	for (unsigned i = 0; i < worlds; i++) {
		struct peer_task *task = &peers[i];

		*task = (struct peer_task){.weight = weight_of(i) * WEIGHT_PER_SHARE};
		task->deadline = (SCHED_SLICE_NS << FAIR_SHIFT) / task->weight;
		if (i == 0) {
			peer_current = task;
			peer.load = task->weight;
		} else if (tree) {
			tree_add(&peer, task);
		} else {
			list_add(&peer, task);
		}
	}
}

/* With `features`, of sixteen worlds one has a reservation, one a limit, and two VMs' four vCPUs
 * each are kept in step. */
static void add_features(unsigned i, unsigned worlds)
{
	struct shortage unused;
	struct task *task;

	if (i < 8 && i % 4 == 0) {
		group_init(&sim_groups[i / 4], NULL);
		sim_groups[i / 4].costart = true;
		group_set_shares(&sim_groups[i / 4], 4 * weight_of(i / 4));
	}
	task = sim_task_prepare(i, i < 8 ? &sim_groups[i / 4] : NULL);
	if (i % 16 == 8)
		sched_reserve(&sim_sched, task, RATE_ONE / 2 / (worlds / 16 + 1), &unused);
	if (i % 16 == 9)
		task->entity.limit.rate = RATE_ONE;
}

static void start_ours(unsigned worlds, bool features)
{
	sim_start((struct sim_config){.cpus = 1, .tasks = worlds});
	for (unsigned i = 0; i < worlds; i++) {
		if (features)
			add_features(i, worlds);
		else
			sim_task_prepare(i, NULL);
		/* vCPUs of one VM are equal. */
		if (!sim_tasks[i].task.entity.parent)
			sim_tasks[i].task.entity.shares = weight_of(i);
		sim_task_start(i);
	}
	sim_settle();
	runq = &sim_cpus[0].runq;
}

/* Two figures of one series: the median and the 99th percentile, in ns. */
static void measure(
	void (*pass)(void), void (*decide)(void), double overhead, double *p50, double *p99)
{
	for (unsigned i = 0; i < SAMPLES; i++) {
		unsigned unused;
		uint64_t begin;

		pass();
		begin = __rdtscp(&unused);
		decide();
		ticks[i] = (uint32_t)(__rdtscp(&unused) - begin);
	}
	qsort(ticks, SAMPLES, sizeof(ticks[0]), compare_ticks);
	*p50 = MAX(ticks[SAMPLES / 2] * ns_per_tick - overhead, 0);
	*p99 = MAX(ticks[SAMPLES / 100 * 99] * ns_per_tick - overhead, 0);
}

static void bench_structure(const char *name, void (*pass)(void), void (*decide)(void),
	unsigned worlds, double overhead)
{
	double p50[SERIES], p99[SERIES];
	char text[96];

	for (unsigned i = 0; i < SERIES; i++)
		measure(pass, decide, overhead, &p50[i], &p99[i]);
	snprintf(text, sizeof(text), "decision, %u worlds: %s, p50", worlds, name);
	put_series(text, "ns", p50, SERIES);
	snprintf(text, sizeof(text), "decision, %u worlds: %s, p99", worlds, name);
	put_series(text, "ns", p99, SERIES);
}

static void bench_decisions(void)
{
	double overhead, unused;

	calibrate();
	measure(nothing, nothing, 0, &overhead, &unused);
	for (unsigned worlds = 10; worlds <= WORLDS_MAX; worlds *= 10) {
		start_ours(worlds, false);
		bench_structure("shares alone", pass_ours, decide_ours, worlds, overhead);
		start_ours(worlds, true);
		bench_structure("everything", pass_ours, decide_ours, worlds, overhead);
		start_peer(true, worlds);
		bench_structure("red-black tree", nothing, decide_tree, worlds, overhead);
		start_peer(true, worlds);
		bench_structure("red-black tree, mixed requests", nothing, decide_tree_mixed,
			worlds, overhead);
		start_peer(false, worlds);
		bench_structure("sorted list", nothing, decide_list, worlds, overhead);
	}
}

/* --- service, simulated */

/* The worst distance from ideal service over 20 s, looked at every ms. */
static void bench_service_error(unsigned worlds)
{
	uint64_t shares = 0;
	double worst = 0;
	char text[96];

	start_ours(worlds, false);
	for (unsigned i = 0; i < worlds; i++)
		shares += weight_of(i);
	for (unsigned step = 1; step <= 20000; step++) {
		sim_run(MS);
		for (unsigned i = 0; i < worlds; i++) {
			double ideal = (double)step * MS * weight_of(i) / (double)shares;

			worst = fmax(worst, fabs((double)sim_received(i) - ideal));
		}
	}
	snprintf(text, sizeof(text), "worst distance from ideal service, %u hogs", worlds);
	put_figure(text, "ms simulated", worst / MS);
}

static void bench_skew(void)
{
	uint64_t worst = 0;

	sim_start((struct sim_config){.cpus = 2, .tasks = 6});
	group_init(&sim_groups[0], NULL);
	sim_groups[0].costart = true;
	for (unsigned i = 0; i < 6; i++) {
		sim_task_prepare(i, i < 4 ? &sim_groups[0] : NULL);
		sim_task_start(i);
	}
	sim_settle();
	for (unsigned step = 0; step < 40000; step++) {
		uint64_t least = UINT64_MAX, most = 0;

		sim_run(MS / 4);
		for (unsigned i = 0; i < 4; i++) {
			least = MIN(least, sim_received(i));
			most = MAX(most, sim_received(i));
		}
		worst = MAX(worst, most - least);
	}
	put_figure("worst skew, 4 vCPUs and 2 hogs on 2 CPUs", "ms simulated", (double)worst / MS);
}

static void bench_wakeups(const char *name, bool sensitive)
{
	char text[96];

	sim_start((struct sim_config){.cpus = 1, .tasks = 9});
	for (unsigned i = 0; i < 9; i++) {
		struct task *task = sim_task_prepare(i, NULL);

		if (i == 0 && sensitive)
			sched_set_latency(task, true);
		if (i == 0) {
			sim_tasks[i].burst = MS / 5;
			sim_tasks[i].sleep = 7 * MS;
		}
		sim_task_start(i);
	}
	sim_settle();
	sim_run(20000 * MS);
	snprintf(text, sizeof(text), "worst wake-up delay beside 8 hogs: %s", name);
	put_figure(text, "ms simulated", (double)sim_tasks[0].longest_wait / MS);
}

static void bench_machine(void)
{
	double sum = 0, squares = 0;
	uint64_t idle = 0;

	sim_start((struct sim_config){.cpus = 16, .tasks = 40, .threads = 2, .nodes = 2});
	for (unsigned i = 0; i < 40; i++)
		sim_task_start(i);
	sim_settle();
	sim_run(20000 * MS);
	for (unsigned i = 0; i < 40; i++) {
		sum += (double)sim_received(i);
		squares += (double)sim_received(i) * (double)sim_received(i);
	}
	for (unsigned i = 0; i < 16; i++)
		idle += sched_service(&sim_cpus[i].idle, sim_now);
	put_figure("Jain index, 40 hogs on 16 CPUs, 20 s", "of 1", sum * sum / (40 * squares));
	put_figure("idle while work waits, the same", "ms simulated", (double)idle / MS);
}

int main(void)
{
	bench_decisions();
	bench_service_error(10);
	bench_service_error(100);
	bench_skew();
	bench_wakeups("ordinary world", false);
	bench_wakeups("latency-sensitive world", true);
	bench_machine();
	return 0;
}
