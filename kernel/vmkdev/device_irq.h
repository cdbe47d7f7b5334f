/* A device's interrupts: by MSI-X, MSI or its INTx line, whichever it has. */
#ifndef VMKDEV_DEVICE_IRQ_H
#define VMKDEV_DEVICE_IRQ_H

#include "arch/x86/irq.h"
#include "lib/types.h"
#include <vmkapi/module.h>

struct device;

struct device_irq {
	unsigned count; /* attached; 0: none */
	enum vmkapi_irq_mode mode;
	uint32_t gsi; /* INTx */
	volatile void *table;
	unsigned slots[VMKAPI_VECTORS_MAX]; /* MSI and MSI-X */
	void *argument;                     /* of the INTx handler */
};

/*
 * Up to `count` interrupts, by MSI-X only if `several`; number i calls handler(arguments[i]) on the
 * bootstrap CPU. *granted is 1 but for MSI-X. VMK_NOT_PRESENT if the device cannot interrupt,
 * VMK_EXISTS if it does already, VMK_NO_RESOURCES without a free vector.
 */
enum vmk_status device_irq_attach(struct device *device, bool several, unsigned count,
	irq_handler handler, void *const arguments[], unsigned *granted);
/* For a device that has been stopped. A call may still be under way on another CPU. */
void device_irq_detach(struct device *device);

#endif
