/* simulated: kernel/vtx/guest_clock.c */
/* simulated: fuzz/models/simcpu.c fuzz/models/simcpu_memory.c */
/* plain: fuzz/lib/figures.c */
/* coverage: edges, bare */
/*
 * A guest's clock that one processor stops and lets go while others read it, at every interleaving
 * of their accesses, with or without store buffers. What is read is what one setting says, one that
 * held between the reader's look at the host's time and its answer, and never less than anybody has
 * been told before. Input: a byte of processors and mode, eight of the seed of turns, one of rates,
 * then the writer's steps, one byte each.
 */
#include "fuzz/lib/figures.h"
#include "fuzz/models/simcpu.h"
#include "lib/types.h"
#include "vtx/guest_clock.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HEADER_BYTES 10u
#define STEPS_MAX    64u
#define READS        48u
#define ACCESSES_MAX 200000u
#define TICKS_PER_NS 3u
#define LAG_MOST     4000

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static _Noreturn void fail(const char *what)
{
	fprintf(stderr, "guest_clock_smp: %s\n", what);
	abort();
}

static void interrupt(unsigned cpu)
{
}
static const struct simcpu_ops edge = {.interrupt = interrupt, .fail = fail};

/* What a clock shows: `base` at `since`, and from then on as the host's goes, or stands. */
struct naive {
	uint64_t base, since;
	bool stands;
};
struct setting {
	struct naive tsc, ns;
};

static struct guest_clock guest;
static struct setting settings[STEPS_MAX + 1];
static unsigned begun, done; /* changes: the last one may be under way */
static const uint8_t *steps;
static unsigned step_count;
static uint64_t host_ns, told_tsc, told_ns;
static int64_t lags[SIMCPU_CPUS];

static uint64_t naive_at(const struct naive *n, uint64_t now)
{
	return n->base + (n->stands || (int64_t)(now - n->since) < 0 ? 0 : now - n->since);
}

/* The time goes on with each look at it. */
static uint64_t look_ns(void)
{
	host_ns += 1 + simcpu_random(2000);
	return host_ns;
}

static uint64_t look_ticks(void)
{
	const int64_t lag = lags[simcpu_here()];

	return guest_clock_ticks(&guest, TICKS_PER_NS * look_ns() - (uint64_t)lag, lag);
}

/* --- the writer */

static void change(bool stop)
{
	const struct setting *was = &settings[done];
	struct setting *is = &settings[done + 1];
	uint64_t ticks, ns;

	guest_clock_hold(&guest);
	ticks = look_ticks();
	ns = look_ns();
	*is = *was;
	if (stop != was->tsc.stands) {
		*is = (struct setting){{naive_at(&was->tsc, ticks), ticks, stop},
			{naive_at(&was->ns, ns), ns, stop}};
		/* Where the two rates differ a pause ends a tick ahead. */
		is->tsc.base += !stop && guest.multiplier && ticks != was->tsc.since;
	}
	begun++;
	if (stop)
		guest_clock_stop(&guest, ticks, ns);
	else
		guest_clock_go(&guest, ticks, ns);
	done++;
}

static void rest(void)
{
	for (;;)
		simcpu_halt();
}

static void write_clock(void *argument)
{
	for (unsigned i = 0; i < step_count; i++) {
		for (unsigned n = steps[i] >> 1; n; n--)
			simcpu_pause();
		change(steps[i] & 1);
	}
	rest();
}

/* --- readers */

static bool is_one_of(uint64_t read, bool ns, unsigned first, unsigned last, uint64_t now)
{
	for (unsigned i = first; i <= last; i++)
		if (naive_at(ns ? &settings[i].ns : &settings[i].tsc, now) == read)
			return true;
	return false;
}

static void read_once(bool ns)
{
	uint64_t *told = ns ? &told_ns : &told_tsc;
	const uint64_t least = *told;
	const unsigned first = done;
	const uint64_t now = ns ? look_ns() : look_ticks();
	const uint64_t read = ns ? guest_clock_ns(&guest, now) : guest_clock_tsc(&guest, now);

	if (!is_one_of(read, ns, first, begun, now))
		fail("a reader saw a mix of two settings");
	if (read < least)
		fail("a clock went back");
	*told = MAX(*told, read);
}

static void read_clock(void *argument)
{
	for (unsigned i = 0; i < READS; i++)
		read_once(simcpu_random(2));
	rest();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint64_t rates[] = {3000000000, 2900000000, 1000000000, 5123456789};
	struct simcpu_config config;

	if (size < HEADER_BYTES)
		return 0;
	config = (struct simcpu_config){.cpus = 2 + data[0] % 3, .tso = data[0] & 16};
	memcpy(&config.seed, data + 1, sizeof(config.seed));
	steps = data + HEADER_BYTES;
	step_count = (unsigned)MIN(size - HEADER_BYTES, (size_t)STEPS_MAX);
	figures_operations(step_count + READS);
	simcpu_start(&config, &edge);
	host_ns = 1000000;
	begun = done = 0;
	told_tsc = told_ns = 0;
	for (unsigned i = 0; i < config.cpus; i++)
		lags[i] = i ? (int64_t)simcpu_random(2 * LAG_MOST) - LAG_MOST : 0;
	guest_clock_init(
		&guest, rates[0], rates[data[9] % ARRAY_SIZE(rates)], TICKS_PER_NS * host_ns);
	settings[0] = (struct setting){{0, guest.since_ticks, false}, {0, 0, false}};
	for (unsigned i = 0; i < config.cpus; i++) {
		simcpu_thread(i, i ? read_clock : write_clock, NULL);
		simcpu_boot(i, i);
	}
	if (simcpu_run(ACCESSES_MAX))
		fail("there is no end");
	return 0;
}
