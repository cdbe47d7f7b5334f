/*
 * The image before it moves. Runs where the boot loader put it, on an identity mapping of the first
 * 4 GiB; reads the Multiboot2 information, picks a random physical and a random virtual place,
 * copies and relocates the image, builds page tables in which nothing is writable and executable,
 * and continues there.
 */
#include "boot/head.h"
#include "arch/x86/cpu.h"
#include "arch/x86/paging.h"
#include "arch/x86/serial.h"
#include "boot/boot_info.h"
#include "boot/entropy.h"
#include "boot/firmware_log.h"
#include "boot/image.h"
#include "boot/multiboot2.h"
#include "boot/place.h"
#include "lib/random.h"
#include <string.h>

#define EARLY_TABLES      32
#define R_X86_64_RELATIVE 8u
/* ELF64 relocation with addend, gABI. */
struct rela {
	uint64_t offset, info;
	int64_t addend;
};

static SEALED struct boot_info info;
const struct boot_info *boot_info = &info;
static SEALED struct multiboot2_rsdp rsdp;

/* The first page tables of the moved image, and how many are in use. */
static uint64_t early_tables[EARLY_TABLES][PTABLE_ENTRIES] __attribute__((aligned(4096)));
static unsigned early_used;

extern const struct rela __rela_start[], __rela_end[];
extern const uint64_t __relr_start[], __relr_end[];

struct boot_info *boot_info_writable(void)
{
	return &info;
}

struct hpa head_old_place(void)
{
	return hpa(IMAGE_LINK_ADDRESS);
}

const uint8_t *head_rsdp_copy(size_t *bytes)
{
	*bytes = rsdp.bytes;
	return rsdp.data;
}

static _Noreturn void head_fail(const char *what, const char *why)
{
	serial_init();
	serial_write("Merlon cannot start: ", 21);
	serial_write(what, strlen(what));
	serial_write(": ", 2);
	serial_write(why, strlen(why));
	serial_write("\r\n", 2);
	for (;;)
		__asm__ volatile("cli; hlt");
}

/* Where a link-time address of the image is in the copy at `copy`. */
static uint64_t *in_copy(char *copy, uint64_t link_address)
{
	if (link_address < IMAGE_LINK_ADDRESS ||
		link_address > (uint64_t)(uintptr_t)__image_end - 8)
		head_fail("relocation", "outside the image");
	return (uint64_t *)(copy + (link_address - IMAGE_LINK_ADDRESS));
}

/* ELF gABI "Relative relocation table": an address, then bitmaps of the 63 words after it. */
static void relocate_relr(char *copy, uint64_t delta)
{
	uint64_t at = 0;

	for (const uint64_t *r = __relr_start; r < __relr_end; r++) {
		if (!(*r & 1)) {
			*in_copy(copy, *r) += delta;
			at = *r + 8;
			continue;
		}
		for (unsigned bit = 1; bit < 64; bit++)
			if (*r >> bit & 1)
				*in_copy(copy, at + 8 * (bit - 1)) += delta;
		at += 63 * 8;
	}
}

static void relocate(char *copy, uint64_t delta)
{
	for (const struct rela *r = __rela_start; r < __rela_end; r++) {
		if ((uint32_t)r->info != R_X86_64_RELATIVE)
			head_fail("relocation", "of an unknown type");
		*in_copy(copy, r->offset) = (uint64_t)r->addend + delta;
	}
	relocate_relr(copy, delta);
}

/* A zeroed table of the moved image; identity mapping makes its address a physical one. */
static uint64_t *new_table(char *copy)
{
	uint64_t(*tables)[PTABLE_ENTRIES] = (void *)(copy + ((char *)early_tables - __image_start));

	if (early_used == EARLY_TABLES)
		head_fail("page tables", "the image is too large");
	return tables[early_used++];
}

static void map_page(char *copy, uint64_t *table, uint64_t virtual, uint64_t entry)
{
	for (unsigned shift = PML4_SHIFT; shift > PT_SHIFT; shift -= 9) {
		uint64_t *slot = &table[ptable_index(virtual, shift)];

		if (!*slot)
			*slot = (uint64_t)(uintptr_t)new_table(copy) | PTE_PRESENT | PTE_WRITE;
		table = (uint64_t *)(uintptr_t)(*slot & PTE_FRAME);
	}
	table[ptable_index(virtual, PT_SHIFT)] = entry;
}

