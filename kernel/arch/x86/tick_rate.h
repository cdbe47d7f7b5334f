/*
 * Ticks of a counter as nanoseconds and back. Both ways agree for years, or a deadline in ticks
 * would come before its time in nanoseconds, and be set again and again until that is there.
 */
#ifndef ARCH_X86_TICK_RATE_H
#define ARCH_X86_TICK_RATE_H

#include "lib/types.h"

/* Of nanoseconds: what those of the slowest counter leave of 64 bits. */
#define TICK_RATE_FRACTION_BITS 54u
#define TICK_RATE_HZ_MIN        1000000ull
#define NS_PER_SECOND           1000000000ull

struct tick_rate {
	uint64_t hz;
	uint64_t ns_per_tick; /* as a fraction of 2^54, rounded up */
};

/* TICK_RATE_HZ_MIN to 18 GHz. Nothing needs a 128-bit division. */
static inline struct tick_rate tick_rate_of(uint64_t hz)
{
	const uint64_t whole = (NS_PER_SECOND << 32) / hz, rest = (NS_PER_SECOND << 32) % hz;
	const unsigned more = TICK_RATE_FRACTION_BITS - 32;

	return (struct tick_rate){hz, (whole << more | (rest << more) / hz) + 1};
}

static inline uint64_t tick_rate_ns(const struct tick_rate *rate, uint64_t ticks)
{
	return (uint64_t)((unsigned __int128)ticks * rate->ns_per_tick >> TICK_RATE_FRACTION_BITS);
}

/* After so many ticks that many nanoseconds are over. */
static inline uint64_t tick_rate_ticks(const struct tick_rate *rate, uint64_t ns)
{
	/* Seconds and the rest apart: neither product overflows. */
	return ns / NS_PER_SECOND * rate->hz + ns % NS_PER_SECOND * rate->hz / NS_PER_SECOND + 1;
}

#endif
