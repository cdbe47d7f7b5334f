/*
 * The table of functions that driver modules call. A driver's functions are called one at a time,
 * under one lock and with interrupts off, on whichever CPU; so drivers need no locks of their own,
 * and whoever has closed the ways into a module and then had the lock knows that nobody is in it.
 */
#include "vmkmod/api.h"
#include "arch/x86/time.h"
#include "lib/lock.h"
#include "lib/log.h"
#include "mem/heap.h"
#include "vmkdev/device.h"
#include "vmknet/switch.h"
#include <string.h>

#define LOG_MODULE "Driver"
#define ENDBR64    0xfa1e0ff3u /* F3 0F 1E FA: SDM 1, 17.3.8 */

static struct spinlock driver_lock = SPINLOCK(LOCK_DEVICE);
static struct nic {
	const struct module *module; /* NULL: there is none */
	const struct vmkapi_nic_ops *ops;
	void *context;
} nic;

static struct module *module_of(struct vmkmod *self)
{
	return (struct module *)((uintptr_t)self - offsetof(struct module, self));
}

bool module_has_entry(const struct module *module, uintptr_t address)
{
	uint32_t first;

	if (address < module->code || address >= module->code_end ||
		module->code_end - address < sizeof(first))
		return false;
	memcpy(&first, (const void *)address, sizeof(first));
	return first == ENDBR64;
}

static void driver_log(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	log_vprintf(LOG_IN, LOG_MODULE, __LINE__, format, args);
	va_end(args);
}

static uint32_t driver_parameter(struct vmkmod *self, const char *name)
{
	const struct module *module = module_of(self);
	const struct package *package = module->package;

	for (unsigned i = 0; i < package->parameter_count; i++) {
		if (!strcmp(package->parameters[i].name, name))
			return module->parameters[i];
	}
	return 0;
}

static void *driver_alloc(struct vmkmod *self, size_t bytes)
{
	struct module *module = module_of(self);
	void *memory;

	if (module->block_count == VMKAPI_BLOCKS_MAX)
		return NULL;
	memory = heap_alloc(bytes);
	if (memory)
		module->blocks[module->block_count++] = memory;
	return memory;
}

/* What it was not given, the heap knows best what to say of. */
static void driver_free(struct vmkmod *self, void *memory)
{
	struct module *module = module_of(self);
	unsigned i = 0;

	while (i < module->block_count && module->blocks[i] != memory)
		i++;
	if (i < module->block_count)
		module->blocks[i] = module->blocks[--module->block_count];
	heap_free(memory);
}

static enum vmk_status driver_dma_alloc(
	struct vmkmod *self, size_t bytes, void **memory, uint64_t *bus)
{
	struct module *module = module_of(self);
	enum vmk_status status;

	if (!module->device)
		return VMK_NOT_PRESENT;
	if (module->dma_count == VMKAPI_DMA_MAX)
		return VMK_NO_RESOURCES;
	status = dma_alloc(module->device->space, bytes, memory, bus);
	if (status == VMK_OK) {
		module->dma[module->dma_count].memory = *memory;
		module->dma[module->dma_count++].bytes = bytes;
	}
	return status;
}

static void driver_dma_free(struct vmkmod *self, void *memory, size_t bytes)
{
	struct module *module = module_of(self);

	for (unsigned i = 0; i < module->dma_count; i++) {
		if (module->dma[i].memory != memory || module->dma[i].bytes != bytes)
			continue;
		module->dma[i] = module->dma[--module->dma_count];
		dma_free(module->device->space, memory, bytes);
		return;
	}
	if (memory)
		vmk_error("%s frees DMA memory that it was not given", module->package->name);
}

static enum vmk_status driver_map_bar(
	struct vmkmod *self, unsigned index, volatile void **registers)
{
	struct module *module = module_of(self);
	enum vmk_status status;

	if (!module->device)
		return VMK_NOT_PRESENT;
	if (index >= MODULE_BARS)
		return VMK_BAD_PARAM;
	if (module->bars[index])
		return VMK_EXISTS;
	status = device_map_bar(module->device, index, registers);
	if (status == VMK_OK)
		module->bars[index] = *registers;
	return status;
}

static enum vmk_status driver_pci_enable(struct vmkmod *self)
{
	struct module *module = module_of(self);

	return module->device ? device_enable(module->device) : VMK_NOT_PRESENT;
}

static void on_interrupt(void *argument)
{
	const struct vmkapi_irq *vector = argument;
	uint64_t flags = spin_lock(&driver_lock);

	if (vector->handler)
		vector->handler(vector->argument);
	spin_unlock(&driver_lock, flags);
}

/* A call that is in flight on another CPU ends under the lock, and none follows it. */
static void forget_handlers(struct module *module)
{
	uint64_t flags = spin_lock(&driver_lock);

	memset(module->vectors, 0, sizeof(module->vectors));
	spin_unlock(&driver_lock, flags);
}

static bool handlers_have_pads(
	const struct module *module, const struct vmkapi_irq *vectors, unsigned count)
{
	for (unsigned i = 0; i < count; i++) {
		if (vectors[i].handler && !module_has_entry(module, (uintptr_t)vectors[i].handler))
			return false;
	}
	return true;
}

