/*
 * A virtio 1.2 device over PCI (Virtio 1.2, 4.1), non-transitional: one BAR with the common, ISR,
 * notification and device structures and the MSI-X table. What a device does is its class.
 */
#ifndef VMX_VIRTIO_H
#define VMX_VIRTIO_H

#include "worlds/vmx/gmem.h"
#include "worlds/vmx/host.h"
#include "worlds/vmx/pci.h"
#include "worlds/vmx/virtqueue.h"

#define VIRTIO_QUEUES  3u
#define VIRTIO_VECTORS (VIRTIO_QUEUES + 1)
#define VIRTIO_BAR     0x8000u

/* Device identifiers (5) and PCI's numbering (4.1.2.1). */
enum virtio_kind {
	VIRTIO_NET = 1,
	VIRTIO_BLOCK = 2,
	VIRTIO_CONSOLE = 3,
	VIRTIO_ENTROPY = 4,
	VIRTIO_BALLOON = 5
};

/* Feature bits that every device offers (6). */
#define VIRTIO_F_INDIRECT    (1ull << 28)
#define VIRTIO_F_EVENT_INDEX (1ull << 29)
#define VIRTIO_F_VERSION_1   (1ull << 32)
#define VIRTIO_F_ALL         (VIRTIO_F_INDIRECT | VIRTIO_F_EVENT_INDEX | VIRTIO_F_VERSION_1)

enum {
	VIRTIO_ACKNOWLEDGE = 1,
	VIRTIO_DRIVER = 2,
	VIRTIO_DRIVER_OK = 4,
	VIRTIO_FEATURES_OK = 8,
	VIRTIO_NEEDS_RESET = 64,
	VIRTIO_FAILED = 128,
};

struct virtio;
struct virtio_class {
	enum virtio_kind kind;
	uint32_t pci_class;
	const char *name;
	unsigned queues;
	uint64_t features; /* beyond VIRTIO_F_ALL */
	unsigned config_bytes;
	/* One chain of that queue, taken for the class to serve and to put back; false: it was not
	 * served and was untaken, and the queue rests until the device wakes it. NULL: the queue
	 * is only used when the device has something (reception). */
	bool (*serve)(struct virtio *v, unsigned queue, struct virtqueue_chain *chain);
	/* The driver writes its configuration; NULL: there is nothing to write. */
	void (*configure)(struct virtio *v, unsigned offset, unsigned bytes, uint64_t value);
};
struct msix_entry {
	uint64_t address;
	uint32_t data, control; /* control bit 0: masked */
};

struct virtio {
	const struct virtio_class *class;
	void *device; /* of the class */
	struct host host;
	const struct gmem *memory;
	struct pci_function *pci;
	unsigned slot;

	uint64_t features, accepted;
	uint32_t feature_select, accepted_select;
	uint8_t status, isr, generation;
	uint16_t queue_select, config_vector;
	bool line; /* of INTx */
	struct virtqueue queue[VIRTIO_QUEUES];
	uint32_t woken; /* bit n: queue n has to be looked at */
	uint8_t config[32];
	struct msix_entry msix[VIRTIO_VECTORS];
	uint32_t msix_pending;
};

void virtio_init(struct virtio *v, const struct virtio_class *class, void *device, struct host host,
	const struct gmem *memory, struct pci *pci);
/* Serves the queues that were notified, a bounded number of chains; true if there is more to do. */
bool virtio_work(struct virtio *v);
/* A chain of a reception queue; false: none there, or the device is not running. */
bool virtio_take(struct virtio *v, unsigned queue, struct virtqueue_chain *chain);
void virtio_put(
	struct virtio *v, unsigned queue, const struct virtqueue_chain *chain, uint32_t written);
/* The device has changed its configuration: the driver is told. */
void virtio_configure(struct virtio *v);
/* The driver broke the rules: the device stops until it is reset (2.1.2). */
void virtio_break(struct virtio *v, const char *why);
/* Back to what it is after power-on, its PCI function included. */
void virtio_power_on(struct virtio *v);

#endif
