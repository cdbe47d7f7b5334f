/*
 * Spinlocks with a written order: a CPU may take a lock only if its level is above that of every
 * lock it holds. Debug builds check it. Taking a lock disables interrupts until it is released.
 */
#ifndef LIB_LOCK_H
#define LIB_LOCK_H

#include <stdint.h>

/* The order, lowest first. X(symbol) */
#define LOCK_LEVELS(X)                                                                      \
	X(LOCK_MODULES)                                                                     \
	X(LOCK_TRUST) X(LOCK_UWORLD) X(LOCK_DEVICE) X(LOCK_PORT) X(LOCK_SPACE) X(LOCK_HEAP) \
		X(LOCK_SCHED) X(LOCK_FRAMES) X(LOCK_TLB) X(LOCK_LOG)
enum lock_level {
#define X(symbol) symbol,
	LOCK_LEVELS(X)
#undef X
};

struct spinlock {
	uint32_t next, serving; /* ticket lock */
	enum lock_level level;
};
#define SPINLOCK(lvl) {.level = (lvl)}

/* Returns the interrupt flag to give back to spin_unlock(). */
uint64_t spin_lock(struct spinlock *lock);
void spin_unlock(struct spinlock *lock, uint64_t saved);

#endif
