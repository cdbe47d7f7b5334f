#include "worlds/vmx/virtio.h"
#include "worlds/vmx/pic.h"
#include "lib/nospec.h"
#include "lib/types.h"
#include <stdio.h>
#include <string.h>

#define NO_VECTOR   0xffffu
#define ISR_QUEUE   1u
#define ISR_CONFIG  2u
#define WORK_CHAINS 64u /* of one queue in one go */

/* Where the structures are in the BAR; the queues share one notification address. */
#define AREA_COMMON  0x0000u
#define AREA_ISR     0x1000u
#define AREA_CONFIG  0x2000u
#define AREA_NOTIFY  0x3000u
#define AREA_MSIX    0x4000u
#define AREA_PENDING 0x5000u
#define AREA_BYTES   0x1000u
#define COMMON_BYTES 0x38u

/* 4.1.4.3 */
enum common {
	FEATURE_SELECT = 0x00,
	FEATURE = 0x04,
	ACCEPTED_SELECT = 0x08,
	ACCEPTED = 0x0c,
	CONFIG_VECTOR = 0x10,
	NUM_QUEUES = 0x12,
	STATUS = 0x14,
	GENERATION = 0x15,
	QUEUE_SELECT = 0x16,
	QUEUE_SIZE = 0x18,
	QUEUE_VECTOR = 0x1a,
	QUEUE_ENABLE = 0x1c,
	QUEUE_NOTIFY_OFFSET = 0x1e,
	QUEUE_DESCRIPTORS = 0x20,
	QUEUE_DRIVER = 0x28,
	QUEUE_DEVICE = 0x30,
};

/* Capabilities (4.1.4; PCI 3.0, 6.8.2). */
#define CAP_MSIX        0x40u
#define CAP_COMMON      0x50u
#define CAP_ISR         0x60u
#define CAP_CONFIG      0x70u
#define CAP_NOTIFY      0x80u /* 20 bytes */
#define CAP_ACCESS      0x98u /* 20 bytes: another way into the BAR */
#define ACCESS_OFFSET   (CAP_ACCESS + 8)
#define ACCESS_LENGTH   (CAP_ACCESS + 12)
#define ACCESS_DATA     (CAP_ACCESS + 16)
#define ID_MSIX         0x11u
#define ID_VENDOR       0x09u
#define MSIX_CONTROL    (CAP_MSIX + 2)
#define MSIX_ENABLE     0x8000u
#define MSIX_MASK_ALL   0x4000u
#define VIRTIO_VENDOR   0x1af4u
#define VIRTIO_PCI_BASE 0x1040u

/* --- interrupts --- */
static void update_line(struct virtio *v)
{
	const uint16_t command = pci_get16(v->pci, PCI_COMMAND);
	bool msix = pci_get16(v->pci, MSIX_CONTROL) & MSIX_ENABLE;
	bool level = v->isr && !msix && !(command & PCI_COMMAND_NO_INTX);

	if (level != v->line)
		host_irq(&v->host, PCI_FIRST_GSI + v->slot, level);
	v->line = level;
	v->pci->config[PCI_STATUS] =
		(uint8_t)(PCI_STATUS_CAPS | (v->isr && !msix ? PCI_STATUS_INTERRUPT : 0));
}

static void send_pending(struct virtio *v)
{
	const uint16_t control = pci_get16(v->pci, MSIX_CONTROL);

	if (!(control & MSIX_ENABLE) || (control & MSIX_MASK_ALL))
		return;
	for (unsigned i = 0; i < VIRTIO_VECTORS; i++) {
		const struct msix_entry *e = &v->msix[i];

		if (!(v->msix_pending >> i & 1) || (e->control & 1))
			continue;
		v->msix_pending &= ~(1u << i);
		v->host.ops->message(v->host.context, e->address, e->data);
	}
}

