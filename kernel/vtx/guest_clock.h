/*
 * A VM's clock: its TSC, which may go at another rate than the host's (SDM 3C, 25.6.5, 26.3), and
 * the nanoseconds that its devices go by. Both stand still while the VM is paused. Pure: the host's
 * time is handed in. One writer at a time; readers need no lock.
 */
#ifndef VTX_GUEST_CLOCK_H
#define VTX_GUEST_CLOCK_H

#include "lib/types.h"
#include <vmkapi/status.h>

/* Of multipliers: ticks as a fraction of 2^48. */
#define GUEST_CLOCK_FRACTION_BITS 48u
/* Rates that differ by no more than this part are one: neither is measured any better. */
#define GUEST_CLOCK_TOLERANCE 4000u
/* Of rates, in Hz: multipliers fit into 64 bits. */
#define GUEST_CLOCK_HZ_MIN 1000000ull
#define GUEST_CLOCK_HZ_MAX 64000000000ull

struct guest_clock {
	uint64_t multiplier; /* the guest's ticks for one of the host's; 0: the same rate */
	uint64_t inverse;    /* and the other way round, rounded up */
	uint32_t changes;    /* odd while what follows is being changed */
	bool stopped;
	uint64_t offset;                /* added to the multiplied TSC */
	uint64_t since_ticks, since_ns; /* when it stopped, or went, last */
	uint64_t paused_ns;             /* in all, before it was stopped last */
};

/* Rates within GUEST_CLOCK_HZ_MIN and _MAX. */
bool guest_clock_needs_scaling(uint64_t host_hz, uint64_t guest_hz);
/* VMK_UNSUPPORTED where it needs what the processor does not do; `why` (of `bytes`) says both
 * rates. */
enum vmk_status guest_clock_check(
	uint64_t host_hz, uint64_t guest_hz, bool can_scale, char *why, size_t bytes);
/* The guest's TSC is 0 at `tsc` of the first pCPU. */
void guest_clock_init(struct guest_clock *clock, uint64_t host_hz, uint64_t guest_hz, uint64_t tsc);
/* Readers wait until the next of the two calls that follow: the time that these are given is read
 * after this, so that nobody has read a later one off the clock that went. Without interrupts. */
void guest_clock_hold(struct guest_clock *clock);
/* Nothing happens to one that is stopped, or goes, already. */
void guest_clock_stop(struct guest_clock *clock, uint64_t ticks, uint64_t ns);
void guest_clock_go(struct guest_clock *clock, uint64_t ticks, uint64_t ns);

/* As the processor multiplies: what exceeds 64 bits is lost. Multiplier 0: nothing is done. */
static inline uint64_t guest_clock_scale(uint64_t ticks, uint64_t multiplier)
{
	if (!multiplier)
		return ticks;
	return (uint64_t)((unsigned __int128)ticks * multiplier >> GUEST_CLOCK_FRACTION_BITS);
}
/* In the guest a pCPU's lag (vtx_tsc_lag()) is part of the offset: there its ticks are
 * guest_clock_ticks(), or one less, as each of the two is rounded down. */
static inline uint64_t guest_clock_lag(const struct guest_clock *clock, int64_t lag)
{
	if (lag >= 0)
		return guest_clock_scale((uint64_t)lag, clock->multiplier);
	return 0 - guest_clock_scale(0 - (uint64_t)lag, clock->multiplier) -
	       (clock->multiplier != 0);
}
/* A TSC and what it lags behind the first pCPU's (below 0: it is ahead), in the guest's ticks. */
static inline uint64_t guest_clock_ticks(const struct guest_clock *clock, uint64_t tsc, int64_t lag)
{
	return guest_clock_scale(tsc + (uint64_t)lag, clock->multiplier);
}
/* The guest's TSC at guest_clock_ticks(), without what the guest itself has added. Ticks and
 * nanoseconds that were read before the clock last went count as those at which it did. */
uint64_t guest_clock_tsc(const struct guest_clock *clock, uint64_t ticks);
/* Nanoseconds, of those of the host in which the VM was not paused. */
uint64_t guest_clock_ns_after_pauses(const struct guest_clock *clock, uint64_t ns);
static inline uint64_t guest_clock_ns(const struct guest_clock *clock, uint64_t ns)
{
	/* Most VMs never were. */
	if (!__atomic_load_n(&clock->changes, __ATOMIC_ACQUIRE))
		return ns;
	return guest_clock_ns_after_pauses(clock, ns);
}
/* After so many of the host's ticks so many of the guest's are over, and hardly more. */
uint64_t guest_clock_host_ticks(const struct guest_clock *clock, uint64_t ticks);
static inline uint64_t guest_clock_offset(const struct guest_clock *clock)
{
	return __atomic_load_n(&clock->offset, __ATOMIC_RELAXED);
}

#endif
