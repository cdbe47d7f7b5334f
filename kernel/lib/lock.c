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

static _Noreturn __attribute__((noinline, cold)) void out_of_order(
	enum lock_level level, uint32_t held)
{
	panic("lock order: level %d wanted while holding levels 0x%x", (int)level, (unsigned)held);
}

/* Every path of the kernel takes locks: what seldom happens is out of line. */
static __attribute__((noinline)) void wait_for(struct spinlock *lock, uint32_t ticket)
{
	while (__atomic_load_n(&lock->serving, __ATOMIC_ACQUIRE) != ticket && !is_disarmed()) {
		if (machine)
			machine->wait();
	}
}

uint64_t spin_lock(struct spinlock *lock)
{
	const struct lock_ops *ops = machine;
	struct lock_entered cpu = {NULL, 0};
	uint32_t ticket;

	if (ops) {
		cpu = ops->enter();
		if (*cpu.held >> lock->level && !is_disarmed())
			out_of_order(lock->level, *cpu.held);
		*cpu.held |= 1u << lock->level;
	}
	ticket = __atomic_fetch_add(&lock->next, 1, __ATOMIC_RELAXED);
	if (__atomic_load_n(&lock->serving, __ATOMIC_ACQUIRE) != ticket)
		wait_for(lock, ticket);
	lock->held = cpu.held;
	return cpu.saved;
}

void spin_unlock(struct spinlock *lock, uint64_t saved)
{
	uint32_t *held = lock->held;

	if (held)
		*held &= ~(1u << lock->level);
	/* Only the holder writes `serving`, so a plain increment is enough. */
	__atomic_store_n(&lock->serving, lock->serving + 1, __ATOMIC_RELEASE);
	if (held && saved)
		machine->leave(saved);
}
