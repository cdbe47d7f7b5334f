/*
 * The table of functions that driver modules call. A driver's functions are called one at a time,
 * under one lock and with interrupts off, on whichever CPU; so drivers need no locks of their own.
 */
#include "arch/x86/time.h"
#include "lib/lock.h"
#include "lib/log.h"
#include "mem/heap.h"
#include "vmkdev/device.h"
#include "vmkmod/api.h"
#include "vmknet/switch.h"

#define LOG_MODULE    "Driver"

#define DMA_NOTED_MAX 16u

struct interrupts {
	struct vmkapi_irq vectors[VMKAPI_VECTORS_MAX];
};

struct nic {
	const struct vmkapi_nic_ops *ops; /* NULL: there is none any more */
	void *context;
};

/* What the module that is starting has been given. */
struct given {
	bool noting;
	struct device *device;
	struct interrupts *interrupts;
	bool nic;
	unsigned dma_count;
	struct {
		void *memory;
		size_t bytes;
	} dma[DMA_NOTED_MAX];
};

static struct spinlock driver_lock = SPINLOCK(LOCK_DEVICE);
static struct nic nic;
static struct given given;
static struct interrupts *spare; /* of a driver that failed to start */

static void driver_log(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	log_vprintf(LOG_IN, LOG_MODULE, __LINE__, format, args);
	va_end(args);
}

static enum vmk_status driver_dma_alloc(
	const struct vmkapi_pci *pci, size_t bytes, void **memory, uint64_t *bus)
{
	enum vmk_status status;

	if (given.noting && given.dma_count == DMA_NOTED_MAX)
		return VMK_NO_RESOURCES;
	status = dma_alloc(device_of(pci)->space, bytes, memory, bus);
	if (status == VMK_OK && given.noting) {
		given.dma[given.dma_count].memory = *memory;
		given.dma[given.dma_count++].bytes = bytes;
	}
	return status;
}

static void driver_dma_free(const struct vmkapi_pci *pci, void *memory, size_t bytes)
{
	for (unsigned i = 0; i < given.dma_count; i++) {
		if (given.dma[i].memory == memory)
			given.dma[i] = given.dma[--given.dma_count];
	}
	dma_free(device_of(pci)->space, memory, bytes);
}

static enum vmk_status driver_map_bar(
	const struct vmkapi_pci *pci, unsigned index, volatile void **registers)
{
	return device_map_bar(device_of(pci), index, registers);
}

static enum vmk_status driver_pci_enable(const struct vmkapi_pci *pci)
{
	return device_enable(device_of(pci));
}

static void on_interrupt(void *argument)
{
	const struct vmkapi_irq *vector = argument;
	uint64_t flags = spin_lock(&driver_lock);

	if (vector->handler)
		vector->handler(vector->argument);
	spin_unlock(&driver_lock, flags);
}

/*
 * A call that is in flight on another CPU ends under the lock and none follows it. The dispatcher
 * may still hold the structure, so it is kept for the next driver and never freed.
 */
static void withdraw(struct interrupts *interrupts)
{
	uint64_t flags = spin_lock(&driver_lock);

	*interrupts = (struct interrupts){0};
	spin_unlock(&driver_lock, flags);
	spare = interrupts;
}

static enum vmk_status attach(struct device *device, bool several, unsigned count,
	const struct vmkapi_irq *vectors, unsigned *granted)
{
	struct interrupts *interrupts = spare ? spare : heap_alloc(sizeof(*interrupts));
	void *arguments[VMKAPI_VECTORS_MAX];
	enum vmk_status status;

	if (!interrupts)
		return VMK_NO_MEMORY;
	spare = NULL;
	for (unsigned i = 0; i < count; i++) {
		interrupts->vectors[i] = vectors[i];
		arguments[i] = &interrupts->vectors[i];
	}
	status = device_irq_attach(device, several, count, on_interrupt, arguments, granted);
	if (status != VMK_OK)
		withdraw(interrupts);
	else if (given.noting)
		given.interrupts = interrupts;
	return status;
}

static enum vmk_status driver_irq_attach(
	const struct vmkapi_pci *pci, void (*handler)(void *), void *argument)
{
	const struct vmkapi_irq vector = {handler, argument};
	unsigned granted;

	return attach(device_of(pci), false, 1, &vector, &granted);
}

static enum vmk_status driver_irq_attach_vectors(const struct vmkapi_pci *pci, unsigned count,
	const struct vmkapi_irq *vectors, unsigned *granted, enum vmkapi_irq_mode *mode)
{
	struct device *device = device_of(pci);
	enum vmk_status status;

	if (count == 0 || count > VMKAPI_VECTORS_MAX)
		return VMK_BAD_PARAM;
	status = attach(device, true, count, vectors, granted);
	*mode = device->irq.mode;
	return status;
}

static enum vmk_status nic_send(void *unused, const void *frame, size_t bytes)
{
	uint64_t flags = spin_lock(&driver_lock);
	enum vmk_status status =
		nic.ops ? nic.ops->send(nic.context, frame, bytes) : VMK_NOT_PRESENT;

	spin_unlock(&driver_lock, flags);
	return status;
}

static enum vmk_status driver_nic_register(
	const uint8_t mac[6], const struct vmkapi_nic_ops *ops, void *context)
{
	static const struct uplink_ops uplink = {nic_send};
	enum vmk_status status;

	if (nic.ops)
		return VMK_EXISTS;
	nic = (struct nic){ops, context};
	status = switch_uplink_add("vmnic0", mac, &uplink, NULL);
	if (status != VMK_OK)
		nic = (struct nic){0};
	else if (given.noting)
		given.nic = true;
	return status;
}

static void driver_nic_link(int up)
{
	switch_uplink_link(up);
}

const struct vmkapi vmkapi_table = {
	.version = VMKAPI_VERSION,
	.size = sizeof(struct vmkapi),
	.log = driver_log,
	.alloc = heap_alloc,
	.free = heap_free,
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
	.nic_receive = switch_uplink_receive,
};

void api_begin(struct device *device)
{
	given = (struct given){.noting = true, .device = device};
}

void api_keep(void)
{
	given = (struct given){0};
}

static void withdraw_nic(void)
{
	uint64_t flags = spin_lock(&driver_lock);

	nic = (struct nic){0};
	spin_unlock(&driver_lock, flags);
	switch_uplink_link(false);
}

void api_reclaim(void)
{
	struct given taken = given;

	given = (struct given){0};
	if (taken.device)
		device_release(taken.device);
	if (taken.nic)
		withdraw_nic();
	if (taken.interrupts) {
		withdraw(taken.interrupts);
		device_irq_detach(taken.device);
	}
	for (unsigned i = 0; i < taken.dma_count; i++)
		driver_dma_free(&taken.device->api, taken.dma[i].memory, taken.dma[i].bytes);
}
