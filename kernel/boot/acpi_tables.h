/* Between acpi.c, which finds tables, and the files that read one kind each. */
#ifndef BOOT_ACPI_TABLES_H
#define BOOT_ACPI_TABLES_H

#include "boot/acpi.h"
#include "lib/reader.h"

struct boot_info;

#define ACPI_HEADER_BYTES 36
/* A table's kind as the four bytes read, little-endian (5.2.6). */
#define ACPI_SIGNATURE(a, b, c, d) ((uint32_t)(a) | (b) << 8 | (c) << 16 | (uint32_t)(d) << 24)

struct acpi_seen {
	struct hpa madt, srat, fadt, hpet, tpm2, spcr;
};

/* The table at `address`, checked, read up to the end of its header; `failed` if it is none. */
struct reader acpi_table(const struct acpi_ops *ops, uint64_t address, uint32_t *signature);
void acpi_warn(const struct acpi_ops *ops, const char *what);
/* May device registers be there? Tables come from firmware and boot loader, which no launch
 * measures; the kernel must not be made to write to memory, to tboot, or to TXT and TPM in their
 * name. */
bool acpi_is_register_space(const struct boot_info *info, uint64_t start, uint64_t bytes);

/* 5.2.12: CPUs, IOAPICs, interrupt overrides. */
void acpi_parse_madt(struct reader *r, struct boot_info *info, const struct acpi_ops *ops);
/* 5.2.16: the nodes of CPUs. */
void acpi_parse_srat(struct reader *r, struct boot_info *info, const struct acpi_ops *ops);
/* 5.2.9: PM1 control, SMI command, reset register; the DSDT's sleep type for S5. */
void acpi_parse_fadt(struct reader *r, struct boot_info *info, const struct acpi_ops *ops);
/* TCG ACPI Specification 1.3, section 8: the TPM's start method, and where the firmware's log is.
 */
void acpi_parse_tpm2(struct reader *r, struct boot_info *info, const struct acpi_ops *ops);
/* SPCR: the serial port of the firmware's console. */
void acpi_parse_spcr(struct reader *r, struct boot_info *info, const struct acpi_ops *ops);

#endif
