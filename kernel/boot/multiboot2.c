/* Multiboot2 boot information into boot_info. */
#include "boot/multiboot2.h"
#include "boot/boot_info.h"
#include "boot/memory_map.h"
#include "lib/reader.h"
#include <string.h>

/* Tag types, 3.6.2 to 3.6.13. */
enum {
	TAG_END = 0,
	TAG_CMDLINE = 1,
	TAG_LOADER = 2,
	TAG_MODULE = 3,
	TAG_MEMORY_MAP = 6,
	TAG_FRAMEBUFFER = 8,
	TAG_EFI32_SYSTEM_TABLE = 11,
	TAG_EFI64_SYSTEM_TABLE = 12,
	TAG_RSDP_OLD = 14,
	TAG_RSDP_NEW = 15,
};

#define FRAMEBUFFER_RGB  1 /* 3.6.12 */

#define LOW_MEMORY_END   0x100000u
#define LOW_PAGE_END     0x60000u
#define MODULE_BYTES_MAX (1ull << 30)

/* Memory types, 3.6.8; what is not named there is reserved. */
static enum boot_memory_type type_of(uint32_t type)
{
	switch (type) {
	case 1:
		return BOOT_MEMORY_USABLE;
	case 3:
		return BOOT_MEMORY_ACPI_RECLAIM;
	case 4:
		return BOOT_MEMORY_ACPI_NVS;
	case 5:
		return BOOT_MEMORY_BAD;
	default:
		return BOOT_MEMORY_RESERVED;
	}
}

/* A zero-terminated string that fills the rest of the tag; shortened text ends in "...". */
static bool copy_string(struct reader *r, char *to, size_t size)
{
	size_t left = reader_left(r), length;
	const uint8_t *from = reader_bytes(r, left);

	if (!from || !left)
		return false;
	length = strnlen((const char *)from, left);
	if (length == left)
		return false;
	if (length < size) {
		memcpy(to, from, length + 1);
		return true;
	}
	memcpy(to, from, size - 4);
	memcpy(to + size - 4, "...", 4);
	return true;
}

static const char *parse_module(struct reader *tag, struct boot_info *info)
{
	uint64_t start = reader_le32(tag), end = reader_le32(tag);
	struct boot_module *module;

	if (tag->failed)
		return "module tag too short";
	if (end < start || end - start > MODULE_BYTES_MAX)
		return "module ends before it starts";
	if (info->module_count == BOOT_MODULES_MAX)
		return "too many modules";
	module = &info->modules[info->module_count];
	if (!copy_string(tag, module->cmdline, sizeof(module->cmdline)))
		return "module command line not terminated";
	module->start = hpa(start);
	module->bytes = end - start;
	info->module_count++;
	return NULL;
}

/*
 * Two passes, so that reserved memory wins where a firmware map contradicts itself: usable
 * entries first, then all others.
 */
static const char *parse_memory_pass(struct reader tag, struct boot_info *info, bool usable)
{
	uint32_t entry_bytes = reader_le32(&tag);

	reader_le32(&tag); /* entry version */
	if (tag.failed || entry_bytes < 24)
		return "memory map entries too short";
	while (reader_left(&tag)) {
		struct reader entry = reader_sub(&tag, entry_bytes);
		uint64_t start = reader_le64(&entry), bytes = reader_le64(&entry);
		enum boot_memory_type type = type_of(reader_le32(&entry));

		if (entry.failed)
			return "memory map entry cut short";
		if ((type == BOOT_MEMORY_USABLE) != usable || !bytes)
			continue;
		if (start > UINT64_MAX - bytes)
			return "memory map entry wraps around";
		if (memory_map_set(info, start, start + bytes, type) != VMK_OK)
			return "memory map has too many entries";
	}
	return NULL;
}

static const char *parse_memory(struct reader *tag, struct boot_info *info)
{
	const char *why;

	if (info->memory_count)
		return "second memory map";
	why = parse_memory_pass(*tag, info, true);
	return why ? why : parse_memory_pass(*tag, info, false);
}

/* One colour of a pixel: where its bits are and how many. */
static uint32_t parse_colour(struct reader *tag, unsigned pixel_bits)
{
	unsigned at = reader_u8(tag), bits = reader_u8(tag);

	if (bits == 0 || at + bits > pixel_bits)
		return 0;
	return (uint32_t)(((1ull << bits) - 1) << at);
}

/* A screen that makes no sense is none: nobody boots worse for it. */
static void parse_framebuffer(struct reader *tag, struct boot_screen *screen)
{
	struct boot_screen s = {0};
	unsigned bits, type;

	s.address = hpa(reader_le64(tag));
	s.pitch = reader_le32(tag);
	s.width = reader_le32(tag);
	s.height = reader_le32(tag);
	bits = reader_u8(tag);
	type = reader_u8(tag);
	reader_skip(tag, 2);
	if (type != FRAMEBUFFER_RGB || (bits != 24 && bits != 32))
		return;
	s.pixel_bytes = (uint8_t)(bits / 8);
	for (unsigned i = 0; i < 3; i++)
		s.white |= parse_colour(tag, bits);
	if (!tag->failed && s.white)
		*screen = s;
}