static void interrupt(struct virtio *v, uint16_t vector, uint8_t isr)
{
	if (pci_get16(v->pci, MSIX_CONTROL) & MSIX_ENABLE) {
		if (vector < VIRTIO_VECTORS)
			v->msix_pending |= 1u << vector;
		send_pending(v);
		return;
	}
	v->isr |= isr;
	update_line(v);
}

/* --- state --- */
static void reset(struct virtio *v)
{
	v->status = v->isr = 0;
	v->accepted = 0;
	v->feature_select = v->accepted_select = 0;
	v->queue_select = 0;
	v->config_vector = NO_VECTOR;
	v->woken = 0;
	v->msix_pending = 0;
	for (unsigned i = 0; i < VIRTIO_QUEUES; i++)
		virtqueue_reset(&v->queue[i]);
	update_line(v);
}

void virtio_break(struct virtio *v, const char *why)
{
	char line[96];

	if (v->status & VIRTIO_NEEDS_RESET)
		return;
	snprintf(line, sizeof(line), "virtio %s: stopped until the guest resets it: %s",
		v->class->name, why);
	v->host.ops->log(v->host.context, line);
	v->status |= VIRTIO_NEEDS_RESET;
	if (v->status & VIRTIO_DRIVER_OK)
		interrupt(v, v->config_vector, ISR_CONFIG);
}

void virtio_configure(struct virtio *v)
{
	v->generation++;
	if (v->status & VIRTIO_DRIVER_OK)
		interrupt(v, v->config_vector, ISR_CONFIG);
}

static bool is_running(const struct virtio *v)
{
	return (v->status & VIRTIO_DRIVER_OK) && !(v->status & VIRTIO_NEEDS_RESET) &&
	       (pci_get16(v->pci, PCI_COMMAND) & PCI_COMMAND_MASTER);
}

bool virtio_take(struct virtio *v, unsigned queue, struct virtqueue_chain *chain)
{
	if (!is_running(v))
		return false;
	switch (virtqueue_next(
		&v->queue[queue], v->memory, v->accepted & VIRTIO_F_INDIRECT, chain)) {
	case VIRTQUEUE_CHAIN:
		return true;
	case VIRTQUEUE_BROKEN:
		virtio_break(v, "a descriptor chain is not valid");
		return false;
	default:
		return false;
	}
}

void virtio_put(
	struct virtio *v, unsigned queue, const struct virtqueue_chain *chain, uint32_t written)
{
	if (virtqueue_put(&v->queue[queue], v->memory, chain, written))
		interrupt(v, v->queue[queue].vector, ISR_QUEUE);
}

/* True: it stopped because of the limit. */
static bool work_queue(struct virtio *v, unsigned queue)
{
	struct virtqueue_chain chain;

	for (unsigned i = 0; i < WORK_CHAINS; i++) {
		if (!virtio_take(v, queue, &chain) || !v->class->serve(v, queue, &chain))
			return false;
	}
	return true;
}

bool virtio_work(struct virtio *v)
{
	uint32_t woken = v->woken;

	v->woken = 0;
	for (unsigned i = 0; i < v->class->queues; i++)
		if ((woken >> i & 1) && work_queue(v, i))
			v->woken |= 1u << i;
	return v->woken != 0;
}

/* --- common configuration --- */
static void write_status(struct virtio *v, uint8_t value)
{
	const uint64_t wrong = v->accepted & ~v->features;

	if (!value) {
		reset(v);
		return;
	}
	/* 3.1.1, step 5, and 6.1: no more than what was offered, and VERSION_1 is a must. */
	if ((value & VIRTIO_FEATURES_OK) && (wrong || !(v->accepted & VIRTIO_F_VERSION_1)))
		value &= (uint8_t)~VIRTIO_FEATURES_OK;
	v->status = value | (v->status & VIRTIO_NEEDS_RESET);
	for (unsigned i = 0; i < VIRTIO_QUEUES; i++)
		v->queue[i].event_index = v->accepted & VIRTIO_F_EVENT_INDEX;
	if (value & VIRTIO_DRIVER_OK)
		v->woken = (1u << v->class->queues) - 1;
}

