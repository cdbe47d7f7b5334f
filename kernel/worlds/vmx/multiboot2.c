/* Multiboot2 Specification 2.0. */
#include "lib/reader.h"
#include "lib/types.h"
#include "worlds/vmx/elf.h"
#include <string.h>

#define SEARCH       32768u
#define MAGIC        0xe85250d6u
#define LOADER_MAGIC 0x36d76289u
#define OPTIONAL     1u

/* 3.1.3 to 3.1.13 */
enum header_tag {
	H_END = 0,
	H_REQUEST = 1,
	H_ADDRESS = 2,
	H_ENTRY = 3,
	H_CONSOLE = 4,
	H_ALIGN = 6
};
/* 3.6 */
enum info_tag { I_COMMAND = 1, I_MODULE = 3, I_MEMORY = 4, I_MAP = 6, I_RSDP = 15 };

struct header {
	uint64_t at;
	bool has_addresses, has_entry;
	uint32_t header_address, load, load_end, bss_end, entry;
};

static enum vmk_status parse_tags(struct reader r, struct header *h, const char **why)
{
	while (reader_left(&r) >= 8) {
		const unsigned type = reader_le16(&r), flags = reader_le16(&r);
		const uint32_t bytes = reader_le32(&r);
		struct reader tag = reader_sub(&r, bytes < 8 ? SIZE_MAX : bytes - 8);

		switch (type) {
		case H_END:
			return tag.failed ? VMK_BAD_FORMAT : VMK_OK;
		case H_ADDRESS:
			h->has_addresses = true;
			h->header_address = reader_le32(&tag);
			h->load = reader_le32(&tag);
			h->load_end = reader_le32(&tag);
			h->bss_end = reader_le32(&tag);
			break;
		case H_ENTRY:
			h->has_entry = true;
			h->entry = reader_le32(&tag);
			break;
		case H_REQUEST:
		case H_CONSOLE:
		case H_ALIGN:
			break;
		default:
			*why = "the Multiboot2 header needs something that is not there";
			if (!(flags & OPTIONAL))
				return VMK_UNSUPPORTED;
		}
		*why = "a tag of the Multiboot2 header is cut short";
		if (tag.failed)
			return VMK_BAD_FORMAT;
		reader_skip(&r, MIN((size_t)(-bytes & 7), reader_left(&r)));
	}
	*why = "the tags of the Multiboot2 header have no end";
	return VMK_BAD_FORMAT;
}

static enum vmk_status find_header(
	const uint8_t *file, size_t bytes, struct header *h, const char **why)
{
	for (size_t at = 0; at + 16 <= bytes; at += 8) {
		struct reader r = reader_of(file + at, bytes - at);
		const uint32_t magic = reader_le32(&r), architecture = reader_le32(&r);
		const uint32_t length = reader_le32(&r), sum = reader_le32(&r);

		if (magic != MAGIC || architecture != 0 ||
			(uint32_t)(magic + architecture + length + sum) != 0)
			continue;
		*h = (struct header){.at = at};
		*why = "the Multiboot2 header is longer than where it may be";
		if (length < 16 || length - 16 > reader_left(&r))
			return VMK_BAD_FORMAT;
		return parse_tags(reader_sub(&r, length - 16), h, why);
	}
	return VMK_NOT_FOUND;
}

/* 3.1.5 */
static enum vmk_status place_by_header(
	const struct boot_request *request, const struct header *h, uint64_t *end, const char **why)
{
	uint64_t offset = h->at, bytes, memory_bytes;

	*why = "the Multiboot2 header's addresses contradict each other or lie below 1 MiB";
	if (h->load == UINT32_MAX || h->load < BOOT_HIGH || h->header_address < h->load ||
		h->header_address - h->load > h->at || (h->load_end && h->load_end < h->load))
		return VMK_BAD_FORMAT;
	offset -= h->header_address - h->load;
	bytes = h->load_end ? h->load_end - h->load : request->kernel.bytes - offset;
	memory_bytes = h->bss_end ? (uint64_t)h->bss_end - h->load : bytes;
	if (memory_bytes < bytes || (h->bss_end && h->bss_end < h->load))
		return VMK_BAD_FORMAT;
	*why = "the Multiboot2 kernel is not whole, or the VM's memory does not hold it";
	if (!boot_place(request, &request->kernel, offset, bytes, h->load, memory_bytes))
		return VMK_NO_MEMORY;
	*end = h->load + memory_bytes;
	return VMK_OK;
}

