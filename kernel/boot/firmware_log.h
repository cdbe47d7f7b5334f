/*
 * Keeping the firmware's event log (trust/fwlog.h) out of harm's way. EDK II has it in ACPI NVS
 * memory or, on a first boot, in memory that is free once boot services have ended: there the
 * kernel would write over it.
 */
#ifndef BOOT_FIRMWARE_LOG_H
#define BOOT_FIRMWARE_LOG_H

#include "lib/types.h"

struct boot_info;

/* Old logs may have survived a warm start; which one is true, the TPM says. */
#define FIRMWARE_LOGS_MAX 4u

/*
 * Marks what looks like a log in usable memory below `end` as ACPI's, FIRMWARE_LOGS_MAX of them at
 * the most; `view` shows `bytes` at a physical address. Returns how many.
 */
unsigned firmware_log_keep(struct boot_info *info, uint64_t end,
	const uint8_t *(*view)(uint64_t address, size_t bytes));

#endif
