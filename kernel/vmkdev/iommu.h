/*
 * DMA and interrupt remapping of this machine (VT-d). Each device has a domain of its own in which
 * nothing is mapped but what its driver has allocated and, for a device that firmware still uses,
 * the region that the DMAR reserves for it. A device without a driver reaches nothing.
 * Thread-safe.
 */
#ifndef VMKDEV_IOMMU_H
#define VMKDEV_IOMMU_H

#include "lib/types.h"
#include <vmkapi/events.h>
#include <vmkapi/status.h>

struct device;
struct dma_space;

/*
 * Finds the units, switches translation on, then interrupt remapping, and only then drops the
 * protected memory regions that a measured launch left on. After a measured launch the DMAR that
 * counts is the copy that SINIT made. All devices must be silent. What is not there, or does not
 * work, is logged with the reason.
 */
void iommu_init(struct device *devices, unsigned count);
/* Are these addresses, all or some, a remapping unit's registers? */
bool iommu_has_registers(uint64_t start, uint64_t bytes);
/* What is measured of it. */
enum vmk_dma_state iommu_state(void);
/*
 * The device's bus addresses, ready for its driver: space->domain is NULL where nothing is
 * remapped. VMK_IO_ERROR if a unit that guards the device has failed: it may not be used then.
 */
enum vmk_status iommu_open(struct device *device);
/* For dma.c: pages in and out of a space whose domain is not NULL. See vtd_map(), vtd_unmap(). */
enum vmk_status iommu_map(struct dma_space *space, uint64_t bus, struct hpa memory, uint64_t bytes);
enum vmk_status iommu_unmap(struct dma_space *space, uint64_t bus, uint64_t bytes);

#endif
