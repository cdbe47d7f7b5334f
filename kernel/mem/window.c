#include "mem/window.h"
#include "arch/x86/cpu.h"
#include "arch/x86/paging.h"
#include "arch/x86/percpu.h"
#include "lib/panic.h"
#include "mem/area.h"
#include <string.h>

enum vmk_status window_create(struct percpu *cpu)
{
	struct space *space = kernel_space();
	enum vmk_status status;
	uintptr_t address;
	uint64_t saved;

	status = area_reserve(space, AREA_WINDOWS, PAGE_SIZE, PAGE_SIZE, &address);
	if (status != VMK_OK)
		return status;
	saved = spin_lock(&space->lock);
	cpu->window_entry = ptable_entry(&space->table, address);
	spin_unlock(&space->lock, saved);
	if (!cpu->window_entry) {
		space_release(space, address, PAGE_SIZE);
		return VMK_NO_MEMORY;
	}
	cpu->window = (void *)address;
	return VMK_OK;
}

/* Interrupts stay off until it is closed. */
static const struct percpu *open_at(struct hpa address, uint64_t flags)
{
	const struct percpu *cpu = percpu();

	ASSERT(!*cpu->window_entry);
	*cpu->window_entry = (address.v & PTE_FRAME) | PTE_PRESENT | PTE_ACCESSED | PTE_NX | flags;
	/* No entry that is not present is remembered, so there is nothing to forget yet (SDM 3A,
	 * 4.10.2.3). */
	__asm__ volatile("" : : : "memory");
	return cpu;
}

static void close_again(const struct percpu *cpu)
{
	__asm__ volatile("" : : : "memory");
	*cpu->window_entry = 0;
	__asm__ volatile("invlpg (%0)" : : "r"(cpu->window) : "memory");
}

void window_read(void *to, struct hpa from, size_t bytes)
{
	uint64_t saved = irq_save();
	const struct percpu *cpu = open_at(from, 0);

	memcpy(to, (const uint8_t *)cpu->window + from.v % PAGE_SIZE, bytes);
	close_again(cpu);
	irq_restore(saved);
}

void window_write(struct hpa to, const void *from, size_t bytes)
{
	uint64_t saved = irq_save();
	const struct percpu *cpu = open_at(to, PTE_WRITE | PTE_DIRTY);

	memcpy((uint8_t *)cpu->window + to.v % PAGE_SIZE, from, bytes);
	close_again(cpu);
	irq_restore(saved);
}

void window_clear(struct pfn first, unsigned order)
{
	for (uint64_t i = 0; i < 1ull << order; i++) {
		uint64_t saved = irq_save();
		const struct percpu *cpu =
			open_at(pfn_hpa((struct pfn){first.v + i}), PTE_WRITE | PTE_DIRTY);

		memset(cpu->window, 0, PAGE_SIZE);
		close_again(cpu);
		irq_restore(saved);
	}
}

bool window_is_clear(struct pfn frame)
{
	uint64_t saved = irq_save(), any = 0;
	const struct percpu *cpu = open_at(pfn_hpa(frame), 0);
	const uint64_t *words = cpu->window;

	for (size_t i = 0; i < PAGE_SIZE / sizeof(*words); i++)
		any |= words[i];
	close_again(cpu);
	irq_restore(saved);
	return !any;
}
