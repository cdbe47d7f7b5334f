/* Finding ACPI tables, and the small ones among them. */
#include "boot/acpi.h"
#include "boot/acpi_sum.h"
#include "boot/acpi_tables.h"
#include "boot/boot_info.h"
#include "lib/reader.h"
#include <string.h>

#define RSDP_V1_BYTES    20
#define RSDP_V2_BYTES    36
#define TABLE_BYTES_MAX  (1u << 20)
#define TABLES_MAX       256
#define HPET_BYTES       1024 /* IA-PC HPET 1.0a, 2.3.1 */
#define MCFG_ENTRY_BYTES 16
#define ECAM_BUS_BYTES   (1ull << 20)
#define EBDA_POINTER     0x40e
#define EBDA_BYTES       1024
#define BIOS_START       0xe0000
#define BIOS_BYTES       0x20000
#define LOW_MEMORY_END   0x100000u
/* TXT configuration space and TPM: TXT MLE Developer's Guide, appendix B. */
#define TXT_START 0xfed20000ull
#define TXT_END   0xfed50000ull

void acpi_warn(const struct acpi_ops *ops, const char *what)
{
	if (ops->warn)
		ops->warn(ops->context, what);
}

static bool overlaps(uint64_t start, uint64_t end, uint64_t other, uint64_t other_end)
{
	return start < other_end && other < end;
}

bool acpi_is_register_space(const struct boot_info *info, uint64_t start, uint64_t bytes)
{
	uint64_t end = start + bytes;

	if (start < LOW_MEMORY_END || end < start || overlaps(start, end, TXT_START, TXT_END))
		return false;
	for (unsigned i = 0; i < info->memory_count; i++) {
		const struct boot_memory *m = &info->memory[i];

		if (m->type != BOOT_MEMORY_RESERVED &&
			overlaps(start, end, m->start.v, m->start.v + m->bytes))
			return false;
	}
	return true;
}

struct reader acpi_table(const struct acpi_ops *ops, uint64_t address, uint32_t *signature)
{
	const uint8_t *header = ops->view(ops->context, address, ACPI_HEADER_BYTES), *table;
	struct reader r = reader_of(header, header ? ACPI_HEADER_BYTES : 0),
		      none = {.failed = true};
	uint32_t bytes;

	*signature = reader_le32(&r);
	bytes = reader_le32(&r);
	if (r.failed || bytes < ACPI_HEADER_BYTES || bytes > TABLE_BYTES_MAX)
		return none;
	table = ops->view(ops->context, address, bytes);
	/* The FACS alone has no checksum, and is none of ours. */
	if (!table || acpi_sum(table, bytes))
		return none;
	r = reader_of(table, bytes);
	reader_skip(&r, ACPI_HEADER_BYTES);
	return r;
}

/* What the loader gave, or one of thousands of places: most fail at the first byte. */
static bool is_rsdp(const uint8_t *at)
{
	return *at == 'R' && !memcmp(at, "RSD PTR ", 8) && !acpi_sum(at, RSDP_V1_BYTES);
}

static const uint8_t *search(const struct acpi_ops *ops, uint64_t start, size_t bytes, uint64_t *at)
{
	const uint8_t *memory = ops->view(ops->context, start, bytes);

	for (size_t i = 0; memory && i + RSDP_V1_BYTES <= bytes; i += 16) {
		if (!is_rsdp(memory + i))
			continue;
		*at = start + i;
		return memory + i;
	}
	return NULL;
}

static const uint8_t *find_rsdp(const struct acpi_ops *ops, uint64_t *at, size_t *bytes)
{
	const uint8_t *ebda = ops->view(ops->context, EBDA_POINTER, 2), *found = NULL;

	if (ebda)
		found = search(ops, (uint64_t)(ebda[0] | ebda[1] << 8) << 4, EBDA_BYTES, at);
	if (!found)
		found = search(ops, BIOS_START, BIOS_BYTES, at);
	*bytes = RSDP_V1_BYTES;
	if (found && found[15] >= 2 && ops->view(ops->context, *at, RSDP_V2_BYTES))
		*bytes = RSDP_V2_BYTES;
	return found;
}

struct root {
	uint64_t address;
	unsigned entry_bytes; /* 4 in an RSDT, 8 in an XSDT */
};

/* 5.2.5.3. The XSDT is preferred where the long checksum holds. */
static struct root read_rsdp(const uint8_t *rsdp, size_t bytes)
{
	struct reader r = reader_of(rsdp, bytes);
	struct root root = {.entry_bytes = 4};

	if (bytes < RSDP_V1_BYTES || !is_rsdp(rsdp))
		return root;
	reader_seek(&r, 16);
	root.address = reader_le32(&r);
	if (bytes >= RSDP_V2_BYTES && rsdp[15] >= 2 && !acpi_sum(rsdp, RSDP_V2_BYTES)) {
		uint64_t xsdt;

		reader_skip(&r, 4); /* length */
		xsdt = reader_le64(&r);
		if (xsdt)
			root = (struct root){xsdt, 8};
	}
	return root;
}

/* The first table of each kind counts; more of the same are named and passed over. */
static bool first_of(struct hpa *slot, uint64_t address, const struct acpi_ops *ops)
{
	if (slot->v) {
		acpi_warn(ops, "a second table of one kind is ignored");
		return false;
	}
	slot->v = address;
	return true;
}

