/* The x86/HVM direct boot ABI (Xen, docs/misc/pvh.pandoc): an ELF note names a 32-bit entry. */
#include "lib/reader.h"
#include "lib/types.h"
#include "worlds/vmx/elf.h"
#include <string.h>

#define NOTE_PHYS32_ENTRY 18u
#define NOTES_MAX         4096u /* looked at in one segment */
#define START_MAGIC       0x336ec578u
#define START_VERSION     1u

/* xen/include/public/arch-x86/hvm/start_info.h */
struct start_info {
	uint32_t magic, version, flags, modules;
	uint64_t module_list, command_line, rsdp, memory_map;
	uint32_t memory_map_entries, reserved;
};
STATIC_ASSERT_SIZE(struct start_info, 56);
struct start_module {
	uint64_t address, bytes, command_line, reserved;
};
STATIC_ASSERT_SIZE(struct start_module, 32);
struct start_memory {
	uint64_t address, bytes;
	uint32_t type, reserved;
};
STATIC_ASSERT_SIZE(struct start_memory, 24);
struct boot_page {
	struct start_info info;
	struct start_module module;
	struct start_memory memory[BOOT_RANGES];
};
_Static_assert(sizeof(struct boot_page) <= BOOT_INFO_BYTES, "one page");

static bool find_entry(const uint8_t *notes, size_t bytes, uint32_t *entry)
{
	struct reader r = reader_of(notes, bytes);

	while (reader_left(&r) >= 12) {
		uint32_t name_bytes = reader_le32(&r), bytes_there = reader_le32(&r);
		uint32_t type = reader_le32(&r);
		struct reader name = reader_sub(&r, name_bytes), value;
		const uint8_t *text = reader_bytes(&name, 4);

		reader_skip(&r, -name_bytes & 3);
		value = reader_sub(&r, bytes_there);
		reader_skip(&r, -bytes_there & 3);
		if (value.failed || type != NOTE_PHYS32_ENTRY || name_bytes != 4 ||
			memcmp(text, "Xen", 4))
			continue;
		*entry = reader_le32(&value);
		return !value.failed;
	}
	return false;
}

static bool entry_of(const struct boot_file *file, const struct elf *elf, uint32_t *entry)
{
	uint8_t notes[NOTES_MAX];

	for (unsigned i = 0; i < elf->count; i++) {
		const struct elf_segment *s = &elf->segment[i];
		size_t bytes = (size_t)MIN(s->file_bytes, (uint64_t)sizeof(notes));

		if (s->type == ELF_NOTE && boot_read(file, s->offset, notes, bytes) &&
			find_entry(notes, bytes, entry))
			return true;
	}
	return false;
}

static void fill(struct boot_page *page, const struct boot_request *request, uint64_t initrd)
{
	struct boot_range ranges[BOOT_RANGES];
	const unsigned count = boot_memory_map(request->memory, ranges);

	memset(page, 0, sizeof(*page));
	page->info = (struct start_info){
		.magic = START_MAGIC,
		.version = START_VERSION,
		.modules = initrd ? 1 : 0,
		.module_list = BOOT_INFO + offsetof(struct boot_page, module),
		.command_line = BOOT_COMMAND,
		.rsdp = request->rsdp,
		.memory_map = BOOT_INFO + offsetof(struct boot_page, memory),
		.memory_map_entries = count,
	};
	page->module = (struct start_module){.address = initrd, .bytes = request->initrd.bytes};
	for (unsigned i = 0; i < count; i++)
		page->memory[i] =
			(struct start_memory){ranges[i].first, ranges[i].bytes, ranges[i].type, 0};
}

enum vmk_status pvh_load(
	const struct boot_request *request, struct vmk_vm_entry *entry, const char **why)
{
	struct boot_page *page = gmem_map(request->memory, BOOT_INFO, BOOT_INFO_BYTES);
	uint64_t end, initrd;
	uint32_t start;
	struct elf elf;
	enum vmk_status status = elf_parse(&request->kernel, &elf, why);

	if (status != VMK_OK)
		return status;
	*why = "this ELF file has neither a Multiboot header nor a PVH entry";
	if (!entry_of(&request->kernel, &elf, &start))
		return VMK_UNSUPPORTED;
	status = elf_place(request, &elf, &end, why);
	if (status == VMK_OK)
		status = boot_place_initrd(request, end, UINT32_MAX, &initrd, why);
	if (status != VMK_OK)
		return status;
	*why = "the command line is too long";
	if (!boot_place_command(request, BOOT_COMMAND_MAX))
		return VMK_TOO_LARGE;
	fill(page, request, initrd);
	*entry = (struct vmk_vm_entry){
		.mode = VMK_VM_FLAT, .cs = 8, .rip = start, .rsp = BOOT_STACK, .rbx = BOOT_INFO};
	return VMK_OK;
}
