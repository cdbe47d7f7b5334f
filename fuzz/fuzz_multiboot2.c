/* sources: kernel/boot/multiboot2.c kernel/boot/memory_map.c */
/* The boot loader's information: whatever it says, the memory map stays sorted and disjoint. */
#include "boot/boot_info.h"
#include "boot/memory_map.h"
#include "boot/multiboot2.h"
#include <stdlib.h>
#include <string.h>

static struct boot_info info;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct multiboot2_rsdp rsdp = {0};
	const char *why;
	uint8_t *copy = malloc(size ? size : 1);

	memset(&info, 0, sizeof(info));
	memcpy(copy, data, size);
	if (size >= 4) { /* random sizes would stop almost every input at the first check */
		uint32_t total = (uint32_t)size;

		memcpy(copy, &total, 4);
	}
	if (multiboot2_parse(copy, size, &info, &rsdp, &why) == VMK_OK && why)
		abort();
	for (unsigned i = 0; i < info.memory_count; i++) {
		const struct boot_memory *m = &info.memory[i];

		if (!m->bytes || m->start.v % PAGE_SIZE || m->bytes % PAGE_SIZE)
			abort();
		if (i && m[-1].start.v + m[-1].bytes > m->start.v)
			abort();
	}
	if (info.screen.pixel_bytes &&
		((info.screen.pixel_bytes != 3 && info.screen.pixel_bytes != 4) ||
			!info.screen.white))
		abort();
	if (!memchr(info.cmdline, 0, sizeof(info.cmdline)) ||
		!memchr(info.loader, 0, sizeof(info.loader)))
		abort();
	free(copy);
	return 0;
}
