#include <stdio.h>
#include "lib/log.h"
#include "mem/space.h"
#include "vmkdev/device.h"
#include "vmkmod/api.h"
#include "vmkmod/elf.h"
#include "vmkmod/module.h"
#include "vmkmod/package.h"

#define LOG_MODULE  "Module"

#define MODULES_MAX 64u

/* Segments that have been mapped, so that a failure can take them back. */
struct mapping {
	unsigned count;
	struct {
		uintptr_t address;
		size_t bytes;
	} segments[ELF_SEGMENTS_MAX];
};

/* Where the code of modules is, for backtraces. An entry is complete before it counts. */
static struct {
	const char *name;
	uintptr_t base, start, end;
} code[MODULES_MAX];
static unsigned code_count;

static void note_code(const char *name, uintptr_t base, const struct elf_image *image)
{
	for (unsigned i = 0; i < image->segment_count && code_count < MODULES_MAX; i++) {
		const struct elf_segment *s = &image->segments[i];

		if (!s->executable)
			continue;
		code[code_count].name = name;
		code[code_count].base = base;
		code[code_count].start = base + s->address;
		code[code_count].end = base + s->address + s->bytes;
		__atomic_store_n(&code_count, code_count + 1, __ATOMIC_RELEASE);
	}
}

bool module_describe(uintptr_t address, char *to, size_t size)
{
	unsigned count = __atomic_load_n(&code_count, __ATOMIC_ACQUIRE);

	for (unsigned i = 0; i < count; i++) {
		if (address < code[i].start || address >= code[i].end)
			continue;
		snprintf(to, size, "%s+0x%llx", code[i].name,
			(unsigned long long)(address - code[i].base));
		return true;
	}
	return false;
}

static enum vmk_status map_segment(
	void *context, uintptr_t address, size_t bytes, bool writable, bool executable)
{
	unsigned prot = PROT_R | (writable ? PROT_W : 0) | (executable ? PROT_X : 0);
	struct mapping *mapping = context;
	enum vmk_status status;

	if (mapping->count == ELF_SEGMENTS_MAX)
		return VMK_NO_RESOURCES;
	status = space_alloc_at(kernel_space(), address, bytes, prot);
	if (status != VMK_OK)
		return status;
	mapping->segments[mapping->count].address = address;
	mapping->segments[mapping->count++].bytes = bytes;
	return VMK_OK;
}

static enum vmk_status write_segment(
	void *context, uintptr_t address, const void *from, size_t bytes)
{
	return space_write(kernel_space(), address, from, bytes);
}

static void unmap(const struct mapping *mapping)
{
	for (unsigned i = 0; i < mapping->count; i++)
		space_free(
			kernel_space(), mapping->segments[i].address, mapping->segments[i].bytes);
}

static enum vmk_status place(const struct package *package, struct mapping *mapping,
	vmkmod_start_fn *start, const char **why)
{
	static const struct elf_place_ops ops = {map_segment, write_segment};
	struct elf_image image;
	enum vmk_status status;
	uintptr_t base;

	status = elf_parse(package->payload, package->payload_bytes, &image, why);
	if (status != VMK_OK)
		return status;
	*why = "no room for the image";
	status = space_reserve(kernel_space(), image.span, &base);
	if (status != VMK_OK)
		return status;
	*why = "the image could not be mapped";
	status = elf_place(&image, base, &ops, mapping, why);
	if (status != VMK_OK)
		return status;
	note_code(package->name, base, &image);
	*start = (vmkmod_start_fn)(base + image.entry);
	return VMK_OK;
}

static enum vmk_status bind(const struct package *package, struct device **device, const char **why)
{
	enum vmk_status status = package->pci_count ? VMK_NOT_FOUND : VMK_OK;

	*device = NULL;
	*why = "another driver has the device that it drives";
	for (unsigned i = 0; i < package->pci_count && !*device; i++) {
		enum vmk_status bound = device_bind(
			package->pci[i].vendor, package->pci[i].device, package->name, device);

		if (bound != VMK_NOT_FOUND)
			status = bound;
	}
	return status;
}

enum vmk_status module_start(const struct package *package, const char **why)
{
	struct mapping mapping = {0};
	unsigned code_before = code_count;
	vmkmod_start_fn start;
	enum vmk_status status;
	struct device *device;

	status = bind(package, &device, why);
	if (status == VMK_NOT_FOUND) {
		vmk_log("%s: there is no device that it drives", package->name);
		return VMK_OK;
	}
	if (status != VMK_OK)
		return status;
	api_begin(device);
	status = place(package, &mapping, &start, why);
	if (status == VMK_OK) {
		*why = "its start function failed";
		status = start(&vmkapi_table, device ? &device->api : NULL);
	}
	if (status != VMK_OK) {
		api_reclaim();
		__atomic_store_n(&code_count, code_before, __ATOMIC_RELEASE);
		unmap(&mapping);
		return status;
	}
	api_keep();
	if (device)
		vmk_log("%s drives pci %02x:%02x.%x", package->name, device->api.bus,
			device->api.slot, device->api.function);
	return VMK_OK;
}
