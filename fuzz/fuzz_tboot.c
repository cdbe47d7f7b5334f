/* sources: kernel/boot/tboot.c kernel/boot/memory_map.c */
/* tboot's hand-off: command line and shared page. An accepted page lies in memory of its own. */
#include "boot/boot_info.h"
#include "boot/memory_map.h"
#include "boot/tboot.h"
#include <stdlib.h>
#include <string.h>

static struct boot_info info;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint64_t address = 0;
	const char *why;
	size_t line = size < 64 ? size : 64;

	memset(&info, 0, sizeof(info));
	memory_map_set(&info, 0x100000, 0x20000000, BOOT_MEMORY_USABLE);
	memory_map_set(&info, 0x4000000, 0x4100000, BOOT_MEMORY_KERNEL);
	memcpy(info.cmdline, data, line);
	if (!tboot_take_word(&info, &address))
		address = 0x2473000;
	if (tboot_parse(data + line, size - line, address, &info, &why) != VMK_OK)
		return 0;
	if (why || memory_map_find(&info, address)->type != BOOT_MEMORY_TBOOT ||
		memory_map_find(&info, info.tboot.shutdown_entry)->type != BOOT_MEMORY_TBOOT ||
		memory_map_find(&info, 0x4000000)->type != BOOT_MEMORY_KERNEL)
		abort();
	return 0;
}
