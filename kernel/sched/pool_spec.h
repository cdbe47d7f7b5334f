/*
 * What the kernel option `pools=` asks for: resource pools, one after the other with commas in
 * between, each after the one that it is in, as
 *   host/user/gold:shares=high:reservation=50:limit=150:fixed
 * shares: low, normal, high or 1 to 1000000 (normal); reservation and limit: percent of one pCPU, 1
 * to 102400 (none); fixed: what its members reserve is never taken from the pool above. Pure.
 */
#ifndef SCHED_POOL_SPEC_H
#define SCHED_POOL_SPEC_H

#include "lib/types.h"

#define POOL_PATH_BYTES    48u /* with its end; a VM's name comes after it */
#define POOL_DEPTH_MAX     6u  /* names in a path; each costs time at a decision */
#define POOL_SHARES_LOW    2000u
#define POOL_SHARES_NORMAL 4000u
#define POOL_SHARES_HIGH   8000u
#define POOL_SHARES_MAX    1000000u
#define POOL_PERCENT_MAX   102400u

struct pool_spec {
	char path[POOL_PATH_BYTES];
	uint32_t shares;
	uint32_t reservation, limit; /* percent of one pCPU; 0: none */
	bool expandable;
};

/* The next pool of *text, which moves past it in any case, good or not. On failure *why (static
 * text) says what is wrong. */
bool pool_spec_next(const char **text, struct pool_spec *spec, const char **why);

#endif