static void parse_hpet(struct reader *r, struct boot_info *info, const struct acpi_ops *ops)
{
	/* IA-PC HPET 1.0a, 3.2.4: block id, then a generic address. */
	reader_skip(r, 4);
	if (reader_u8(r) != 0) {
		acpi_warn(ops, "the HPET is not memory-mapped");
		return;
	}
	reader_skip(r, 3);
	info->hpet = hpa(reader_le64(r));
	if (r->failed || info->hpet.v % 8 ||
		!acpi_is_register_space(info, info->hpet.v, HPET_BYTES)) {
		acpi_warn(ops, "the HPET's address is none of registers");
		info->hpet = hpa(0);
	}
}

/* PCI Firmware 3.3, table 4-2: {u64 base, u16 segment, u8 first bus, u8 last bus, u32 reserved}. */
static void parse_mcfg(struct reader *r, struct boot_info *info, const struct acpi_ops *ops)
{
	reader_skip(r, 8);
	while (reader_left(r) >= MCFG_ENTRY_BYTES) {
		uint64_t base = reader_le64(r), start;
		uint16_t segment = reader_le16(r);
		uint8_t first = reader_u8(r), last = reader_u8(r);

		reader_skip(r, 4);
		if (segment != 0 || info->ecam.v)
			continue;
		start = base + first * ECAM_BUS_BYTES;
		if (first > last || base % ECAM_BUS_BYTES || start < base ||
			!acpi_is_register_space(
				info, start, (last - first + 1u) * ECAM_BUS_BYTES)) {
			acpi_warn(ops, "the MCFG names configuration space where none can be");
			continue;
		}
		info->ecam = hpa(base);
		info->ecam_first_bus = first;
		info->ecam_last_bus = last;
	}
}

/* As it is: what is compared with SINIT's copy must be all of it. acpi_table() has seen its length.
 */
static void copy_dmar(const struct acpi_ops *ops, uint64_t address, struct boot_info *info)
{
	const uint8_t *table = ops->view(ops->context, address, ACPI_HEADER_BYTES);
	struct reader length = reader_of(table + 4, 4);
	uint32_t bytes = reader_le32(&length);

	if (!first_of(&info->dmar, address, ops))
		return;
	if (bytes > sizeof(info->dmar_copy)) {
		acpi_warn(ops, "the DMAR is too large");
		return;
	}
	memcpy(info->dmar_copy, ops->view(ops->context, address, bytes), bytes);
	info->dmar_bytes = bytes;
}

static void parse_one(const struct acpi_ops *ops, uint64_t address, struct boot_info *info,
	struct acpi_seen *seen)
{
	uint32_t signature;
	struct reader r = acpi_table(ops, address, &signature);

	if (r.failed) {
		acpi_warn(ops, "a table with a bad length or checksum is ignored");
		return;
	}
	switch (signature) {
	case ACPI_SIGNATURE('A', 'P', 'I', 'C'):
		if (first_of(&seen->madt, address, ops))
			acpi_parse_madt(&r, info, ops);
		return;
	case ACPI_SIGNATURE('S', 'R', 'A', 'T'):
		if (first_of(&seen->srat, address, ops))
			acpi_parse_srat(&r, info, ops);
		return;
	case ACPI_SIGNATURE('F', 'A', 'C', 'P'):
		if (first_of(&seen->fadt, address, ops))
			acpi_parse_fadt(&r, info, ops);
		return;
	case ACPI_SIGNATURE('H', 'P', 'E', 'T'):
		if (first_of(&seen->hpet, address, ops))
			parse_hpet(&r, info, ops);
		return;
	case ACPI_SIGNATURE('T', 'P', 'M', '2'):
		if (first_of(&seen->tpm2, address, ops))
			acpi_parse_tpm2(&r, info, ops);
		return;
	case ACPI_SIGNATURE('S', 'P', 'C', 'R'):
		if (first_of(&seen->spcr, address, ops))
			acpi_parse_spcr(&r, info, ops);
		return;
	case ACPI_SIGNATURE('D', 'M', 'A', 'R'):
		copy_dmar(ops, address, info);
		return;
	case ACPI_SIGNATURE('M', 'C', 'F', 'G'):
		if (first_of(&info->mcfg, address, ops))
			parse_mcfg(&r, info, ops);
		return;
	}
}

enum vmk_status acpi_parse(const struct acpi_ops *ops, const uint8_t *rsdp_copy, size_t rsdp_bytes,
	struct boot_info *info)
{
	struct acpi_seen seen = {0};
	const uint8_t *rsdp = rsdp_copy;
	struct root root;
	uint32_t kind;
	struct reader r;
	uint32_t signature;

	if (!rsdp_bytes) {
		rsdp = find_rsdp(ops, &info->rsdp.v, &rsdp_bytes);
		if (!rsdp)
			return VMK_NOT_FOUND;
	}
	root = read_rsdp(rsdp, rsdp_bytes);
	if (!root.address)
		return VMK_BAD_FORMAT;
	kind = root.entry_bytes == 8 ? ACPI_SIGNATURE('X', 'S', 'D', 'T')
				     : ACPI_SIGNATURE('R', 'S', 'D', 'T');
	r = acpi_table(ops, root.address, &signature);
	if (r.failed || signature != kind)
		return VMK_BAD_FORMAT;
	for (unsigned i = 0; reader_left(&r) >= root.entry_bytes; i++) {
		uint64_t address = reader_le(&r, root.entry_bytes);

		if (i == TABLES_MAX) {
			acpi_warn(ops, "more than 256 tables: the rest is ignored");
			break;
		}
		if (address)
			parse_one(ops, address, info, &seen);
	}
	return VMK_OK;
}
