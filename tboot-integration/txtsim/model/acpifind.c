#include "tboot-integration/txtsim/model/acpi.h"
#include "tboot-integration/txtsim/model/bytes.h"
#include "tboot-integration/txtsim/model/platform.h"

/* Where a BIOS keeps its root pointer (ACPI 6.4, 5.2.5.1). */
#define BIOS_BEGIN 0xe0000u
#define BIOS_END   0x100000u

enum { RSDP_RSDT = 16, RSDP_SIZE = 20, TABLE_LENGTH = 4, TABLE_HEADER = 36 };

static bool sums_to_zero(const uint8_t *p, uint32_t size)
{
	uint8_t sum = 0;

	for (uint32_t i = 0; i < size; i++)
		sum = (uint8_t)(sum + p[i]);
	return sum == 0;
}

/* Copies a table of at most `max` bytes; 0 if it is not sound. */
static uint32_t read_table(
	struct txt *t, uint32_t at, const char *signature, uint8_t *to, uint32_t max)
{
	uint32_t size;

	if (!txt_read_memory(t, at, to, TABLE_HEADER) || memcmp(to, signature, 4) != 0)
		return 0;
	size = le32(to + TABLE_LENGTH);
	if (size < TABLE_HEADER || size > max || !txt_read_memory(t, at, to, size) ||
		!sums_to_zero(to, size))
		return 0;
	return size;
}

static uint32_t find_rsdt(struct txt *t)
{
	uint8_t rsdp[RSDP_SIZE];

	for (uint32_t at = BIOS_BEGIN; at < BIOS_END; at += 16) {
		if (txt_read_memory(t, at, rsdp, sizeof(rsdp)) && !memcmp(rsdp, "RSD PTR ", 8) &&
			sums_to_zero(rsdp, sizeof(rsdp)))
			return le32(rsdp + RSDP_RSDT);
	}
	return 0;
}

bool acpi_take_dmar(struct txt *t)
{
	uint8_t rsdt[ACPI_RSDT_MAX];
	uint32_t at = find_rsdt(t);
	uint32_t size = at ? read_table(t, at, "RSDT", rsdt, sizeof(rsdt)) : 0;

	t->dmar_size = 0;
	for (uint32_t i = TABLE_HEADER; i + 4 <= size && !t->dmar_size; i += 4)
		t->dmar_size = read_table(t, le32(rsdt + i), "DMAR", t->dmar, sizeof(t->dmar));
	return t->dmar_size;
}