static enum vmk_status attach(struct module *module, bool several, unsigned count,
	const struct vmkapi_irq *vectors, unsigned *granted)
{
	void *arguments[VMKAPI_VECTORS_MAX];
	enum vmk_status status;

	if (!module->device)
		return VMK_NOT_PRESENT;
	if (module->has_interrupts)
		return VMK_EXISTS;
	if (!handlers_have_pads(module, vectors, count))
		return VMK_BAD_ADDRESS;
	for (unsigned i = 0; i < count; i++) {
		module->vectors[i] = vectors[i];
		arguments[i] = &module->vectors[i];
	}
	status =
		device_irq_attach(module->device, several, count, on_interrupt, arguments, granted);
	module->has_interrupts = status == VMK_OK;
	if (status != VMK_OK)
		forget_handlers(module);
	return status;
}

static enum vmk_status driver_irq_attach(
	struct vmkmod *self, void (*handler)(void *), void *argument)
{
	const struct vmkapi_irq vector = {handler, argument};
	unsigned granted;

	return attach(module_of(self), false, 1, &vector, &granted);
}

static enum vmk_status driver_irq_attach_vectors(struct vmkmod *self, unsigned count,
	const struct vmkapi_irq *vectors, unsigned *granted, enum vmkapi_irq_mode *mode)
{
	struct module *module = module_of(self);
	enum vmk_status status;

	if (count == 0 || count > VMKAPI_VECTORS_MAX)
		return VMK_BAD_PARAM;
	status = attach(module, true, count, vectors, granted);
	if (status == VMK_OK)
		*mode = module->device->irq.mode;
	return status;
}

static enum vmk_status nic_send(void *unused, const void *frame, size_t bytes)
{
	uint64_t flags = spin_lock(&driver_lock);
	enum vmk_status status =
		nic.module ? nic.ops->send(nic.context, frame, bytes) : VMK_NOT_PRESENT;

	spin_unlock(&driver_lock, flags);
	return status;
}

static unsigned nic_room(void *unused, unsigned *most)
{
	uint64_t flags = spin_lock(&driver_lock);
	unsigned room = 0;

	*most = 0;
	if (nic.module)
		room = nic.ops->room(nic.context, most);
	spin_unlock(&driver_lock, flags);
	return room;
}

static void set_nic(struct nic new)
{
	uint64_t flags = spin_lock(&driver_lock);

	nic = new;
	spin_unlock(&driver_lock, flags);
}

static enum vmk_status driver_nic_register(
	struct vmkmod *self, const uint8_t mac[6], const struct vmkapi_nic_ops *ops, void *context)
{
	static const struct uplink_ops uplink = {nic_send, nic_room};
	struct module *module = module_of(self);
	enum vmk_status status;

	if (nic.module)
		return VMK_EXISTS;
	if (!module_has_entry(module, (uintptr_t)ops->send) ||
		!module_has_entry(module, (uintptr_t)ops->room))
		return VMK_BAD_ADDRESS;
	set_nic((struct nic){module, ops, context});
	status = switch_uplink_add("vmnic0", mac, &uplink, NULL);
	module->has_nic = status == VMK_OK;
	if (status != VMK_OK)
		set_nic((struct nic){0});
	return status;
}

static void driver_nic_link(struct vmkmod *self, int up)
{
	if (module_of(self)->has_nic)
		switch_uplink_link(up);
}

static void driver_nic_receive(struct vmkmod *self, const void *frame, size_t bytes)
{
	if (module_of(self)->has_nic)
		switch_uplink_receive(frame, bytes);
}

const struct vmkapi vmkapi_table = {
	.version = VMKAPI_VERSION,
	.size = sizeof(struct vmkapi),
	.log = driver_log,
	.parameter = driver_parameter,
	.alloc = driver_alloc,
	.free = driver_free,
	.dma_alloc = driver_dma_alloc,
	.dma_free = driver_dma_free,
	.map_bar = driver_map_bar,
	.pci_enable = driver_pci_enable,
	.irq_attach = driver_irq_attach,
	.irq_attach_vectors = driver_irq_attach_vectors,
	.time_ns = time_ns,
	.delay_us = time_spin_us,
	.nic_register = driver_nic_register,
	.nic_link = driver_nic_link,
	.nic_receive = driver_nic_receive,
};

enum vmk_status api_withdraw_nic(struct module *module, char *user, size_t size)
{
	enum vmk_status status;

	if (!module->has_nic)
		return VMK_OK;
	status = switch_uplink_remove(user, size);
	if (status != VMK_OK)
		return status;
	module->has_nic = false;
	set_nic((struct nic){0});
	return VMK_OK;
}

void api_stop(struct module *module)
{
	uint64_t flags;

	if (!module->self.stop)
		return;
	flags = spin_lock(&driver_lock);
	module->self.stop(&module->self);
	spin_unlock(&driver_lock, flags);
}

static void unmap_bars(struct module *module)
{
	for (unsigned i = 0; i < MODULE_BARS; i++) {
		if (module->bars[i])
			device_unmap_bar(module->device, i, module->bars[i]);
		module->bars[i] = NULL;
	}
}

void api_reclaim(struct module *module)
{
	struct device *device = module->device;

	if (device)
		device_stop(device);
	if (module->has_nic) {
		switch_uplink_remove(NULL, 0);
		set_nic((struct nic){0});
	}
	forget_handlers(module);
	if (module->has_interrupts)
		device_irq_detach(device);
	unmap_bars(module);
	while (module->dma_count) {
		module->dma_count--;
		dma_free(device->space, module->dma[module->dma_count].memory,
			module->dma[module->dma_count].bytes);
	}
	while (module->block_count)
		heap_free(module->blocks[--module->block_count]);
	if (device)
		device_release(device);
	module->device = NULL;
	module->has_nic = module->has_interrupts = false;
}
