#include <stdbool.h>
#include <stddef.h>
#include "lib/lock.h"
#include "lib/panic.h"

static const struct lock_ops *machine;
static bool disarmed;

void lock_init(const struct lock_ops *ops)
{
	machine = ops;
}

void lock_disarm(void)
{
	__atomic_store_n(&disarmed, true, __ATOMIC_RELEASE);
}

static bool is_disarmed(void)
{
	return __atomic_load_n(&disarmed, __ATOMIC_ACQUIRE);
}

static void mark_held(uint32_t *held, enum lock_level level)
{
	if (*held >> level)
		panic("lock order: level %d wanted while holding levels 0x%x", (int)level,
			(unsigned)*held);
	*held |= 1u << level;
}

uint64_t spin_lock(struct spinlock *lock)
{
	const struct lock_ops *ops = machine;
	uint32_t *held = NULL;
	uint64_t saved = 0;
	uint32_t ticket;

	if (ops) {
		held = ops->enter(&saved);
		if (!is_disarmed())
			mark_held(held, lock->level);
	}
	ticket = __atomic_fetch_add(&lock->next, 1, __ATOMIC_RELAXED);
	while (__atomic_load_n(&lock->serving, __ATOMIC_ACQUIRE) != ticket && !is_disarmed()) {
		if (ops)
			ops->wait();
	}
	lock->held = held;
	return saved;
}

void spin_unlock(struct spinlock *lock, uint64_t saved)
{
	uint32_t *held = lock->held;

	if (held && !is_disarmed())
		*held &= ~(1u << lock->level);
	/* Only the holder writes `serving`, so a plain increment is enough. */
	__atomic_store_n(&lock->serving, lock->serving + 1, __ATOMIC_RELEASE);
	if (held)
		machine->leave(saved);
}
