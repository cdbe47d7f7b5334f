/* Multiboot Specification 0.6.96. */
#include "lib/reader.h"
#include "lib/types.h"
#include "worlds/vmx/elf.h"
#include <string.h>

#define SEARCH        8192u
#define MAGIC         0x1badb002u
#define LOADER_MAGIC  0x2badb002u
#define NEEDS_KNOWN   0x0003u /* page-aligned modules, memory information */
#define NEEDS         0xffffu
#define HAS_ADDRESSES 0x10000u
#define INFO_MEMORY   0x001u
#define INFO_COMMAND  0x004u
#define INFO_MODULES  0x008u
#define INFO_MAP      0x040u

struct header {
	uint64_t at; /* in the file */
	uint32_t flags;
	uint32_t header_address, load, load_end, bss_end, entry;
};

struct module {
	uint32_t first, end, command_line, reserved;
};
struct __attribute__((packed)) map_entry {
	uint32_t size;
	uint64_t address, bytes;
	uint32_t type;
};
STATIC_ASSERT_SIZE(struct map_entry, 24);
/* 3.3, as far as a flag above says that it is there. */
struct info {
	uint32_t flags, lower_kib, upper_kib, boot_device, command_line, modules, module_list;
	uint32_t symbols[4], map_bytes, map;
	uint8_t rest[64];
};
struct boot_page {
	struct info info;
	struct module module;
	struct map_entry map[BOOT_RANGES];
};
_Static_assert(sizeof(struct boot_page) <= BOOT_INFO_BYTES, "one page");

static bool find_header(const uint8_t *file, size_t bytes, struct header *h)
{
	for (size_t at = 0; at + 12 <= bytes; at += 4) {
		struct reader r = reader_of(file + at, bytes - at);
		uint32_t magic = reader_le32(&r);
		uint32_t flags = reader_le32(&r);

		if (magic != MAGIC || (uint32_t)(magic + flags + reader_le32(&r)) != 0)
			continue;
		*h = (struct header){.at = at, .flags = flags};
		if (flags & HAS_ADDRESSES) {
			h->header_address = reader_le32(&r);
			h->load = reader_le32(&r);
			h->load_end = reader_le32(&r);
			h->bss_end = reader_le32(&r);
			h->entry = reader_le32(&r);
		}
		return !r.failed;
	}
	return false;
}

/* 3.1.3: the header says where the file goes, whatever format it has. */
static enum vmk_status place_by_header(
	const struct boot_request *request, const struct header *h, uint64_t *end, const char **why)
{
	const uint64_t before = (uint64_t)h->header_address - h->load;
	uint64_t offset, bytes, memory_bytes;

	*why = "the Multiboot header's addresses contradict each other or lie below 1 MiB";
	if (h->load < BOOT_HIGH || h->header_address < h->load || before > h->at ||
		(h->load_end && h->load_end < h->load))
		return VMK_BAD_FORMAT;
	offset = h->at - before;
	bytes = h->load_end ? h->load_end - h->load : request->kernel.bytes - offset;
	memory_bytes = bytes;
	if (h->bss_end) {
		if (h->bss_end < h->load || h->bss_end - h->load < bytes)
			return VMK_BAD_FORMAT;
		memory_bytes = h->bss_end - h->load;
	}
	*why = "the Multiboot kernel is not whole, or the VM's memory does not hold it";
	if (!boot_place(request, &request->kernel, offset, bytes, h->load, memory_bytes))
		return VMK_NO_MEMORY;
	*end = h->load + memory_bytes;
	return VMK_OK;
}

static enum vmk_status place(const struct boot_request *request, const struct header *h,
	uint32_t *start, uint64_t *end, const char **why)
{
	enum vmk_status status;
	struct elf elf;

	*start = h->entry;
	if (h->flags & HAS_ADDRESSES)
		return place_by_header(request, h, end, why);
	*why = "a Multiboot kernel is an ELF file, or its header has addresses";
	status = elf_parse(&request->kernel, &elf, why);
	if (status != VMK_OK)
		return status == VMK_NOT_FOUND ? VMK_BAD_FORMAT : status;
	*start = (uint32_t)elf.entry;
	return elf_place(request, &elf, end, why);
}

static void fill(struct boot_page *page, const struct boot_request *request, uint64_t initrd)
{
	struct boot_range ranges[BOOT_RANGES];
	const unsigned count = boot_memory_map(request->memory, ranges);

	memset(page, 0, sizeof(*page));
	page->info = (struct info){
		.flags = INFO_MEMORY | INFO_COMMAND | INFO_MODULES | INFO_MAP,
		.lower_kib = BOOT_LOW_END / 1024,
		.upper_kib = (uint32_t)((request->memory->low_bytes - BOOT_HIGH) / 1024),
		.command_line = BOOT_COMMAND,
		.modules = initrd ? 1 : 0,
		.module_list = BOOT_INFO + offsetof(struct boot_page, module),
		.map_bytes = count * (uint32_t)sizeof(struct map_entry),
		.map = BOOT_INFO + offsetof(struct boot_page, map),
	};
	page->module = (struct module){
		.first = (uint32_t)initrd, .end = (uint32_t)(initrd + request->initrd.bytes)};
	for (unsigned i = 0; i < count; i++)
		page->map[i] = (struct map_entry){sizeof(struct map_entry) - sizeof(uint32_t),
			ranges[i].first, ranges[i].bytes, ranges[i].type};
}

enum vmk_status multiboot1_load(
	const struct boot_request *request, struct vmk_vm_entry *entry, const char **why)
{
	uint8_t file[SEARCH];
	const size_t there = (size_t)MIN(request->kernel.bytes, (uint64_t)sizeof(file));
	struct boot_page *page = gmem_map(request->memory, BOOT_INFO, BOOT_INFO_BYTES);
	enum vmk_status status;
	uint64_t end, initrd;
	struct header h;
	uint32_t start;

	*why = "the kernel cannot be read";
	if (!boot_read(&request->kernel, 0, file, there))
		return VMK_IO_ERROR;
	if (!find_header(file, there, &h))
		return VMK_NOT_FOUND;
	*why = "the Multiboot header needs something that is not there (a video mode?)";
	if (h.flags & NEEDS & ~NEEDS_KNOWN)
		return VMK_UNSUPPORTED;
	status = place(request, &h, &start, &end, why);
	if (status == VMK_OK)
		status = boot_place_initrd(request, end, UINT32_MAX, &initrd, why);
	if (status != VMK_OK)
		return status;
	*why = "the command line is too long";
	if (!boot_place_command(request, BOOT_COMMAND_MAX))
		return VMK_TOO_LARGE;
	fill(page, request, initrd);
	*entry = (struct vmk_vm_entry){.mode = VMK_VM_FLAT,
		.cs = 8,
		.rip = start,
		.rsp = BOOT_STACK,
		.rax = LOADER_MAGIC,
		.rbx = BOOT_INFO};
	return VMK_OK;
}
