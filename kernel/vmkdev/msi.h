/*
 * Message-signalled interrupts: PCI Local Bus Specification 3.0, section 6.8. Pure over struct
 * pci_ops; the MSI-X table is memory that the caller maps, and that no driver may have: whoever
 * writes it raises any interrupt that the platform does not block.
 */
#ifndef VMKDEV_MSI_H
#define VMKDEV_MSI_H

#include "vmkdev/pci.h"

#define MSIX_ENTRY_BYTES 16u
#define MSIX_VECTORS_MAX 2048u

struct msi {
	unsigned at; /* in configuration space; 0: the function has none */
	bool wide;   /* takes 64-bit addresses */
	bool masks;
};
struct msix {
	unsigned at; /* 0: the function has none, or one that makes no sense */
	unsigned vectors;
	unsigned bar; /* BAR and offset in it, bytes, where the table lies */
	uint32_t offset;
};

/* Nothing is written. `function` after pci_size_bars(). */
void msi_find(const struct pci_ops *ops, void *context, const struct pci_function *function,
	struct msi *msi);
void msix_find(const struct pci_ops *ops, void *context, const struct pci_function *function,
	struct msix *msix);

/* One vector, and INTx off. VMK_UNSUPPORTED for an address that it cannot send to. */
enum vmk_status msi_enable(const struct pci_ops *ops, void *context,
	const struct pci_function *function, const struct msi *msi, uint64_t address,
	uint32_t data);
void msi_disable(const struct pci_ops *ops, void *context, const struct pci_function *function,
	const struct msi *msi);

/* On, with the whole table masked; then one entry after the other. `table` is mapped uncached. */
void msix_enable(const struct pci_ops *ops, void *context, const struct pci_function *function,
	const struct msix *msix, volatile uint32_t *table);
void msix_set(volatile uint32_t *table, unsigned vector, uint64_t address, uint32_t data);
void msix_disable(const struct pci_ops *ops, void *context, const struct pci_function *function,
	const struct msix *msix);

#endif
