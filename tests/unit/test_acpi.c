/* sources: kernel/boot/acpi.c kernel/boot/acpi_madt.c kernel/boot/acpi_fadt.c */
/* sources: kernel/boot/acpi_sum.c */
/* sources: kernel/boot/acpi_srat.c */
/* sources: kernel/boot/acpi_tpm2.c kernel/boot/acpi_spcr.c kernel/boot/memory_map.c */
/* ACPI tables in simulated memory, honest and hostile. */
#include "boot/acpi.h"
#include "boot/boot_info.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#define MEMORY 0x20000u /* mapped at 0xe0000, as the BIOS area */
#define BASE   0xe0000u

static uint8_t memory[MEMORY];
static struct boot_info info;
static char warnings[512];
static size_t used;

static const void *view(void *context, uint64_t address, size_t bytes)
{
	if (address < BASE || address > BASE + MEMORY || bytes > BASE + MEMORY - address)
		return NULL;
	return memory + (address - BASE);
}

static void warn(void *context, const char *what)
{
	snprintf(warnings, sizeof(warnings), "%s", what);
}

static const struct acpi_ops ops = {.view = view, .warn = warn};

static void seal(uint8_t *data, size_t bytes, size_t checksum_at)
{
	uint8_t sum = 0;

	data[checksum_at] = 0;
	for (size_t i = 0; i < bytes; i++)
		sum = (uint8_t)(sum + data[i]);
	data[checksum_at] = (uint8_t)-sum;
}

/* A table at the next free place; returns its address. */
static uint32_t table(const char *signature, const void *body, uint32_t bytes)
{
	uint8_t *t = memory + used;
	uint32_t length = 36 + bytes;

	memcpy(t, signature, 4);
	memcpy(t + 4, &length, 4);
	memcpy(t + 36, body, bytes);
	seal(t, length, 9);
	used += (length + 15) & ~15u;
	return (uint32_t)(BASE + (uint32_t)(t - memory));
}

static void root(const uint32_t *tables, unsigned count)
{
	uint32_t rsdt = table("RSDT", tables, count * 4);

	memset(memory, 0, 20);
	memcpy(memory, "RSD PTR ", 8);
	memcpy(memory + 16, &rsdt, 4);
	seal(memory, 20, 8);
}

static void start(void)
{
	memset(memory, 0, sizeof(memory));
	memset(&info, 0, sizeof(info));
	warnings[0] = 0;
	used = 64;
}

static enum vmk_status parse(void)
{
	return acpi_parse(&ops, NULL, 0, &info);
}

static const uint8_t madt[] = {
	0x00, 0x00, 0xe0, 0xfe, 1, 0, 0, 0,                    /* local APIC, flags */
	0, 8, 0, 0, 1, 0, 0, 0,                                /* CPU 0 */
	0, 8, 1, 1, 1, 0, 0, 0,                                /* CPU 1 */
	0, 8, 2, 2, 0, 0, 0, 0,                                /* disabled */
	9, 16, 0, 0, 0x00, 0x01, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, /* x2APIC id 256 */
	1, 12, 0, 0, 0, 0, 0xc0, 0xfe, 0, 0, 0, 0,             /* IOAPIC */
	2, 10, 0, 9, 20, 0, 0, 0, 0x0f, 0,                     /* IRQ 9 -> 20, level, low */
	99, 4, 1, 2,                                           /* unknown */
};

/* Up to the reset value: revision 3 without X_DSDT. */
static void fadt_body(uint8_t body[132], uint32_t dsdt)
{
	uint32_t pm1a = 0x604, flags = 1u << 10;
	uint64_t reset = 0xcf9;

	memset(body, 0, 132);
	memcpy(body + 40 - 36, &dsdt, 4);
	body[48 - 36] = 0xb2;
	body[52 - 36] = 0xf1;
	memcpy(body + 64 - 36, &pm1a, 4);
	memcpy(body + 112 - 36, &flags, 4);
	body[116 - 36] = 1;
	memcpy(body + 120 - 36, &reset, 8);
	body[128 - 36] = 6;
}

