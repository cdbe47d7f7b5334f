/*
 * Going through a list whose members come and go, with no more than LISTING_PIECE of them under its
 * lock at a time: between two pieces the last one that was seen is held, so that it stays where it
 * is. Who comes or goes meanwhile is told of or not; everybody else once, in the list's order.
 */
#ifndef SCHED_LISTING_H
#define SCHED_LISTING_H

#include "lib/list.h"
#include "lib/lock.h"

#define LISTING_PIECE 64u

struct listing {
	struct spinlock *lock;
	struct list *members;
	/* Under the lock: it stays in the list until it is let go, which is without locks. False:
	 * it is about to leave. */
	bool (*hold)(struct list *member);
	void (*let_go)(struct list *member);
};

/* Calls look(context, member, n) under the lock, n from 0 on, for `room` members from the first-th
 * on; how many there were. Without locks at or above the list's. */
unsigned listing_walk(const struct listing *listing, unsigned first, unsigned room,
	void (*look)(void *context, struct list *member, unsigned n), void *context);

#endif
