/*
 * The input of fuzz/fuzz_sched.c on the scheduler's own functions, over simulated CPUs and time.
 * Input: a byte of CPUs and mode, one of how often to check, then operations of three bytes. Pure.
 */
#ifndef REPLAY_SCHED_H
#define REPLAY_SCHED_H

#include <stddef.h>
#include "replay/trace.h"

/*
 * Any order of operations on up to four CPUs and 32 worlds in pools and VMs; sim_fail()
 * (replay/sched_sim.h) is called with the first invariant that breaks. `trace`: NULL, or who is
 * told of each operation. Returns how many operations there were.
 */
unsigned replay_sched(const uint8_t *data, size_t size, struct replay_trace *trace);

#endif
