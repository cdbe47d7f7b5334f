/*
 * Whose time interrupts take. A handler runs in the midst of the current task, whose state lasts:
 * its time is part of that one's %RUN. What was done for another one, until that was woken, is that
 * one's %SYS and the current one's %OVRLP; what woke nobody in the end (the turn's end, a kick) is
 * done for the host, which the idle task stands for. So over all tasks the times served and
 * overlapped are the same, and run + served - overlapped is what was spent for each. Pure: on the
 * queue's own CPU, with interrupts off; needs no lock.
 */
#ifndef SCHED_SERVICE_H
#define SCHED_SERVICE_H

#include "sched/runq.h"

void service_begin(struct runq *runq, uint64_t now);
/* `task`, which stays meanwhile, was woken. Nothing if no interrupt is handled, or the queue is
 * NULL: `now` is asked only otherwise. */
void service_claim(struct runq *runq, struct task *task, uint64_t (*now)(void));
void service_end(struct runq *runq, uint64_t now);

#endif
