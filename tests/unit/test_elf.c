/* sources: kernel/vmkmod/elf.c */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "vmkmod/elf.h"

/* A small valid image: headers and RELA/RELR tables (R), code (R X), RELRO and data (RW), each a
 * page of its own; the page of data has bss behind it. */
enum {
	PHDRS = 64,
	PHDR_BYTES = 56,
	LOAD_R = 0,
	LOAD_X = 1,
	LOAD_RELRO = 2,
	LOAD_RW = 3,
	DYNAMIC = 4,
	RELRO = 5,
	STACK = 6,
	PHDR_COUNT = 7,
	RELA_AT = 0x400,
	RELR_AT = 0x500,
	CODE_AT = 0x1000,
	RELRO_AT = 0x2000,
	DYN_AT = 0x2100,
	DATA_AT = 0x3000,
	FILE_BYTES = 0x3100,
	SPAN = 0x5000,
};
#define BASE              0x700000000000ull
#define R_X86_64_RELATIVE 8u

static uint8_t file[FILE_BYTES];
static uint8_t memory[SPAN];
static bool mapped_writable[SPAN / PAGE_SIZE], mapped_executable[SPAN / PAGE_SIZE];
static unsigned fail_map_after;
static struct elf_image image;
static const char *why;

static void put(size_t at, uint64_t value, unsigned bytes)
{
	for (unsigned i = 0; i < bytes; i++)
		file[at + i] = (uint8_t)(value >> (8 * i));
}

enum {
	P_TYPE = 0,
	P_FLAGS = 4,
	P_OFFSET = 8,
	P_VADDR = 16,
	P_FILESZ = 32,
	P_MEMSZ = 40,
	P_ALIGN = 48
};

static size_t phdr(unsigned index, unsigned field)
{
	return PHDRS + index * PHDR_BYTES + field;
}

static void put_phdr(unsigned index, uint32_t type, uint32_t flags, uint64_t at, uint64_t in_file,
	uint64_t in_memory)
{
	put(phdr(index, P_TYPE), type, 4);
	put(phdr(index, P_FLAGS), flags, 4);
	put(phdr(index, P_OFFSET), at, 8);
	put(phdr(index, P_VADDR), at, 8);
	put(phdr(index, P_FILESZ), in_file, 8);
	put(phdr(index, P_MEMSZ), in_memory, 8);
	put(phdr(index, P_ALIGN), PAGE_SIZE, 8);
}

static void put_dynamic(unsigned index, uint64_t tag, uint64_t value)
{
	put(DYN_AT + index * 16, tag, 8);
	put(DYN_AT + index * 16 + 8, value, 8);
}

static int setup(void **state)
{
	memset(file, 0, sizeof(file));
	memset(memory, 0, sizeof(memory));
	fail_map_after = UINT32_MAX;
	memcpy(file,
		"\x7f"
		"ELF\2\1\1",
		7);
	put(16, 3, 2);
	put(18, 62, 2);
	put(20, 1, 4);
	put(24, CODE_AT + 0x10, 8);
	put(32, PHDRS, 8);
	put(52, 64, 2);
	put(54, PHDR_BYTES, 2);
	put(56, PHDR_COUNT, 2);
	put_phdr(LOAD_R, 1, 4, 0, 0x600, 0x600);
	put_phdr(LOAD_X, 1, 5, CODE_AT, 0x20, 0x20);
	put_phdr(LOAD_RELRO, 1, 6, RELRO_AT, 0x200, 0x1000);
	put_phdr(LOAD_RW, 1, 6, DATA_AT, 0x100, 0x1800);
	put_phdr(DYNAMIC, 2, 6, DYN_AT, 7 * 16, 7 * 16);
	put_phdr(RELRO, 0x6474e552, 4, RELRO_AT, 0x200, 0x1000);
	put_phdr(STACK, 0x6474e551, 6, 0, 0, 0);
	put_dynamic(0, 7, RELA_AT);
	put_dynamic(1, 8, 24);
	put_dynamic(2, 9, 24);
	put_dynamic(3, 36, RELR_AT);
	put_dynamic(4, 35, 16);
	put_dynamic(5, 37, 8);
	put(RELA_AT, DATA_AT + 0x800, 8); /* bss */
	put(RELA_AT + 8, 8, 8);
	put(RELA_AT + 16, CODE_AT, 8);
	put(RELR_AT, RELRO_AT, 8); /* then the bitmap: words 1 and 3 after it */
	put(RELR_AT + 8, 1 | 1 << 1 | 1 << 3, 8);
	put(RELRO_AT, 0x11, 8);
	put(RELRO_AT + 8, 0x22, 8);
	put(RELRO_AT + 16, 0x33, 8);
	put(RELRO_AT + 24, 0x44, 8);
	put(CODE_AT, 0xc3c3c3c3, 4);
	put(DATA_AT, 0xdada, 2);
	return 0;
}

