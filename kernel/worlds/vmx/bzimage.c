/* Linux on x86-64, 64-bit boot protocol (Documentation/arch/x86/boot.rst and zero-page.rst). */
#include "lib/reader.h"
#include "lib/types.h"
#include "worlds/vmx/boot.h"
#include <string.h>

#define HEADER         0x1f1u      /* of the setup header, in the file and in the zero page */
#define HEADER_MAGIC   0x53726448u /* "HdrS" */
#define BOOT_FLAG      0xaa55u
#define VERSION_MIN    0x020cu /* xloadflags, handing over in 64-bit mode */
#define SECTOR         512u
#define ENTRY_64       0x200u
#define XLF_KERNEL_64  1u
#define LOADER_OTHER   0xffu
#define FILE_READ      4096u /* as much of the file as the header can be in */
#define HEADER_END_MIN 0x268u
#define HEADER_END_MAX 0x290u /* where the zero page goes on: EDD's buffer */

/* Offsets in the zero page. */
#define ZP_RSDP         0x070u
#define ZP_E820_COUNT   0x1e8u
#define ZP_LOADER       0x210u
#define ZP_INITRD       0x218u
#define ZP_INITRD_BYTES 0x21cu
#define ZP_COMMAND      0x228u
#define ZP_E820         0x2d0u
#define E820_ENTRY      20u

#define PAGE_PRESENT    0x3u /* and writable */
#define PAGE_LARGE      0x80u
#define TABLE_PAGES     6u /* PML4, PDPT, 4 page directories: the first 4 GiB */

struct header {
	uint64_t payload, payload_bytes; /* in the file */
	uint16_t version, flags;
	uint32_t initrd_max, command_max, init_bytes;
	uint64_t preferred;
	size_t end;
};

static enum vmk_status parse(
	const uint8_t *file, size_t there, uint64_t bytes, struct header *h, const char **why)
{
	struct reader r = reader_of(file, there);
	unsigned sectors;
	uint16_t flag;

	reader_seek(&r, HEADER);
	sectors = reader_u8(&r);
	reader_seek(&r, 0x1fe);
	flag = reader_le16(&r);
	reader_u8(&r);
	h->end = 0x202u + reader_u8(&r);
	if (reader_le32(&r) != HEADER_MAGIC || flag != BOOT_FLAG)
		return VMK_NOT_FOUND;
	h->version = reader_le16(&r);
	reader_seek(&r, 0x22c);
	h->initrd_max = reader_le32(&r);
	reader_seek(&r, 0x236);
	h->flags = reader_le16(&r);
	h->command_max = reader_le32(&r);
	reader_seek(&r, 0x258);
	h->preferred = reader_le64(&r);
	h->init_bytes = reader_le32(&r);
	*why = "the Linux setup header is shorter than its version says";
	if (r.failed || h->end < HEADER_END_MIN || h->end > MIN(there, (size_t)HEADER_END_MAX))
		return VMK_BAD_FORMAT;
	*why = "this Linux kernel has no 64-bit entry (boot protocol 2.12 with XLF_KERNEL_64)";
	if (h->version < VERSION_MIN || !(h->flags & XLF_KERNEL_64))
		return VMK_UNSUPPORTED;
	h->payload = ((sectors ? sectors : 4u) + 1u) * (uint64_t)SECTOR;
	*why = "the Linux kernel ends within its setup code";
	if (h->payload >= bytes)
		return VMK_TRUNCATED;
	h->payload_bytes = bytes - h->payload;
	return VMK_OK;
}

_Static_assert(BOOT_TABLES + TABLE_PAGES * PAGE_SIZE <= BOOT_COMMAND, "below 1 MiB");
static void place_tables(const struct gmem *memory)
{
	/* 0x10 code, 0x18 data: what the protocol calls __BOOT_CS and __BOOT_DS. */
	static const uint64_t gdt[] = {0, 0, 0x00af9b000000ffffull, 0x00cf93000000ffffull};
	uint64_t(*tables)[512] = gmem_map(memory, BOOT_TABLES, TABLE_PAGES * PAGE_SIZE);

	gmem_write(memory, BOOT_GDT, gdt, sizeof(gdt));
	memset(tables, 0, TABLE_PAGES * PAGE_SIZE);
	tables[0][0] = (BOOT_TABLES + PAGE_SIZE) | PAGE_PRESENT;
	for (unsigned i = 0; i < 4; i++) {
		tables[1][i] = (BOOT_TABLES + (2 + i) * PAGE_SIZE) | PAGE_PRESENT;
		for (unsigned j = 0; j < 512; j++)
			tables[2 + i][j] =
				((uint64_t)i << 30 | (uint64_t)j << 21) | PAGE_LARGE | PAGE_PRESENT;
	}
}

