/*
 * The firmware's event log in memory: TCG PC Client Platform Firmware Profile 1.05, section 10. The
 * ACPI table TPM2 (TCG ACPI Specification 1.3, section 8) may say where it lies; EDK II keeps it in
 * ACPI NVS memory whether that table tells or not. A log found anywhere is as good: what it says
 * counts only where it leads to the TPM's PCRs. Pure: parses a copy.
 */
#ifndef TRUST_FWLOG_H
#define TRUST_FWLOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <vmkapi/status.h>

/* What an event log area has at the most; a server's log has some 50 KiB. */
#define FWLOG_BYTES_MAX (1u << 20)
/* A log's first bytes, by which it is recognized. */
#define FWLOG_HEADER 48u

/* Does a crypto-agile log begin here? FWLOG_HEADER bytes are read. */
bool fwlog_begins(const uint8_t *bytes);

/*
 * The length of the log that begins at bytes[0]: up to where the area's padding (zeros or ones)
 * begins, or the area ends. On failure *why (static text) says what is wrong with the log.
 */
enum vmk_status fwlog_measure(
	const uint8_t *bytes, size_t size, size_t *log_bytes, const char **why);

#endif