static const char *parse_tag(
	struct reader *tag, uint32_t type, struct boot_info *info, struct multiboot2_rsdp *rsdp)
{
	size_t left = reader_left(tag);

	switch (type) {
	case TAG_CMDLINE:
		if (left > BOOT_CMDLINE_MAX)
			return "command line too long";
		return copy_string(tag, info->cmdline, sizeof(info->cmdline))
			       ? NULL
			       : "command line not terminated";
	case TAG_LOADER:
		return copy_string(tag, info->loader, sizeof(info->loader))
			       ? NULL
			       : "loader name not terminated";
	case TAG_MODULE:
		return parse_module(tag, info);
	case TAG_MEMORY_MAP:
		return parse_memory(tag, info);
	case TAG_FRAMEBUFFER:
		parse_framebuffer(tag, &info->screen);
		return NULL;
	case TAG_EFI32_SYSTEM_TABLE:
	case TAG_EFI64_SYSTEM_TABLE:
		info->uefi = true;
		return NULL;
	case TAG_RSDP_OLD:
	case TAG_RSDP_NEW:
		left = MIN(left, sizeof(rsdp->data));
		if (type == TAG_RSDP_NEW || !rsdp->bytes) {
			reader_copy(tag, rsdp->data, left);
			rsdp->bytes = left;
		}
		return NULL;
	default:
		return NULL;
	}
}

static const char *parse_tags(
	struct reader *r, struct boot_info *info, struct multiboot2_rsdp *rsdp)
{
	for (;;) {
		uint32_t type = reader_le32(r), size = reader_le32(r);
		struct reader tag;
		const char *why;

		if (r->failed)
			return "no end tag";
		if (size < 8)
			return "tag shorter than its header";
		tag = reader_sub(r, size - 8);
		if (tag.failed)
			return "tag longer than the information";
		if (type == TAG_END)
			return NULL;
		why = parse_tag(&tag, type, info, rsdp);
		if (why)
			return why;
		if (size % 8 && !reader_skip(r, 8 - size % 8))
			return "no end tag";
	}
}

/* Modules become entries of their own, and must not lie over one another or outside RAM. */
static const char *claim_modules(struct boot_info *info)
{
	for (unsigned i = 0; i < info->module_count; i++) {
		const struct boot_module *m = &info->modules[i];
		uint64_t end = m->start.v + m->bytes;

		for (uint64_t at = m->start.v; at < end;) {
			const struct boot_memory *entry = memory_map_find(info, at);

			if (!entry || (entry->type != BOOT_MEMORY_USABLE &&
					      entry->type != BOOT_MEMORY_MODULE))
				return "module outside usable memory";
			at = entry->start.v + entry->bytes;
		}
		for (unsigned j = 0; j < i; j++) {
			const struct boot_module *other = &info->modules[j];

			if (m->start.v < other->start.v + other->bytes && other->start.v < end)
				return "modules overlap";
		}
		if (memory_map_set(info, m->start.v, end, BOOT_MEMORY_MODULE) != VMK_OK)
			return "memory map has too many entries";
	}
	return NULL;
}

/* The last usable page below what tboot keeps in low memory (its log, maps and start-up code). */
static struct hpa pick_low_page(const struct boot_info *info)
{
	uint64_t count = memory_map_places(info, PAGE_SIZE, PAGE_SIZE, PAGE_SIZE, LOW_PAGE_END);

	if (!count)
		return hpa(0);
	return memory_map_place(info, PAGE_SIZE, PAGE_SIZE, PAGE_SIZE, LOW_PAGE_END, count - 1);
}

/* Firmware, boot loader and tboot live below 1 MiB: only a module's bytes there are ours. */
static bool reserve_low_memory(struct boot_info *info)
{
	for (uint64_t at = 0; at < LOW_MEMORY_END;) {
		const struct boot_memory *entry = memory_map_find(info, at);
		uint64_t end = at + PAGE_SIZE;

		if (entry)
			end = MIN(entry->start.v + entry->bytes, LOW_MEMORY_END);
		if ((!entry || entry->type != BOOT_MEMORY_MODULE) &&
			memory_map_set(info, at, end, BOOT_MEMORY_RESERVED) != VMK_OK)
			return false;
		at = end;
	}
	return true;
}

enum vmk_status multiboot2_parse(const void *information, size_t bytes, struct boot_info *info,
	struct multiboot2_rsdp *rsdp, const char **why)
{
	struct reader r = reader_of(information, bytes);
	uint32_t total = reader_le32(&r);

	*why = NULL;
	reader_le32(&r); /* reserved */
	if (r.failed || total < 16 || total > bytes || total > MULTIBOOT2_BYTES_MAX)
		*why = "total size out of range";
	if (!*why) {
		r.size = total;
		*why = parse_tags(&r, info, rsdp);
	}
	if (!*why && !info->memory_count)
		*why = "no memory map";
	/* GRUB on UEFI puts modules below 1 MiB too. */
	if (!*why)
		*why = claim_modules(info);
	if (!*why)
		info->low_page = pick_low_page(info);
	if (!*why && !reserve_low_memory(info))
		*why = "memory map has too many entries";
	return *why ? VMK_BAD_FORMAT : VMK_OK;
}
