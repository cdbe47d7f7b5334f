/* Faults: who tried what, by the device's name and its driver's. */
#include "arch/x86/irq.h"
#include "lib/log.h"
#include "vmkdev/iommu_state.h"

#define LOG_MODULE "Iommu"

/* A device that is told no so often is broken or hostile; it could fill log and CPU with it. */
#define FAULTS_MAX       8u
#define FAULTS_AT_ONCE   64u
#define UNKNOWN_MAX      32u
#define REASON_INTERRUPT 0x20u

static unsigned unknown;

static struct device *device_of_source(uint16_t source)
{
	for (unsigned i = 0; i < iommu.device_count; i++) {
		struct device *d = &iommu.devices[i];

		if (pci_requester(d->pci.address) == source || d->requester == source)
			return d;
	}
	return NULL;
}

static void log_fault(const struct vtd_fault *fault, const char *name, const char *driver)
{
	if (fault->reason >= REASON_INTERRUPT)
		vmk_error("%s (%s): interrupt %llu blocked: %s", name, driver,
			(unsigned long long)fault->address, vtd_fault_reason(fault->reason));
	else
		vmk_error("%s (%s): DMA blocked, %s bus address 0x%llx: %s", name, driver,
			fault->is_read ? "reading" : "writing", (unsigned long long)fault->address,
			vtd_fault_reason(fault->reason));
}

static void serve(const struct vtd_fault *fault)
{
	struct device *device = device_of_source(fault->source);
	char name[24];

	if (!device) {
		pci_name((struct pci_address){(uint8_t)(fault->source >> 8),
				 fault->source >> 3 & 31, fault->source & 7},
			name, sizeof(name));
		if (unknown++ < UNKNOWN_MAX)
			log_fault(fault, name, "unknown");
		return;
	}
	if (device->faults < FAULTS_MAX)
		log_fault(fault, device->name, device->driver ? device->driver : "no driver");
	if (++device->faults != FAULTS_MAX)
		return;
	vmk_error("%s: %u faults: it is taken off the bus", device->name, device->faults);
	device_stop(device);
}

static bool next_fault(struct vtd_unit *unit, struct vtd_fault *fault)
{
	uint64_t saved = spin_lock(&iommu_lock);
	bool found = vtd_next_fault(unit, fault);

	spin_unlock(&iommu_lock, saved);
	return found;
}

static void on_fault(void *argument)
{
	struct vtd_unit *unit = argument;
	struct vtd_fault fault;

	for (unsigned i = 0; i < FAULTS_AT_ONCE && next_fault(unit, &fault); i++)
		serve(&fault);
}

void iommu_watch_faults(void)
{
	for (unsigned i = 0; i < iommu.dmar.unit_count; i++) {
		struct irq_message message;

		if (irq_attach_direct(on_fault, &iommu.units[i], &message) != VMK_OK) {
			vmk_warn("faults of unit %u are not seen", i);
			continue;
		}
		vtd_route_faults(&iommu.units[i], message.address, message.data);
		on_fault(&iommu.units[i]); /* what was recorded before it could interrupt */
	}
}