static void test_whole(void **state)
{
	static const uint8_t aml[] = {0x08, '_', 'S', '4', '_', 0x12, 0x06, 0x04, 0x0a, 0x06, 0x0a,
		0x06, 0, 0, 0x08, '_', 'S', '5', '_', 0x12, 0x07, 0x04, 0x0a, 0x05, 0x0a, 0x03, 0,
		0};
	static const uint8_t hpet[] = {0, 0, 0, 0, 0, 64, 0, 0, 0, 0, 0xd0, 0xfe, 0, 0, 0, 0, 0};
	uint8_t fadt[132];
	uint32_t tables[5];

	start();
	fadt_body(fadt, table("DSDT", aml, sizeof(aml)));
	tables[0] = table("FACP", fadt, sizeof(fadt));
	tables[1] = table("APIC", madt, sizeof(madt));
	tables[2] = table("HPET", hpet, sizeof(hpet));
	tables[3] = table("DMAR", "", 0);
	tables[4] = table("MCFG", "", 0);
	root(tables, 5);
	assert_int_equal(parse(), VMK_OK);
	assert_string_equal(warnings, "");
	assert_int_equal(info.rsdp.v, BASE);
	assert_int_equal(info.cpu_count, 3);
	assert_int_equal(info.cpus[2].apic_id, 256);
	assert_int_equal(info.ioapic_count, 1);
	assert_int_equal(info.ioapics[0].base.v, 0xfec00000);
	assert_int_equal(info.override_count, 1);
	assert_int_equal(info.overrides[0].gsi, 20);
	assert_int_equal(info.lapic.v, 0xfee00000);
	assert_int_equal(info.hpet.v, 0xfed00000);
	assert_int_equal(info.pm1a_control, 0x604);
	assert_int_equal(info.s5_type_a, 5);
	assert_int_equal(info.s5_type_b, 3);
	assert_int_equal(info.smi_command, 0xb2);
	assert_int_equal(info.reset_register.v, 0xcf9);
	assert_int_equal(info.reset_value, 6);
	assert_int_equal(info.dmar.v, tables[3]);
	assert_int_equal(info.mcfg.v, tables[4]);
}

static void test_copy_is_preferred_to_search(void **state)
{
	uint32_t tables[1];
	uint8_t copy[20];

	start();
	tables[0] = table("APIC", madt, sizeof(madt));
	root(tables, 1);
	memcpy(copy, memory, sizeof(copy));
	memset(memory, 0, 20);
	assert_int_equal(parse(), VMK_NOT_FOUND);
	assert_int_equal(acpi_parse(&ops, copy, sizeof(copy), &info), VMK_OK);
	assert_int_equal(info.cpu_count, 3);
	copy[3]++;
	assert_int_equal(acpi_parse(&ops, copy, sizeof(copy), &info), VMK_BAD_FORMAT);
}

static void test_xsdt(void **state)
{
	uint64_t entries[2];
	uint8_t rsdp[36] = "RSD PTR ";
	uint64_t xsdt;
	uint32_t bytes = 36;

	start();
	entries[0] = table("APIC", madt, sizeof(madt));
	entries[1] = 1ull << 40; /* beyond what can be seen */
	xsdt = table("XSDT", entries, sizeof(entries));
	rsdp[15] = 2;
	memcpy(rsdp + 20, &bytes, 4);
	memcpy(rsdp + 24, &xsdt, 8);
	seal(rsdp, 20, 8);
	seal(rsdp, 36, 32);
	assert_int_equal(acpi_parse(&ops, rsdp, sizeof(rsdp), &info), VMK_OK);
	assert_int_equal(info.cpu_count, 3);
	assert_string_equal(warnings, "a table with a bad length or checksum is ignored");
}

static void test_bad_checksum_and_length(void **state)
{
	uint32_t tables[2], huge = 0x7fffffff;

	start();
	tables[0] = table("APIC", madt, sizeof(madt));
	tables[1] = table("DMAR", "", 0);
	root(tables, 2);
	memory[tables[0] - BASE + 50] ^= 1;
	assert_int_equal(parse(), VMK_OK);
	assert_int_equal(info.cpu_count, 0);
	assert_true(info.dmar.v != 0);
	memcpy(memory + (tables[1] - BASE) + 4, &huge, 4);
	memset(&info, 0, sizeof(info));
	assert_int_equal(parse(), VMK_OK);
	assert_int_equal(info.dmar.v, 0);
}

static void test_root_names_itself(void **state)
{
	uint32_t tables[3];

	start();
	tables[0] = tables[1] = (uint32_t)(BASE + used);
	tables[2] = BASE + MEMORY - 10;
	root(tables, 3);
	assert_int_equal(parse(), VMK_OK);
	assert_int_equal(info.cpu_count, 0);
}

