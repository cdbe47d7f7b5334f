/* The ACPI tables that a TXT platform needs and the emulated board lacks. */
#ifndef TXTSIM_ACPI_H
#define TXTSIM_ACPI_H

#include <stdbool.h>
#include <stdint.h>

struct txt;

#define TXT_ECAM_BASE 0xf0000000u
#define TXT_ECAM_SIZE 0x100000u /* bus 0 */

#define ACPI_RSDT_MAX 1024u

/* Sets the last byte of sum: makes the `size` bytes at p add up to zero through p[at]. */
void acpi_checksum(uint8_t *p, uint32_t size, uint32_t at);

/*
 * Builds, in device memory, a copy of the firmware's RSDT that also lists a DMAR and an MCFG, and
 * keeps the DMAR for SINIT. tboot launches nothing without a DMAR and checks memory by the MCFG.
 * The DMAR names no remapping unit: true of a board without VT-d. Returns the new RSDT's physical
 * address, or 0 if the old one is not acceptable.
 */
uint32_t acpi_extend(struct txt *t, const uint8_t *rsdt, uint32_t size);

/*
 * For a board whose firmware has a DMAR of its own: finds it in guest memory, through RSDP and
 * RSDT, and keeps it for SINIT. False if there is none, or none that is sound and small enough.
 */
bool acpi_take_dmar(struct txt *t);

#endif
