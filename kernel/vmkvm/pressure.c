#include "vmkvm/pressure.h"

#define FLOOR_PART 8u

static uint64_t least(const struct pressure *p)
{
	const uint64_t part = MAX(p->pages / FLOOR_PART, (uint64_t)1);

	return MAX(p->reservation, part);
}

uint64_t pressure_excess(const struct pressure *p)
{
	return p->granted > least(p) ? p->granted - least(p) : 0;
}

uint64_t pressure_raise(const struct pressure *p, uint64_t all, uint64_t wanted)
{
	const uint64_t own = pressure_excess(p);
	/* It may have got more since all was summed up. */
	const uint64_t sum = MAX(all, own), missing = MIN(MAX(wanted, PRESSURE_STEP), sum);

	if (!own || (p->pressed && p->pressed < p->granted))
		return p->pressed;
	return p->granted - MIN(own, (missing * own + sum - 1) / sum);
}

uint64_t pressure_lower(const struct pressure *p, uint64_t spare, uint64_t keep, unsigned count)
{
	const uint64_t over = PRESSURE_OVER * keep;
	uint64_t more;

	if (!p->pressed || spare <= over)
		return p->pressed;
	more = MIN(MAX((spare - over) / (2 * MAX(count, 1u)), PRESSURE_STEP), spare - over);
	return p->pressed + more < p->pages ? p->pressed + more : 0;
}
