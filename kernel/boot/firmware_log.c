#include "boot/firmware_log.h"

#include "boot/boot_info.h"
#include "boot/memory_map.h"
#include "trust/fwlog.h"

#define FIRST 0x100000u /* below, everything is reserved already */

/* The next log at or after `from`, before `end`; 0 bytes: none. */
static size_t find(uint64_t from, uint64_t end,
	const uint8_t *(*view)(uint64_t address, size_t bytes), uint64_t *at)
{
	for (*at = from; *at + PAGE_SIZE <= end; *at += PAGE_SIZE) {
		size_t bytes = 0, room = MIN(end - *at, (uint64_t)FWLOG_BYTES_MAX);
		const char *why;

		if (fwlog_begins(view(*at, FWLOG_HEADER)) &&
			fwlog_measure(view(*at, room), room, &bytes, &why) == VMK_OK)
			return bytes;
	}
	return 0;
}

unsigned firmware_log_keep(struct boot_info *info, uint64_t end,
	const uint8_t *(*view)(uint64_t address, size_t bytes))
{
	uint64_t from = FIRST;
	unsigned kept = 0;

	/* Marking one changes the entries, so the walk goes by address. */
	for (unsigned i = 0; i < info->memory_count && kept < FIRMWARE_LOGS_MAX; i++) {
		const struct boot_memory *m = &info->memory[i];
		uint64_t last = MIN(m->start.v + m->bytes, end), at;
		size_t bytes;

		if (m->type != BOOT_MEMORY_USABLE || last <= from)
			continue;
		bytes = find(MAX(m->start.v, from), last, view, &at);
		if (!bytes)
			continue;
		if (memory_map_set(info, at, at + bytes, BOOT_MEMORY_ACPI_NVS) != VMK_OK)
			break;
		from = at + bytes;
		kept++;
		i = 0;
	}
	return kept;
}