static enum vmk_status map(
	void *context, uintptr_t address, size_t bytes, bool writable, bool executable)
{
	assert_true(address >= BASE && bytes <= SPAN && address - BASE <= SPAN - bytes);
	if (fail_map_after-- == 0)
		return VMK_NO_MEMORY;
	for (size_t at = address - BASE; at < address - BASE + bytes; at += PAGE_SIZE) {
		mapped_writable[at / PAGE_SIZE] = writable;
		mapped_executable[at / PAGE_SIZE] = executable;
	}
	return VMK_OK;
}

static enum vmk_status write(void *context, uintptr_t address, const void *from, size_t bytes)
{
	assert_true(address >= BASE && bytes <= SPAN && address - BASE <= SPAN - bytes);
	memcpy(memory + (address - BASE), from, bytes);
	return VMK_OK;
}

static const struct elf_place_ops ops = {.map = map, .write = write};

static enum vmk_status parse(void)
{
	enum vmk_status status = elf_parse(file, sizeof(file), &image, &why);

	assert_true((status == VMK_OK) == (why == NULL));
	return status;
}

static enum vmk_status place(void)
{
	assert_int_equal(parse(), VMK_OK);
	return elf_place(&image, BASE, &ops, NULL, &why);
}

static uint64_t word(size_t at)
{
	uint64_t value;

	memcpy(&value, memory + at, sizeof(value));
	return value;
}

static void test_parse(void **state)
{
	assert_int_equal(parse(), VMK_OK);
	assert_int_equal(image.span, SPAN);
	assert_int_equal(image.entry, CODE_AT + 0x10);
	assert_int_equal(image.segment_count, 4);
	assert_int_equal(image.phdr, PHDRS);
	assert_int_equal(image.phdr_count, PHDR_COUNT);
	assert_false(image.segments[LOAD_RELRO].writable);
	assert_true(image.segments[LOAD_RELRO].relocatable);
	assert_true(image.segments[LOAD_RW].writable);
	assert_int_equal(image.segments[LOAD_RW].bytes, 0x2000);
	assert_int_equal(image.rela_bytes, 24);
	assert_int_equal(image.relr_bytes, 16);
}

static void test_place(void **state)
{
	static const bool writable[] = {false, false, false, true, true};
	static const bool executable[] = {false, true, false, false, false};

	assert_int_equal(place(), VMK_OK);
	assert_null(why);
	assert_memory_equal(mapped_writable, writable, sizeof(writable));
	assert_memory_equal(mapped_executable, executable, sizeof(executable));
	assert_memory_equal(memory + CODE_AT, file + CODE_AT, 0x20);
	assert_int_equal(memory[DATA_AT], 0xda);
	assert_int_equal(word(DATA_AT + 0x800), BASE + CODE_AT);
	assert_int_equal(word(RELRO_AT), BASE + 0x11);
	assert_int_equal(word(RELRO_AT + 8), BASE + 0x22);
	assert_int_equal(word(RELRO_AT + 16), 0x33);
	assert_int_equal(word(RELRO_AT + 24), BASE + 0x44);
}

static void test_place_hands_on_failures(void **state)
{
	fail_map_after = 2;
	assert_int_equal(place(), VMK_NO_MEMORY);
	assert_non_null(why);
}

/* One segment for RELRO and data: it is split at the page where RELRO ends. */
static void test_relro_splits_a_segment(void **state)
{
	put_phdr(LOAD_RELRO, 1, 6, RELRO_AT, 0x1100, 0x2800);
	put(phdr(LOAD_RW, P_TYPE), 0, 4);
	put(phdr(RELRO, P_MEMSZ), 0x1008, 8); /* rounded down, as nothing after it may be lost */
	assert_int_equal(place(), VMK_OK);
	assert_int_equal(image.segment_count, 4);
	assert_int_equal(image.segments[2].bytes, 0x1000);
	assert_false(image.segments[2].writable);
	assert_int_equal(image.segments[3].address, DATA_AT);
	assert_true(image.segments[3].writable);
	assert_int_equal(memory[DATA_AT], 0xda);
}

static void expect_bad(const char *text)
{
	assert_int_equal(parse(), VMK_BAD_FORMAT);
	assert_string_equal(why, text);
	setup(NULL);
}

