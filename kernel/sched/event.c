#include "lib/lock.h"
#include "sched/event.h"

#define LOCKS   16u

#define FOUR(x) x, x, x, x
#define LEVEL   SPINLOCK(LOCK_EVENT)
/* Chosen by the event's address, so that an event needs no initialization. */
static struct spinlock locks[LOCKS] = {FOUR(LEVEL), FOUR(LEVEL), FOUR(LEVEL), FOUR(LEVEL)};

static struct spinlock *lock_of(const struct event *event)
{
	uintptr_t at = (uintptr_t)event;

	return &locks[(at >> 4 ^ at >> 8) % LOCKS];
}

/*
 * Counts are raised and read without the lock. Whoever registers links itself first and looks at
 * the count then; whoever raises counts first and looks for waiters then: one of the two sees the
 * other.
 */
static bool has_moved(const struct event *event, uint64_t seen)
{
	return event_count(event) != seen;
}

void event_set_owner(struct event *event, struct task *task)
{
	__atomic_store_n(&event->owner, task, __ATOMIC_SEQ_CST);
}

/* Its owner is woken unlinked: it has said that it will wait before it looks at the count. */
static bool is_owner(const struct event *event, const struct event_waiter *waiter)
{
	return __atomic_load_n(&event->owner, __ATOMIC_RELAXED) == waiter->task;
}

bool event_register(struct event *event, struct event_waiter *waiter, uint64_t seen)
{
	struct spinlock *lock = lock_of(event);
	uint64_t saved;
	bool moved;

	if (has_moved(event, seen))
		return false;
	if (is_owner(event, waiter))
		return true;
	saved = spin_lock(lock);
	waiter->next = event->waiters;
	__atomic_store_n(&event->waiters, waiter, __ATOMIC_SEQ_CST);
	moved = has_moved(event, seen);
	if (moved)
		__atomic_store_n(&event->waiters, waiter->next, __ATOMIC_RELAXED);
	spin_unlock(lock, saved);
	return !moved;
}

void event_unregister(struct event *event, struct event_waiter *waiter)
{
	struct spinlock *lock = lock_of(event);
	uint64_t saved;

	if (is_owner(event, waiter))
		return;
	saved = spin_lock(lock);
	for (struct event_waiter **at = &event->waiters; *at; at = &(*at)->next) {
		if (*at == waiter) {
			__atomic_store_n(at, waiter->next, __ATOMIC_RELAXED);
			break;
		}
	}
	spin_unlock(lock, saved);
}

void event_raise(struct event *event, void (*wake)(struct task *task))
{
	struct spinlock *lock = lock_of(event);
	struct task *owner;
	uint64_t saved;

	event_note(event);
	owner = __atomic_load_n(&event->owner, __ATOMIC_SEQ_CST);
	if (owner)
		wake(owner);
	if (!__atomic_load_n(&event->waiters, __ATOMIC_SEQ_CST))
		return;
	saved = spin_lock(lock);
	for (struct event_waiter *waiter = event->waiters; waiter; waiter = waiter->next)
		wake(waiter->task);
	spin_unlock(lock, saved);
}

void event_note(struct event *event)
{
	__atomic_add_fetch(&event->count, 1, __ATOMIC_SEQ_CST);
}
