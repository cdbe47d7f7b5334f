/* Kernel stacks, each alone between unmapped pages. */
#include "lib/panic.h"
#include "mem/area.h"
#include "mem/heap.h"

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
