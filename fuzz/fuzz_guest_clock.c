/* sources: kernel/vtx/guest_clock.c */
/* coverage: edges, comparisons */
/*
 * A guest's clock at any rate, stopped and let go at any time: it never goes back, stands while it
 * is stopped, what a deadline in it lasts on the host is never too short, and what a pCPU that lags
 * behind makes of it in the guest is never more.
 */
#include <stdlib.h>
#include <string.h>

#include "lib/types.h"
#include "vtx/guest_clock.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct start {
	uint64_t host, guest;
	uint32_t tsc;
	uint8_t scales, reserved[3];
};
struct step {
	uint8_t what, shift;
	uint16_t ticks;
};

static void require(bool condition)
{
	if (!condition)
		abort();
}

static uint64_t rate_of(uint64_t word)
{
	return GUEST_CLOCK_HZ_MIN + word % (GUEST_CLOCK_HZ_MAX - GUEST_CLOCK_HZ_MIN + 1);
}

static void check_rates(uint64_t host, uint64_t guest, bool scales)
{
	char why[128] = "";
	const bool possible = guest_clock_check(host, guest, scales, why, sizeof(why)) == VMK_OK;

	require(possible == (scales || !guest_clock_needs_scaling(host, guest)));
	require(possible == !why[0]);
}

/* After so many of the host's ticks that many of the guest's have gone by, and hardly more. */
static void check_deadline(const struct guest_clock *clock, uint64_t ticks)
{
	const uint64_t host = guest_clock_host_ticks(clock, ticks);

	require(guest_clock_scale(host, clock->multiplier) >= ticks);
	require(host < 3 || guest_clock_scale(host - 3, clock->multiplier) < ticks);
}

/* Of a pCPU whose TSC is behind, or ahead. */
static void check_lag(const struct guest_clock *clock, uint64_t tsc, int64_t lag)
{
	const uint64_t own = tsc - (uint64_t)lag;
	const uint64_t seen =
		guest_clock_scale(own, clock->multiplier) + guest_clock_lag(clock, lag);

	require(guest_clock_ticks(clock, own, lag) == guest_clock_ticks(clock, tsc, 0));
	require(guest_clock_ticks(clock, tsc, 0) - seen <= 1);
}

static void run(struct guest_clock *clock, uint64_t tsc, const uint8_t *data, size_t size)
{
	uint64_t last = guest_clock_tsc(clock, guest_clock_ticks(clock, tsc, 0));
	uint64_t ns = 0, last_ns = 0;
	bool stopped = false;
	struct step s;

	for (; size >= sizeof(s); size -= sizeof(s), data += sizeof(s)) {
		uint64_t ticks, now, now_ns, passed;

		memcpy(&s, data, sizeof(s));
		passed = (uint64_t)s.ticks << s.shift % 17;
		check_deadline(clock, passed);
		tsc += passed;
		check_lag(clock, tsc, (int64_t)MIN(passed, tsc));
		check_lag(clock, tsc, -(int64_t)passed);
		ns += passed / 2;
		ticks = guest_clock_ticks(clock, tsc, 0);
		now = guest_clock_tsc(clock, ticks);
		now_ns = guest_clock_ns(clock, ns);
		require(now >= last && now_ns >= last_ns);
		require(!stopped || (now == last && now_ns == last_ns));
		if ((s.what & 3) == 1)
			guest_clock_stop(clock, ticks, ns);
		if ((s.what & 3) == 2)
			guest_clock_go(clock, ticks, ns);
		stopped = (s.what & 3) == 1 || (stopped && (s.what & 3) != 2);
		last = guest_clock_tsc(clock, ticks);
		last_ns = guest_clock_ns(clock, ns);
		require(last >= now && last - now <= 1 && last_ns == now_ns);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct guest_clock clock;
	struct start start;
	uint64_t host, guest;

	if (size < sizeof(start))
		return 0;
	memcpy(&start, data, sizeof(start));
	size = MIN(size, sizeof(start) + 256 * sizeof(struct step));
	host = rate_of(start.host);
	guest = start.scales & 2 ? host + (start.guest & 0xffff) : rate_of(start.guest);
	check_rates(host, guest, start.scales & 1);
	check_rates(guest, host, start.scales & 1);
	guest_clock_init(&clock, host, guest, start.tsc);
	check_deadline(&clock, start.tsc);
	require(guest_clock_host_ticks(&clock, UINT64_MAX) >=
		guest_clock_host_ticks(&clock, start.tsc));
	run(&clock, start.tsc, data + sizeof(start), size - sizeof(start));
	return 0;
}