static struct virtqueue *selected(struct virtio *v)
{
	const unsigned count = v->class->queues;

	return v->queue_select < count ? &v->queue[index_nospec(v->queue_select, count)] : NULL;
}

static uint64_t read_queue(struct virtio *v, unsigned offset)
{
	const struct virtqueue *q = selected(v);

	if (!q)
		return 0;
	switch (offset) {
	case QUEUE_SIZE:
		return q->size;
	case QUEUE_VECTOR:
		return q->vector;
	case QUEUE_ENABLE:
		return q->enabled;
	case QUEUE_DESCRIPTORS:
	case QUEUE_DESCRIPTORS + 4:
		return q->descriptors >> 8 * (offset & 4);
	case QUEUE_DRIVER:
	case QUEUE_DRIVER + 4:
		return q->driver >> 8 * (offset & 4);
	case QUEUE_DEVICE:
	case QUEUE_DEVICE + 4:
		return q->device >> 8 * (offset & 4);
	default:
		return 0; /* among them the notification offset: all queues share one */
	}
}

static uint64_t read_common(struct virtio *v, unsigned offset)
{
	switch (offset) {
	case FEATURE_SELECT:
		return v->feature_select;
	case FEATURE:
		return v->feature_select < 2 ? (uint32_t)(v->features >> 32 * v->feature_select)
					     : 0;
	case ACCEPTED_SELECT:
		return v->accepted_select;
	case ACCEPTED:
		return v->accepted_select < 2 ? (uint32_t)(v->accepted >> 32 * v->accepted_select)
					      : 0;
	case CONFIG_VECTOR:
		return v->config_vector;
	case NUM_QUEUES:
		return v->class->queues;
	case STATUS:
		return v->status;
	case GENERATION:
		return v->generation;
	case QUEUE_SELECT:
		return v->queue_select;
	default:
		return read_queue(v, offset);
	}
}

/* Half of an address, or all of it with an 8-byte access. */
static uint64_t with_part(uint64_t old, unsigned offset, unsigned bytes, uint64_t value)
{
	const uint64_t mask = bus_nobody(bytes) << 8 * (offset & 4);

	return (old & ~mask) | (value << 8 * (offset & 4) & mask);
}

static void enable_queue(struct virtio *v, struct virtqueue *q)
{
	if (!virtqueue_is_valid(q, v->memory)) {
		virtio_break(v, "a queue is not aligned or not in memory");
		return;
	}
	q->enabled = true;
}

static uint16_t checked_vector(uint64_t value)
{
	return value < VIRTIO_VECTORS ? (uint16_t)value : NO_VECTOR;
}

static void write_queue(struct virtio *v, unsigned offset, unsigned bytes, uint64_t value)
{
	struct virtqueue *q = selected(v);

	if (!q)
		return;
	if (offset == QUEUE_VECTOR)
		q->vector = checked_vector(value);
	/* An enabled queue stays where it is until the device is reset (4.1.4.3.2). */
	if (q->enabled)
		return;
	switch (offset) {
	case QUEUE_SIZE:
		q->size = (uint16_t)value;
		break;
	case QUEUE_ENABLE:
		if (value == 1)
			enable_queue(v, q);
		break;
	case QUEUE_DESCRIPTORS:
	case QUEUE_DESCRIPTORS + 4:
		q->descriptors = with_part(q->descriptors, offset, bytes, value);
		break;
	case QUEUE_DRIVER:
	case QUEUE_DRIVER + 4:
		q->driver = with_part(q->driver, offset, bytes, value);
		break;
	case QUEUE_DEVICE:
	case QUEUE_DEVICE + 4:
		q->device = with_part(q->device, offset, bytes, value);
		break;
	}
}

static void write_accepted(struct virtio *v, uint32_t value)
{
	const unsigned shift = 32 * (v->accepted_select & 1);

	if (v->accepted_select > 1 || (v->status & VIRTIO_FEATURES_OK))
		return;
	v->accepted = (v->accepted & ~(0xffffffffull << shift)) | (uint64_t)value << shift;
}

