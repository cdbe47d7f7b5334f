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

bool event_register(struct event *event, struct event_waiter *waiter, uint64_t seen)
{
	struct spinlock *lock = lock_of(event);
	uint64_t saved = spin_lock(lock);
	bool waits = event->count == seen;

	if (waits) {
		waiter->next = event->waiters;
		event->waiters = waiter;
	}
	spin_unlock(lock, saved);
	return waits;
}

void event_unregister(struct event *event, struct event_waiter *waiter)
{
	struct spinlock *lock = lock_of(event);
	uint64_t saved = spin_lock(lock);

	for (struct event_waiter **at = &event->waiters; *at; at = &(*at)->next) {
		if (*at == waiter) {
			*at = waiter->next;
			break;
		}
	}
	spin_unlock(lock, saved);
}

void event_raise(struct event *event, void (*wake)(struct task *task))
{
	struct spinlock *lock = lock_of(event);
	uint64_t saved = spin_lock(lock);

	event->count++;
	for (struct event_waiter *waiter = event->waiters; waiter; waiter = waiter->next)
		wake(waiter->task);
	spin_unlock(lock, saved);
}

uint64_t event_count(struct event *event)
{
	struct spinlock *lock = lock_of(event);
	uint64_t saved = spin_lock(lock), count = event->count;

	spin_unlock(lock, saved);
	return count;
}
