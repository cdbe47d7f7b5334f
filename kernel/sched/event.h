/*
 * Waiters of events: the pure part of waiting (world.h has what the kernel calls). A waiter is
 * linked to each event that it waits for by a node on its own stack.
 */
#ifndef SCHED_EVENT_H
#define SCHED_EVENT_H

#include "lib/types.h"
#include "sched/world.h"

struct task;

struct event_waiter {
	struct event_waiter *next;
	struct task *task;
};

/*
 * Link `waiter` unless the event has moved past `seen`; false if it has. Call it between
 * sched_prepare_wait() and sched_wait().
 */
bool event_register(struct event *event, struct event_waiter *waiter, uint64_t seen);
void event_unregister(struct event *event, struct event_waiter *waiter);
/* From now on `task`, which is about to wait and is not linked, is woken by each signal. */
void event_set_owner(struct event *event, struct task *task);
/* Count a signal and call `wake` for every waiter; they stay linked. */
void event_raise(struct event *event, void (*wake)(struct task *task));

#endif
