#include "tboot-integration/txtsim/model/acpi.h"

#include "tboot-integration/txtsim/model/bytes.h"
#include "tboot-integration/txtsim/model/platform.h"

/* Common header (ACPI 6.4, 5.2.6). */
enum acpi_header {
	ACPI_LENGTH = 4,
	ACPI_REVISION = 8,
	ACPI_CHECKSUM = 9,
	ACPI_OEM_ID = 10,
	ACPI_OEM_TABLE_ID = 16,
	ACPI_OEM_REVISION = 24,
	ACPI_CREATOR_ID = 28,
	ACPI_CREATOR_REVISION = 32,
	ACPI_HEADER_SIZE = 36,
};

enum { DMAR_WIDTH = 36, DMAR_SIZE = 48, MCFG_BASE = 44, MCFG_SIZE = 60 };

#define DMAR_AT 0x1000u
#define MCFG_AT 0x2000u

void acpi_checksum(uint8_t *p, uint32_t size, uint32_t at)
{
	uint8_t sum = 0;

	p[at] = 0;
	for (uint32_t i = 0; i < size; i++)
		sum += p[i];
	p[at] = (uint8_t)-sum;
}

static void begin_table(uint8_t *p, const char *signature, uint32_t size)
{
	memset(p, 0, size);
	memcpy(p, signature, 4);
	put_le32(p + ACPI_LENGTH, size);
	p[ACPI_REVISION] = 1;
	memcpy(p + ACPI_OEM_ID, "MERLON", 6);
	memcpy(p + ACPI_OEM_TABLE_ID, "TXTSIM  ", 8);
	put_le32(p + ACPI_OEM_REVISION, 1);
	memcpy(p + ACPI_CREATOR_ID, "MRLN", 4);
	put_le32(p + ACPI_CREATOR_REVISION, 1);
}

uint32_t acpi_extend(struct txt *t, const uint8_t *rsdt, uint32_t size)
{
	uint8_t *base = t->mem + (TXT_ACPI_BASE - TXT_MEM_BASE);
	uint8_t *dmar = base + DMAR_AT, *mcfg = base + MCFG_AT;

	if (size < ACPI_HEADER_SIZE || size > ACPI_RSDT_MAX || memcmp(rsdt, "RSDT", 4) != 0)
		return 0;
	begin_table(dmar, "DMAR", DMAR_SIZE);
	dmar[DMAR_WIDTH] = 38; /* 39 address bits */
	acpi_checksum(dmar, DMAR_SIZE, ACPI_CHECKSUM);
	memcpy(t->dmar, dmar, DMAR_SIZE);
	t->dmar_size = DMAR_SIZE;

	begin_table(mcfg, "MCFG", MCFG_SIZE);
	put_le32(mcfg + MCFG_BASE, TXT_ECAM_BASE);
	acpi_checksum(mcfg, MCFG_SIZE, ACPI_CHECKSUM);

	memcpy(base, rsdt, size);
	put_le32(base + size, TXT_ACPI_BASE + MCFG_AT);
	size += 4;
	if (!txt_fault(t, TXT_FAULT_NO_DMAR)) {
		put_le32(base + size, TXT_ACPI_BASE + DMAR_AT);
		size += 4;
	}
	put_le32(base + ACPI_LENGTH, size);
	acpi_checksum(base, size, ACPI_CHECKSUM);
	return TXT_ACPI_BASE;
}
