#include "boot/acpi_dmar.h"
#include "boot/acpi_sum.h"
#include "lib/reader.h"

#define WIDTH_AT         36u
#define ENTRIES_AT       48u
#define ENTRY_HEADER     4u
#define SCOPE_HEADER     6u
#define UNIT_BYTES       4096u
#define FLAG_INTR_REMAP  1u
#define UNIT_INCLUDE_ALL 1u

/* Section 8.2. */
enum { ENTRY_DRHD, ENTRY_RMRR };

static enum vmk_status fail(const char **why, enum vmk_status status, const char *text)
{
	*why = text;
	return status;
}

/* Section 8.3.1: {u8 type, u8 length, u16 reserved, u8 id, u8 bus, {u8 slot, u8 function}...}. */
static enum vmk_status read_scope(struct reader *r, struct dmar *dmar, const char **why)
{
	struct dmar_scope *scope = &dmar->scopes[dmar->scope_count];
	uint8_t bytes;
	struct reader path;

	if (dmar->scope_count == DMAR_SCOPES_MAX)
		return fail(why, VMK_TOO_LARGE, "it has too many device scopes");
	*scope = (struct dmar_scope){.type = reader_u8(r)};
	bytes = reader_u8(r);
	reader_skip(r, 2);
	scope->id = reader_u8(r);
	scope->bus = reader_u8(r);
	if (r->failed || bytes < SCOPE_HEADER + 2 || bytes % 2)
		return fail(why, VMK_BAD_FORMAT, "a device scope has a length that cannot be");
	if (bytes - SCOPE_HEADER > 2 * DMAR_PATH_MAX)
		return fail(why, VMK_TOO_LARGE, "a device scope has too long a path");
	path = reader_sub(r, bytes - SCOPE_HEADER);
	while (reader_left(&path)) {
		scope->path[scope->path_count].slot = reader_u8(&path);
		scope->path[scope->path_count].function = reader_u8(&path);
		if (scope->path[scope->path_count].slot > 31 ||
			scope->path[scope->path_count].function > 7)
			return fail(why, VMK_BAD_FORMAT,
				"a device scope names a device that cannot be");
		scope->path_count++;
	}
	if (r->failed)
		return fail(why, VMK_TRUNCATED, "it ends within a device scope");
	dmar->scope_count++;
	return VMK_OK;
}

static enum vmk_status read_scopes(
	struct reader *r, struct dmar *dmar, unsigned *first, unsigned *count, const char **why)
{
	enum vmk_status status = VMK_OK;

	*first = dmar->scope_count;
	while (status == VMK_OK && reader_left(r))
		status = read_scope(r, dmar, why);
	*count = dmar->scope_count - *first;
	return status;
}

static enum vmk_status read_unit(struct reader *r, struct dmar *dmar, const char **why)
{
	struct dmar_unit unit = {.include_all = reader_u8(r) & UNIT_INCLUDE_ALL};
	enum vmk_status status;

	reader_skip(r, 1);
	unit.segment = reader_le16(r);
	unit.registers = hpa(reader_le64(r));
	if (r->failed)
		return fail(why, VMK_TRUNCATED, "a remapping unit's entry is too short");
	if (dmar->unit_count == DMAR_UNITS_MAX)
		return fail(why, VMK_TOO_LARGE, "it has too many remapping units");
	if (!unit.registers.v || unit.registers.v % UNIT_BYTES)
		return fail(why, VMK_BAD_FORMAT, "a remapping unit's address cannot be");
	for (unsigned i = 0; i < dmar->unit_count; i++) {
		if (dmar->units[i].registers.v == unit.registers.v)
			return fail(why, VMK_BAD_FORMAT, "it names a remapping unit twice");
	}
	status = read_scopes(r, dmar, &unit.first_scope, &unit.scope_count, why);
	if (status == VMK_OK)
		dmar->units[dmar->unit_count++] = unit;
	return status;
}

static enum vmk_status read_region(struct reader *r, struct dmar *dmar, const char **why)
{
	struct dmar_region region = {0};
	enum vmk_status status;

	reader_skip(r, 2);
	region.segment = reader_le16(r);
	region.base = reader_le64(r);
	region.limit = reader_le64(r);
	if (r->failed)
		return fail(why, VMK_TRUNCATED, "a reserved region's entry is too short");
	if (dmar->region_count == DMAR_REGIONS_MAX)
		return fail(why, VMK_TOO_LARGE, "it has too many reserved regions");
	if (region.base % PAGE_SIZE || region.limit % PAGE_SIZE != PAGE_SIZE - 1 ||
		region.limit < region.base || region.limit == UINT64_MAX)
		return fail(why, VMK_BAD_FORMAT, "a reserved region is not of whole pages");
	status = read_scopes(r, dmar, &region.first_scope, &region.scope_count, why);
	if (status == VMK_OK)
		dmar->regions[dmar->region_count++] = region;
	return status;
}

/* ATSR and RHSA only say what may be used beyond translation, and later types are to be skipped
 * (section 8.2). */
static enum vmk_status read_entry(struct reader *r, struct dmar *dmar, const char **why)
{
	uint16_t type = reader_le16(r), bytes = reader_le16(r);
	struct reader entry;

	if (r->failed || bytes < ENTRY_HEADER)
		return fail(why, VMK_BAD_FORMAT, "an entry has a length that cannot be");
	entry = reader_sub(r, bytes - ENTRY_HEADER);
	if (entry.failed)
		return fail(why, VMK_TRUNCATED, "it ends within an entry");
	if (type == ENTRY_DRHD)
		return read_unit(&entry, dmar, why);
	if (type == ENTRY_RMRR)
		return read_region(&entry, dmar, why);
	return VMK_OK;
}

enum vmk_status dmar_parse(const void *table, size_t bytes, struct dmar *dmar, const char **why)
{
	struct reader r = reader_of(table, bytes);
	enum vmk_status status = VMK_OK;
	const uint8_t *signature;
	uint32_t length;

	*dmar = (struct dmar){0};
	signature = reader_bytes(&r, 4);
	length = reader_le32(&r);
	if (r.failed || length < ENTRIES_AT || length > bytes)
		return fail(why, VMK_TRUNCATED, "it is shorter than it says");
	if (memcmp(signature, "DMAR", 4) || acpi_sum(table, length))
		return fail(why, VMK_BAD_FORMAT, "signature or checksum do not hold");
	r = reader_of(table, length);
	reader_seek(&r, WIDTH_AT);
	dmar->width = reader_u8(&r) + 1u;
	dmar->interrupt_remapping = reader_u8(&r) & FLAG_INTR_REMAP;
	reader_seek(&r, ENTRIES_AT);
	while (status == VMK_OK && reader_left(&r))
		status = read_entry(&r, dmar, why);
	return status;
}
