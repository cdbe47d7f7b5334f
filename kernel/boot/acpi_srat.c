/* The System Resource Affinity Table: which processors are near each other's memory. */
#include "boot/acpi_tables.h"
#include "boot/boot_info.h"

/* 5.2.16.1 and 5.2.16.3. */
enum {
	SRAT_LOCAL_APIC = 0,
	SRAT_LOCAL_X2APIC = 2,
};
#define SRAT_ENABLED 1u

static void add(struct boot_info *info, uint32_t apic_id, uint32_t domain, uint32_t flags,
	const struct acpi_ops *ops)
{
	if (!(flags & SRAT_ENABLED))
		return;
	if (info->cpu_node_count == BOOT_CPUS_MAX) {
		acpi_warn(ops, "the SRAT names too many CPUs");
		return;
	}
	info->cpu_nodes[info->cpu_node_count++] = (struct boot_cpu_node){apic_id, domain};
}

static void parse_local_apic(struct boot_info *info, struct reader *r, const struct acpi_ops *ops)
{
	uint32_t domain = reader_u8(r), id = reader_u8(r), flags = reader_le32(r);

	reader_skip(r, 1); /* SAPIC EID */
	domain |= (uint32_t)reader_le16(r) << 8;
	domain |= (uint32_t)reader_u8(r) << 24;
	if (r->failed)
		acpi_warn(ops, "the SRAT has an entry that is too short");
	else
		add(info, id, domain, flags, ops);
}

static void parse_x2apic(struct boot_info *info, struct reader *r, const struct acpi_ops *ops)
{
	uint32_t domain, id, flags;

	reader_skip(r, 2);
	domain = reader_le32(r);
	id = reader_le32(r);
	flags = reader_le32(r);
	if (r->failed)
		acpi_warn(ops, "the SRAT has an entry that is too short");
	else
		add(info, id, domain, flags, ops);
}

void acpi_parse_srat(struct reader *r, struct boot_info *info, const struct acpi_ops *ops)
{
	reader_skip(r, 12);
	while (reader_left(r)) {
		uint8_t type = reader_u8(r), bytes = reader_u8(r);
		struct reader entry;

		if (r->failed || bytes < 2) {
			acpi_warn(ops, "the SRAT has an entry without length");
			return;
		}
		entry = reader_sub(r, bytes - 2u);
		if (entry.failed) {
			acpi_warn(ops, "the SRAT ends within an entry");
			return;
		}
		if (type == SRAT_LOCAL_APIC)
			parse_local_apic(info, &entry, ops);
		else if (type == SRAT_LOCAL_X2APIC)
			parse_x2apic(info, &entry, ops);
	}
}

uint32_t boot_node_of(const struct boot_info *info, uint32_t apic_id)
{
	for (unsigned i = 0; i < info->cpu_node_count; i++) {
		if (info->cpu_nodes[i].apic_id == apic_id)
			return info->cpu_nodes[i].domain;
	}
	return 0;
}