static void put32(uint8_t *page, unsigned offset, uint32_t value)
{
	memcpy(page + offset, &value, sizeof(value));
}

static void put_memory_map(uint8_t *page, const struct gmem *memory)
{
	struct boot_range ranges[BOOT_RANGES];
	unsigned count = boot_memory_map(memory, ranges);

	page[ZP_E820_COUNT] = (uint8_t)count;
	for (unsigned i = 0; i < count; i++) {
		uint8_t *entry = page + ZP_E820 + i * E820_ENTRY;

		memcpy(entry, &ranges[i].first, 8);
		memcpy(entry + 8, &ranges[i].bytes, 8);
		put32(entry, 16, ranges[i].type);
	}
}

static enum vmk_status place_zero_page(const struct boot_request *request, const uint8_t *file,
	const struct header *h, uint64_t initrd, const char **why)
{
	uint8_t *page = gmem_map(request->memory, BOOT_INFO, BOOT_INFO_BYTES);

	*why = "the command line is longer than the kernel takes";
	if (!boot_place_command(request, (size_t)h->command_max + 1))
		return VMK_TOO_LARGE;
	place_tables(request->memory);
	memset(page, 0, BOOT_INFO_BYTES);
	memcpy(page + HEADER, file + HEADER, h->end - HEADER);
	memcpy(page + ZP_RSDP, &request->rsdp, sizeof(request->rsdp));
	put_memory_map(page, request->memory);
	page[ZP_LOADER] = LOADER_OTHER;
	put32(page, ZP_INITRD, (uint32_t)initrd);
	put32(page, ZP_INITRD_BYTES, (uint32_t)(initrd ? request->initrd.bytes : 0));
	put32(page, ZP_COMMAND, BOOT_COMMAND);
	return VMK_OK;
}

enum vmk_status bzimage_load(
	const struct boot_request *request, struct vmk_vm_entry *entry, const char **why)
{
	uint8_t file[FILE_READ];
	const size_t there = (size_t)MIN(request->kernel.bytes, (uint64_t)sizeof(file));
	enum vmk_status status;
	struct header h;
	uint64_t initrd, memory_bytes;

	*why = "the kernel cannot be read";
	if (!boot_read(&request->kernel, 0, file, there))
		return VMK_IO_ERROR;
	status = parse(file, there, request->kernel.bytes, &h, why);
	if (status != VMK_OK)
		return status;
	*why = "memory-kib is too little for this Linux kernel and what it clears at its start";
	/* The kernel clears what it wants cleared: memory that it does not touch need not come. */
	memory_bytes = MAX(h.payload_bytes, (uint64_t)h.init_bytes);
	if (h.preferred < BOOT_HIGH || h.preferred >= request->memory->low_bytes ||
		!gmem_map(request->memory, h.preferred, memory_bytes) ||
		!boot_place(request, &request->kernel, h.payload, h.payload_bytes, h.preferred,
			h.payload_bytes))
		return VMK_NO_MEMORY;
	status = boot_place_initrd(
		request, h.preferred + memory_bytes, (uint64_t)h.initrd_max + 1, &initrd, why);
	if (status == VMK_OK)
		status = place_zero_page(request, file, &h, initrd, why);
	*entry = (struct vmk_vm_entry){
		.mode = VMK_VM_LONG,
		.cs = 0x10,
		.gdt_limit = 31,
		.gdt = BOOT_GDT,
		.cr3 = BOOT_TABLES,
		.rip = h.preferred + ENTRY_64,
		.rsp = BOOT_STACK,
		.rsi = BOOT_INFO,
	};
	return status;
}
