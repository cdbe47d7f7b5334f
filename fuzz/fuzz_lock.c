/* sources: kernel/lib/lock.c */
/* quiet: tests/unit/shim/panic.c fuzz/lib/figures.c */
/* coverage: edges */
/*
 * Locks taken and released in any order on one processor, while another may be before it in a
 * lock's queue: what is held is known, interrupts are as they were, and whoever breaks the order
 * is stopped. (fuzz_sched_smp has several processors.) Input: bytes, each an operation and a level.
 */
#include "fuzz/lib/figures.h"
#include "lib/lock.h"
#include "tests/unit/shim/panic.h"
#include <string.h>

#define REQUIRE(it) ((it) ? (void)0 : panic("lock: not so: %s", #it))

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct spinlock locks[LOCK_LEVEL_COUNT];
static uint64_t saved[LOCK_LEVEL_COUNT];
static uint32_t held, expected; /* what locks say, and what we do */
static bool interrupts;
static unsigned before_us, turns; /* holders before us; turns of waiting until one leaves */
static struct spinlock *wanted;

static struct lock_entered enter(void)
{
	const struct lock_entered entered = {&held, interrupts};

	interrupts = false;
	return entered;
}

static void leave(uint64_t flag)
{
	REQUIRE(flag && !interrupts);
	interrupts = true;
}

static void wait(void)
{
	REQUIRE(before_us && wanted && !interrupts);
	if (turns++ % 3)
		return;
	wanted->serving++;
	before_us--;
}

static const struct lock_ops machine = {.enter = enter, .leave = leave, .wait = wait};

static void take(unsigned level, unsigned others)
{
	const bool in_order = !(expected >> level), were_on = interrupts;
	struct spinlock *lock = &locks[level];

	wanted = lock;
	if (!in_order) {
		REQUIRE(PANICS(spin_lock(lock)));
		REQUIRE(strstr(panic_text, "lock order"));
		interrupts = were_on;
		return;
	}
	before_us = others;
	lock->next += others;
	saved[level] = spin_lock(lock);
	REQUIRE(!before_us && !interrupts && saved[level] == were_on);
	expected |= 1u << level;
	REQUIRE(held == expected && lock->held == &held);
}

static void release(unsigned level)
{
	if (!(expected >> level & 1))
		return;
	spin_unlock(&locks[level], saved[level]);
	expected &= ~(1u << level);
	REQUIRE(held == expected && interrupts == saved[level]);
	REQUIRE(locks[level].next == locks[level].serving);
	interrupts &= !expected; /* released out of turn: whoever still holds one keeps them off */
}

/* Before lock_init(): alone, and nothing is known of holders. */
static void alone(void)
{
	struct spinlock lock = SPINLOCK(LOCK_LOG), other = SPINLOCK(LOCK_MODULES);

	lock_init(NULL);
	REQUIRE(spin_lock(&lock) == 0 && spin_lock(&other) == 0);
	REQUIRE(!lock.held && lock.next == lock.serving + 1);
	spin_unlock(&other, 0);
	spin_unlock(&lock, 0);
	REQUIRE(lock.next == lock.serving);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	alone();
	lock_init(&machine);
	for (unsigned level = 0; level < LOCK_LEVEL_COUNT; level++)
		locks[level] = (struct spinlock)SPINLOCK((enum lock_level)level);
	held = expected = 0;
	interrupts = true;
	for (size_t i = 0; i < size; i++) {
		const unsigned level = (data[i] & 31) % LOCK_LEVEL_COUNT;

		figures_operations(1);
		if (data[i] & 0x80)
			release(level);
		else
			take(level, data[i] >> 5);
	}
	return 0;
}
