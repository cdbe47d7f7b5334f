#include "boot/boot_info.h"
#include "lib/log.h"
#include "lib/panic.h"
#include "mem/space.h"
#include "vmkdev/device.h"

#define LOG_MODULE  "Device"

#define DEVICES_MAX 64u
/* I/O APICs, HPET, TPM, TXT and local APICs: SDM 3A section 11.4.1, TXT MLE guide appendix B. */
#define PLATFORM_REGISTERS     0xfec00000ull
#define PLATFORM_REGISTERS_END 0xff000000ull

#define CLASS_BRIDGE           0x06

static struct device devices[DEVICES_MAX];
static unsigned device_count;

/* Whoever had the machine before may have left transfers under way into what is our memory now. */
static void silence(const struct pci_function *f)
{
	if (f->class_code >> 16 != CLASS_BRIDGE)
		pci_disable(&pci_mechanism1, NULL, f);
}

void device_init(void)
{
	static struct pci_function functions[DEVICES_MAX];
	unsigned found = pci_enumerate(&pci_mechanism1, NULL, functions, DEVICES_MAX);

	device_count = MIN(found, DEVICES_MAX);
	if (found > DEVICES_MAX)
		vmk_warn("%u PCI functions, only the first %u are used", found, DEVICES_MAX);
	for (unsigned i = 0; i < device_count; i++) {
		const struct pci_function *f = &functions[i];

		silence(f);
		devices[i].pci = *f;
		vmk_log("pci %02x:%02x.%x %04x:%04x class %06x irq %u", f->address.bus,
			f->address.slot, f->address.function, f->vendor, f->device, f->class_code,
			f->irq_line);
	}
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
		device->api.bar[i].bytes = f->bars[i].bytes;
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
		status = pci_size_bars(&pci_mechanism1, NULL, &d->pci);
		if (status != VMK_OK)
			return status;
		describe(d);
		d->driver = driver;
		*device = d;
		return VMK_OK;
	}
	return status;
}

void device_release(struct device *device)
{
	pci_disable(&pci_mechanism1, NULL, &device->pci);
	device->driver = NULL;
}

enum vmk_status device_enable(struct device *device)
{
	return pci_enable(&pci_mechanism1, NULL, &device->pci);
}

static bool overlaps(uint64_t start, uint64_t end, uint64_t other, uint64_t other_end)
{
	return start < other_end && other < end;
}

/* BARs hold what firmware or the device put there; registers are never where memory is. */
static bool is_register_space(uint64_t start, uint64_t bytes)
{
	uint64_t end = start + bytes; /* cannot overflow: pci_size_bars() */

	if (overlaps(start, end, PLATFORM_REGISTERS, PLATFORM_REGISTERS_END))
		return false;
	for (unsigned i = 0; i < boot_info->memory_count; i++) {
		const struct boot_memory *m = &boot_info->memory[i];

		if (m->type != BOOT_MEMORY_RESERVED &&
			overlaps(start, end, m->start.v, m->start.v + m->bytes))
			return false;
	}
	return true;
}

enum vmk_status device_map_bar(struct device *device, unsigned index, volatile void **registers)
{
	const struct pci_bar *bar;

	if (index >= PCI_BARS)
		return VMK_BAD_PARAM;
	bar = &device->pci.bars[index];
	if (bar->bytes == 0 || bar->is_io)
		return VMK_NOT_PRESENT;
	if (!is_register_space(bar->address, bar->bytes)) {
		vmk_error("pci %02x:%02x.%x: BAR %u overlaps memory", device->api.bus,
			device->api.slot, device->api.function, index);
		return VMK_DENIED;
	}
	return space_map_device(hpa(bar->address), bar->bytes, registers);
}

struct device *device_of(const struct vmkapi_pci *api)
{
	for (unsigned i = 0; i < device_count; i++) {
		if (&devices[i].api == api)
			return &devices[i];
	}
	panic("a driver named a device that it was not given");
}

const struct device *device_at(unsigned index)
{
	return index < device_count ? &devices[index] : NULL;
}
