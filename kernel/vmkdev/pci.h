/*
 * PCI functions: finding them and the sizes of their BARs. PCI Local Bus Specification 3.0, chapter
 * 6 and section 3.2.2.3.2 (configuration mechanism 1). Pure over struct pci_ops; what a device
 * answers is hostile.
 */
#ifndef VMKDEV_PCI_H
#define VMKDEV_PCI_H

#include "lib/types.h"
#include <vmkapi/status.h>

#define PCI_BARS           6u
#define PCI_CONFIG_BYTES   256u
#define PCI_CONVENTIONAL   0xffu
#define PCI_EXPRESS_TO_PCI 7u /* PCI Express 3.0, table 7-13: a bridge to conventional PCI */
#define PCI_HEADER_BRIDGE  1u

/* Capability ids: PCI Code and ID Assignment Specification, chapter 2. */
#define PCI_CAP_MSI     0x05u
#define PCI_CAP_EXPRESS 0x10u
#define PCI_CAP_MSIX    0x11u

struct pci_address {
	uint8_t bus, slot, function; /* slot < 32, function < 8 */
};

struct pci_ops {
	/* One aligned double word of configuration space, offset < 4096; all ones if nobody is
	 * there, or from offset 256 on if the function or the platform has no extended space. */
	uint32_t (*read)(void *context, struct pci_address address, unsigned offset);
	void (*write)(void *context, struct pci_address address, unsigned offset, uint32_t value);
};

struct pci_bar {
	uint64_t address, bytes; /* bytes 0: there is none, or it makes no sense */
	bool is_io;
};

struct pci_function {
	struct pci_address address;
	uint16_t vendor, device;
	uint32_t class_code; /* base class, subclass, interface: 24 bits */
	uint8_t header_type; /* without the multi-function bit */
	uint8_t irq_line, irq_pin;
	uint8_t secondary, subordinate; /* a bridge's: the buses behind it */
	uint8_t express; /* port type of a PCI Express function, or PCI_CONVENTIONAL */
	struct pci_bar bars[PCI_BARS]; /* set by pci_size_bars() */
};

/*
 * All functions of bus 0 and of the buses behind bridges, each bus once. Returns how many there
 * are; at most `max` are stored. Nothing is written to any device.
 */
unsigned pci_enumerate(
	const struct pci_ops *ops, void *context, struct pci_function *functions, unsigned max);
/*
 * Sizes the BARs of an ordinary (type 0) function; decoding is off meanwhile, and everything is put
 * back. For functions that are about to be driven, before their bus mastering is on.
 */
enum vmk_status pci_size_bars(
	const struct pci_ops *ops, void *context, struct pci_function *function);
/* Memory space and bus mastering on, INTx not masked. VMK_IO_ERROR if the device does not obey. */
enum vmk_status pci_enable(
	const struct pci_ops *ops, void *context, const struct pci_function *function);
/* I/O ports on, nothing else. VMK_IO_ERROR if the device does not obey. */
enum vmk_status pci_enable_ports(
	const struct pci_ops *ops, void *context, const struct pci_function *function);
/* Bus mastering and interrupts off: the device touches no memory any more. */
void pci_disable(const struct pci_ops *ops, void *context, const struct pci_function *function);

/* INTx off, whatever else is on. */
void pci_mask_intx(const struct pci_ops *ops, void *context, const struct pci_function *function);
/* Where the capability `id` lies in configuration space, or 0: section 6.7. */
unsigned pci_capability(
	const struct pci_ops *ops, void *context, struct pci_address address, uint8_t id);
/* As requests carry it: bus 15:8, slot 7:3, function 2:0. */
static inline uint16_t pci_requester(struct pci_address a)
{
	return (uint16_t)(a.bus << 8 | a.slot << 3 | a.function);
}

/* "pci 00:1f.2"; returns its length. */
int pci_name(struct pci_address address, char *to, size_t size);

/*
 * Switches on what keeps PCI Express functions from reaching each other behind the remapping
 * units' backs: access control services (PCI Express 3.0, section 6.12). False: it has none.
 */
bool pci_isolate(const struct pci_ops *ops, void *context, const struct pci_function *function);

/* This machine's configuration space; needs no context. Thread-safe. */
extern const struct pci_ops pci_machine;

#endif
