#include "vtx/guest_clock.h"
#include <stdio.h>

bool guest_clock_needs_scaling(uint64_t host_hz, uint64_t guest_hz)
{
	const uint64_t apart = host_hz > guest_hz ? host_hz - guest_hz : guest_hz - host_hz;

	return apart > host_hz / GUEST_CLOCK_TOLERANCE;
}

enum vmk_status guest_clock_check(
	uint64_t host_hz, uint64_t guest_hz, bool can_scale, char *why, size_t bytes)
{
	if (can_scale || !guest_clock_needs_scaling(host_hz, guest_hz))
		return VMK_OK;
	snprintf(why, bytes,
		"TSC: %llu kHz needed, the processor's %llu kHz available: it has no TSC scaling",
		(unsigned long long)(guest_hz / 1000), (unsigned long long)(host_hz / 1000));
	return VMK_UNSUPPORTED;
}

#define ONE (1ull << GUEST_CLOCK_FRACTION_BITS)

/* Bit by bit: nothing here may need a 128-bit division. */
static uint64_t ratio(uint64_t of, uint64_t to)
{
	unsigned __int128 rest = of % to;
	uint64_t quotient = of / to;

	for (unsigned i = 0; i < GUEST_CLOCK_FRACTION_BITS; i++) {
		rest <<= 1;
		quotient = quotient << 1 | (rest >= to);
		rest -= rest >= to ? to : 0;
	}
	return quotient;
}

void guest_clock_init(struct guest_clock *c, uint64_t host_hz, uint64_t guest_hz, uint64_t tsc)
{
	*c = (struct guest_clock){0};
	if (guest_clock_needs_scaling(host_hz, guest_hz)) {
		c->multiplier = ratio(guest_hz, host_hz);
		c->inverse = ratio(ONE, c->multiplier) + 1;
	}
	c->since_ticks = guest_clock_scale(tsc, c->multiplier);
	c->offset = 0 - c->since_ticks;
}

void guest_clock_hold(struct guest_clock *c)
{
	if (c->changes & 1)
		return;
	__atomic_store_n(&c->changes, c->changes + 1, __ATOMIC_RELAXED);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
}

static void end_change(struct guest_clock *c)
{
	__atomic_store_n(&c->changes, c->changes + 1, __ATOMIC_RELEASE);
}

#define PUT(member, value) __atomic_store_n(&(member), value, __ATOMIC_RELAXED)
#define GET(member)        __atomic_load_n(&(member), __ATOMIC_RELAXED)

void guest_clock_stop(struct guest_clock *c, uint64_t ticks, uint64_t ns)
{
	guest_clock_hold(c);
	if (!c->stopped) {
		PUT(c->since_ticks, ticks);
		PUT(c->since_ns, ns);
		PUT(c->stopped, true);
	}
	end_change(c);
}

void guest_clock_go(struct guest_clock *c, uint64_t ticks, uint64_t ns)
{
	uint64_t stood = ticks - c->since_ticks;

	guest_clock_hold(c);
	if (c->stopped) {
		/* A tick less, which a pCPU may be behind (guest_clock_ticks()): the guest's TSC
		 * never goes back. */
		stood -= c->multiplier && stood;
		PUT(c->offset, c->offset - stood);
		PUT(c->paused_ns, c->paused_ns + (ns - c->since_ns));
		PUT(c->since_ticks, ticks);
		PUT(c->since_ns, ns);
		PUT(c->stopped, false);
	}
	end_change(c);
}

/* What the members were at one time: false, and once more, if they have changed meanwhile. */
static bool is_one_view(const struct guest_clock *c, uint32_t changes)
{
	__atomic_thread_fence(__ATOMIC_ACQUIRE);
	return !(changes & 1) && GET(c->changes) == changes;
}

struct setting {
	bool stopped;
	uint64_t offset, since_ticks, since_ns, paused_ns;
};

static struct setting setting_of(const struct guest_clock *c)
{
	struct setting s;
	uint32_t changes;

	do {
		changes = __atomic_load_n(&c->changes, __ATOMIC_ACQUIRE);
		s.stopped = GET(c->stopped);
		s.offset = GET(c->offset);
		s.since_ticks = GET(c->since_ticks);
		s.since_ns = GET(c->since_ns);
		s.paused_ns = GET(c->paused_ns);
	} while (!is_one_view(c, changes));
	return s;
}

/* Who read the host's time before the clock last went, and only then asks for the guest's, would
 * see it go back. */
static uint64_t counted(const struct setting *s, uint64_t now, uint64_t since)
{
	return s->stopped || (int64_t)(now - since) < 0 ? since : now;
}

uint64_t guest_clock_tsc(const struct guest_clock *c, uint64_t ticks)
{
	const struct setting s = setting_of(c);

	return counted(&s, ticks, s.since_ticks) + s.offset;
}

uint64_t guest_clock_ns_after_pauses(const struct guest_clock *c, uint64_t ns)
{
	const struct setting s = setting_of(c);

	return counted(&s, ns, s.since_ns) - s.paused_ns;
}

uint64_t guest_clock_host_ticks(const struct guest_clock *c, uint64_t ticks)
{
	const unsigned __int128 host = (unsigned __int128)ticks * c->inverse + (ONE - 1);

	if (!c->multiplier)
		return ticks;
	if (host >> (64 + GUEST_CLOCK_FRACTION_BITS))
		return UINT64_MAX;
	return (uint64_t)(host >> GUEST_CLOCK_FRACTION_BITS);
}
