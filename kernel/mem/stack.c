/* Kernel stacks, shadow stacks and CPUs' areas, each alone between unmapped pages. */
#include "arch/x86/paging.h"
#include "lib/panic.h"
#include "mem/area.h"
#include "mem/heap.h"
#include "mem/window.h"

enum vmk_status stack_alloc(unsigned pages, void **top)
{
	uintptr_t bottom;
	enum vmk_status status = area_alloc(kernel_space(), AREA_STACKS, pages * PAGE_SIZE,
		PAGE_SIZE, PROT_R | PROT_W, FRAME_KERNEL, &bottom);

	if (status == VMK_OK)
		*top = (void *)(bottom + pages * PAGE_SIZE);
	return status;
}

void stack_free(void *top, unsigned pages)
{
	uintptr_t bottom = (uintptr_t)top - pages * PAGE_SIZE;

	ASSERT(area_contains(AREA_STACKS, bottom));
	if (area_bytes(bottom) != pages * PAGE_SIZE)
		panic("stack: freed with another size, or twice");
	space_release(kernel_space(), bottom, pages * PAGE_SIZE);
}

enum vmk_status shadow_stack_alloc(uintptr_t *end)
{
	uintptr_t bottom;
	enum vmk_status status = area_alloc(kernel_space(), AREA_STACKS, PAGE_SIZE, PAGE_SIZE,
		PROT_R | PROT_SHADOW, FRAME_SHADOW, &bottom);

	if (status == VMK_OK)
		*end = bottom + PAGE_SIZE;
	return status;
}

void shadow_stack_lay(uintptr_t end, const uint64_t *words, unsigned count)
{
	const size_t bytes = count * sizeof(*words);
	struct space *kernel = kernel_space();
	struct ptable_leaf leaf;
	uint64_t saved;

	ASSERT(area_contains(AREA_STACKS, end - PAGE_SIZE) && bytes <= PAGE_SIZE);
	saved = spin_lock(&kernel->lock);
	ASSERT(ptable_find(&kernel->table, end - PAGE_SIZE, &leaf));
	spin_unlock(&kernel->lock, saved);
	window_write(hpa((leaf.entry & PTE_FRAME) + PAGE_SIZE - bytes), words, bytes);
}

void shadow_stack_free(uintptr_t end)
{
	stack_free((void *)end, 1);
}

void *cpu_area_alloc(size_t bytes)
{
	uintptr_t address;

	if (area_alloc(kernel_space(), AREA_CPUS, bytes, PAGE_SIZE, PROT_R | PROT_W, FRAME_KERNEL,
		    &address) != VMK_OK)
		return NULL;
	return (void *)address;
}

void cpu_area_free(void *area)
{
	size_t bytes = area_bytes((uintptr_t)area);

	ASSERT(bytes && area_contains(AREA_CPUS, (uintptr_t)area));
	space_release(kernel_space(), (uintptr_t)area, bytes);
}
