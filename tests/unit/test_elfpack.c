/* sources: tboot-integration/image/elfpack.c */
/* elfpack: what a loader makes of the packed file is what it made of the whole one. */
#include <elf.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "tboot-integration/image/elfpack.h"

#define BASE   0x800000u
#define MEMORY (2u << 20)
#define OFFSET 0x1000u

static uint8_t file[OFFSET + MEMORY], packed[OFFSET + MEMORY + (512 << 10)];
static uint8_t before[MEMORY], after[MEMORY];

static size_t make(uint32_t filesz, uint32_t memsz)
{
	Elf32_Ehdr elf = {.e_ident = {0x7f, 'E', 'L', 'F', ELFCLASS32, ELFDATA2LSB},
		.e_type = ET_EXEC,
		.e_phoff = sizeof(elf),
		.e_phentsize = sizeof(Elf32_Phdr),
		.e_phnum = 1,
		.e_shnum = 7};
	Elf32_Phdr p = {.p_type = PT_LOAD,
		.p_offset = OFFSET,
		.p_vaddr = BASE,
		.p_paddr = BASE,
		.p_filesz = filesz,
		.p_memsz = memsz};

	memset(file, 0, sizeof(file));
	memcpy(file, &elf, sizeof(elf));
	memcpy(file + sizeof(elf), &p, sizeof(p));
	return OFFSET + filesz;
}

static void load(const uint8_t *elf_file, size_t size, uint8_t *memory)
{
	Elf32_Ehdr elf;

	memset(memory, 0xcc, MEMORY);
	memcpy(&elf, elf_file, sizeof(elf));
	for (unsigned i = 0; i < elf.e_phnum; i++) {
		Elf32_Phdr p;

		memcpy(&p, elf_file + elf.e_phoff + i * sizeof(p), sizeof(p));
		assert_true(p.p_offset + p.p_filesz <= size);
		assert_true(p.p_offset % 4096 == p.p_vaddr % 4096);
		memcpy(memory + (p.p_paddr - BASE), elf_file + p.p_offset, p.p_filesz);
		memset(memory + (p.p_paddr - BASE) + p.p_filesz, 0, p.p_memsz - p.p_filesz);
	}
}

static size_t pack(size_t size)
{
	const char *why;
	size_t used;

	assert_int_equal(elfpack(file, size, packed, sizeof(packed), &used, &why), VMK_OK);
	load(file, size, before);
	load(packed, used, after);
	assert_memory_equal(before, after, MEMORY);
	return used;
}

static void leaves_zeros_out(void **state)
{
	size_t size = make(0x1f0123, 0x1ff000);

	memset(file + OFFSET, 1, 5000);
	file[OFFSET + 0x100000] = 2;
	file[OFFSET + 0x1f0122] = 3;
	assert_true(pack(size) < 40000);
}

static void keeps_what_is_dense(void **state)
{
	size_t size = make(0x10000, 0x10000);

	memset(file + OFFSET, 1, 0x10000);
	assert_int_equal(pack(size), size);
}

static void cuts_the_tail(void **state)
{
	size_t size = make(0x100000, 0x180000);

	file[OFFSET + 3] = 1;
	assert_true(pack(size) <= OFFSET + 4096);
}

/* Any pattern of pages, zero or not. */
static void random_patterns(void **state)
{
	srand(1);
	for (unsigned round = 0; round < 200; round++) {
		uint32_t filesz = 1 + (uint32_t)rand() % MEMORY;
		size_t size = make(filesz, filesz + (uint32_t)rand() % (MEMORY - filesz + 1));

		for (unsigned i = 0; i < 8; i++) {
			uint32_t at = (uint32_t)rand() % filesz, n = (uint32_t)rand() % 9000;

			memset(file + OFFSET + at, 5, n < filesz - at ? n : filesz - at);
		}
		pack(size);
	}
}

static void refuses_what_is_no_elf(void **state)
{
	size_t size = make(0x2000, 0x2000), used;
	const char *why;

	for (size_t cut = 0; cut < sizeof(Elf32_Ehdr) + sizeof(Elf32_Phdr); cut++)
		assert_int_equal(
			elfpack(file, cut, packed, sizeof(packed), &used, &why), VMK_BAD_FORMAT);
	assert_int_equal(
		elfpack(file, size - 1, packed, sizeof(packed), &used, &why), VMK_BAD_FORMAT);
	file[EI_CLASS] = ELFCLASS64;
	assert_int_equal(elfpack(file, size, packed, sizeof(packed), &used, &why), VMK_BAD_FORMAT);
	make(0x2000, 0x1000);
	assert_int_equal(elfpack(file, size, packed, sizeof(packed), &used, &why), VMK_BAD_FORMAT);
	make(0x2000, 0x2000);
	memset(file + OFFSET, 1, 0x2000);
	assert_int_equal(elfpack(file, size, packed, 0x2000, &used, &why), VMK_TOO_LARGE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(leaves_zeros_out),
		cmocka_unit_test(keeps_what_is_dense),
		cmocka_unit_test(cuts_the_tail),
		cmocka_unit_test(random_patterns),
		cmocka_unit_test(refuses_what_is_no_elf),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
