/*
 * The ACPI tables of a VM (ACPI 6.5): RSDP, XSDT, FADT with FACS and DSDT, MADT. They say what
 * board.h builds.
 */
#ifndef VMX_ACPI_H
#define VMX_ACPI_H

#include "worlds/vmx/gmem.h"

/* Into guest memory at BOOT_ACPI, the RSDP first, where systems without a hint look for it as well.
 * False if there is no memory there, or no room for that many vCPUs (4,000 fit). */
bool acpi_write(const struct gmem *memory, unsigned vcpus);

#endif
