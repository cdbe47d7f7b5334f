/* sources: kernel/boot/acpi_dmar.c kernel/vmkdev/requester.c */
/* coverage: edges, comparisons */
/* plain: kernel/boot/acpi_sum.c */
/*
 * Hostile DMAR tables, and the questions that are asked of them about a machine with bridges. The
 * input is bridges, 4 bytes each after their number, and then a table whose checksum is made to
 * fit unless it begins with '!'.
 */
#include "boot/acpi_sum.h"
#include "vmkdev/requester.h"
#include <stdlib.h>
#include <string.h>

#define FUNCTIONS 8

static uint8_t table[65536];
static struct dmar dmar;

static void check(const struct pci_function *functions, unsigned count)
{
	uint16_t source;

	for (unsigned i = 0; i < dmar.unit_count; i++) {
		if (dmar.units[i].first_scope + dmar.units[i].scope_count > dmar.scope_count)
			abort();
	}
	for (unsigned i = 0; i < dmar.region_count; i++) {
		if (dmar.regions[i].first_scope + dmar.regions[i].scope_count > dmar.scope_count ||
			dmar.regions[i].limit <= dmar.regions[i].base)
			abort();
	}
	for (unsigned i = 0; i < count; i++) {
		requester_of(functions, count, &functions[i]);
		for (unsigned s = 0; s < dmar.scope_count; s++)
			scope_covers(&dmar.scopes[s], functions, count, &functions[i]);
		if (unit_of(&dmar, functions, count, &functions[i]) >= (int)dmar.unit_count)
			abort();
	}
	for (unsigned id = 0; id < 4; id++)
		ioapic_requester(&dmar, functions, count, id, &source);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct pci_function functions[FUNCTIONS] = {0};
	unsigned count = size ? data[0] % (FUNCTIONS + 1) : 0;
	const char *why = NULL;

	if (size < 1 + 4 * count)
		return 0;
	for (unsigned i = 0; i < count; i++) {
		const uint8_t *d = data + 1 + 4 * i;

		functions[i].address = (struct pci_address){d[0], d[1] & 31, d[1] >> 5};
		functions[i].header_type = d[2] & 1;
		functions[i].express = d[2] >> 1 == 127 ? PCI_CONVENTIONAL : d[2] >> 1;
		functions[i].secondary = d[3];
	}
	data += 1 + 4 * count;
	size = MIN(size - 1 - 4 * count, sizeof(table));
	memcpy(table, data, size);
	if (size > 48 && table[0] != '!') {
		uint32_t length = (uint32_t)size;

		memcpy(table, "DMAR", 4);
		memcpy(table + 4, &length, 4);
		table[9] = (uint8_t)(table[9] - acpi_sum(table, size));
	}
	if (dmar_parse(table, size, &dmar, &why) == VMK_OK)
		check(functions, count);
	else if (!why)
		abort();
	return 0;
}
