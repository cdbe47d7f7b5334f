/* sources: kernel/sched/listing.c */
/* A long list in pieces, while its members come and go. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "sched/listing.h"

#define MEMBERS 1000u

static struct member {
	struct list node;
	unsigned references;
	unsigned told;
} members[MEMBERS];
static struct list list;
static struct spinlock lock;
static bool locked;
static unsigned in_piece, longest, pieces, held, last, order;
static void (*between)(void); /* two pieces, once each time */

static struct member *member_of(struct list *node)
{
	return list_entry(node, struct member, node);
}

uint64_t spin_lock(struct spinlock *of)
{
	assert_ptr_equal(of, &lock);
	assert_false(locked);
	locked = true;
	in_piece = 0;
	pieces++;
	return 7;
}

void spin_unlock(struct spinlock *of, uint64_t saved)
{
	assert_int_equal(saved, 7);
	locked = false;
	longest = MAX(longest, in_piece);
	if (between)
		between();
}

static void put(struct member *m)
{
	assert_int_not_equal(m->references, 0);
	if (--m->references == 0)
		list_remove(&m->node);
}

static bool hold(struct list *node)
{
	assert_true(locked);
	if (!member_of(node)->references)
		return false;
	member_of(node)->references++;
	held++;
	return true;
}

static void let_go(struct list *node)
{
	assert_false(locked);
	put(member_of(node));
	held--;
}

static const struct listing listing = {&lock, &list, hold, let_go};

static void look(void *context, struct list *node, unsigned n)
{
	struct member *m = member_of(node);

	assert_true(locked);
	assert_ptr_equal(context, members);
	assert_int_equal(n, order++);
	assert_true(m->told == 0 && (unsigned)(m - members) >= last);
	last = (unsigned)(m - members);
	m->told++;
	in_piece++;
}

static int fresh(void **state)
{
	memset(members, 0, sizeof(members));
	list_init(&list);
	for (unsigned i = 0; i < MEMBERS; i++) {
		members[i].references = 1;
		list_append(&list, &members[i].node);
	}
	longest = pieces = held = last = order = 0;
	between = NULL;
	return 0;
}

static unsigned walk(unsigned first, unsigned room)
{
	const unsigned seen = listing_walk(&listing, first, room, look, members);

	assert_int_equal(held, 0);
	assert_int_equal(seen, order);
	return seen;
}

static void everybody_once_in_pieces(void **state)
{
	assert_int_equal(walk(0, UINT32_MAX), MEMBERS);
	assert_int_equal(longest, LISTING_PIECE);
	assert_int_equal(pieces, MEMBERS / LISTING_PIECE + 1);
	for (unsigned i = 0; i < MEMBERS; i++)
		assert_int_equal(members[i].references, 1);
}

static void some_from_the_middle(void **state)
{
	assert_int_equal(walk(500, 3), 3);
	assert_true(members[500].told && members[502].told && !members[503].told);
	assert_int_equal(pieces, 502 / LISTING_PIECE + 1);
}

static void beyond_the_end_there_is_nobody(void **state)
{
	assert_int_equal(walk(MEMBERS, 1), 0);
	list_init(&list);
	assert_int_equal(walk(0, 1), 0);
	assert_int_equal(walk(0, 0), 0);
}

/* The one that is held, those beside it, and all others that are odd. */
static void many_leave(void)
{
	for (unsigned i = 1; i < MEMBERS; i += 2)
		if (members[i].node.next && members[i].references)
			put(&members[i]);
	between = NULL;
}

static void who_is_held_may_leave(void **state)
{
	between = many_leave;
	walk(0, UINT32_MAX);
	for (unsigned i = 0; i < MEMBERS; i++) {
		assert_true(i % 2 == 0 || !list_linked(&members[i].node));
		assert_int_equal(members[i].told, i % 2 == 0 || i < LISTING_PIECE);
	}
}

static void everybody_leaves(void)
{
	for (unsigned i = 0; i < MEMBERS; i++)
		put(&members[i]);
	between = NULL;
}

static void all_may_leave(void **state)
{
	between = everybody_leaves;
	assert_int_equal(walk(0, UINT32_MAX), LISTING_PIECE);
	assert_true(list_empty(&list));
}

/* They have no reference any more, and wait for the lock to be taken from the list. */
static void who_is_about_to_leave_is_not_held(void **state)
{
	for (unsigned i = 0; i < LISTING_PIECE + 9; i++)
		members[i].references = 0;
	assert_int_equal(walk(0, UINT32_MAX), MEMBERS);
	assert_int_equal(longest, LISTING_PIECE + 10);
	for (unsigned i = 0; i < MEMBERS; i++)
		members[i].references = 0;
	order = last = 0;
	for (unsigned i = 0; i < MEMBERS; i++)
		members[i].told = 0;
	assert_int_equal(walk(0, UINT32_MAX), MEMBERS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(everybody_once_in_pieces, fresh),
		cmocka_unit_test_setup(some_from_the_middle, fresh),
		cmocka_unit_test_setup(beyond_the_end_there_is_nobody, fresh),
		cmocka_unit_test_setup(who_is_held_may_leave, fresh),
		cmocka_unit_test_setup(all_may_leave, fresh),
		cmocka_unit_test_setup(who_is_about_to_leave_is_not_held, fresh),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