static void test_headers(void **state)
{
	assert_int_equal(elf_parse(file, 57, &image, &why), VMK_BAD_FORMAT);
	assert_string_equal(why, "the file ends inside its header");
	file[3] = 'G';
	expect_bad("not a 64-bit little-endian ELF file");
	file[4] = 1;
	expect_bad("not a 64-bit little-endian ELF file");
	put(16, 2, 2);
	expect_bad("not a position-independent x86-64 image");
	put(18, 3, 2);
	expect_bad("not a position-independent x86-64 image");
	put(54, 32, 2);
	expect_bad("unexpected header sizes");
	put(56, 0, 2);
	expect_bad("no or too many program headers");
	put(56, 65535, 2);
	expect_bad("no or too many program headers");
	put(32, UINT64_MAX, 8);
	expect_bad("program headers outside the file");
	put(32, FILE_BYTES - 60, 8);
	expect_bad("program headers outside the file");
	put(24, DATA_AT, 8);
	expect_bad("the entry point is not in an executable segment");
	put(24, CODE_AT + 0x20, 8);
	expect_bad("the entry point is not in an executable segment");
}

static void test_segments(void **state)
{
	put(phdr(LOAD_X, P_FLAGS), 7, 4);
	expect_bad("a segment is writable and executable");
	put(phdr(LOAD_X, P_FLAGS), 1, 4);
	expect_bad("a segment is not readable");
	put(phdr(LOAD_X, P_VADDR), 0, 8);
	expect_bad("segments overlap or are not in ascending order");
	put(phdr(LOAD_X, P_VADDR), 0x610, 8);
	expect_bad("a segment is misaligned");
	put(phdr(LOAD_X, P_ALIGN), 1ull << 63, 8);
	expect_bad("a segment's alignment is no power of two up to a page");
	put(phdr(LOAD_X, P_ALIGN), 2 * PAGE_SIZE, 8);
	expect_bad("a segment's alignment is no power of two up to a page");
	put(phdr(LOAD_RW, P_ALIGN), 48, 8);
	expect_bad("a segment's alignment is no power of two up to a page");
	put(phdr(LOAD_RW, P_FLAGS), 7, 4);
	expect_bad("a segment is writable and executable");
	put(phdr(LOAD_RELRO, P_VADDR), CODE_AT, 8);
	expect_bad("segments overlap or are not in ascending order");
	put(phdr(LOAD_RW, P_VADDR), RELRO_AT + 0xf00, 8);
	put(phdr(LOAD_RW, P_OFFSET), RELRO_AT + 0xf00, 8);
	expect_bad("segments overlap or are not in ascending order");
	put(phdr(LOAD_RW, P_MEMSZ), 0x80, 8);
	expect_bad("a segment's file size exceeds its memory size");
	put(phdr(LOAD_RW, P_MEMSZ), UINT64_MAX, 8);
	expect_bad("the image spans more than 64 MiB");
	put(phdr(LOAD_RW, P_VADDR), UINT64_MAX - 0xfff, 8);
	expect_bad("the image spans more than 64 MiB");
	put(phdr(LOAD_RW, P_OFFSET), FILE_BYTES - 0x7f, 8);
	expect_bad("a segment's bytes lie outside the file");
	put(phdr(LOAD_RW, P_FILESZ), UINT64_MAX, 8);
	expect_bad("a segment's bytes lie outside the file");
	put(phdr(STACK, P_FLAGS), 7, 4);
	expect_bad("it asks for an executable stack");
	put(phdr(STACK, P_TYPE), 3, 4);
	expect_bad("it asks for an interpreter");
	for (unsigned i = LOAD_R; i <= LOAD_RW; i++)
		put(phdr(i, P_TYPE), 0, 4);
	expect_bad("there are no segments");
	put(phdr(RELRO, P_VADDR), RELRO_AT + 8, 8);
	expect_bad("PT_GNU_RELRO is not the start of a writable segment");
	put(phdr(RELRO, P_MEMSZ), 0x1100, 8); /* a little longer than its segment */
	expect_bad("PT_GNU_RELRO is not the start of a writable segment");
	put(phdr(RELRO, P_MEMSZ), UINT64_MAX, 8);
	expect_bad("PT_GNU_RELRO lies outside the image");
	put(phdr(STACK, P_TYPE), 0x6474e552, 4);
	put(phdr(STACK, P_MEMSZ), 8, 8);
	expect_bad("there are two PT_GNU_RELRO");
}

/* Empty ones behind all others. */
static void add_segments(unsigned count)
{
	for (unsigned i = 0; i < count; i++) {
		put_phdr(PHDR_COUNT + i, 1, 4, 0, 0, PAGE_SIZE);
		put(phdr(PHDR_COUNT + i, P_VADDR), SPAN + i * PAGE_SIZE, 8);
	}
	put(56, PHDR_COUNT + count, 2);
}

