/* sources: kernel/worlds/vmx/boot.c kernel/worlds/vmx/bzimage.c kernel/worlds/vmx/elf.c */
/* sources: kernel/worlds/vmx/multiboot1.c kernel/worlds/vmx/multiboot2.c kernel/worlds/vmx/pvh.c */
/* sources: kernel/worlds/vmx/gmem.c */
/* coverage: edges, comparisons */
/* Any file as a guest's kernel, in VMs of several sizes, from a disk that may fail: whatever is
 * loaded starts inside what can be executed, and nothing is written where the board's tables are or
 * behind what the VM has. The last bytes of an input say what surrounds the file. */
#include <stdlib.h>
#include <string.h>
#include "lib/types.h"
#include "worlds/vmx/boot.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define RAM  (2u << 20)
#define HIGH 4096u
#define MARK 0x5au

struct surroundings {
	uint8_t ram;     /* which size; 64: no ACPI tables; 128: RAM above 4 GiB as well */
	uint8_t reads;   /* that many succeed; 255: all */
	uint8_t initrd;  /* KiB; 0 none, 1 the few bytes of a text */
	uint8_t command; /* bytes, in 16ths */
};

struct disk {
	const uint8_t *data;
	unsigned *reads;
};

static uint8_t ram[RAM + 1], high[HIGH + 1];

static bool read_bytes(void *context, uint64_t offset, void *to, size_t bytes)
{
	const struct disk *disk = context;

	if (!*disk->reads)
		return false;
	*disk->reads -= *disk->reads < 255;
	memcpy(to, disk->data + offset, bytes);
	return true;
}

static bool is_marked(const uint8_t *at, size_t bytes)
{
	return *at == MARK && memcmp(at, at + 1, bytes - 1) == 0;
}

static void load(const uint8_t *kernel, size_t bytes, const struct surroundings *s)
{
	static const uint32_t sizes[] = {RAM, BOOT_HIGH + 8192, BOOT_HIGH, 8192};
	static uint8_t initrd[256 << 10];
	static char command[256 * 16];
	const struct gmem memory = {.low = ram,
		.low_bytes = sizes[s->ram % ARRAY_SIZE(sizes)],
		.high = high,
		.high_bytes = s->ram & 0x80 ? HIGH : 0};
	unsigned reads = s->reads;
	struct disk files[] = {{kernel, &reads}, {initrd, &reads}};
	const struct boot_request request = {
		.memory = &memory,
		.kernel = {bytes, read_bytes, &files[0]},
		.initrd = {s->initrd == 1 ? 7 : s->initrd * 1024u, read_bytes, &files[1]},
		.command_line = command,
		.rsdp = s->ram & 0x40 ? UINT64_MAX : BOOT_ACPI,
	};
	struct vmk_vm_entry entry = {0};
	const char *why = NULL;

	memset(command, 0, sizeof(command));
	memset(command, 'a', s->command * 16);
	ram[memory.low_bytes] = MARK;
	if (boot_load(&request, &entry, &why) != VMK_OK) {
		if (!why || !*why)
			abort();
	} else if (entry.mode < VMK_VM_REAL || entry.mode > VMK_VM_LONG) {
		abort();
	}
	if (ram[memory.low_bytes] != MARK || high[HIGH])
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct surroundings s;

	if (size < sizeof(s))
		return 0;
	size -= sizeof(s);
	memcpy(&s, data + size, sizeof(s));
	memset(ram + BOOT_ACPI, MARK, BOOT_ACPI_BYTES);
	load(data, size, &s);
	if (!is_marked(ram + BOOT_ACPI, BOOT_ACPI_BYTES))
		abort();
	return 0;
}
