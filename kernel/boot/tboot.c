/* Reading tboot's hand-off. */
#include "boot/tboot.h"
#include "boot/boot_info.h"
#include "boot/memory_map.h"
#include "lib/hex.h"
#include "lib/reader.h"
#include <string.h>

#define WORD             "tboot=0x"
#define DIGITS_MAX       8        /* the page lies below 4 GiB */
#define CONVENTIONAL_END 0xa0000u /* what follows is the VGA's */

static const uint8_t uuid[16] = {0xff, 0x8d, 0x3c, 0x66, 0xb3, 0xe8, 0x82, 0x4b, 0xbf, 0xaa, 0x19,
	0xea, 0x4d, 0x05, 0x7a, 0x08};

bool tboot_take_word(struct boot_info *info, uint64_t *address)
{
	size_t end = strlen(info->cmdline), start;
	uint64_t v = 0;

	while (end && info->cmdline[end - 1] == ' ')
		end--;
	for (start = end; start && info->cmdline[start - 1] != ' '; start--)
		;
	if (end - start <= strlen(WORD) || memcmp(info->cmdline + start, WORD, strlen(WORD)) ||
		end - start > strlen(WORD) + DIGITS_MAX)
		return false;
	for (size_t i = start + strlen(WORD); i < end; i++) {
		int digit = hex_digit(info->cmdline[i]);

		if (digit < 0)
			return false;
		v = v << 4 | (unsigned)digit;
	}
	while (start && info->cmdline[start - 1] == ' ')
		start--;
	info->cmdline[start] = 0;
	info->tboot.cmdline_address = true;
	*address = v;
	return true;
}

static const char *check(const struct boot_tboot *t, uint64_t address)
{
	if (!t->uuid_matches)
		return "the page does not carry tboot's UUID";
	if (t->version < TBOOT_VERSION_MIN)
		return "its version is too old";
	if (!t->bytes || t->base.v > UINT32_MAX - t->bytes)
		return "tboot's memory has no size or wraps around";
	if (address < t->base.v || address - t->base.v >= t->bytes)
		return "the page lies outside tboot's memory";
	if (t->shutdown_entry < t->base.v || t->shutdown_entry - t->base.v >= t->bytes)
		return "the shutdown entry lies outside tboot's memory";
	return NULL;
}

/* tboot's memory must not be anybody else's: modules and we ourselves stay clear of it. */
static bool claim_memory(struct boot_info *info, uint64_t start, uint64_t end)
{
	for (unsigned i = 0; i < info->memory_count; i++) {
		const struct boot_memory *m = &info->memory[i];

		if (m->start.v < end && start < m->start.v + m->bytes &&
			(m->type == BOOT_MEMORY_MODULE || m->type == BOOT_MEMORY_KERNEL))
			return false;
	}
	return memory_map_set(info, start, end, BOOT_MEMORY_TBOOT) == VMK_OK;
}

enum vmk_status tboot_parse(
	const void *page, size_t bytes, uint64_t address, struct boot_info *info, const char **why)
{
	struct boot_tboot *t = &info->tboot;
	struct reader r = reader_of(page, bytes);
	const struct tboot_shared *raw =
		(const struct tboot_shared *)reader_bytes(&r, sizeof(struct tboot_shared));

	*why = "the page is cut short";
	if (!raw || address % PAGE_SIZE || address > UINT32_MAX)
		return VMK_BAD_FORMAT;
	t->uuid_matches = !memcmp(raw->uuid, uuid, sizeof(uuid));
	t->version = raw->version;
	t->flags = raw->flags;
	t->shared = hpa(address);
	t->base = hpa(raw->base);
	t->bytes = raw->bytes;
	/* Anywhere else it would be registers, or tboot's own memory with its keys. */
	if (raw->log_address <= CONVENTIONAL_END - TBOOT_LOG_BYTES)
		t->log = hpa(raw->log_address);
	t->shutdown_entry = raw->shutdown_entry;
	t->num_in_wfs = raw->waiting_cpus;
	t->ap_wake_addr = raw->flags & TBOOT_FLAG_MWAIT
				  ? address + offsetof(struct tboot_shared, ap_wake_address)
				  : 0;
	t->ap_wake_trigger_offset = offsetof(struct tboot_shared, ap_wake_trigger);
	*why = check(t, address);
	if (!*why && !claim_memory(info, t->base.v, t->base.v + t->bytes))
		*why = "tboot's memory overlaps the kernel or a module";
	t->present = !*why;
	return *why ? VMK_BAD_FORMAT : VMK_OK;
}