static void test_duplicates(void **state)
{
	uint32_t tables[2];

	start();
	tables[0] = table("APIC", madt, sizeof(madt));
	tables[1] = tables[0];
	root(tables, 2);
	assert_int_equal(parse(), VMK_OK);
	assert_int_equal(info.cpu_count, 3);
	assert_string_equal(warnings, "a second table of one kind is ignored");
}

static void madt_with(const uint8_t *entries, uint32_t bytes)
{
	uint8_t body[256] = {0};
	uint32_t tables[1];

	start();
	memcpy(body + 8, entries, bytes);
	tables[0] = table("APIC", body, 8 + bytes);
	root(tables, 1);
	assert_int_equal(parse(), VMK_OK);
}

static void test_hostile_madt(void **state)
{
	static const uint8_t zero[] = {0, 0, 0, 0, 0, 0};
	static const uint8_t cut[] = {0, 8, 0, 0, 1, 0};
	static const uint8_t shorter[] = {0, 4, 0, 0};
	static const uint8_t twice[] = {0, 8, 0, 7, 1, 0, 0, 0, 0, 8, 0, 7, 1, 0, 0, 0};
	static const uint8_t ioapic[] = {1, 12, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0};
	static const uint8_t override[] = {2, 10, 0, 99, 20, 0, 0, 0, 0, 0};
	static const uint8_t broadcast[] = {0, 8, 0, 0xff, 1, 0, 0, 0};

	madt_with(zero, sizeof(zero));
	assert_string_equal(warnings, "the MADT has an entry without length");
	madt_with(cut, sizeof(cut));
	assert_string_equal(warnings, "the MADT ends within an entry");
	madt_with(shorter, sizeof(shorter));
	assert_int_equal(info.cpu_count, 0);
	madt_with(twice, sizeof(twice));
	assert_int_equal(info.cpu_count, 1);
	madt_with(ioapic, sizeof(ioapic));
	assert_int_equal(info.ioapic_count, 0);
	madt_with(override, sizeof(override));
	assert_int_equal(info.override_count, 0);
	madt_with(broadcast, sizeof(broadcast));
	assert_int_equal(info.cpu_count, 0);
}

/* The kernel writes to what it takes for registers. */
static void srat_with(const uint8_t *entries, uint32_t bytes)
{
	uint8_t body[256] = {1};
	uint32_t tables[1];

	start();
	memcpy(body + 12, entries, bytes);
	tables[0] = table("SRAT", body, 12 + bytes);
	root(tables, 1);
	assert_int_equal(parse(), VMK_OK);
}

static void test_nodes(void **state)
{
	static const uint8_t good[] = {
		0, 16, 5, 3, 1, 0, 0, 0, 0, 1, 2, 3, 0, 0, 0, 0, /* APIC id 3 */
		0, 16, 9, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, /* disabled */
		1, 4, 0, 0,                                      /* memory */
		2, 24, 0, 0, 7, 0, 0, 0, 0, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, /* 256 */
	};
	static const uint8_t zero[] = {0, 0, 0, 0};
	static const uint8_t cut[] = {0, 16, 5, 3, 1, 0};
	static const uint8_t shorter[] = {0, 6, 5, 3, 1, 0, 2, 4, 0, 0};

	srat_with(good, sizeof(good));
	assert_string_equal(warnings, "");
	assert_int_equal(info.cpu_node_count, 2);
	assert_int_equal(boot_node_of(&info, 3), 0x03020105);
	assert_int_equal(boot_node_of(&info, 256), 7);
	assert_int_equal(boot_node_of(&info, 4), 0);
	srat_with(zero, sizeof(zero));
	assert_string_equal(warnings, "the SRAT has an entry without length");
	srat_with(cut, sizeof(cut));
	assert_string_equal(warnings, "the SRAT ends within an entry");
	srat_with(shorter, sizeof(shorter));
	assert_int_equal(info.cpu_node_count, 0);
}

