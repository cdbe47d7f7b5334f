/*
 * vmkapi: all that a driver module may call. The loader hands the table to the module's entry, so
 * that modules are placed anywhere and link against nothing. After vmkmod_start the kernel calls a
 * module's functions one at a time, with interrupts off; so a module needs no locks, and must not
 * wait.
 */
#ifndef VMKAPI_MODULE_H
#define VMKAPI_MODULE_H

#include <stddef.h>
#include <stdint.h>
#include <vmkapi/status.h>

#define VMKAPI_VERSION 1u

struct vmkapi_pci { /* the function that the module's manifest binds to */
	uint16_t vendor, device;
	uint8_t bus, slot, function, irq_line;
	struct {
		uint64_t address, bytes; /* bytes 0: no such BAR */
		int is_io;
	} bar[6];
};

struct vmkapi_nic_ops {
	enum vmk_status (*send)(void *nic, const void *frame, size_t bytes);
};

struct vmkapi {
	uint32_t version, size;
	void (*log)(const char *format, ...) __attribute__((format(printf, 1, 2)));
	void *(*alloc)(size_t bytes); /* zeroed */
	void (*free)(void *memory);
	/* Physically contiguous, zeroed, below 4 GiB; *bus is what the device is told. */
	enum vmk_status (*dma_alloc)(size_t bytes, void **memory, uint64_t *bus);
	void (*dma_free)(void *memory, size_t bytes);
	/* BAR `index` of the bound device, mapped uncached. */
	enum vmk_status (*map_bar)(
		const struct vmkapi_pci *pci, unsigned index, volatile void **registers);
	enum vmk_status (*pci_enable)(
		const struct vmkapi_pci *pci); /* memory space and bus mastering */
	enum vmk_status (*irq_attach)(
		const struct vmkapi_pci *pci, void (*handler)(void *), void *argument);
	uint64_t (*time_ns)(void);
	void (*delay_us)(uint32_t microseconds);
	enum vmk_status (*nic_register)(
		const uint8_t mac[6], const struct vmkapi_nic_ops *ops, void *nic);
	void (*nic_link)(int up);
	void (*nic_receive)(const void *frame, size_t bytes);
};

/* The module's one entry, named vmkmod_start; a status other than VMK_OK unloads the module. */
typedef enum vmk_status (*vmkmod_start_fn)(const struct vmkapi *api, const struct vmkapi_pci *pci);
enum vmk_status vmkmod_start(const struct vmkapi *api, const struct vmkapi_pci *pci);

#endif
