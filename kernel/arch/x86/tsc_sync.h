/*
 * How far apart the TSCs of two processors are: both write their own into shared memory, again and
 * again, and compare what they read there with their own. A value is older when it is read than
 * when it was written, so each of the two has a bound. Pure: who calls reads the TSC.
 */
#ifndef ARCH_X86_TSC_SYNC_H
#define ARCH_X86_TSC_SYNC_H

#include "lib/types.h"

/* Enough that neither side was interrupted in one of them. */
#define TSC_SYNC_ROUNDS 64u

struct tsc_sync {
	uint64_t first, other;        /* their TSCs as written last; 0: not yet */
	int64_t ahead_most, lag_most; /* of the other's, as it and the first have seen; in ticks */
	uint32_t rounds;              /* of the first's, in which it read the other's */
};

/* Before the other one comes. */
void tsc_sync_start(struct tsc_sync *sync);
/* A round of the first or the other one, whose TSC read()s. */
void tsc_sync_first(struct tsc_sync *sync, uint64_t (*read)(void));
void tsc_sync_other(struct tsc_sync *sync, uint64_t (*read)(void));
/* For the other one, between its rounds: has the first made enough of its own? */
bool tsc_sync_is_done(const struct tsc_sync *sync);
/*
 * What is to be added to the other's TSC: 0 where both may be equal. With it, nobody who reads his
 * clock, tells the other one so and has that one look at its own sees time run backwards there,
 * either way.
 */
int64_t tsc_sync_lag(const struct tsc_sync *sync);

#endif
