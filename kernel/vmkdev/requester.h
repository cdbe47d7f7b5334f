/*
 * Who stands behind a requester id, and which remapping unit sees it. Pure over what enumeration
 * found and what the DMAR says.
 */
#ifndef VMKDEV_REQUESTER_H
#define VMKDEV_REQUESTER_H

#include "boot/acpi_dmar.h"
#include "vmkdev/pci.h"

/*
 * The id that remapping units see in a function's requests (VT-d 4.1, 3.4.1): its own; behind a
 * bridge to conventional PCI, whose requests cannot be told apart, the one that the bridge uses for
 * all of them.
 */
uint16_t requester_of(
	const struct pci_function *functions, unsigned count, const struct pci_function *function);
/* Does that scope of an RMRR or a unit name the function, or a bridge before it? */
bool scope_covers(const struct dmar_scope *scope, const struct pci_function *functions,
	unsigned count, const struct pci_function *function);
/* The index of the unit that the function's requests go through, or -1. Segment 0. */
int unit_of(const struct dmar *dmar, const struct pci_function *functions, unsigned count,
	const struct pci_function *function);
/* The requester id of the IOAPIC with that id, false: the DMAR does not name it. */
bool ioapic_requester(const struct dmar *dmar, const struct pci_function *functions, unsigned count,
	unsigned ioapic_id, uint16_t *source);

#endif
