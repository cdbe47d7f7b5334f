/*
 * The DMA Remapping table: which remapping units there are, and which devices are behind each.
 * Intel Virtualization Technology for Directed I/O 4.1 (VT-d), chapter 8. Pure: parses a copy,
 * which firmware wrote and nobody measured.
 */
#ifndef BOOT_ACPI_DMAR_H
#define BOOT_ACPI_DMAR_H

#include "lib/types.h"
#include <vmkapi/status.h>

#define DMAR_UNITS_MAX   32u
#define DMAR_REGIONS_MAX 64u
#define DMAR_SCOPES_MAX  512u
#define DMAR_PATH_MAX    8u

/* Table 8-3 in section 8.3.1. */
enum dmar_scope_type {
	DMAR_ENDPOINT = 1,
	DMAR_BRIDGE = 2, /* and all that is behind it */
	DMAR_IOAPIC = 3,
	DMAR_HPET = 4,
	DMAR_NAMESPACE = 5,
};

struct dmar_scope {
	uint8_t type;
	uint8_t id;  /* of an IOAPIC or HPET */
	uint8_t bus; /* where the path starts */
	uint8_t path_count;
	struct {
		uint8_t slot, function;
	} path[DMAR_PATH_MAX]; /* all but the last are bridges on the way */
};

/* DRHD, section 8.3. */
struct dmar_unit {
	struct hpa registers;
	uint16_t segment;
	bool include_all; /* whatever no other unit of the segment names */
	unsigned first_scope, scope_count;
};

/* RMRR, section 8.4: memory that firmware wants a device to reach. */
struct dmar_region {
	uint64_t base, limit; /* both are part of it; page-aligned as a whole */
	uint16_t segment;
	unsigned first_scope, scope_count;
};

struct dmar {
	unsigned width;           /* physical address bits that the platform's DMA has */
	bool interrupt_remapping; /* the platform supports it */
	unsigned unit_count, region_count, scope_count;
	struct dmar_unit units[DMAR_UNITS_MAX];
	struct dmar_region regions[DMAR_REGIONS_MAX];
	struct dmar_scope scopes[DMAR_SCOPES_MAX]; /* of all units and regions */
};

/*
 * table[0..bytes) is the whole table, its header included; what follows its own length is ignored.
 * On failure *why (static text) names what was wrong and nothing of *dmar may be used: a unit that
 * is not understood would leave its devices unguarded. VMK_TRUNCATED, VMK_BAD_FORMAT,
 * VMK_TOO_LARGE.
 */
enum vmk_status dmar_parse(const void *table, size_t bytes, struct dmar *dmar, const char **why);

#endif