static enum vmk_status place(
	const struct boot_request *request, struct header *h, uint64_t *end, const char **why)
{
	struct elf elf;
	enum vmk_status status;

	if (h->has_addresses) {
		*why = "a Multiboot2 header with addresses has an entry as well";
		return h->has_entry ? place_by_header(request, h, end, why) : VMK_BAD_FORMAT;
	}
	*why = "a Multiboot2 kernel is an ELF file, or its header has addresses";
	status = elf_parse(&request->kernel, &elf, why);
	if (status != VMK_OK)
		return status == VMK_NOT_FOUND ? VMK_BAD_FORMAT : status;
	if (!h->has_entry)
		h->entry = (uint32_t)elf.entry;
	return elf_place(request, &elf, end, why);
}

/* Boot information as it grows; nothing is written beyond its page. */
struct info {
	uint8_t *page;
	uint32_t at;
	bool full;
};

static void put(struct info *info, const void *from, uint32_t bytes)
{
	if (bytes > BOOT_INFO_BYTES - info->at) {
		info->full = true;
		return;
	}
	if (bytes)
		memcpy(info->page + info->at, from, bytes);
	info->at += bytes;
}

static void put_tag(struct info *info, uint32_t type, const void *head, uint32_t head_bytes,
	const void *body, uint32_t body_bytes)
{
	const uint32_t header[2] = {type, 8 + head_bytes + body_bytes};
	static const uint8_t zeroes[8];

	put(info, header, sizeof(header));
	put(info, head, head_bytes);
	put(info, body, body_bytes);
	put(info, zeroes, -header[1] & 7);
}

static void put_map(struct info *info, const struct gmem *memory)
{
	struct boot_range ranges[BOOT_RANGES];
	const unsigned count = boot_memory_map(memory, ranges);
	const uint32_t head[2] = {24, 0}; /* bytes of an entry, version */
	struct {
		uint64_t address, bytes;
		uint32_t type, reserved;
	} map[BOOT_RANGES];

	memset(map, 0, sizeof(map));
	for (unsigned i = 0; i < count; i++) {
		map[i].address = ranges[i].first;
		map[i].bytes = ranges[i].bytes;
		map[i].type = ranges[i].type;
	}
	put_tag(info, I_MAP, head, sizeof(head), map, count * 24);
}

static bool fill(uint8_t *page, const struct boot_request *request, uint64_t initrd)
{
	struct info info = {.page = page, .at = 8};
	const uint32_t memory[2] = {
		BOOT_LOW_END / 1024, (uint32_t)((request->memory->low_bytes - BOOT_HIGH) / 1024)};
	const uint32_t module[2] = {(uint32_t)initrd, (uint32_t)(initrd + request->initrd.bytes)};
	uint32_t size[2] = {0};
	uint8_t rsdp[36];

	put_tag(&info, I_COMMAND, NULL, 0, request->command_line,
		(uint32_t)strlen(request->command_line) + 1);
	put_tag(&info, I_MEMORY, memory, sizeof(memory), NULL, 0);
	put_map(&info, request->memory);
	if (initrd)
		put_tag(&info, I_MODULE, module, sizeof(module), "initrd", 7);
	if (gmem_read(request->memory, request->rsdp, rsdp, sizeof(rsdp)))
		put_tag(&info, I_RSDP, NULL, 0, rsdp, sizeof(rsdp));
	put_tag(&info, 0, NULL, 0, NULL, 0);
	size[0] = info.at;
	memcpy(page, size, sizeof(size));
	return !info.full;
}

enum vmk_status multiboot2_load(
	const struct boot_request *request, struct vmk_vm_entry *entry, const char **why)
{
	uint8_t file[SEARCH];
	const size_t there = (size_t)MIN(request->kernel.bytes, (uint64_t)sizeof(file));
	uint8_t *page = gmem_map(request->memory, BOOT_INFO, BOOT_INFO_BYTES);
	enum vmk_status status;
	uint64_t end, initrd;
	struct header h;

	*why = "the kernel cannot be read";
	if (!boot_read(&request->kernel, 0, file, there))
		return VMK_IO_ERROR;
	status = find_header(file, there, &h, why);
	if (status == VMK_OK)
		status = place(request, &h, &end, why);
	if (status == VMK_OK)
		status = boot_place_initrd(request, end, UINT32_MAX, &initrd, why);
	if (status != VMK_OK)
		return status;
	*why = "the command line is too long";
	if (!fill(page, request, initrd))
		return VMK_TOO_LARGE;
	*entry = (struct vmk_vm_entry){.mode = VMK_VM_FLAT,
		.cs = 8,
		.rip = h.entry,
		.rsp = BOOT_STACK,
		.rax = LOADER_MAGIC,
		.rbx = BOOT_INFO};
	return VMK_OK;
}
