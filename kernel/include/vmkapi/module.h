/*
 * vmkapi: all that a driver module may call, and be called by. The loader hands a module the table
 * of functions, so that modules are placed anywhere and link against nothing, neither the kernel
 * nor each other. After vmkmod_start the kernel calls a module's functions one at a time, with
 * interrupts off; so a module needs no locks, and must not wait. Each function that the kernel is
 * to call begins with a landing pad (ENDBR64): VMK_BAD_ADDRESS otherwise.
 */
#ifndef VMKAPI_MODULE_H
#define VMKAPI_MODULE_H

#include <stddef.h>
#include <stdint.h>
#include <vmkapi/status.h>

#define VMKAPI_VERSION     4u

#define VMKAPI_VECTORS_MAX 16u
/* Allocations that one module has at a time, of each kind. */
#define VMKAPI_BLOCKS_MAX 64u
#define VMKAPI_DMA_MAX    32u

struct vmkapi;
struct vmkapi_pci { /* the function that the module's manifest binds to */
	uint16_t vendor, device;
	uint8_t bus, slot, function, irq_line;
	struct {
		uint64_t address,
			bytes; /* from its start on, up to the MSI-X table's pages; 0: none */
		int is_io;
	} bar[6];
};

/* One loaded module: the kernel's, and what the module names itself by in its calls. */
struct vmkmod {
	const struct vmkapi *api;
	const struct vmkapi_pci *pci; /* NULL: the manifest names no device */
	/*
	 * Set by vmkmod_start, or NULL: called once before the module is unloaded, as its other
	 * functions are. It makes the device quiet; afterwards nothing of the module is called, and
	 * the kernel takes back device, interrupts, NIC, registers and memory.
	 */
	void (*stop)(struct vmkmod *self);
};

struct vmkapi_irq { /* who is called for one interrupt of a device */
	void (*handler)(void *argument);
	void *argument;
};
/* How a device interrupts. With MSI-X a device must be told which cause is which vector; with the
 * others all causes share one. */
enum vmkapi_irq_mode { VMKAPI_IRQ_INTX, VMKAPI_IRQ_MSI, VMKAPI_IRQ_MSIX };

struct vmkapi_nic_ops {
	/* The frame is copied, and goes out after those before it. VMK_NO_RESOURCES: there is no
	 * room. */
	enum vmk_status (*send)(void *nic, const void *frame, size_t bytes);
	/* How many frames send() takes now, and at most: where nothing waits to go out. */
	unsigned (*room)(void *nic, unsigned *most);
};

struct vmkapi {
	uint32_t version, size; /* VMKAPI_VERSION, and the bytes of this table */
	/* A line of the kernel's log; what is too long is cut off. */
	void (*log)(const char *format, ...) __attribute__((format(printf, 1, 2)));
	/* The value in force of a parameter that the manifest declares; 0 for any other name. */
	uint32_t (*parameter)(struct vmkmod *self, const char *name);
	/* Zeroed; NULL: no memory, or too many allocations. */
	void *(*alloc)(struct vmkmod *self, size_t bytes);
	/* In vmkmod_start only, as it may wait for other CPUs; the kernel frees the rest when the
	 * module is unloaded. NULL is ignored. */
	void (*free)(struct vmkmod *self, void *memory);
	/*
	 * Memory that the module's device, and no other, reads and writes: zeroed, page-aligned,
	 * contiguous for the device and for the driver, at most 4 MiB, cache-coherent. *bus is what
	 * the device is told: below 4 GiB, and nothing that says where the memory is, as it may be
	 * remapped. Whatever else the device touches is blocked and logged where the machine can do
	 * that (VT-d). VMK_BAD_PARAM, VMK_NO_MEMORY, VMK_NO_RESOURCES; VMK_NOT_PRESENT: there is no
	 * device.
	 */
	enum vmk_status (*dma_alloc)(
		struct vmkmod *self, size_t bytes, void **memory, uint64_t *bus);
	/* Likewise in vmkmod_start only. The device must not use it any more. `bytes` as at its
	 * allocation. NULL is ignored. */
	void (*dma_free)(struct vmkmod *self, void *memory, size_t bytes);
	/* BAR `index` of the device, mapped uncached, once. VMK_DENIED for a BAR that is not the
	 * device's own registers. The pages of the MSI-X table, which is the kernel's, are left
	 * out: touching them faults. */
	enum vmk_status (*map_bar)(struct vmkmod *self, unsigned index, volatile void **registers);
	enum vmk_status (*pci_enable)(struct vmkmod *self); /* memory space and bus mastering */
	/*
	 * One handler for all that the device has to say: by MSI where it can, by INTx otherwise
	 * (then the line may be shared and the handler is called for others' interrupts too).
	 * VMK_NOT_PRESENT: it cannot interrupt. At most one of the two calls, once, for a device.
	 */
	enum vmk_status (*irq_attach)(struct vmkmod *self, void (*handler)(void *), void *argument);
	/*
	 * Up to `count` (1 to VMKAPI_VECTORS_MAX) interrupts: MSI-X table entry i calls vectors[i];
	 * entries that were not granted stay masked. A device without MSI-X gets one, as from
	 * irq_attach(): *granted is 1, vectors[0] is called and *mode says which kind it is.
	 * `vectors` is copied.
	 */
	enum vmk_status (*irq_attach_vectors)(struct vmkmod *self, unsigned count,
		const struct vmkapi_irq *vectors, unsigned *granted, enum vmkapi_irq_mode *mode);
	uint64_t (*time_ns)(void); /* since the boot, never falling, whatever the CPU */
	/* Busy for at least so long: for what a device needs, in vmkmod_start. */
	void (*delay_us)(uint32_t microseconds);
	/* The host's uplink, of which there is one: VMK_EXISTS if another module has it. */
	enum vmk_status (*nic_register)(struct vmkmod *self, const uint8_t mac[6],
		const struct vmkapi_nic_ops *ops, void *nic);
	/* The cable is in or out; a frame came, which is copied. Both do nothing for a module that
	 * has registered no NIC. */
	void (*nic_link)(struct vmkmod *self, int up);
	void (*nic_receive)(struct vmkmod *self, const void *frame, size_t bytes);
};

/* The module's one entry, named vmkmod_start; a status other than VMK_OK unloads the module. It may
 * wait, so it runs outside of the lock: from irq_attach on, handlers may be called beside it. */
typedef enum vmk_status (*vmkmod_start_fn)(struct vmkmod *self);
enum vmk_status vmkmod_start(struct vmkmod *self);

#endif
