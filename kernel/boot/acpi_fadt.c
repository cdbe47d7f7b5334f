/* The Fixed ACPI Description Table, and the sleep type in the DSDT. */
#include "boot/acpi_tables.h"
#include "boot/boot_info.h"
#include <string.h>

/* Offsets in the table, 5.2.9. */
#define FADT_DSDT         40
#define FADT_SMI_COMMAND  48
#define FADT_ACPI_ENABLE  52
#define FADT_PM1A_CONTROL 64
#define FADT_PM1B_CONTROL 68
#define FADT_FLAGS        112
#define FADT_RESET        116
#define FADT_RESET_VALUE  128
#define FADT_X_DSDT       140

#define FLAG_RESET        (1u << 10)
#define GAS_SYSTEM_IO     1

/* AML, 20.2. */
#define AML_NAME       0x08
#define AML_PACKAGE    0x12
#define AML_BYTE       0x0a
#define AML_ZERO       0x00
#define AML_ONE        0x01
#define SLEEP_TYPE_MAX 7

/* 20.2.4: 1 to 4 bytes; the value is not needed, as the reader is bounded by the table. */
static void skip_package_length(struct reader *r)
{
	reader_skip(r, reader_u8(r) >> 6);
}

/* A small integer constant; false for anything else. */
static bool read_small(struct reader *r, uint8_t *v)
{
	*v = reader_u8(r);
	if (*v == AML_BYTE)
		*v = reader_u8(r);
	else if (*v != AML_ZERO && *v != AML_ONE)
		return false;
	return !r->failed && *v <= SLEEP_TYPE_MAX;
}

/* What follows the name: Package(n) { SLP_TYPa, SLP_TYPb, ... }, 7.4.2. */
static bool read_s5(struct reader r, struct boot_info *info)
{
	uint8_t a, b, count;

	if (reader_u8(&r) != AML_PACKAGE)
		return false;
	skip_package_length(&r);
	count = reader_u8(&r);
	if (count < 1 || !read_small(&r, &a))
		return false;
	b = a;
	if (count > 1 && !read_small(&r, &b))
		return false;
	info->s5_type_a = a;
	info->s5_type_b = b;
	return true;
}

/* Not an interpreter: the first Name(_S5_, Package...) or Name(\_S5_, ...) of the byte code. */
static bool scan_dsdt(struct reader r, struct boot_info *info)
{
	while (reader_left(&r) >= 5) {
		const uint8_t *here = r.data + r.at;
		struct reader after = r;

		reader_skip(&r, 1);
		if (*here != AML_NAME)
			continue;
		reader_skip(&after, here[1] == '\\' ? 2 : 1);
		here = reader_bytes(&after, 4);
		if (here && !memcmp(here, "_S5_", 4) && read_s5(after, info))
			return true;
	}
	return false;
}

/* A field at a fixed place; 0 when the table is too short (older revisions are). */
static uint64_t field(const struct reader *table, size_t offset, unsigned bytes)
{
	struct reader r = *table;

	reader_seek(&r, offset);
	return reader_le(&r, bytes);
}

static void parse_reset(const struct reader *r, struct boot_info *info)
{
	uint64_t port = field(r, FADT_RESET + 4, 8);

	if (!(field(r, FADT_FLAGS, 4) & FLAG_RESET) || field(r, FADT_RESET, 1) != GAS_SYSTEM_IO ||
		port > UINT16_MAX)
		return;
	info->reset_register = hpa(port);
	info->reset_value = (uint8_t)field(r, FADT_RESET_VALUE, 1);
}

static uint16_t port_of(uint64_t v)
{
	return v > UINT16_MAX ? 0 : (uint16_t)v;
}

void acpi_parse_fadt(struct reader *r, struct boot_info *info, const struct acpi_ops *ops)
{
	uint64_t dsdt = field(r, FADT_X_DSDT, 8);
	uint32_t signature;
	struct reader aml;

	parse_reset(r, info);
	if (!dsdt)
		dsdt = field(r, FADT_DSDT, 4);
	aml = acpi_table(ops, dsdt, &signature);
	if (aml.failed || signature != ACPI_SIGNATURE('D', 'S', 'D', 'T') ||
		!scan_dsdt(aml, info)) {
		acpi_warn(ops, "no sleep type for S5: power off will only halt");
		return;
	}
	info->pm1a_control = port_of(field(r, FADT_PM1A_CONTROL, 4));
	info->pm1b_control = port_of(field(r, FADT_PM1B_CONTROL, 4));
	info->smi_command = port_of(field(r, FADT_SMI_COMMAND, 4));
	info->acpi_enable = (uint8_t)field(r, FADT_ACPI_ENABLE, 1);
}