static void test_many_segments(void **state)
{
	add_segments(ELF_SEGMENTS_MAX - 4);
	assert_int_equal(parse(), VMK_OK);
	assert_int_equal(image.segment_count, ELF_SEGMENTS_MAX);
	add_segments(ELF_SEGMENTS_MAX - 4 + 1);
	expect_bad("too many segments");
	/* None is left for the two that RELRO makes of one. */
	put_phdr(LOAD_RELRO, 1, 6, RELRO_AT, 0x1100, 0x2800);
	put(phdr(LOAD_RW, P_TYPE), 0, 4);
	put(phdr(RELRO, P_MEMSZ), 0x1008, 8);
	add_segments(ELF_SEGMENTS_MAX - 3);
	expect_bad("too many segments");
}

static void test_dynamic(void **state)
{
	put(phdr(DYNAMIC, P_FILESZ), 6 * 16, 8);
	expect_bad("PT_DYNAMIC has no end");
	put(phdr(DYNAMIC, P_OFFSET), UINT64_MAX, 8);
	expect_bad("PT_DYNAMIC lies outside the file");
	put_dynamic(6, 1, 0);
	expect_bad("it needs a shared library");
	put_dynamic(6, 22, 0);
	expect_bad("it relocates its code");
	put_dynamic(6, 2, 24);
	expect_bad("it has relocations other than RELA and RELR");
	put_dynamic(1, 8, 25);
	expect_bad("DT_RELA has an odd size");
	put_dynamic(1, 8, UINT64_MAX - UINT64_MAX % 24);
	expect_bad("DT_RELA lies outside the image");
	put_dynamic(0, 7, DATA_AT + 0xf0);
	expect_bad("DT_RELA lies outside the image");
	put_dynamic(4, 35, 12);
	expect_bad("DT_RELR has an odd size");
	put_dynamic(3, 36, SPAN - 8);
	expect_bad("DT_RELR lies outside the image");
}

static void expect_unplaceable(const char *text)
{
	assert_int_equal(place(), VMK_BAD_FORMAT);
	assert_string_equal(why, text);
	setup(NULL);
}

static void test_relocations(void **state)
{
	for (unsigned type = 0; type < 64; type++) {
		if (type == R_X86_64_RELATIVE)
			continue;
		put(RELA_AT + 8, type, 8);
		expect_unplaceable("a relocation is not R_X86_64_RELATIVE");
		put(RELA_AT + 8, 1ull << 32 | type, 8);
		expect_unplaceable("a relocation names a symbol: there is nothing to link against");
	}
	put(RELA_AT + 8, 1ull << 32 | R_X86_64_RELATIVE, 8);
	expect_unplaceable("a relocation names a symbol: there is nothing to link against");
	put(RELA_AT + 8, UINT64_MAX, 8);
	expect_unplaceable("a relocation names a symbol: there is nothing to link against");
	put(RELA_AT, LOAD_R, 8); /* the relocations themselves */
	expect_unplaceable("a relocation is outside writable data");
	put(RELA_AT, CODE_AT, 8);
	expect_unplaceable("a relocation is outside writable data");
	put(RELA_AT, SPAN - 7, 8);
	expect_unplaceable("a relocation is outside writable data");
	put(RELA_AT, UINT64_MAX - 3, 8);
	expect_unplaceable("a relocation is outside writable data");
	put(RELA_AT + 16, SPAN + 1, 8);
	expect_unplaceable("a relocation points outside the image");
	put(RELR_AT, CODE_AT, 8);
	expect_unplaceable("a relocation points outside the image");
	put(RELR_AT, UINT64_MAX - 1, 8);
	expect_unplaceable("a relocation is outside writable data");
	put(RELRO_AT, UINT64_MAX, 8);
	expect_unplaceable("a relocation points outside the image");
}

/* Every prefix of the file is refused or harmless. */
static void test_truncation(void **state)
{
	for (size_t size = 0; size < FILE_BYTES; size += 7)
		assert_int_equal(elf_parse(file, size, &image, &why), VMK_BAD_FORMAT);
	assert_int_equal(elf_parse(NULL, 0, &image, &why), VMK_BAD_FORMAT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_parse, setup),
		cmocka_unit_test_setup(test_place, setup),
		cmocka_unit_test_setup(test_place_hands_on_failures, setup),
		cmocka_unit_test_setup(test_relro_splits_a_segment, setup),
		cmocka_unit_test_setup(test_headers, setup),
		cmocka_unit_test_setup(test_segments, setup),
		cmocka_unit_test_setup(test_many_segments, setup),
		cmocka_unit_test_setup(test_dynamic, setup),
		cmocka_unit_test_setup(test_relocations, setup),
		cmocka_unit_test_setup(test_truncation, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
