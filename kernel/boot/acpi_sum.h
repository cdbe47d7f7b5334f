/* The checksum of ACPI tables and of the RSDP (ACPI 6.5, 5.2.5.3 and 5.2.6). */
#ifndef BOOT_ACPI_SUM_H
#define BOOT_ACPI_SUM_H

#include <stddef.h>
#include <stdint.h>

/* The sum of `count` bytes, 0 for what is whole. */
uint8_t acpi_sum(const uint8_t *bytes, size_t count);

#endif
