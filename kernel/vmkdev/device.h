/* The machine's PCI functions and which driver has which. */
#ifndef VMKDEV_DEVICE_H
#define VMKDEV_DEVICE_H

#include "vmkdev/device_irq.h"
#include "vmkdev/dma.h"
#include "vmkdev/msi.h"
#include "vmkdev/pci.h"
#include <vmkapi/module.h>

struct device {
	struct pci_function pci;
	struct msi msi; /* both as they were when a driver was bound: asked again, it might lie */
	struct msix msix;
	struct vmkapi_pci api; /* the function, as its driver sees it */
	const char *driver;    /* the module that has it, or NULL; not owned */
	char name[24];         /* "pci 00:02.0 8086:100e" */
	/* iommu.h: the id that remapping units see, the index of the unit (-1: none), and the bus
	 * addresses, NULL until a driver wants them. */
	uint16_t requester;
	int unit;
	struct dma_space *space;
	unsigned faults; /* that remapping units saw of it */
	struct device_irq irq;
};

/* Finds and logs what there is. Once, before any driver. */
void device_init(void);
/*
 * Give the first free function with these ids to `driver` (a string that must stay) and size its
 * BARs. VMK_NOT_FOUND; VMK_BUSY if all that match have a driver; VMK_IO_ERROR if no remapping unit
 * guards it any more.
 */
enum vmk_status device_bind(
	uint16_t vendor, uint16_t id, const char *driver, struct device **device);
/* Takes it back: the device can reach no memory any more. */
void device_release(struct device *device);
/* Bus mastering off, and interrupts, whoever drives it. From any context that holds no lock. */
void device_stop(struct device *device);
/* The same for all, before the machine is left. */
void device_silence_all(void);
enum vmk_status device_enable(struct device *device);
/* A memory BAR, mapped uncached. VMK_NOT_PRESENT if there is no such BAR, VMK_DENIED if it claims
 * addresses that are RAM, the platform's own registers or those of a function that has a driver.
 * The pages of the MSI-X table are left out.
 */
enum vmk_status device_map_bar(struct device *device, unsigned index, volatile void **registers);
void device_unmap_bar(struct device *device, unsigned index, volatile void *registers);
/* Are these addresses for device registers: neither memory nor the platform's own, configuration
 * space and remapping units among it? */
bool device_is_own(uint64_t start, uint64_t bytes);
/* The function number `index` of those that device_init() found; NULL beyond the last. */
const struct device *device_at(unsigned index);

#endif
