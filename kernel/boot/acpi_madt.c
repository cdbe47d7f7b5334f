/* The Multiple APIC Description Table. */
#include "boot/acpi_tables.h"
#include "boot/boot_info.h"

/* Table 5.21 and following. */
enum {
	MADT_LOCAL_APIC = 0,
	MADT_IOAPIC = 1,
	MADT_OVERRIDE = 2,
	MADT_LAPIC_ADDRESS = 5,
	MADT_LOCAL_X2APIC = 9,
};
#define CPU_ENABLED 1u
#define ISA_IRQS    16

static void add_cpu(struct boot_info *info, uint32_t id, uint32_t flags, const struct acpi_ops *ops)
{
	if (!(flags & CPU_ENABLED) || id == UINT32_MAX)
		return;
	for (unsigned i = 0; i < info->cpu_count; i++)
		if (info->cpus[i].apic_id == id) {
			acpi_warn(ops, "the MADT names a CPU twice");
			return;
		}
	if (info->cpu_count == BOOT_CPUS_MAX) {
		acpi_warn(ops, "the MADT names too many CPUs");
		return;
	}
	info->cpus[info->cpu_count++].apic_id = id;
}

static void add_ioapic(struct boot_info *info, struct reader *r, const struct acpi_ops *ops)
{
	uint32_t base, gsi;
	uint8_t id = reader_u8(r);

	reader_skip(r, 1);
	base = reader_le32(r);
	gsi = reader_le32(r);
	if (r->failed || base % 16 || !acpi_is_register_space(info, base, PAGE_SIZE)) {
		acpi_warn(ops, "the MADT has a malformed IOAPIC");
		return;
	}
	if (info->ioapic_count == sizeof(info->ioapics) / sizeof(info->ioapics[0])) {
		acpi_warn(ops, "the MADT names too many IOAPICs");
		return;
	}
	info->ioapics[info->ioapic_count].id = id;
	info->ioapics[info->ioapic_count].base = hpa(base);
	info->ioapics[info->ioapic_count++].gsi_base = gsi;
}

static void add_override(struct boot_info *info, struct reader *r, const struct acpi_ops *ops)
{
	struct boot_irq_override o;
	uint8_t bus = reader_u8(r);

	o.irq = reader_u8(r);
	o.gsi = reader_le32(r);
	o.flags = reader_le16(r);
	if (r->failed || bus != 0 || o.irq >= ISA_IRQS ||
		info->override_count == sizeof(info->overrides) / sizeof(info->overrides[0])) {
		acpi_warn(ops, "the MADT has an interrupt override that is not usable");
		return;
	}
	info->overrides[info->override_count++] = o;
}

static void parse_entry(
	struct boot_info *info, uint8_t type, struct reader *r, const struct acpi_ops *ops)
{
	uint32_t id;

	switch (type) {
	case MADT_LOCAL_APIC:
		reader_skip(r, 1);
		id = reader_u8(r);
		id = id == 0xff ? UINT32_MAX : id;
		add_cpu(info, id, reader_le32(r), ops);
		return;
	case MADT_LOCAL_X2APIC:
		reader_skip(r, 2);
		id = reader_le32(r);
		add_cpu(info, id, reader_le32(r), ops);
		return;
	case MADT_IOAPIC:
		add_ioapic(info, r, ops);
		return;
	case MADT_OVERRIDE:
		add_override(info, r, ops);
		return;
	case MADT_LAPIC_ADDRESS:
		reader_skip(r, 2);
		info->lapic = hpa(reader_le64(r));
		return;
	}
}

void acpi_parse_madt(struct reader *r, struct boot_info *info, const struct acpi_ops *ops)
{
	info->lapic = hpa(reader_le32(r));
	reader_skip(r, 4); /* flags */
	while (reader_left(r)) {
		uint8_t type = reader_u8(r), bytes = reader_u8(r);
		struct reader entry;

		if (r->failed || bytes < 2) {
			acpi_warn(ops, "the MADT has an entry without length");
			return;
		}
		entry = reader_sub(r, bytes - 2u);
		if (entry.failed) {
			acpi_warn(ops, "the MADT ends within an entry");
			return;
		}
		parse_entry(info, type, &entry, ops);
	}
}
