/*
 * Spectre variant 1, bounds check bypass: a processor may go on past a check that fails, and what
 * it loads then, with an index that a stranger chose, stays visible in its caches. Intel, "Bounds
 * Check Bypass", names clipping the index by arithmetic as the cure where there is one: what
 * depends on data is not predicted.
 */
#ifndef LIB_NOSPEC_H
#define LIB_NOSPEC_H

#include "lib/types.h"

/*
 * `index` where it is below `count`, else 0, without a branch. To be used between the check, which
 * stays what it is, and the first use, wherever ring 3, a guest or the network chose the index. The
 * compiler does not see through it, so it cannot make a branch of it either.
 */
static inline uint64_t index_nospec(uint64_t index, uint64_t count)
{
	uint64_t mask;

	/* All ones on a borrow. */
	__asm__("cmp %[count], %[index]\n\tsbb %[mask], %[mask]"
		: [mask] "=r"(mask)
		: [index] "r"(index), [count] "r"(count)
		: "cc");
	return index & mask;
}

#endif
