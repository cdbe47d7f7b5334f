/* Which address space each CPU runs in, and what that means for TLBs. */
#include "arch/x86/cpu.h"
#include "arch/x86/paging.h"
#include "arch/x86/percpu.h"
#include "arch/x86/predict.h"
#include "arch/x86/smp.h"
#include "arch/x86/speculation_cpu.h"
#include "mem/area.h"

static struct space *current[CPUS_MAX]; /* user spaces only; NULL: the kernel's tables */

void space_activate(struct space *space)
{
	uint64_t saved = irq_save();
	struct space **here = &current[percpu_index()], *old = *here;
	struct space *user = space->user ? space : NULL;

	if (old != user || !space->user) {
		/* Counted before it is loaded and until another is, so that no flush is missed. */
		if (user)
			__atomic_add_fetch(&user->active, 1, __ATOMIC_SEQ_CST);
		if (user)
			speculation_enter_domain(user->domain);
		write_cr3(space->table.root.v);
		if (predict_isolate) {
			percpu()->entry.kernel_cr3 = space->table.root.v;
			percpu()->entry.user_cr3 = space->table.mirror.v;
		}
		*here = user;
		if (old)
			__atomic_sub_fetch(&old->active, 1, __ATOMIC_SEQ_CST);
	}
	irq_restore(saved);
}

void space_leave(struct space *space)
{
	uint64_t saved = irq_save();

	if (current[percpu_index()] == space)
		space_activate(kernel_space());
	irq_restore(saved);
}

void space_flush(struct space *space, uintptr_t address, size_t bytes)
{
	uint64_t saved;
	uint32_t active;

	if (!space->user) {
		tlb_flush_all_cpus(address, bytes);
		return;
	}
	saved = irq_save();
	/* The tables' change is seen by all before this is read: whoever is not counted yet finds
	 * it (space_activate()). A load alone could come first (SDM 3A, 8.2.3.4). */
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	active = __atomic_load_n(&space->active, __ATOMIC_SEQ_CST);
	if (active && current[percpu_index()] == space) {
		tlb_flush_local(address, bytes);
		active--;
	}
	irq_restore(saved);
	if (active)
		tlb_flush_all_cpus(address, bytes);
}
