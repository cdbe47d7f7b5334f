/* sources: kernel/sched/turns.c */
/* plain: kernel/sched/turns_check.c */
/* quiet: fuzz/lib/figures.c */
/* coverage: edges */
/*
 * The order of turns beside an array that is searched through: after each insertion and removal the
 * tree is whole, and the first entry whose virtual time has come is the same.
 */
#include <stdlib.h>
#include <string.h>

#include "fuzz/lib/figures.h"
#include "sched/turns_node.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define ENTRIES 256u
#define STEPS   1024u

struct entry {
	struct turn turn;
	uint64_t deadline, vtime;
	uint32_t number; /* of its insertion */
};

/* Four bytes of input: `count` entries from `first` on, `stride` apart, come or go. */
struct step {
	uint8_t what, first, count, spread;
};

static struct entry entries[ENTRIES];
static struct turns_node nodes[ENTRIES];
static struct turns turns;
static uint32_t number;

static void require(bool condition)
{
	if (!condition)
		abort();
}

static bool is_before(const struct entry *a, const struct entry *b)
{
	if (a->deadline != b->deadline)
		return key_before(a->deadline, b->deadline);
	return a->number < b->number;
}

static const struct entry *naive_first(const struct turns_average *average)
{
	const struct entry *best = NULL;

	for (unsigned i = 0; i < ENTRIES; i++) {
		const struct entry *e = &entries[i];
		const __int128 ahead =
			(__int128)(int64_t)(e->vtime - average->zero) * average->load;

		if (turn_queued(&e->turn) && ahead <= average->sum && (!best || is_before(e, best)))
			best = e;
	}
	return best;
}

static void check_first(uint64_t zero, int64_t sum, int64_t load)
{
	const struct turns_average average = {zero, sum, load};
	const struct entry *best = naive_first(&average);

	require(turns_first(&turns, &average) == (best ? &best->turn : NULL));
}

/* All that are queued, in order, each once. */
static void check_all(void)
{
	const struct entry *last = NULL;
	const char *wrong = turns_wrong(&turns);
	struct turns_walk walk = turns_walk_from(turns.root);
	unsigned queued = 0;

	require(!wrong);
	for (unsigned i = 0; i < ENTRIES; i++)
		queued += turn_queued(&entries[i].turn);
	for (; walk.leaf; turns_walk_on(&walk)) {
		const struct entry *e = container_of(turns_walk_turn(&walk), struct entry, turn);
		const unsigned slot = turns_slot(walk.leaf, walk.at);

		require(queued-- && (!last || is_before(last, e)));
		require(walk.leaf->keys[slot] == e->deadline && walk.leaf->least[slot] == e->vtime);
		last = e;
	}
	require(!queued);
}

/* Come or go; or, with `advance`, move on: every fourth to another place. */
static void change(struct entry *e, uint64_t deadline, uint64_t vtime, uint64_t advance)
{
	if (turn_queued(&e->turn) && advance % 4 == 1) {
		e->deadline += advance;
		e->vtime = vtime;
		e->number = number++;
		turns_move(&turns, &e->turn, e->deadline, e->vtime);
		return;
	}
	if (turn_queued(&e->turn) && advance) {
		e->vtime += advance;
		turns_advance(&e->turn, e->vtime);
		return;
	}
	if (turn_queued(&e->turn)) {
		turns_remove(&turns, &e->turn);
		return;
	}
	e->deadline = deadline;
	e->vtime = vtime;
	e->number = number++;
	turns_insert(&turns, &e->turn, deadline, vtime);
}

/* Keys lie around zero, so that they wrap. Bits of `what`: 0-2 the stride, 3 downwards, 4 and 5 how
 * virtual times follow deadlines, 6 all with one deadline, 7: who is queued moves on. */
static void apply(const struct step *s)
{
	const unsigned stride = 1 + (s->what & 7);

	for (unsigned i = 0; i < s->count; i++) {
		const unsigned at =
			(s->first + (s->what & 8 ? ENTRIES - i % ENTRIES : i) * stride) % ENTRIES;
		const uint64_t deadline =
			(s->what & 0x40 ? s->spread : at * (s->spread + 1ull)) - 2048;
		const uint64_t times[] = {deadline, 0 - deadline, s->spread, (at * 37u) % 251};

		change(&entries[at], deadline, times[s->what >> 4 & 3],
			s->what & 0x80 ? s->spread * 3ull : 0);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct step step;
	unsigned steps = 0;

	memset(entries, 0, sizeof(entries));
	turns = (struct turns){0};
	number = 0;
	for (unsigned i = 0; i < ENTRIES; i++)
		entries[i].turn.spare = &nodes[i];
	for (size_t at = 0; at + sizeof(step) <= size && steps < STEPS; at += sizeof(step)) {
		memcpy(&step, data + at, sizeof(step));
		apply(&step);
		steps += 1 + step.count;
		figures_operations(step.count);
		check_first(step.spread * 16ull - 2048, (int8_t)step.first, 1 + step.count);
	}
	check_all();
	return 0;
}