static void test_registers_are_not_in_memory(void **state)
{
	static const struct {
		uint32_t base;
		unsigned count;
	} cases[] = {{0xfec00000, 1}, {0x1000, 0}, {0x400000, 0}, {0x3ffff0, 0}, {0x801000, 0},
		{0x900000, 1}, {0xfed20000, 0}, {0xfed40000, 0}, {0xfffff010, 1}};

	for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint8_t ioapic[] = {1, 12, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0};
		uint8_t body[8 + sizeof(ioapic)] = {0}, hpet[17] = {0};
		uint32_t tables[2];

		start();
		info.memory[0] = (struct boot_memory){hpa(0x400000), 0x400000, BOOT_MEMORY_USABLE};
		info.memory[1] = (struct boot_memory){hpa(0x800000), 0x100000, BOOT_MEMORY_TBOOT};
		info.memory[2] =
			(struct boot_memory){hpa(0x900000), 0x100000, BOOT_MEMORY_RESERVED};
		info.memory_count = 3;
		memcpy(ioapic + 4, &cases[i].base, 4);
		memcpy(body + 8, ioapic, sizeof(ioapic));
		memcpy(hpet + 8, &cases[i].base, 4);
		tables[0] = table("APIC", body, sizeof(body));
		tables[1] = table("HPET", hpet, sizeof(hpet));
		root(tables, 2);
		assert_int_equal(parse(), VMK_OK);
		assert_int_equal(info.ioapic_count, cases[i].count);
		assert_int_equal(info.hpet.v, cases[i].count ? cases[i].base : 0);
	}
}

static void s5_with(const uint8_t *aml, uint32_t bytes)
{
	uint8_t fadt[132];
	uint32_t tables[1];

	start();
	fadt_body(fadt, table("DSDT", aml, bytes));
	tables[0] = table("FACP", fadt, sizeof(fadt));
	root(tables, 1);
	assert_int_equal(parse(), VMK_OK);
}

static void test_sleep_types(void **state)
{
	static const uint8_t ones[] = {
		0x08, '\\', '_', 'S', '5', '_', 0x12, 0x04, 0x02, 0x01, 0x00};
	static const uint8_t one[] = {0x08, '_', 'S', '5', '_', 0x12, 0x04, 0x01, 0x0a, 0x07};
	static const uint8_t large[] = {0x08, '_', 'S', '5', '_', 0x12, 0x04, 0x01, 0x0a, 0x08};
	static const uint8_t cut[] = {0x08, '_', 'S', '5', '_', 0x12, 0xc4};
	static const uint8_t end[] = {0x08, '_', 'S', '5', '_'};
	static const uint8_t later[] = {
		0x08, '_', 'S', '5', '_', 0x11, 0x08, '_', 'S', '5', '_', 0x12, 0x04, 0x01, 0x01};

	s5_with(ones, sizeof(ones));
	assert_int_equal(info.s5_type_a, 1);
	assert_int_equal(info.s5_type_b, 0);
	s5_with(one, sizeof(one));
	assert_int_equal(info.s5_type_b, 7);
	s5_with(large, sizeof(large));
	assert_int_equal(info.pm1a_control, 0);
	s5_with(cut, sizeof(cut));
	assert_int_equal(info.pm1a_control, 0);
	s5_with(end, sizeof(end));
	assert_int_equal(info.pm1a_control, 0);
	s5_with(later, sizeof(later));
	assert_int_equal(info.s5_type_a, 1);
}

static void spcr_with(
	uint8_t type, uint8_t space, uint64_t port, uint8_t baud, uint16_t pci, uint32_t bytes)
{
	uint8_t body[44] = {[0] = type,
		[4] = space,
		[22] = baud,
		[28] = (uint8_t)pci,
		[29] = (uint8_t)(pci >> 8)};
	uint32_t tables[1];

	start();
	memcpy(body + 8, &port, 8);
	tables[0] = table("SPCR", body, bytes);
	root(tables, 1);
	assert_int_equal(parse(), VMK_OK);
}

static void test_console_port(void **state)
{
	spcr_with(0, 1, 0x2f8, 3, 0xffff, 44);
	assert_int_equal(info.serial.port, 0x2f8);
	assert_int_equal(info.serial.divisor, 12);
	spcr_with(1, 1, 0x3f8, 7, 0xffff, 30);
	assert_int_equal(info.serial.port, 0x3f8);
	assert_int_equal(info.serial.divisor, 1);
	spcr_with(0, 1, 0, 7, 0xffff, 44);
	assert_string_equal(warnings, "");
	spcr_with(0, 1, 0x3f8, 7, 0x1234, 44); /* a PCI function */
	assert_int_equal(info.serial.port, 0);
}

