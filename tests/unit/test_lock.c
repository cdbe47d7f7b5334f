/* sources: kernel/lib/lock.c tests/unit/shim/panic.c */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "lib/lock.h"
#include "tests/unit/shim/panic.h"

static int interrupts_on;
static uint32_t held_levels;
static struct spinlock *release_while_waiting;

static struct lock_entered enter(void)
{
	const uint64_t saved = (uint64_t)interrupts_on;

	interrupts_on = 0;
	return (struct lock_entered){&held_levels, saved};
}
static void leave(uint64_t saved)
{
	interrupts_on = (int)saved;
}
static void wait(void)
{
	release_while_waiting->serving++;
}
static const struct lock_ops ops = {enter, leave, wait};

static int fresh(void **state)
{
	interrupts_on = 1;
	held_levels = 0;
	lock_init(&ops);
	return 0;
}

static void masks_interrupts_until_the_outermost_release(void **state)
{
	struct spinlock low = SPINLOCK(LOCK_SPACE), high = SPINLOCK(LOCK_FRAMES);
	uint64_t a = spin_lock(&low), b = spin_lock(&high);

	assert_false(interrupts_on);
	spin_unlock(&high, b);
	assert_false(interrupts_on);
	spin_unlock(&low, a);
	assert_true(interrupts_on);
	assert_int_equal(held_levels, 0);
}

static void the_order_is_checked(void **state)
{
	struct spinlock low = SPINLOCK(LOCK_SPACE), high = SPINLOCK(LOCK_FRAMES);
	struct spinlock twin = SPINLOCK(LOCK_FRAMES);

	spin_lock(&high);
	assert_true(PANICS(spin_lock(&low)));
	assert_true(PANICS(spin_lock(&twin)));
	assert_true(PANICS(spin_lock(&high)));
}

static void waits_for_its_turn(void **state)
{
	struct spinlock lock = SPINLOCK(LOCK_SPACE);

	lock.next = 3; /* three others came before */
	release_while_waiting = &lock;
	spin_lock(&lock);
	assert_int_equal(lock.serving, 3);
	assert_int_equal(lock.next, 4);
}

static void a_panic_is_not_held_up(void **state)
{
	struct spinlock lock = SPINLOCK(LOCK_LOG);

	spin_lock(&lock);
	lock_disarm();
	assert_false(PANICS(spin_lock(&lock)));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(masks_interrupts_until_the_outermost_release, fresh),
		cmocka_unit_test_setup(the_order_is_checked, fresh),
		cmocka_unit_test_setup(waits_for_its_turn, fresh),
		cmocka_unit_test_setup(a_panic_is_not_held_up, fresh),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