static void write_common(struct virtio *v, unsigned offset, unsigned bytes, uint64_t value)
{
	switch (offset) {
	case FEATURE_SELECT:
		v->feature_select = (uint32_t)value;
		break;
	case ACCEPTED_SELECT:
		v->accepted_select = (uint32_t)value;
		break;
	case ACCEPTED:
		write_accepted(v, (uint32_t)value);
		break;
	case CONFIG_VECTOR:
		v->config_vector = checked_vector(value);
		break;
	case STATUS:
		write_status(v, (uint8_t)value);
		break;
	case QUEUE_SELECT:
		v->queue_select = (uint16_t)value;
		break;
	default:
		write_queue(v, offset, bytes, value);
	}
}

/* --- the BAR --- */
static uint64_t read_bytes(const void *from, size_t size, uint64_t offset, unsigned bytes)
{
	uint64_t value = 0;

	if (offset < size && bytes <= size - offset)
		memcpy(&value, (const uint8_t *)from + offset, bytes);
	return value;
}

static void write_msix(struct virtio *v, uint64_t offset, unsigned bytes, uint64_t value)
{
	if (bytes < 4 || offset >= sizeof(v->msix) || bytes > sizeof(v->msix) - offset)
		return;
	memcpy((uint8_t *)v->msix + offset, &value, bytes);
	send_pending(v);
}

static uint8_t read_isr(struct virtio *v)
{
	uint8_t isr = v->isr;

	v->isr = 0;
	update_line(v);
	return isr;
}

static uint64_t bar_read(void *device, uint64_t offset, unsigned bytes)
{
	struct virtio *v = device;
	const unsigned in_area = offset % AREA_BYTES;

	switch (offset - in_area) {
	case AREA_COMMON:
		return read_common(v, in_area);
	case AREA_ISR:
		return in_area ? 0 : read_isr(v);
	case AREA_CONFIG:
		return read_bytes(v->config, v->class->config_bytes, in_area, bytes);
	case AREA_MSIX:
		return read_bytes(v->msix, sizeof(v->msix), in_area, bytes);
	case AREA_PENDING:
		return in_area ? 0 : v->msix_pending;
	default:
		return 0;
	}
}

static void bar_write(void *device, uint64_t offset, unsigned bytes, uint64_t value)
{
	struct virtio *v = device;
	const unsigned in_area = offset % AREA_BYTES;

	switch (offset - in_area) {
	case AREA_COMMON:
		write_common(v, in_area, bytes, value);
		break;
	case AREA_NOTIFY:
		if (value < v->class->queues)
			v->woken |= 1u << value;
		break;
	case AREA_CONFIG:
		if (v->class->configure)
			v->class->configure(v, in_area, bytes, value);
		break;
	case AREA_MSIX:
		write_msix(v, in_area, bytes, value);
		break;
	}
}

static const struct bus_ops bar_bus = {bar_read, bar_write};

/* --- PCI configuration --- */
static bool is_access(const struct virtio *v, unsigned offset, uint32_t *at, uint32_t *bytes)
{
	*at = pci_get32(v->pci, ACCESS_OFFSET);
	*bytes = pci_get32(v->pci, ACCESS_LENGTH);
	return offset == ACCESS_DATA && (*bytes == 1 || *bytes == 2 || *bytes == 4) &&
	       *at < VIRTIO_BAR && *at % *bytes == 0;
}

static void before_read(void *device, unsigned offset, unsigned bytes)
{
	struct virtio *v = device;
	uint32_t at, width;

	if (is_access(v, offset, &at, &width))
		pci_set32(v->pci, ACCESS_DATA,
			(uint32_t)(bar_read(v, at, width) & bus_nobody(width)));
}