/* What is typed to a console must not end in the PCI configuration or a power switch. */
static void test_console_ports_refused(void **state)
{
	static const uint64_t ports[] = {0xcf8, 0x60, 0x604, 0x100003f8, 0x3f9, 0xffff};

	for (unsigned i = 0; i < sizeof(ports) / sizeof(ports[0]); i++) {
		spcr_with(0, 1, ports[i], 7, 0xffff, 44);
		assert_int_equal(info.serial.port, 0);
		assert_string_not_equal(warnings, "");
	}
	spcr_with(0, 0, 0x3f8, 7, 0xffff, 44); /* memory */
	assert_int_equal(info.serial.port, 0);
	spcr_with(3, 1, 0x3f8, 7, 0xffff, 44); /* another UART */
	assert_int_equal(info.serial.port, 0);
	spcr_with(0, 1, 0x3f8, 7, 0xffff, 29);
	assert_int_equal(info.serial.port, 0);
	assert_string_equal(warnings, "the SPCR is cut short");
}

static void mcfg_with(uint64_t base, uint16_t segment, uint8_t first, uint8_t last)
{
	uint8_t body[24] = {[16] = (uint8_t)segment, [18] = first, [19] = last};
	uint32_t tables[1];

	start();
	memcpy(body + 8, &base, 8);
	tables[0] = table("MCFG", body, sizeof(body));
	root(tables, 1);
	assert_int_equal(parse(), VMK_OK);
}

static void test_extended_configuration(void **state)
{
	mcfg_with(0xb0000000, 0, 0, 255);
	assert_int_equal(info.ecam.v, 0xb0000000);
	assert_int_equal(info.ecam_last_bus, 255);
	mcfg_with(0xb0000000, 0, 0x40, 0x7f);
	assert_int_equal(info.ecam.v, 0xb0000000);
	assert_int_equal(info.ecam_first_bus, 0x40);
	mcfg_with(0xb0000000, 1, 0, 255); /* another segment */
	assert_int_equal(info.ecam.v, 0);
	assert_string_equal(warnings, "");
	mcfg_with(0xb0001000, 0, 0, 255);
	assert_int_equal(info.ecam.v, 0);
	mcfg_with(0xb0000000, 0, 2, 1);
	assert_int_equal(info.ecam.v, 0);
	mcfg_with(0, 0, 0, 0); /* low memory */
	assert_int_equal(info.ecam.v, 0);
	mcfg_with(0xfed00000, 0, 0, 0); /* TXT and TPM */
	assert_int_equal(info.ecam.v, 0);
	mcfg_with(0xfffffffffff00000, 0, 0, 255);
	assert_int_equal(info.ecam.v, 0);
	assert_string_not_equal(warnings, "");
}

static void test_dmar_copy(void **state)
{
	static const uint8_t body[12] = {38};
	static uint8_t large[BOOT_DMAR_MAX];
	uint32_t tables[1];

	start();
	tables[0] = table("DMAR", body, sizeof(body));
	root(tables, 1);
	assert_int_equal(parse(), VMK_OK);
	assert_int_equal(info.dmar_bytes, 48);
	assert_memory_equal(info.dmar_copy, "DMAR", 4);
	assert_int_equal(info.dmar_copy[36], 38);
	start();
	tables[0] = table("DMAR", large, sizeof(large));
	root(tables, 1);
	assert_int_equal(parse(), VMK_OK);
	assert_int_equal(info.dmar_bytes, 0);
	assert_string_equal(warnings, "the DMAR is too large");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_whole),
		cmocka_unit_test(test_copy_is_preferred_to_search),
		cmocka_unit_test(test_xsdt),
		cmocka_unit_test(test_bad_checksum_and_length),
		cmocka_unit_test(test_root_names_itself),
		cmocka_unit_test(test_duplicates),
		cmocka_unit_test(test_hostile_madt),
		cmocka_unit_test(test_nodes),
		cmocka_unit_test(test_registers_are_not_in_memory),
		cmocka_unit_test(test_sleep_types),
		cmocka_unit_test(test_extended_configuration),
		cmocka_unit_test(test_dmar_copy),
		cmocka_unit_test(test_console_port),
		cmocka_unit_test(test_console_ports_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
