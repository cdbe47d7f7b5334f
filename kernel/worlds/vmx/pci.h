/*
 * One PCI bus behind configuration mechanism 1 (PCI Local Bus 3.0, 3.2.2.3.2): a host bridge in
 * slot 0 and single functions with one 32-bit memory BAR each. Firmware's work (addresses, lines)
 * is done when a system sees them.
 */
#ifndef VMX_PCI_H
#define VMX_PCI_H

#include "worlds/vmx/bus.h"

#define PCI_CONFIG_PORTS 0xcf8u
#define PCI_SLOTS        8u
#define PCI_WINDOW       0xe0000000ull /* of memory BARs; guest RAM ends below */
#define PCI_WINDOW_BYTES 0x10000000ull
#define PCI_BAR_STRIDE   0x10000u /* between the BARs of two slots, as firmware leaves them */
#define PCI_FIRST_GSI    16u      /* INTA# of slot n is GSI 16 + n */

/* Configuration space header, type 0 (6.1). */
enum pci_register {
	PCI_VENDOR = 0x00,
	PCI_DEVICE = 0x02,
	PCI_COMMAND = 0x04,
	PCI_STATUS = 0x06,
	PCI_REVISION = 0x08,
	PCI_CLASS = 0x09, /* 3 bytes: interface, subclass, class */
	PCI_BAR0 = 0x10,
	PCI_SUBSYSTEM_VENDOR = 0x2c,
	PCI_SUBSYSTEM = 0x2e,
	PCI_CAPABILITIES = 0x34,
	PCI_LINE = 0x3c,
	PCI_PIN = 0x3d,
};
#define PCI_COMMAND_MEMORY   0x0002u
#define PCI_COMMAND_MASTER   0x0004u
#define PCI_COMMAND_NO_INTX  0x0400u
#define PCI_STATUS_INTERRUPT 0x0008u
#define PCI_STATUS_CAPS      0x0010u

struct pci_function {
	uint8_t config[256], writable[256]; /* writable: bits that a write changes */
	uint32_t bar_bytes;                 /* a power of two; 0: no BAR */
	const struct bus_ops *bar;
	/* May be NULL: before a configuration read, and after a write. */
	void (*before_read)(void *device, unsigned offset, unsigned bytes);
	void (*after_write)(void *device, unsigned offset, unsigned bytes);
	void *device; /* what bar and the hooks get */
	bool present;
};
struct pci {
	uint32_t address;
	unsigned count; /* slots that are taken */
	struct pci_function slot[PCI_SLOTS];
};

extern const struct bus_ops pci_config_bus, pci_memory_bus;
void pci_init(struct pci *pci);
/* A function in the next slot, its identity and BAR written. The caller adds fewer than PCI_SLOTS;
 * else the world ends. */
struct pci_function *pci_add(struct pci *pci, uint16_t vendor, uint16_t device, uint32_t class_code,
	uint32_t bar_bytes, unsigned *slot);

void pci_set16(struct pci_function *f, unsigned offset, uint16_t value);
void pci_set32(struct pci_function *f, unsigned offset, uint32_t value);
uint16_t pci_get16(const struct pci_function *f, unsigned offset);
uint32_t pci_get32(const struct pci_function *f, unsigned offset);

#endif
