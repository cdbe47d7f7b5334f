/*
 * The paths into a kernel that are measured beside another's: kernel/worlds/bench walks them on the
 * VMkernel, linux_paths.c on Linux, each with functions round_NAME() of its own. In Bochs a tick of
 * the TSC is one executed instruction, or one step of a REP.
 */
#ifndef BENCHMARKS_PATHS_H
#define BENCHMARKS_PATHS_H

#include <stddef.h>
#include <stdint.h>

#define BATCHES     31
#define PAGES       64
#define NO_CLOCK    99    /* no clock of either kernel */
#define BAD_POINTER 4096u /* mapped for nobody */

/* X(name, rounds of a batch) */
#define PATHS(X)                                                                 \
	X(nothing, 64) /* what is taken off the others */                        \
	X(call, 64)    /* a system call that has nothing to do */                \
	X(clock, 64)   /* the monotonic clock */                                 \
	X(poll, 64)    /* a wait for nothing, which ends at once */              \
	X(pointer, 64) /* a list of what to wait for, at an address of nobody */ \
	X(protect, 32) /* a page read-only, and writable again */                \
	X(page, 32)    /* a page: mapped, written to, unmapped */                \
	X(pages, 4)    /* PAGES of them at once */                               \
	X(ping, 32)    /* a byte to another process, and one back: two switches */

struct path {
	const char *name;
	void (*round)(void);
	unsigned rounds;
};

/* Ticks of the fastest of BATCHES batches: the one that nothing interrupted. */
static inline uint64_t path_ticks(const struct path *path)
{
	uint64_t best = UINT64_MAX;

	for (unsigned i = 0; i < BATCHES; i++) {
		uint64_t ticks = __builtin_ia32_rdtsc();

		for (unsigned r = 0; r < path->rounds; r++)
			path->round();
		ticks = __builtin_ia32_rdtsc() - ticks;
		best = ticks < best ? ticks : best;
	}
	return best;
}

/* Writes to each of `count` pages. */
static inline void path_touch(void *pages, size_t count)
{
	for (size_t i = 0; i < count; i++)
		((volatile char *)pages)[i * 4096] = 1;
}

#endif
