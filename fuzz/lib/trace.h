/* The trace of a single run (kernel/replay/trace.h), on standard output if MERLON_FUZZ_TRACE is
 * set. */
#ifndef FUZZ_LIB_TRACE_H
#define FUZZ_LIB_TRACE_H

#include "replay/trace.h"

/* For the first input, as libFuzzer runs it again to look for leaks; NULL: nobody wants one. */
struct replay_trace *trace_wanted(void);

#endif
