#include "boot/boot_info.h"
#include "boot/memory_map.h"
#include "lib/log.h"
#include "mem/heap.h"
#include "mem/space.h"
#include "vmkdev/device.h"
#include "vmkdev/iommu.h"
#include <stdio.h>

#define LOG_MODULE   "Device"

#define CLASS_BRIDGE 0x06

static struct device *devices;
static unsigned device_count;
static unsigned isolated; /* by access control services */

/* Whoever had the machine before may have left transfers under way into what is our memory now. */
static void silence(const struct pci_function *f)
{
	if (f->class_code >> 16 != CLASS_BRIDGE)
		pci_disable(&pci_machine, NULL, f);
}

static void add(struct device *device, const struct pci_function *f)
{
	int used;

	silence(f);
	isolated += pci_isolate(&pci_machine, NULL, f);
	*device = (struct device){.pci = *f, .requester = pci_requester(f->address), .unit = -1};
	used = pci_name(f->address, device->name, sizeof(device->name));
	snprintf(device->name + used, sizeof(device->name) - (size_t)used, " %04x:%04x", f->vendor,
		f->device);
	vmk_log("%s class %06x irq %u", device->name, f->class_code, f->irq_line);
}

static void find_devices(void)
{
	unsigned count = pci_enumerate(&pci_machine, NULL, NULL, 0), found;
	struct pci_function *functions = heap_calloc(count, sizeof(*functions));

	devices = heap_calloc(count, sizeof(*devices));
	if (count == 0 || !functions || !devices)
		return;
	found = pci_enumerate(&pci_machine, NULL, functions, count);
	device_count = MIN(found, count);
	for (unsigned i = 0; i < device_count; i++)
		add(&devices[i], &functions[i]);
	if (isolated)
		vmk_log("access control services are on in %u PCI Express functions", isolated);
	heap_free(functions);
}

void device_init(void)
{
	find_devices();
	iommu_init(devices, device_count);
}

void device_stop(struct device *device)
{
	pci_disable(&pci_machine, NULL, &device->pci);
}

void device_silence_all(void)
{
	for (unsigned i = 0; i < device_count; i++)
		silence(&devices[i].pci);
}

static bool has_table(const struct device *device, unsigned bar)
{
	return device->msix.at && device->msix.bar == bar;
}

/* What its driver gets of a BAR from its start on: nothing of the pages of the MSI-X table. */
static uint64_t bytes_for_driver(const struct device *device, unsigned index)
{
	const struct pci_bar *bar = &device->pci.bars[index];
	uint64_t table;

	if (!has_table(device, index))
		return bar->bytes;
	table = ALIGN_DOWN(bar->address + device->msix.offset, PAGE_SIZE);
	return table > bar->address ? table - bar->address : 0;
}

static void describe(struct device *device)
{
	const struct pci_function *f = &device->pci;

	device->api = (struct vmkapi_pci){.vendor = f->vendor,
		.device = f->device,
		.bus = f->address.bus,
		.slot = f->address.slot,
		.function = f->address.function,
		.irq_line = f->irq_line};
	for (unsigned i = 0; i < PCI_BARS; i++) {
		device->api.bar[i].address = f->bars[i].address;
		device->api.bar[i].bytes = bytes_for_driver(device, i);
		device->api.bar[i].is_io = f->bars[i].is_io;
	}
}

enum vmk_status device_bind(
	uint16_t vendor, uint16_t id, const char *driver, struct device **device)
{
	enum vmk_status status = VMK_NOT_FOUND;

	for (unsigned i = 0; i < device_count; i++) {
		struct device *d = &devices[i];

		if (d->pci.vendor != vendor || d->pci.device != id)
			continue;
		if (d->driver) {
			status = VMK_BUSY;
			continue;
		}
		status = iommu_open(d);
		if (status == VMK_OK)
			status = pci_size_bars(&pci_machine, NULL, &d->pci);
		if (status != VMK_OK)
			return status;
		msi_find(&pci_machine, NULL, &d->pci, &d->msi);
		msix_find(&pci_machine, NULL, &d->pci, &d->msix);
		describe(d);
		d->driver = driver;
		*device = d;
		return VMK_OK;
	}
	return status;
}

void device_release(struct device *device)
{
	device_stop(device);
	device->driver = NULL;
}

enum vmk_status device_enable(struct device *device)
{
	return pci_enable(&pci_machine, NULL, &device->pci);
}

static bool overlaps(uint64_t start, uint64_t end, uint64_t other, uint64_t other_end)
{
	return start < other_end && other < end;
}

/* BARs hold what firmware or the device put there; registers are never where memory is, and what a
 * driver writes to its device must not reach the unit that guards memory from it. */
bool device_is_own(uint64_t start, uint64_t bytes)
{
	uint64_t end = start + bytes;

	if (memory_map_is_platform(boot_info, start, bytes) || iommu_has_registers(start, bytes))
		return false;
	for (unsigned i = 0; i < boot_info->memory_count; i++) {
		const struct boot_memory *m = &boot_info->memory[i];

		if (m->type != BOOT_MEMORY_RESERVED &&
			overlaps(start, end, m->start.v, m->start.v + m->bytes))
			return false;
	}
	return true;
}

static bool is_shared_with(const struct device *other, const struct pci_bar *bar)
{
	for (unsigned i = 0; i < PCI_BARS; i++) {
		const struct pci_bar *b = &other->pci.bars[i];

		if (!b->is_io && overlaps(bar->address, bar->address + bar->bytes, b->address,
					 b->address + b->bytes))
			return true;
	}
	return false;
}

/* A function with a driver that would have some of these registers, too; NULL: none. */
static const struct device *who_shares(const struct device *device, const struct pci_bar *bar)
{
	for (unsigned i = 0; i < device_count; i++) {
		if (&devices[i] != device && devices[i].driver && is_shared_with(&devices[i], bar))
			return &devices[i];
	}
	return NULL;
}

enum vmk_status device_map_bar(struct device *device, unsigned index, volatile void **registers)
{
	const struct msix *msix = &device->msix;
	const struct device *other;
	const struct pci_bar *bar;

	if (index >= PCI_BARS)
		return VMK_BAD_PARAM;
	bar = &device->pci.bars[index];
	if (bar->bytes == 0 || bar->is_io)
		return VMK_NOT_PRESENT;
	if (!device_is_own(bar->address, bar->bytes)) {
		vmk_error("%s: BAR %u overlaps memory", device->name, index);
		return VMK_DENIED;
	}
	other = who_shares(device, bar);
	if (other) {
		vmk_error("%s: BAR %u overlaps registers of %s, which %s drives", device->name,
			index, other->name, other->driver);
		return VMK_DENIED;
	}
	if (!has_table(device, index))
		return space_map_device(hpa(bar->address), bar->bytes, registers);
	return space_map_device_without(hpa(bar->address), bar->bytes, msix->offset,
		msix->vectors * MSIX_ENTRY_BYTES, registers);
}

void device_unmap_bar(struct device *device, unsigned index, volatile void *registers)
{
	space_unmap_device(registers, device->pci.bars[index].bytes);
}

const struct device *device_at(unsigned index)
{
	return index < device_count ? &devices[index] : NULL;
}
