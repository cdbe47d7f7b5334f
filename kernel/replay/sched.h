/*
 * The input of fuzz/fuzz_sched.c and fuzz/fuzz_sched_long.c on the scheduler's own functions, over
 * simulated CPUs and time. Input: a byte of CPUs and mode, one of when the clock begins, then
 * operations of three bytes. Pure.
 */
#ifndef REPLAY_SCHED_H
#define REPLAY_SCHED_H

#include <stddef.h>
#include "replay/trace.h"

/* How far an input is followed, and how closely it is looked at. */
struct replay_sched_way {
	unsigned operations; /* at most */
	unsigned calls;      /* of the scheduler: none is begun after that many */
	unsigned every;      /* so many operations the state is checked, and at the end */
};
extern const struct replay_sched_way replay_sched_short, replay_sched_long;

/*
 * Any order of operations on up to four CPUs and 32 worlds in pools and VMs; sim_fail()
 * (replay/sched_sim.h) is called with the first invariant that breaks. `trace`: NULL, or who is
 * told of each operation. Returns how many operations there were.
 */
unsigned replay_sched(const uint8_t *data, size_t size, const struct replay_sched_way *way,
	struct replay_trace *trace);

#endif
