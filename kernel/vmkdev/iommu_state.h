/* Between iommu.c, which switches remapping on, and the files that serve interrupts and faults. */
#ifndef VMKDEV_IOMMU_STATE_H
#define VMKDEV_IOMMU_STATE_H

#include "boot/acpi_dmar.h"
#include "lib/lock.h"
#include "vmkdev/device.h"
#include "vmkdev/iommu.h"
#include "vmkdev/requester.h"
#include "vmkdev/vtd.h"

struct iommu {
	struct dmar dmar;
	struct vtd_unit units[DMAR_UNITS_MAX];
	unsigned domains[DMAR_UNITS_MAX]; /* in use: ids 1 to that */
	struct device *devices;
	struct pci_function *functions; /* the same, for pure code */
	unsigned device_count;
	bool active;     /* what is not mapped is blocked */
	bool failed;     /* something did not come on: nobody may use a device */
	bool interrupts; /* are remapped */
	bool unproven;   /* after a dynamic launch, but by a table that it did not protect */
};
extern struct iommu iommu;
extern struct spinlock
	iommu_lock; /* of units, domains, tables; apart, so that the rest is no data */

/* All units, or none; true without any that can, which is no reason to do without the rest. */
bool iommu_remap_interrupts(const char **why);
/* From here on faults are logged with the device's name; a device with many loses the bus. */
void iommu_watch_faults(void);

#endif
