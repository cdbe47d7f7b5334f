#include "vmkuser/budget.h"

bool budget_take_units(struct budget *budget, uint64_t now_ns, uint64_t units)
{
	uint64_t due = MAX(budget->due_ns, now_ns);

	if (units > budget->burst || due - now_ns > budget->interval_ns * (budget->burst - units))
		return false;
	budget->due_ns = due + budget->interval_ns * units;
	return true;
}

uint64_t backoff_next(uint64_t delay_ns, uint64_t lived_ns)
{
	if (delay_ns == 0 || lived_ns > BACKOFF_LONGEST_NS)
		return BACKOFF_FIRST_NS;
	return MIN(delay_ns * 2, BACKOFF_LONGEST_NS);
}

uint64_t memory_keep(uint64_t used, uint64_t bytes, unsigned worlds)
{
	return used + bytes <= MEMORY_GUARANTEE ? 0 : MEMORY_KERNEL + worlds * MEMORY_GUARANTEE;
}
