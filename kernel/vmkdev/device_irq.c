#include "vmkdev/device_irq.h"
#include "lib/log.h"
#include "mem/space.h"
#include "vmkdev/device.h"

#define LOG_MODULE "Device"
#define IRQ_NONE   255u /* PCI 3.0, section 6.2.4: unknown or no connection */

static enum vmk_status map_table(struct device *device)
{
	const struct msix *msix = &device->msix;
	const struct pci_bar *bar = &device->pci.bars[msix->bar];

	if (!device_is_own(bar->address, bar->bytes))
		return VMK_DENIED;
	return space_map_device(hpa(bar->address + msix->offset), msix->vectors * MSIX_ENTRY_BYTES,
		&device->irq.table);
}

/* Whoever has the device next may find another table. */
static void unmap_table(struct device *device)
{
	if (device->irq.table)
		space_unmap_device(device->irq.table, device->msix.vectors * MSIX_ENTRY_BYTES);
	device->irq.table = NULL;
}

/* VMK_NOT_PRESENT: the device has no MSI-X, or none that makes sense. */
static enum vmk_status attach_msix(
	struct device *device, unsigned count, irq_handler handler, void *const arguments[])
{
	struct device_irq *irq = &device->irq;
	const struct msix *msix = &device->msix;
	enum vmk_status status;

	if (!msix->at)
		return VMK_NOT_PRESENT;
	status = map_table(device);
	if (status != VMK_OK)
		return status;
	msix_enable(&pci_machine, NULL, &device->pci, msix, irq->table);
	irq->mode = VMKAPI_IRQ_MSIX;
	for (; irq->count < MIN(count, msix->vectors); irq->count++) {
		struct irq_message message;

		status = irq_attach_message(device->requester, handler, arguments[irq->count],
			&message, &irq->slots[irq->count]);
		if (status != VMK_OK)
			break;
		msix_set(irq->table, irq->count, message.address, message.data);
	}
	/* Fewer than asked for are enough; none is not. */
	if (irq->count)
		return VMK_OK;
	msix_disable(&pci_machine, NULL, &device->pci, msix);
	unmap_table(device);
	return status;
}

static enum vmk_status attach_msi(struct device *device, irq_handler handler, void *argument)
{
	struct device_irq *irq = &device->irq;
	struct irq_message message;
	const struct msi *msi = &device->msi;
	enum vmk_status status;

	if (!msi->at)
		return VMK_NOT_PRESENT;
	status = irq_attach_message(device->requester, handler, argument, &message, &irq->slots[0]);
	if (status != VMK_OK)
		return status;
	status = msi_enable(&pci_machine, NULL, &device->pci, msi, message.address, message.data);
	if (status != VMK_OK) {
		irq_detach_message(irq->slots[0]);
		return status;
	}
	irq->mode = VMKAPI_IRQ_MSI;
	irq->count = 1;
	return VMK_OK;
}

/* INTx is level-triggered and active low (PCI 3.0, section 2.2.6) unless ACPI says how the chipset
 * inverts it. */
static enum vmk_status attach_intx(struct device *device, irq_handler handler, void *argument)
{
	struct device_irq *irq = &device->irq;
	int level_triggered, active_low;
	enum vmk_status status;

	if (device->pci.irq_pin == 0 || device->pci.irq_line == IRQ_NONE)
		return VMK_NOT_PRESENT;
	irq->gsi = irq_isa_gsi(device->pci.irq_line, &level_triggered, &active_low);
	if (!level_triggered)
		active_low = 1;
	status = irq_attach_gsi(irq->gsi, 1, active_low, handler, argument);
	if (status != VMK_OK)
		return status;
	irq->mode = VMKAPI_IRQ_INTX;
	irq->argument = argument;
	irq->count = 1;
	return VMK_OK;
}

enum vmk_status device_irq_attach(struct device *device, bool several, unsigned count,
	irq_handler handler, void *const arguments[], unsigned *granted)
{
	static const char *const modes[] = {"INTx", "MSI", "MSI-X"};
	enum vmk_status status = VMK_NOT_PRESENT;

	if (device->irq.count)
		return VMK_EXISTS;
	if (several)
		status = attach_msix(device, count, handler, arguments);
	if (status != VMK_OK)
		status = attach_msi(device, handler, arguments[0]);
	if (status != VMK_OK)
		status = attach_intx(device, handler, arguments[0]);
	if (status == VMK_OK)
		vmk_log("%s interrupts by %s, %u vectors", device->name, modes[device->irq.mode],
			device->irq.count);
	*granted = device->irq.count;
	return status;
}

void device_irq_detach(struct device *device)
{
	struct device_irq *irq = &device->irq;

	if (irq->count && irq->mode == VMKAPI_IRQ_MSIX)
		msix_disable(&pci_machine, NULL, &device->pci, &device->msix);
	if (irq->count && irq->mode == VMKAPI_IRQ_MSI)
		msi_disable(&pci_machine, NULL, &device->pci, &device->msi);
	if (irq->count && irq->mode == VMKAPI_IRQ_INTX)
		irq_detach_gsi(irq->gsi, irq->argument);
	for (unsigned i = 0; irq->mode != VMKAPI_IRQ_INTX && i < irq->count; i++)
		irq_detach_message(irq->slots[i]);
	irq->count = 0;
	unmap_table(device);
}
