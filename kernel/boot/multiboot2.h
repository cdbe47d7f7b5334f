/* Multiboot2 boot information (Multiboot2 Specification 2.0, 3.6). Pure; trusts nothing. */
#ifndef BOOT_MULTIBOOT2_H
#define BOOT_MULTIBOOT2_H

#include "lib/types.h"
#include <vmkapi/status.h>

struct boot_info;

#define MULTIBOOT2_BYTES_MAX (1u << 20)
#define RSDP_BYTES_MAX       36

struct multiboot2_rsdp { /* the tag's copy of the ACPI root pointer; the newer of two */
	uint8_t data[RSDP_BYTES_MAX];
	size_t bytes; /* 0: no tag */
};

/*
 * Read `bytes` of information into `info`: command line, loader name, modules, screen, memory map.
 * The map gets the firmware's entries and the modules; our own image and tboot come later. On
 * failure *why names what was wrong (a literal).
 */
enum vmk_status multiboot2_parse(const void *information, size_t bytes, struct boot_info *info,
	struct multiboot2_rsdp *rsdp, const char **why);

#endif
