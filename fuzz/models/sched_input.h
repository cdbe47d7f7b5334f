/* What the targets of the scheduler do with an input. */
#ifndef FUZZ_MODELS_SCHED_INPUT_H
#define FUZZ_MODELS_SCHED_INPUT_H

#include "replay/sched.h"

/* Runs it; aborts with the invariant that breaks. An operation that is counted (lib/figures.h) is a
 * call of the scheduler that may change who runs. */
void sched_input(const uint8_t *data, size_t size, const struct replay_sched_way *way);

#endif