static void map_segment(char *copy, uint64_t *pml4, uint64_t base, const char *start,
	const char *end, uint64_t flags)
{
	for (const char *at = start; at < end; at += PAGE_SIZE) {
		uint64_t offset = (uint64_t)(at - __image_start);

		map_page(copy, pml4, base + offset, ((uint64_t)(uintptr_t)copy + offset) | flags);
	}
}

/* Page tables of the moved image: segments with their rights, low memory without execution. */
static uint64_t *build_tables(char *copy, uint64_t base)
{
	uint64_t *pml4 = new_table(copy), *pdpt = new_table(copy);

	map_segment(copy, pml4, base, __text_start, __text_end, PTE_PRESENT);
	map_segment(copy, pml4, base, __relro_start, __relro_end, PTE_PRESENT | PTE_WRITE | PTE_NX);
	map_segment(copy, pml4, base, __data_start, __data_end, PTE_PRESENT | PTE_WRITE | PTE_NX);
	map_segment(copy, pml4, base, __rodata_start, __rodata_end, PTE_PRESENT | PTE_NX);

	pml4[0] = (uint64_t)(uintptr_t)pdpt | PTE_PRESENT | PTE_WRITE;
	for (uint64_t i = 0; i < EARLY_IDENTITY_END / HUGE_PAGE_BYTES; i++) {
		uint64_t *pd = new_table(copy);

		pdpt[i] = (uint64_t)(uintptr_t)pd | PTE_PRESENT | PTE_WRITE;
		for (uint64_t j = 0; j < PTABLE_ENTRIES; j++)
			pd[j] = (i * HUGE_PAGE_BYTES + j * LARGE_PAGE_BYTES) | PTE_PRESENT |
				PTE_WRITE | PTE_LARGE | PTE_NX;
	}
	return pml4;
}

static void read_loader(uint64_t magic, uint64_t information)
{
	const uint32_t *total = (const uint32_t *)(uintptr_t)information;
	const char *why;

	if (magic != MULTIBOOT2_LOADED)
		head_fail("boot loader", "not Multiboot2");
	if (!information || information % 8 || information > UINT32_MAX - MULTIBOOT2_BYTES_MAX)
		head_fail("Multiboot2 information", "bad address");
	if (information < (uint64_t)(uintptr_t)__image_end &&
		information + MULTIBOOT2_BYTES_MAX > IMAGE_LINK_ADDRESS &&
		information + *total > IMAGE_LINK_ADDRESS)
		head_fail("Multiboot2 information", "lies inside the kernel");
	if (multiboot2_parse(total, MULTIBOOT2_BYTES_MAX, &info, &rsdp, &why) != VMK_OK)
		head_fail("Multiboot2 information", why);
}

/* Everything that follows in the old place must survive in the copy: no statics change after. */
static _Noreturn void move(void)
{
	uint64_t bytes = (uint64_t)(__image_end - __image_start);
	uint64_t base = place_virtual(bytes, random_below), delta = base - IMAGE_LINK_ADDRESS;
	struct hpa place;
	uint64_t *pml4;
	const char *why;
	char *copy;

	if (place_physical(&info, IMAGE_LINK_ADDRESS, bytes, random_below, &place, &why) != VMK_OK)
		head_fail("memory map", why);
	copy = (char *)(uintptr_t)place.v;
	info.image = place;
	info.image_bytes = bytes;
	info.entropy_sources |= entropy_collect(info.entropy, ARRAY_SIZE(info.entropy));
	memcpy(copy, __image_start, bytes);
	relocate(copy, delta);
	pml4 = build_tables(copy, base);
	/* The old tables see the new place too, until the first instruction there changes tables.
	 */
	for (unsigned i = PTABLE_ENTRIES / 2; i < PTABLE_ENTRIES; i++)
		boot_tables[0][i] = pml4[i];
	head_jump((uintptr_t)moved_entry + delta, (uint64_t)(uintptr_t)pml4,
		(uintptr_t)boot_stack_top + delta);
}

/* Through the identity mapping that the first instructions made. */
static const uint8_t *view(uint64_t address, size_t bytes)
{
	return (const uint8_t *)(uintptr_t)address;
}

_Noreturn void head_start(uint64_t magic, uint64_t information)
{
	uint64_t seed[8] = {0};

	read_loader(magic, information);
	if (info.uefi)
		firmware_log_keep(&info, EARLY_IDENTITY_END, view);
	info.entropy_sources = entropy_collect(seed, ARRAY_SIZE(seed));
	random_seed(seed, sizeof(seed));
	move();
}
