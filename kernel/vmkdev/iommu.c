#include "vmkdev/iommu.h"
#include "arch/x86/apic.h"
#include "arch/x86/power.h"
#include "boot/acpi_dmar.h"
#include "boot/acpi_tables.h"
#include "boot/boot_info.h"
#include "boot/memory_map.h"
#include "lib/lock.h"
#include "lib/log.h"
#include "mem/frames.h"
#include "mem/heap.h"
#include "mem/space.h"
#include "trust/trust.h"
#include "vmkdev/device.h"
#include "vmkdev/iommu_state.h"
#include "vmkdev/vtd_edge.h"

#include <stdio.h>
#include <string.h>

#define LOG_MODULE "Iommu"

struct iommu iommu;
struct spinlock iommu_lock = SPINLOCK(LOCK_IOMMU);

static void log_unit(unsigned index)
{
	const struct vtd_unit *u = &iommu.units[index];

	vmk_log("unit %u: %u-bit bus addresses in %u levels, %u domains%s%s%s", index, u->width,
		u->levels, vtd_domain_count(u),
		vtd_remaps_interrupts(u) ? ", interrupt remapping" : "",
		vtd_has_extended_ids(u) ? " with 32-bit ids" : "",
		u->cap & CAP_CM ? ", caching mode" : "");
}

/* Firmware's table was readable and writable for all before the launch; SINIT's copy was not. */
static const void *choose_table(size_t *bytes)
{
	const void *measured = trust_dmar(bytes);

	if (!measured && boot_info->dmar_bytes) {
		*bytes = boot_info->dmar_bytes;
		iommu.unproven = boot_info->tboot.present;
		if (iommu.unproven)
			vmk_warn("SINIT left no copy of the DMAR: firmware's own is used");
		return boot_info->dmar_copy;
	}
	if (measured && (*bytes < boot_info->dmar_bytes || !boot_info->dmar_bytes ||
				memcmp(measured, boot_info->dmar_copy, boot_info->dmar_bytes)))
		vmk_warn("the DMAR in memory is not the one that SINIT copied, which is used");
	return measured;
}

/* Why there is no protection; NULL: the units are known, mapped and fit for use. */
static const char *find_units(void)
{
	const char *why = NULL;
	const void *table;
	size_t bytes = 0;

	table = choose_table(&bytes);
	if (!table)
		return "the platform has no VT-d (no DMAR)";
	if (dmar_parse(table, bytes, &iommu.dmar, &why) != VMK_OK)
		return why;
	if (iommu.dmar.unit_count == 0)
		return "the platform has no VT-d (its DMAR names no unit)";
	for (unsigned i = 0; i < iommu.dmar.unit_count; i++) {
		uint64_t registers = iommu.dmar.units[i].registers.v;
		volatile void *mapped;

		if (!acpi_is_register_space(boot_info, registers, VTD_REGISTERS) ||
			space_map_device(hpa(registers), VTD_REGISTERS, &mapped) != VMK_OK)
			return "the DMAR names registers where none can be";
		if (vtd_probe(&iommu.units[i], &vtd_edge_ops, (void *)(uintptr_t)mapped) != VMK_OK)
			return iommu.units[i].why;
		log_unit(i);
	}
	return NULL;
}

static struct vtd_domain *new_domain(struct vtd_unit *unit, uint16_t source)
{
	unsigned index = (unsigned)(unit - iommu.units);
	struct vtd_domain *domain = heap_alloc(sizeof(*domain));

	if (!domain)
		return NULL;
	if (vtd_domain_create(unit, (uint16_t)(iommu.domains[index] + 1), domain) != VMK_OK ||
		vtd_attach(domain, source) != VMK_OK) {
		heap_free(domain);
		return NULL;
	}
	iommu.domains[index]++;
	return domain;
}

/* The space of a device, or of those that it cannot be told apart from. */
static struct dma_space *space_of(struct device *device)
{
	for (unsigned i = 0; i < iommu.device_count; i++) {
		struct device *other = &iommu.devices[i];

		if (other->space && other->requester == device->requester)
			return other->space;
	}
	return NULL;
}

static enum vmk_status make_space(struct device *device)
{
	struct dma_space *space = space_of(device);
	uint16_t own = pci_requester(device->pci.address);
	struct vtd_domain *domain = NULL;
	struct vtd_unit *unit;

	if (device->space)
		return VMK_OK;
	if (!space) {
		if (iommu.active && device->unit < 0)
			return VMK_UNSUPPORTED;
		unit = &iommu.units[MAX(device->unit, 0)];
		space = heap_alloc(sizeof(*space));
		if (space && iommu.active)
			domain = new_domain(unit, device->requester);
		if (!space || (iommu.active && !domain)) {
			heap_free(space);
			return iommu.active && unit->broken ? VMK_IO_ERROR : VMK_NO_MEMORY;
		}
		dma_space_init(space, domain);
	}
	/* A bridge passes some of a device's requests on under the device's own id. */
	if (space->domain && own != device->requester)
		vtd_attach(space->domain, own);
	device->space = space;
	return VMK_OK;
}

enum vmk_status iommu_open(struct device *device)
{
	uint64_t saved = spin_lock(&iommu_lock);
	enum vmk_status status = iommu.failed ? VMK_IO_ERROR : make_space(device);

	if (status == VMK_OK && device->space->domain && device->space->domain->unit->broken)
		status = VMK_IO_ERROR;
	spin_unlock(&iommu_lock, saved);
	if (status != VMK_OK)
		vmk_error("%s may not be used: no remapping unit guards it (%s)", device->name,
			vmk_status_name(status));
	return status;
}

