/* sources: kernel/worlds/vmx/boot.c kernel/worlds/vmx/bzimage.c kernel/worlds/vmx/elf.c */
/* sources: kernel/worlds/vmx/multiboot1.c kernel/worlds/vmx/multiboot2.c kernel/worlds/vmx/pvh.c */
/* sources: kernel/worlds/vmx/gmem.c */
/* Any file as a guest's kernel: whatever is loaded starts inside what can be executed, and nothing
 * is written where the board's tables are. */
#include <stdlib.h>
#include <string.h>
#include "worlds/vmx/boot.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define RAM  (2u << 20)
#define MARK 0x5au

static bool read_bytes(void *context, uint64_t offset, void *to, size_t bytes)
{
	memcpy(to, (const uint8_t *)context + offset, bytes);
	return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t ram[RAM];
	static uint8_t initrd[] = "initrd";
	const struct gmem memory = {.low = ram, .low_bytes = RAM};
	const struct boot_request request = {
		.memory = &memory,
		.kernel = {size, read_bytes, (void *)(uintptr_t)data},
		.initrd = {sizeof(initrd), read_bytes, initrd},
		.command_line = "console=ttyS0",
		.rsdp = BOOT_ACPI,
	};
	struct vmk_vm_entry entry = {0};
	const char *why = NULL;

	if (!ram[BOOT_ACPI])
		memset(ram + BOOT_ACPI, MARK, BOOT_ACPI_BYTES);
	if (boot_load(&request, &entry, &why) != VMK_OK) {
		if (!why || !*why)
			abort();
	} else if (entry.mode < VMK_VM_REAL || entry.mode > VMK_VM_LONG) {
		abort();
	}
	if (ram[BOOT_ACPI] != MARK ||
		memcmp(ram + BOOT_ACPI, ram + BOOT_ACPI + 1, BOOT_ACPI_BYTES - 1) != 0)
		abort();
	return 0;
}
