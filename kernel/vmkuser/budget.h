/* How often a world may do what costs others: a rate with a burst, a part of the memory, and a
 * growing delay between restarts. Pure over the caller's clock. */
#ifndef VMKUSER_BUDGET_H
#define VMKUSER_BUDGET_H

#include "lib/types.h"

/* One unit each interval_ns, at most `burst` of them saved up. */
struct budget {
	uint64_t interval_ns, burst;
	uint64_t due_ns; /* when the units taken so far will have been earned */
};
/* Takes units, 1 to `burst`, or says false and takes nothing. */
bool budget_take_units(struct budget *budget, uint64_t now_ns, uint64_t units);
static inline bool budget_take(struct budget *budget, uint64_t now_ns)
{
	return budget_take_units(budget, now_ns, 1);
}

/*
 * Memory: each world can count on MEMORY_GUARANTEE (or its limit, if that is less), whatever the
 * others do: beyond it, it gets only what leaves as much to every world, and MEMORY_KERNEL to the
 * kernel. Of a world that has `used` and wants `bytes` more: how many bytes must be left free then.
 */
#define MEMORY_GUARANTEE (4ull << 20)
#define MEMORY_KERNEL    (8ull << 20)
uint64_t memory_keep(uint64_t used, uint64_t bytes, unsigned worlds);

#define BACKOFF_FIRST_NS   1000000000ull
#define BACKOFF_LONGEST_NS (60 * BACKOFF_FIRST_NS)
/*
 * The delay before the next start of a world that lived for lived_ns: doubles from 1 s to 60 s, and
 * begins anew after a life of more than a minute. `delay_ns` is the last delay, 0 at first.
 */
uint64_t backoff_next(uint64_t delay_ns, uint64_t lived_ns);

#endif
