#include "fuzz/models/simcpu_lock.h"

#include "fuzz/models/simcpu.h"
#include "lib/lock.h"
#include <string.h>

static uint32_t held_levels[SIMCPU_CPUS];

static struct lock_entered enter_lock(void)
{
	const uint64_t saved = simcpu_irq_save();

	return (struct lock_entered){&held_levels[simcpu_here()], saved};
}

static void leave_lock(uint64_t saved)
{
	simcpu_irq_restore(saved);
}

void simcpu_locks(void)
{
	static const struct lock_ops edge = {enter_lock, leave_lock, simcpu_spin};

	memset(held_levels, 0, sizeof(held_levels));
	lock_init(&edge);
}
