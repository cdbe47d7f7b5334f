/* The machine's PCI functions and which driver has which. */
#ifndef VMKDEV_DEVICE_H
#define VMKDEV_DEVICE_H

#include "vmkdev/pci.h"
#include <vmkapi/module.h>

struct device {
	struct pci_function pci;
	struct vmkapi_pci api; /* the same, as its driver sees it */
	const char *driver;    /* the module that has it, or NULL; not owned */
};

/* Finds and logs what there is. Once, before any driver. */
void device_init(void);
/*
 * Give the first free function with these ids to `driver` (a string that must stay) and size its
 * BARs. VMK_NOT_FOUND; VMK_BUSY if all that match have a driver.
 */
enum vmk_status device_bind(
	uint16_t vendor, uint16_t id, const char *driver, struct device **device);
/* Takes it back: the device can reach no memory any more. */
void device_release(struct device *device);
enum vmk_status device_enable(struct device *device);
/* A memory BAR, mapped uncached. VMK_NOT_PRESENT if there is no such BAR, VMK_DENIED if it claims
 * addresses that are RAM or the platform's own registers. */
enum vmk_status device_map_bar(struct device *device, unsigned index, volatile void **registers);
/* The function number `index` of those that device_init() found; NULL beyond the last. */
const struct device *device_at(unsigned index);
/* The device of a pointer that device->api was handed out as; panics for any other pointer. */
struct device *device_of(const struct vmkapi_pci *api);

#endif
