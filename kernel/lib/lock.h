/*
 * Spinlocks with a written order: a CPU may take a lock only if its level is above that of every
 * lock it holds; breaking the order panics. Taking a lock disables interrupts until it is released.
 * Pure over struct lock_ops.
 */
#ifndef LIB_LOCK_H
#define LIB_LOCK_H

#include <stdint.h>

/* The order, lowest first. X(symbol) */
#define LOCK_LEVELS(X)  \
	X(LOCK_MODULES) \
	X(LOCK_TRUST)   \
	X(LOCK_UWORLD)  \
	X(LOCK_VM)      \
	X(LOCK_VM_RAM)  \
	X(LOCK_DEVICE)  \
	X(LOCK_PORT)    \
	X(LOCK_DMA)     \
	X(LOCK_IOMMU)   \
	X(LOCK_SPACES)  \
	X(LOCK_SPACE)   \
	X(LOCK_HEAP)    \
	X(LOCK_EVENT)   \
	X(LOCK_POOLS)   \
	X(LOCK_SCHED)   \
	X(LOCK_GROUP)   \
	X(LOCK_CHUNKS)  \
	X(LOCK_FRAMES)  \
	X(LOCK_TLB)     \
	X(LOCK_IRQ)     \
	X(LOCK_RANDOM)  \
	X(LOCK_AUDIT)   \
	X(LOCK_LOG)     \
	X(LOCK_TTY)
enum lock_level {
#define X(symbol) symbol,
	LOCK_LEVELS(X)
#undef X
		LOCK_LEVEL_COUNT
};

/* Ticket lock: first come, first served. */
struct spinlock {
	uint32_t next, serving;
	enum lock_level level;
	uint32_t *held; /* its holder's set of levels; NULL before lock_init() */
};
#define SPINLOCK(lvl) {.level = (lvl)}

/* Returns the interrupt flag to give back to spin_unlock(). */
uint64_t spin_lock(struct spinlock *lock);
void spin_unlock(struct spinlock *lock, uint64_t saved);

/* A CPU with its interrupts off. */
struct lock_entered {
	uint32_t *held; /* its set of held levels, bit n: level n */
	uint64_t saved; /* whether interrupts were on */
};
/* What locks need of the machine: one call to take a lock, at most one to release it. */
struct lock_ops {
	struct lock_entered (*enter)(void); /* disables interrupts */
	void (*leave)(uint64_t saved);      /* interrupts as they were: on */
	void (*wait)(void); /* called in each turn of waiting: pause, serve TLB requests */
};
/* Until then, locks take themselves for alone: one CPU, interrupts off. */
void lock_init(const struct lock_ops *ops);
/* From a panic on: no lock waits and no order is checked, so that the last words get out. */
void lock_disarm(void);

#endif
