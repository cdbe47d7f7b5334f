/* Memory that a device reads and writes, and the bus addresses under which it does. */
#ifndef VMKDEV_DMA_H
#define VMKDEV_DMA_H

#include "lib/list.h"
#include <vmkapi/status.h>

#define DMA_BYTES_MAX (4ul << 20)

struct vtd_domain;

/* The bus addresses of one requester; devices that the remapping hardware cannot tell apart share
 * one. Guarded by dma.c's lock. */
struct dma_space {
	struct vtd_domain *domain; /* NULL: bus addresses are physical ones */
	struct list ranges;        /* by address; empty without a domain */
};

void dma_space_init(struct dma_space *space, struct vtd_domain *domain);
/* Addresses that no allocation may have: [bus, bus + bytes). */
enum vmk_status dma_reserve(struct dma_space *space, uint64_t bus, uint64_t bytes);
/*
 * Zeroed, contiguous, page-aligned memory of whole pages and its bus address, below 4 GiB.
 * VMK_BAD_PARAM for 0 bytes or more than DMA_BYTES_MAX, VMK_NO_MEMORY, VMK_NO_RESOURCES for no bus
 * addresses, VMK_IO_ERROR from a unit that has failed.
 */
enum vmk_status dma_alloc(struct dma_space *space, size_t bytes, void **memory, uint64_t *bus);
/* The device can reach the memory no more, and only then is it free; if the hardware does not
 * confirm that, it never is. `bytes` as at the allocation. NULL is ignored. */
void dma_free(struct dma_space *space, void *memory, size_t bytes);

#endif
