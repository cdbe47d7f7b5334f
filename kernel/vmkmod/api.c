/*
 * The table of functions that driver modules call. A driver's functions are called one at a time,
 * under one lock and with interrupts off, on whichever CPU; so drivers need no locks of their own.
 */
#include "arch/x86/irq.h"
#include "arch/x86/time.h"
#include "lib/lock.h"
#include "lib/log.h"
#include "mem/frames.h"
#include "mem/heap.h"
#include "vmkdev/device.h"
#include "vmkmod/api.h"
#include "vmknet/switch.h"

#define LOG_MODULE    "Driver"

#define DMA_ORDER_MAX 10u
#define DMA_NOTED_MAX 16u
#define IRQ_NONE      255u /* PCI 3.0, section 6.2.4: unknown or no connection */

struct interrupt {
	void (*handler)(void *argument);
	void *argument;
	uint32_t gsi;
};

struct nic {
	const struct vmkapi_nic_ops *ops; /* NULL: there is none any more */
	void *context;
};

/* What the module that is starting has been given. */
struct given {
	bool noting;
	struct device *device;
	struct interrupt *interrupt;
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
static struct interrupt *spare; /* of a driver that failed to start */

static void driver_log(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	log_vprintf(LOG_IN, LOG_MODULE, __LINE__, format, args);
	va_end(args);
}

static bool dma_order(size_t bytes, unsigned *order)
{
	*order = 0;
	if (bytes == 0 || bytes > PAGE_SIZE << DMA_ORDER_MAX)
		return false;
	while (PAGE_SIZE << *order < bytes)
		(*order)++;
	return true;
}

static enum vmk_status driver_dma_alloc(
	const struct vmkapi_pci *pci, size_t bytes, void **memory, uint64_t *bus)
{
	enum vmk_status status;
	struct pfn frame;
	unsigned order;

	if (!dma_order(bytes, &order))
		return VMK_BAD_PARAM;
	if (given.noting && given.dma_count == DMA_NOTED_MAX)
		return VMK_NO_RESOURCES;
	status = frames_alloc_low(order, FRAME_DMA, &frame);
	if (status != VMK_OK)
		return status;
	*memory = direct_map(pfn_hpa(frame));
	*bus = pfn_hpa(frame).v;
	if (given.noting) {
		given.dma[given.dma_count].memory = *memory;
		given.dma[given.dma_count++].bytes = bytes;
	}
	return VMK_OK;
}

static void driver_dma_free(const struct vmkapi_pci *pci, void *memory, size_t bytes)
{
	unsigned order;

	if (!memory || !dma_order(bytes, &order))
		return;
	for (unsigned i = 0; i < given.dma_count; i++) {
		if (given.dma[i].memory == memory)
			given.dma[i] = given.dma[--given.dma_count];
	}
	frames_free(hpa_pfn(direct_map_hpa(memory)), order);
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
	struct interrupt *interrupt = argument;
	uint64_t flags = spin_lock(&driver_lock);

	if (interrupt->handler)
		interrupt->handler(interrupt->argument);
	spin_unlock(&driver_lock, flags);
}

/*
 * A call that is in flight on another CPU ends under the lock and none follows it. The dispatcher
 * may still hold the structure, so it is kept for the next driver and never freed.
 */
static void withdraw(struct interrupt *interrupt)
{
	uint64_t flags = spin_lock(&driver_lock);

	interrupt->handler = NULL;
	spin_unlock(&driver_lock, flags);
	spare = interrupt;
}

/* INTx is level-triggered and active low (PCI 3.0, section 2.2.6) unless ACPI says how the chipset
 * inverts it. */
static enum vmk_status driver_irq_attach(
	const struct vmkapi_pci *pci, void (*handler)(void *), void *argument)
{
	struct device *device = device_of(pci);
	int level_triggered, active_low;
	struct interrupt *interrupt;
	enum vmk_status status;

	if (device->pci.irq_pin == 0 || device->pci.irq_line == IRQ_NONE)
		return VMK_NOT_PRESENT;
	interrupt = spare ? spare : heap_alloc(sizeof(*interrupt));
	if (!interrupt)
		return VMK_NO_MEMORY;
	spare = NULL;
	interrupt->handler = handler;
	interrupt->argument = argument;
	interrupt->gsi = irq_isa_gsi(device->pci.irq_line, &level_triggered, &active_low);
	if (!level_triggered)
		active_low = 1;
	status = irq_attach_gsi(interrupt->gsi, 1, active_low, on_interrupt, interrupt);
	if (status != VMK_OK)
		withdraw(interrupt);
	else if (given.noting)
		given.interrupt = interrupt;
	return status;
}

static enum vmk_status driver_irq_attach_vectors(const struct vmkapi_pci *pci, unsigned count,
	const struct vmkapi_irq *vectors, unsigned *granted, enum vmkapi_irq_mode *mode)
{
	if (count == 0 || count > VMKAPI_VECTORS_MAX)
		return VMK_BAD_PARAM;
	*granted = 1;
	*mode = VMKAPI_IRQ_INTX;
	return driver_irq_attach(pci, vectors[0].handler, vectors[0].argument);
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
	if (taken.interrupt) {
		withdraw(taken.interrupt);
		irq_detach_gsi(taken.interrupt->gsi);
	}
	for (unsigned i = 0; i < taken.dma_count; i++)
		driver_dma_free(&taken.device->api, taken.dma[i].memory, taken.dma[i].bytes);
}
