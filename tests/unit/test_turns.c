/* sources: kernel/sched/turns.c kernel/sched/turns_check.c */
/* The order of turns beside an array that is searched through. */
#include "sched/turns.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define ENTRIES 3000u

struct entry {
	struct turn turn;
	uint64_t deadline, vtime;
};

static struct entry entries[ENTRIES];
static struct turns_node nodes[ENTRIES];
static struct turns turns;
static uint64_t state;

static uint32_t random_below(uint32_t limit)
{
	/* xorshift64: the same numbers each time. */
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return (uint32_t)((state >> 32) % limit);
}

static int fresh(void **unused)
{
	memset(entries, 0, sizeof(entries));
	memset(nodes, 0, sizeof(nodes));
	turns = (struct turns){0};
	for (unsigned i = 0; i < ENTRIES; i++)
		entries[i].turn.spare = &nodes[i];
	state = 88172645463325252ull;
	return 0;
}

static void insert(struct entry *entry, uint64_t deadline, uint64_t vtime)
{
	entry->deadline = deadline;
	entry->vtime = vtime;
	turns_insert(&turns, &entry->turn, deadline, vtime);
}

static struct turn *first_at(uint64_t now)
{
	const struct turns_average average = {now, 0, 1};

	return turns_first(&turns, &average);
}

static const struct entry *naive_first(uint64_t now)
{
	const struct entry *best = NULL;

	for (unsigned i = 0; i < ENTRIES; i++) {
		const struct entry *e = &entries[i];

		if (turn_queued(&e->turn) && (int64_t)(e->vtime - now) <= 0 &&
			(!best || (int64_t)(e->deadline - best->deadline) < 0))
			best = e;
	}
	return best;
}

static void assert_first_is_right(uint64_t now)
{
	const struct entry *want = naive_first(now);
	struct turn *got = first_at(now);

	assert_int_equal(!want, !got);
	if (want)
		assert_int_equal(((struct entry *)got)->deadline, want->deadline);
}

/* As many nodes are in the tree and free as entries are queued. */
static void assert_sound(unsigned queued)
{
	unsigned count = 0;

	assert_null(turns_wrong(&turns));
	for (struct turn *turn = turns_next(&turns, NULL); turn; turn = turns_next(&turns, turn))
		count++;
	assert_int_equal(count, queued);
}

static void storm(unsigned population, unsigned steps, uint32_t spread, uint64_t base)
{
	unsigned queued = 0;

	for (unsigned step = 0; step < steps; step++) {
		struct entry *e = &entries[random_below(population)];

		if (turn_queued(&e->turn) && step % 3 == 0) {
			e->deadline = base + step + random_below(spread);
			e->vtime = base + step + random_below(spread) - spread / 2;
			turns_move(&turns, &e->turn, e->deadline, e->vtime);
		} else if (turn_queued(&e->turn)) {
			turns_remove(&turns, &e->turn);
			assert_non_null(e->turn.spare);
			queued--;
		} else {
			insert(e, base + step + random_below(spread),
				base + step + random_below(spread) - spread / 2);
			queued++;
		}
		if (step % 16 == 0)
			assert_first_is_right(base + step - spread / 4 + random_below(spread));
		if (step % 256 == 0)
			assert_sound(queued);
	}
	assert_sound(queued);
	for (unsigned i = 0; i < population; i++)
		if (turn_queued(&entries[i].turn))
			turns_remove(&turns, &entries[i].turn);
	assert_null(turns.root);
	assert_null(turns.free);
}

static void any_order_of_few(void **unused)
{
	storm(20, 20000, 50, 1000);
}

static void any_order_of_many(void **unused)
{
	storm(ENTRIES, 60000, 4000, 1000);
}

static void equal_deadlines(void **unused)
{
	storm(200, 20000, 1, 1000);
}

static void keys_may_pass_the_end_of_their_range(void **unused)
{
	storm(300, 20000, 5000, UINT64_MAX - 10000);
}

static void who_asked_first_of_equals_is_first(void **unused)
{
	for (unsigned i = 0; i < 100; i++)
		insert(&entries[i], 7, 0);
	for (unsigned i = 0; i < 100; i++) {
		struct turn *first = first_at(0);

		assert_ptr_equal(first, &entries[i].turn);
		turns_remove(&turns, first);
	}
}

static void who_moves_comes_behind_its_equals(void **unused)
{
	for (unsigned i = 0; i < 100; i++)
		insert(&entries[i], 7, 0);
	for (unsigned i = 0; i < 300; i++) {
		assert_ptr_equal(first_at(0), &entries[i % 100].turn);
		turns_move(&turns, &entries[i % 100].turn, 7, 0);
		assert_sound(100);
	}
}

static void in_order_and_out_from_the_front(void **unused)
{
	for (unsigned i = 0; i < ENTRIES; i++)
		insert(&entries[i], i, i);
	assert_null(first_at((uint64_t)-1));
	for (unsigned i = 0; i < 20000; i++) {
		struct entry *first = (struct entry *)first_at(1000000);

		assert_int_equal(first->deadline, i);
		turns_remove(&turns, &first->turn);
		insert(first, i + ENTRIES, 0);
	}
	assert_sound(ENTRIES);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(any_order_of_few, fresh),
		cmocka_unit_test_setup(any_order_of_many, fresh),
		cmocka_unit_test_setup(equal_deadlines, fresh),
		cmocka_unit_test_setup(keys_may_pass_the_end_of_their_range, fresh),
		cmocka_unit_test_setup(who_asked_first_of_equals_is_first, fresh),
		cmocka_unit_test_setup(who_moves_comes_behind_its_equals, fresh),
		cmocka_unit_test_setup(in_order_and_out_from_the_front, fresh),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
