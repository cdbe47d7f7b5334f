/*
 * ACPI tables (ACPI 6.5, 5.2): what the boot path needs of them, and no interpreter. Pure over one
 * operation that shows physical memory; every table is checked by length and checksum first.
 */
#ifndef BOOT_ACPI_H
#define BOOT_ACPI_H

#include "lib/types.h"
#include <vmkapi/status.h>

struct boot_info;

struct acpi_ops {
	/* `bytes` readable bytes at a physical address, or NULL if that is no memory to look at. */
	const void *(*view)(void *context, uint64_t address, size_t bytes);
	void *context;
	/* Something was left out or refused; boot goes on. */
	void (*warn)(void *context, const char *what);
};

/*
 * Fill the ACPI part of `info` (CPUs, IOAPICs, overrides, tables, power management). `rsdp_copy` is
 * the boot loader's copy of the root pointer, 0 bytes for none: it is searched for then (ACPI 6.5,
 * 5.2.5.1). VMK_NOT_FOUND without a root pointer, VMK_BAD_FORMAT without a valid root table.
 */
enum vmk_status acpi_parse(const struct acpi_ops *ops, const uint8_t *rsdp_copy, size_t rsdp_bytes,
	struct boot_info *info);

#endif
