/* sources: kernel/boot/acpi.c kernel/boot/acpi_madt.c kernel/boot/acpi_fadt.c */
/* sources: kernel/boot/acpi_srat.c */
/* sources: kernel/boot/acpi_tpm2.c kernel/boot/acpi_spcr.c kernel/boot/memory_map.c */
/*
 * Hostile ACPI tables. The input is memory at 0xe0000; checksums are made to fit by presenting each
 * table's last byte as what the sum wants, so that the parsers behind them are reached.
 */
#include "boot/acpi.h"
#include "boot/boot_info.h"
#include <stdlib.h>
#include <string.h>

#define BASE  0xe0000u
#define SPACE 0x20000u

static uint8_t memory[SPACE];
static size_t memory_size;
static struct boot_info info;

static const void *view(void *context, uint64_t address, size_t bytes)
{
	uint8_t sum = 0;

	if (address < BASE || address - BASE > memory_size ||
		bytes > memory_size - (address - BASE))
		return NULL;
	if (bytes > 36) {
		uint8_t *t = memory + (address - BASE);

		for (size_t i = 0; i + 1 < bytes; i++)
			sum = (uint8_t)(sum + t[i]);
		t[bytes - 1] = (uint8_t)-sum;
	}
	return memory + (address - BASE);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct acpi_ops ops = {.view = view};
	uint8_t rsdp[20] = "RSD PTR ", sum = 0;
	uint32_t root = BASE;

	memory_size = size < SPACE ? size : SPACE;
	memcpy(memory, data, memory_size);
	memset(&info, 0, sizeof(info));
	memcpy(rsdp + 16, &root, 4);
	for (unsigned i = 0; i < sizeof(rsdp); i++)
		sum = (uint8_t)(sum + rsdp[i]);
	rsdp[8] = (uint8_t)(rsdp[8] - sum);
	acpi_parse(&ops, rsdp, sizeof(rsdp), &info);
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