/* Memory that firmware wants a device to reach must be firmware's. */
static void allow_region(struct device *device, const struct dmar_region *region)
{
	uint64_t bytes = region->limit - region->base + 1;
	enum vmk_status status = VMK_DENIED;

	if (memory_map_is_firmware(boot_info, region->base, bytes))
		status = make_space(device);
	if (status == VMK_OK)
		status = dma_reserve(device->space, region->base, bytes);
	if (status == VMK_OK)
		status = vtd_map(device->space->domain, region->base, hpa(region->base), bytes);
	if (status == VMK_OK)
		vmk_log("%s reaches the %llu KiB that firmware reserves for it", device->name,
			(unsigned long long)(bytes >> 10));
	else
		vmk_warn("%s does not reach the %llu KiB that firmware reserves for it: %s",
			device->name, (unsigned long long)(bytes >> 10), vmk_status_name(status));
}

static void allow_regions(void)
{
	for (unsigned r = 0; r < iommu.dmar.region_count; r++) {
		const struct dmar_region *region = &iommu.dmar.regions[r];

		for (unsigned i = 0; region->segment == 0 && i < iommu.device_count; i++) {
			struct device *d = &iommu.devices[i];

			for (unsigned s = 0; s < region->scope_count; s++) {
				if (scope_covers(&iommu.dmar.scopes[region->first_scope + s],
					    iommu.functions, iommu.device_count, &d->pci))
					allow_region(d, region);
			}
		}
	}
}

static void place_devices(void)
{
	for (unsigned i = 0; i < iommu.device_count; i++) {
		struct device *d = &iommu.devices[i];

		d->requester = requester_of(iommu.functions, iommu.device_count, &d->pci);
		d->unit = unit_of(&iommu.dmar, iommu.functions, iommu.device_count, &d->pci);
	}
}

static bool for_units(enum vmk_status (*function)(struct vtd_unit *unit), const char **why)
{
	for (unsigned i = 0; i < iommu.dmar.unit_count; i++) {
		if (function(&iommu.units[i]) != VMK_OK) {
			*why = iommu.units[i].why;
			return false;
		}
	}
	return true;
}

/* Bus mastering is off everywhere: whoever comes after us, tboot first, is safe. */
static void leave(void)
{
	device_silence_all();
	for (unsigned i = 0; i < iommu.dmar.unit_count; i++)
		vtd_hand_back(&iommu.units[i]);
}

/* In this order: tables, translation, interrupts, and only then what protected memory before. */
static const char *enable(void)
{
	const char *why = NULL;

	if (!for_units(vtd_prepare, &why))
		return why;
	power_at_leave(leave);
	iommu.active = true;
	allow_regions();
	iommu.failed = true; /* until all of it is on */
	if (!for_units(vtd_enable, &why) || !iommu_remap_interrupts(&why) ||
		!for_units(vtd_drop_regions, &why))
		return why;
	iommu.failed = false;
	iommu_watch_faults();
	return NULL;
}

static struct pci_function *copy_functions(void)
{
	struct pci_function *copy = heap_calloc(MAX(iommu.device_count, 1), sizeof(*copy));

	for (unsigned i = 0; copy && i < iommu.device_count; i++)
		copy[i] = iommu.devices[i].pci;
	return copy;
}

void iommu_init(struct device *devices, unsigned count)
{
	const char *why = find_units();

	iommu.devices = devices;
	iommu.device_count = count;
	if (!why) {
		iommu.functions = copy_functions();
		if (!iommu.functions)
			why = "no memory";
	}
	if (!why) {
		place_devices();
		why = enable();
	}
	if (iommu.failed)
		vmk_error("DMA is blocked, no driver gets a device: %s", why);
	else if (why)
		vmk_warn("NO DMA PROTECTION: a driver's device can reach all of memory: %s", why);
	else
		vmk_log("each device reaches only its own memory (%u units); interrupts %s",
			iommu.dmar.unit_count,
			iommu.interrupts ? "are remapped" : "ARE NOT REMAPPED");
}

bool iommu_has_registers(uint64_t start, uint64_t bytes)
{
	for (unsigned i = 0; i < iommu.dmar.unit_count; i++) {
		uint64_t registers = iommu.dmar.units[i].registers.v;

		if (start < registers + VTD_REGISTERS && registers < start + bytes)
			return true;
	}
	return false;
}

enum vmk_dma_state iommu_state(void)
{
	if (!iommu.active || iommu.failed || iommu.unproven)
		return VMK_DMA_NONE;
	return iommu.interrupts ? VMK_DMA_REMAPPED : VMK_DMA_MEMORY;
}

enum vmk_status iommu_map(struct dma_space *space, uint64_t bus, struct hpa memory, uint64_t bytes)
{
	uint64_t saved = spin_lock(&iommu_lock);
	enum vmk_status status = vtd_map(space->domain, bus, memory, bytes);

	spin_unlock(&iommu_lock, saved);
	return status;
}

enum vmk_status iommu_unmap(struct dma_space *space, uint64_t bus, uint64_t bytes)
{
	uint64_t saved = spin_lock(&iommu_lock);
	enum vmk_status status = vtd_unmap(space->domain, bus, bytes);

	spin_unlock(&iommu_lock, saved);
	if (status == VMK_IO_ERROR)
		vmk_error("unit %u: %s", (unsigned)(space->domain->unit - iommu.units),
			space->domain->unit->why);
	return status;
}