static void after_write(void *device, unsigned offset, unsigned bytes)
{
	struct virtio *v = device;
	uint32_t at, width;

	if (is_access(v, offset, &at, &width))
		bar_write(v, at, width, pci_get32(v->pci, ACCESS_DATA) & bus_nobody(width));
	update_line(v);
	send_pending(v);
}

/* type: 1 common, 2 notifications, 3 ISR, 4 device, 5 access (4.1.4) */
static void add_capability(struct pci_function *f, unsigned at, unsigned next, uint8_t type,
	uint32_t offset, uint32_t bytes)
{
	f->config[at] = ID_VENDOR;
	f->config[at + 1] = (uint8_t)next;
	f->config[at + 2] = type == 2 || type == 5 ? 20 : 16;
	f->config[at + 3] = type;
	pci_set32(f, at + 8, offset);
	pci_set32(f, at + 12, bytes);
}

static void add_capabilities(struct virtio *v)
{
	struct pci_function *f = v->pci;

	f->config[PCI_CAPABILITIES] = CAP_MSIX;
	f->config[CAP_MSIX] = ID_MSIX;
	f->config[CAP_MSIX + 1] = CAP_COMMON;
	pci_set16(f, MSIX_CONTROL, VIRTIO_VECTORS - 1);
	f->writable[MSIX_CONTROL + 1] = (MSIX_ENABLE | MSIX_MASK_ALL) >> 8;
	pci_set32(f, CAP_MSIX + 4, AREA_MSIX);
	pci_set32(f, CAP_MSIX + 8, AREA_PENDING);
	add_capability(f, CAP_COMMON, CAP_ISR, 1, AREA_COMMON, COMMON_BYTES);
	add_capability(f, CAP_ISR, CAP_CONFIG, 3, AREA_ISR, 1);
	add_capability(f, CAP_CONFIG, CAP_NOTIFY, 4, AREA_CONFIG, sizeof(v->config));
	add_capability(f, CAP_NOTIFY, CAP_ACCESS, 2, AREA_NOTIFY, 2);
	add_capability(f, CAP_ACCESS, 0, 5, 0, 0);
	f->writable[CAP_ACCESS + 4] = 0xff;
	memset(&f->writable[ACCESS_OFFSET], 0xff, 12);
}

void virtio_power_on(struct virtio *v)
{
	struct pci_function *f = v->pci;

	pci_set16(f, PCI_COMMAND, PCI_COMMAND_MEMORY);
	pci_set32(f, PCI_BAR0, (uint32_t)PCI_WINDOW + v->slot * PCI_BAR_STRIDE);
	pci_set16(f, MSIX_CONTROL, VIRTIO_VECTORS - 1);
	memset(&f->config[ACCESS_OFFSET], 0, 12);
	memset(v->msix, 0, sizeof(v->msix));
	for (unsigned i = 0; i < VIRTIO_VECTORS; i++)
		v->msix[i].control = 1;
	reset(v);
}

void virtio_init(struct virtio *v, const struct virtio_class *class, void *device, struct host host,
	const struct gmem *memory, struct pci *pci)
{
	struct pci_function *f;

	*v = (struct virtio){.class = class,
		.device = device,
		.host = host,
		.memory = memory,
		.features = class->features | VIRTIO_F_ALL};
	f = pci_add(pci, VIRTIO_VENDOR, (uint16_t)(VIRTIO_PCI_BASE + class->kind), class->pci_class,
		VIRTIO_BAR, &v->slot);
	v->pci = f;
	f->bar = &bar_bus;
	f->before_read = before_read;
	f->after_write = after_write;
	f->device = v;
	f->config[PCI_REVISION] = 1;
	pci_set16(f, PCI_SUBSYSTEM_VENDOR, VIRTIO_VENDOR);
	pci_set16(f, PCI_SUBSYSTEM, (uint16_t)(0x40 + class->kind));
	f->config[PCI_LINE] = (uint8_t)pic_pci_input(v->slot);
	f->config[PCI_PIN] = 1;
	add_capabilities(v);
	virtio_power_on(v);
}
