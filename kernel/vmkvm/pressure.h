/* How much memory each VM is asked to give up while the machine is short of it, and when that is
 * taken back. All in frames. Pure. */
#ifndef VMKVM_PRESSURE_H
#define VMKVM_PRESSURE_H

#include "lib/types.h"

/* What is asked of all VMs together at least, and given back to them at least. */
#define PRESSURE_STEP ((8ull << 20) >> PAGE_SHIFT)
/* Memory is not short any more while so many times what is to be kept is there: far enough from
 * where it is short that what is taken back is not asked for again at once. */
#define PRESSURE_OVER 4u

struct pressure {
	uint64_t pages;       /* of its RAM */
	uint64_t reservation; /* promised */
	uint64_t granted;     /* has */
	uint64_t pressed;     /* is asked to make do with; 0: it is not asked */
};

/* What it could give up: beyond its reservation, and an eighth of its RAM, without which no guest
 * goes on. */
uint64_t pressure_excess(const struct pressure *p);
/*
 * What it is to make do with when `wanted` frames are missing and all VMs could give up `all`: each
 * gives the same part. Never 0. What it was asked before stays until it has obeyed.
 */
uint64_t pressure_raise(const struct pressure *p, uint64_t all, uint64_t wanted);
/* The same with `spare` frames free, of which `keep` are to be kept, and `count` VMs that are
 * asked. 0: it is asked no more. */
uint64_t pressure_lower(const struct pressure *p, uint64_t spare, uint64_t keep, unsigned count);

#endif
