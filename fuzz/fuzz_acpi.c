/* sources: kernel/boot/acpi.c kernel/boot/acpi_madt.c kernel/boot/acpi_fadt.c */
/* sources: kernel/boot/acpi_srat.c */
/* sources: kernel/boot/acpi_tpm2.c kernel/boot/acpi_spcr.c kernel/boot/memory_map.c */
/* plain: kernel/boot/acpi_sum.c */
/* coverage: edges, lean */
/*
 * Hostile ACPI tables. The input is memory at 0xe0000; checksums are made to fit by presenting each
 * table's last byte as what the sum wants, so that the parsers behind them are reached. An RSDP at
 * its beginning is searched for, else the boot loader has left one: for an XSDT if there is one.
 * Its last 16 bytes stand there a thousand times if the first table's OEM ID begins with an
 * asterisk.
 */
#include "boot/acpi.h"
#include "boot/acpi_sum.h"
#include "boot/boot_info.h"
#include "boot/memory_map.h"
#include <stdlib.h>
#include <string.h>

#define BASE      0xe0000u
#define SPACE     0x20000u
#define RSDP      36u
#define OEM_ID    10u /* in a table that stands first */
#define STRIDE    16u
#define STRETCHED 16512u
#define EBDA      0x40eu /* where its segment stands */

static uint8_t memory[SPACE];
static size_t memory_size, written; /* what is behind `written` is zero */
static struct boot_info info;

/* A mark where a table or RSDP has no text: its sums are as the input has them. */
static bool sums_fit(void)
{
	return memory[9] != '!';
}

/* Whether the parser asks for the whole of a table, as its header has the length. */
static bool is_table(const uint8_t *bytes, size_t count)
{
	uint32_t length;

	if (count <= 36)
		return false;
	memcpy(&length, bytes + 4, sizeof(length));
	return length == count;
}

static const void *view(void *context, uint64_t address, size_t bytes)
{
	static const uint8_t segment[2] = {0, BASE >> 12};
	uint8_t *at;

	if (address == EBDA && bytes <= sizeof(segment) && memory_size < SPACE)
		return segment;
	if (address < BASE || address - BASE > memory_size ||
		bytes > memory_size - (address - BASE))
		return NULL;
	at = memory + (address - BASE);
	if (is_table(at, bytes) && sums_fit()) {
		at[bytes - 1] = (uint8_t)-acpi_sum(at, bytes - 1);
		written = MAX(written, (size_t)(at - memory) + bytes);
	}
	return at;
}

static void warn(void *context, const char *what)
{
	if (!*what)
		abort();
}

/* `at`: one of the bytes. */
static void fix_sum(const uint8_t *bytes, size_t count, uint8_t *at)
{
	if (sums_fit())
		*at = (uint8_t)(*at - acpi_sum(bytes, count));
}

/* Into rsdp[]: what a boot loader hands over. */
static size_t make_rsdp(uint8_t rsdp[RSDP])
{
	const bool is_long = memory_size >= 4 && !memcmp(memory, "XSDT", 4);
	const uint32_t root = BASE;

	memset(rsdp, 0, RSDP);
	memcpy(rsdp, "RSD PTR ", 8);
	memcpy(rsdp + (is_long ? 24 : 16), &root, 4);
	rsdp[15] = is_long ? 2 : 0;
	fix_sum(rsdp, 20, rsdp + 8);
	fix_sum(rsdp, RSDP, rsdp + 32);
	return is_long ? RSDP : 20;
}

static enum vmk_status parse(void)
{
	const struct acpi_ops ops = {.view = view, .warn = warn};
	uint8_t rsdp[RSDP];

	if (memory_size < 4 || memcmp(memory, "RSD ", 4))
		return acpi_parse(&ops, rsdp, make_rsdp(rsdp), &info);
	/* Where BIOSes have it, if the byte before the table's revision is odd; else in the EBDA.
	 */
	if (memory[14] & 1)
		memory_size = SPACE;
	fix_sum(memory, 20, memory + 8);
	fix_sum(memory, RSDP, memory + 32);
	return acpi_parse(&ops, NULL, 0, &info);
}

/* But for the large arrays, of which counts say what holds: a tenth of the time. */
static void clear_info(void)
{
	memset(&info, 0, offsetof(struct boot_info, memory));
	info.cpu_node_count = 0;
	memset(info.ioapics, 0,
		offsetof(struct boot_info, dmar_copy) - offsetof(struct boot_info, ioapics));
	memset(&info.dmar_bytes, 0, sizeof(info) - offsetof(struct boot_info, dmar_bytes));
}

/* More entries than are taken, from one: an input as long is rarely worth its time. */
static void stretch(void)
{
	for (; memory_size + STRIDE <= STRETCHED; memory_size += STRIDE)
		memcpy(memory + memory_size, memory + memory_size - STRIDE, STRIDE);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	memset(memory, 0, written);
	memory_size = MIN(size, SPACE);
	memcpy(memory, data, memory_size);
	if (memory_size >= STRIDE && memory_size < STRETCHED && memory[OEM_ID] == '*')
		stretch();
	written = memory_size = MAX(memory_size, 1024u);
	clear_info();
	memory_map_set(&info, 0x100000, 0x7000000, BOOT_MEMORY_USABLE);
	memory_map_set(&info, 0x7000000, 0x7100000, BOOT_MEMORY_ACPI_NVS);
	parse();
	boot_node_of(&info, 1);
	if (info.cpu_count > BOOT_CPUS_MAX || info.ioapic_count > 16 || info.override_count > 24 ||
		info.s5_type_a > 7 || info.s5_type_b > 7)
		abort();
	switch (info.serial.port) {
	case 0:
	case 0x3f8:
	case 0x2f8:
	case 0x3e8:
	case 0x2e8:
		break;
	default:
		abort();
	}
	return 0;
}
