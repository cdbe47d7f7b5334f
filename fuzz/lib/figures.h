/*
 * What a target counts beside what a fuzzer counts by itself: operations, where an input is a list
 * of them, and which checks of a model were seen to pass and to fail. Printed when the process ends
 * by itself:
 *   ops: N
 *   checks: pass N of M, fail N of M
 *   checks: never pass NAME ...         (a line each for those that are missing)
 *   checks: never fail NAME ...
 * and, if MERLON_FUZZ_FIGURES names a file, kept there at each moment, so that a process that is
 * killed loses nothing: a struct figures. Checks seen in that file before stay seen.
 */
#ifndef FUZZ_LIB_FIGURES_H
#define FUZZ_LIB_FIGURES_H

#include <stdint.h>

#define FIGURES_CHECKS 2048

/* Little-endian, without padding: shells read it. */
struct figures {
	uint64_t operations; /* of this process */
	uint64_t checks;     /* how many there are; 0: the target has none */
	uint64_t pass, fail; /* how many were seen so */
	uint8_t seen[FIGURES_CHECKS][2];
};
extern struct figures *figures;

static inline void figures_operations(unsigned count)
{
	figures->operations += count;
}

/* After a run: seen[i][0] if check i passed, seen[i][1] if it failed; name(i) is what it is called.
 */
void figures_checks(const uint8_t (*seen)[2], unsigned count, const char *(*name)(unsigned));
/*
 * After a run, if `seen` is what a fuzzer counts: takes out what passed at the first call too. What
 * an ordinary run passes is no news, and a fuzzer takes longer to look at it than the run took.
 */
void figures_drop_usual(uint8_t (*seen)[2], unsigned count);
/*
 * The same for edges, where how often one is passed does not guide (-use_counters=0). The first
 * call has to follow a run that is always the same, or processes of a campaign differ.
 */
void figures_drop_usual_edges(void);

#endif
