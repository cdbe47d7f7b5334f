#include "vmkmod/module.h"
#include <stdio.h>
#include <string.h>
#include "lib/log.h"
#include "mem/heap.h"
#include "mem/space.h"
#include "vmkdev/device.h"
#include "vmkmod/api.h"
#include "vmkmod/elf.h"
#include "vmkmod/package.h"

#define LOG_MODULE "Module"

/* All that were ever started. An entry is complete before it is linked, and stays. */
static struct module *modules;

/* Whether an address is in it may be asked at any time: the end is set last, and taken first. */
static void set_code(struct module *module, uintptr_t start, uintptr_t end)
{
	module->code = start;
	__atomic_store_n(&module->code_end, end, __ATOMIC_RELEASE);
}

bool module_describe(uintptr_t address, char *to, size_t size)
{
	const struct module *m = __atomic_load_n(&modules, __ATOMIC_ACQUIRE);

	for (; m; m = m->next) {
		if (address >= __atomic_load_n(&m->code_end, __ATOMIC_ACQUIRE) || address < m->code)
			continue;
		snprintf(to, size, "%s+0x%llx", m->package->name,
			(unsigned long long)(address - m->base));
		return true;
	}
	return false;
}

uintptr_t module_base(const struct module *module)
{
	return module->base;
}

size_t module_bytes(const struct module *module)
{
	return module->span;
}

/* The record of that package: its own from an earlier start, or a new one. */
static struct module *record_of(const struct package *package)
{
	struct module *m = modules;

	while (m && m->package != package)
		m = m->next;
	if (m)
		return m;
	m = heap_alloc(sizeof(*m));
	if (!m)
		return NULL;
	m->package = package;
	m->next = modules;
	__atomic_store_n(&modules, m, __ATOMIC_RELEASE);
	return m;
}

static enum vmk_status map_segment(
	void *context, uintptr_t address, size_t bytes, bool writable, bool executable)
{
	unsigned prot = PROT_R | (writable ? PROT_W : 0) | (executable ? PROT_X : 0);

	return space_alloc_at(kernel_space(), address, bytes, prot);
}

static enum vmk_status write_segment(
	void *context, uintptr_t address, const void *from, size_t bytes)
{
	return space_write(kernel_space(), address, from, bytes);
}

/* The reserved range with all that is mapped in it; when it returns no TLB knows the pages. */
static void unplace(struct module *module)
{
	__atomic_store_n(&module->code_end, 0, __ATOMIC_RELEASE);
	if (module->span)
		space_free(kernel_space(), module->base, module->span);
	module->span = 0;
}

/* Exactly one segment is code, so that what may be called is one range. */
static const struct elf_segment *code_of(const struct elf_image *image)
{
	const struct elf_segment *code = NULL;

	for (unsigned i = 0; i < image->segment_count; i++) {
		if (!image->segments[i].executable)
			continue;
		if (code)
			return NULL;
		code = &image->segments[i];
	}
	return code;
}

static enum vmk_status place(struct module *module, vmkmod_start_fn *start, const char **why)
{
	static const struct elf_place_ops ops = {map_segment, write_segment};
	const struct package *package = module->package;
	const struct elf_segment *code;
	struct elf_image image;
	enum vmk_status status;

	status = elf_parse(package->payload, package->payload_bytes, &image, why);
	if (status != VMK_OK)
		return status;
	code = code_of(&image);
	*why = "it has more than one executable segment";
	if (!code)
		return VMK_BAD_FORMAT;
	*why = "no room for the image";
	status = space_reserve(kernel_space(), image.span, &module->base);
	if (status != VMK_OK)
		return status;
	module->span = image.span;
	*why = "the image could not be mapped";
	status = elf_place(&image, module->base, &ops, NULL, why);
	if (status != VMK_OK)
		return status;
	set_code(module, module->base + code->address, module->base + code->address + code->bytes);
	*why = "its entry point has no landing pad (ENDBR64)";
	*start = (vmkmod_start_fn)(module->base + image.entry);
	return module_has_entry(module, (uintptr_t)*start) ? VMK_OK : VMK_BAD_FORMAT;
}

static enum vmk_status bind(const struct package *package, struct device **device, const char **why)
{
	enum vmk_status status = package->pci_count ? VMK_NOT_FOUND : VMK_OK;

	*device = NULL;
	*why = "there is no device that it drives";
	for (unsigned i = 0; i < package->pci_count && !*device; i++) {
		enum vmk_status bound = device_bind(
			package->pci[i].vendor, package->pci[i].device, package->name, device);

		if (bound != VMK_NOT_FOUND)
			status = bound;
	}
	if (status == VMK_BUSY)
		*why = "another driver has the device that it drives";
	if (status == VMK_IO_ERROR)
		*why = "no remapping unit guards the device that it drives";
	return status;
}

static enum vmk_status run(struct module *module, vmkmod_start_fn start, const char **why)
{
	struct vmkmod *self = &module->self;
	enum vmk_status status;

	*self = (struct vmkmod){
		.api = &vmkapi_table, .pci = module->device ? &module->device->api : NULL};
	*why = "its start function failed";
	status = start(self);
	if (status == VMK_OK && self->stop && !module_has_entry(module, (uintptr_t)self->stop)) {
		*why = "its stop function has no landing pad (ENDBR64)";
		return VMK_BAD_ADDRESS;
	}
	return status;
}

enum vmk_status module_start(const struct package *package, const uint32_t *parameters,
	struct module **started, const char **why)
{
	struct module *module = record_of(package);
	vmkmod_start_fn start;
	enum vmk_status status;

	*why = "no memory for its record";
	if (!module)
		return VMK_NO_MEMORY;
	status = bind(package, &module->device, why);
	if (status != VMK_OK)
		return status;
	memcpy(module->parameters, parameters, sizeof(module->parameters));
	status = place(module, &start, why);
	if (status == VMK_OK)
		status = run(module, start, why);
	if (status != VMK_OK) {
		api_reclaim(module);
		unplace(module);
		return status;
	}
	*why = NULL;
	*started = module;
	if (module->device)
		vmk_log("%s drives %s", package->name, module->device->name);
	return VMK_OK;
}

enum vmk_status module_stop(struct module *module, char *user, size_t size)
{
	enum vmk_status status = api_withdraw_nic(module, user, size);

	if (status != VMK_OK)
		return status;
	api_stop(module);
	api_reclaim(module);
	unplace(module);
	return VMK_OK;
}
