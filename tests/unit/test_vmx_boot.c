/* sources: kernel/worlds/vmx/boot.c kernel/worlds/vmx/bzimage.c kernel/worlds/vmx/elf.c */
/* sources: kernel/worlds/vmx/multiboot1.c kernel/worlds/vmx/multiboot2.c kernel/worlds/vmx/pvh.c */
/* sources: kernel/worlds/vmx/gmem.c kernel/worlds/vmx/acpi.c kernel/worlds/vmx/aml.c */
/* Boot protocols, on crafted kernels and, where it is there, the distribution's Linux; the ACPI
 * tables, as ACPICA's compiler reads them where it is there. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include "worlds/vmx/acpi.h"
#include "worlds/vmx/boot.h"

#define RAM (8u << 20)

static uint8_t *ram;
static struct gmem memory;
static uint8_t file[0x9000], initrd[] = "initrd";
static const char *why;
static struct vmk_vm_entry entry;

static bool read_bytes(void *context, uint64_t offset, void *to, size_t bytes)
{
	memcpy(to, (const uint8_t *)context + offset, bytes);
	return true;
}

static enum vmk_status load_file(uint8_t *data, size_t bytes, const char *command)
{
	struct boot_request request = {
		.memory = &memory,
		.kernel = {bytes, read_bytes, data},
		.initrd = {6, read_bytes, initrd},
		.command_line = command,
		.rsdp = BOOT_ACPI,
	};

	return boot_load(&request, &entry, &why);
}
static enum vmk_status load(size_t bytes)
{
	return load_file(file, bytes, "hello");
}

static int set_up(void **state)
{
	ram = calloc(1, RAM);
	memory = (struct gmem){.low = ram, .low_bytes = RAM};
	memset(file, 0, sizeof(file));
	assert_true(acpi_write(&memory, 2));
	return 0;
}
static int tear_down(void **state)
{
	free(ram);
	return 0;
}

static void put(size_t at, uint64_t value, unsigned bytes)
{
	memcpy(file + at, &value, bytes);
}
static uint64_t at_gpa(uint64_t gpa, unsigned bytes)
{
	uint64_t value = 0;

	assert_true(gmem_read(&memory, gpa, &value, bytes));
	return value;
}

static void test_flat(void **state)
{
	file[0] = 0xf4;
	assert_int_equal(load(512), VMK_OK);
	assert_int_equal(entry.mode, VMK_VM_REAL);
	assert_int_equal(entry.cs * 16 + entry.rip, 0x7c00);
	assert_int_equal(ram[0x7c00], 0xf4);
	assert_int_equal(load_file(ram, BOOT_FLAT_MAX + 1, ""), VMK_BAD_FORMAT);
	memory.low_bytes = BOOT_HIGH; /* where every protocol but this puts a kernel */
	assert_int_equal(load(512), VMK_NO_MEMORY);
}

static void make_bzimage(void)
{
	file[0x1f1] = 1; /* setup sectors */
	put(0x1fe, 0xaa55, 2);
	put(0x200, 0x66eb, 2);
	memcpy(file + 0x202, "HdrS", 4);
	put(0x206, 0x20f, 2);
	put(0x22c, 0x7fffffff, 4);
	put(0x236, 1, 2);
	put(0x238, 255, 4);
	put(0x258, 0x100000, 8);
	put(0x260, 0x10000, 4);
	memset(file + 1024, 0x90, 1024);
}

static void test_bzimage(void **state)
{
	make_bzimage();
	assert_int_equal(load(2048), VMK_OK);
	assert_int_equal(entry.mode, VMK_VM_LONG);
	assert_int_equal(entry.rip, 0x100200);
	assert_int_equal(at_gpa(0x100000, 1), 0x90);
	assert_int_equal(at_gpa(0x100400, 8), 0);
	assert_int_equal(at_gpa(entry.rsi + 0x202, 4), 0x53726448);
	assert_int_equal(at_gpa(entry.rsi + 0x1e8, 1), 3);
	assert_int_equal(at_gpa(entry.rsi + 0x70, 8), BOOT_ACPI);
	assert_memory_equal(ram + at_gpa(entry.rsi + 0x228, 4), "hello", 6);
	assert_memory_equal(ram + at_gpa(entry.rsi + 0x218, 4), "initrd", 6);
	/* The last 2 MiB page below 4 GiB is mapped to itself. */
	assert_int_equal(
		at_gpa(at_gpa(at_gpa(entry.cr3, 8) - 3 + 24, 8) - 3 + 511 * 8, 8), 0xffe00083);
}

static void test_bad_bzimages(void **state)
{
	make_bzimage();
	put(0x236, 0, 2);
	assert_int_equal(load(2048), VMK_UNSUPPORTED);
	make_bzimage();
	put(0x206, 0x20b, 2);
	assert_int_equal(load(2048), VMK_UNSUPPORTED);
	make_bzimage();
	file[0x201] = 0x20;
	assert_int_equal(load(2048), VMK_BAD_FORMAT);
	make_bzimage();
	file[0x201] = 0xff;
	assert_int_equal(load(2048), VMK_BAD_FORMAT);
	make_bzimage();
	assert_int_equal(load(1024), VMK_TRUNCATED);
	put(0x260, UINT32_MAX, 4);
	assert_int_equal(load(2048), VMK_NO_MEMORY);
	make_bzimage();
	put(0x258, 0x1000, 8);
	assert_int_equal(load(2048), VMK_NO_MEMORY);
	make_bzimage();
	put(0x238, 4, 4);
	assert_int_equal(load(2048), VMK_TOO_LARGE);
}

/* An ELF file with one segment: the whole file, at 1 MiB, and 4096 bytes more. */
static void make_elf32(uint32_t bytes)
{
	memcpy(file, "\177ELF\1\1\1", 7);
	put(16, 2, 2);
	put(18, 3, 2);
	put(24, 0x100123, 4);
	put(28, 52, 4);
	put(42, 32, 2);
	put(44, 1, 2);
	put(52, 1, 4);
	put(52 + 12, 0x100000, 4);
	put(52 + 16, bytes, 4);
	put(52 + 20, bytes + 4096, 4);
}

static void test_multiboot1(void **state)
{
	make_elf32(0x1000);
	put(0x200, 0x1badb002, 4);
	put(0x204, 3, 4);
	put(0x208, -(0x1badb002 + 3), 4);
	memset(ram + 0x101000, 0xcc, 4097);
	assert_int_equal(load(0x1000), VMK_OK);
	assert_int_equal(entry.mode, VMK_VM_FLAT);
	assert_int_equal(entry.rip, 0x100123);
	assert_int_equal(entry.rax, 0x2badb002);
	assert_int_equal(at_gpa(0x101fff, 2), 0xcc00);
	assert_int_equal(at_gpa(entry.rbx, 4), 0x4d);
	assert_int_equal(at_gpa(entry.rbx + 44, 4), 72);
	assert_memory_equal(ram + at_gpa(entry.rbx + 16, 4), "hello", 6);
	assert_memory_equal(ram + at_gpa(at_gpa(entry.rbx + 24, 4), 4), "initrd", 6);
	put(0x204, 4, 4);
	put(0x208, -(0x1badb002 + 4), 4);
	assert_int_equal(load(0x1000), VMK_UNSUPPORTED);
}

static void test_multiboot1_addresses(void **state)
{
	put(0x100, 0x1badb002, 4);
	put(0x104, 0x10000, 4);
	put(0x108, -(0x1badb002 + 0x10000), 4);
	put(0x10c, 0x200100, 4);
	put(0x110, 0x200000, 4);
	put(0x11c, 0x200040, 4);
	file[0x40] = 0x42;
	assert_int_equal(load(0x1000), VMK_OK);
	assert_int_equal(entry.rip, 0x200040);
	assert_int_equal(at_gpa(0x200040, 1), 0x42);
	put(0x110, 0x1000, 4); /* below 1 MiB */
	assert_int_equal(load(0x1000), VMK_BAD_FORMAT);
	put(0x110, 0x1fff00, 4); /* begins before the file does */
	assert_int_equal(load(0x1000), VMK_BAD_FORMAT);
	put(0x110, 0x200000, 4);
	put(0x114, 0x900000, 4); /* more than the file has */
	assert_int_equal(load(0x1000), VMK_NO_MEMORY);
}

static void test_multiboot2(void **state)
{
	uint64_t at, module = 0;

	make_elf32(0x1000);
	put(0x200, 0xe85250d6, 4);
	put(0x208, 24, 4);
	put(0x20c, -(0xe85250d6u + 24), 4);
	put(0x214, 8, 4);
	assert_int_equal(load(0x1000), VMK_OK);
	assert_int_equal(entry.rax, 0x36d76289);
	assert_int_equal(entry.rip, 0x100123);
	for (at = entry.rbx + 8; at_gpa(at, 4); at += (at_gpa(at + 4, 4) + 7) & ~7ull)
		if (at_gpa(at, 4) == 3)
			module = at_gpa(at + 8, 4);
	assert_int_equal(at + 8 - entry.rbx, at_gpa(entry.rbx, 4));
	assert_memory_equal(ram + module, "initrd", 6);
	put(0x210, 99, 2); /* a tag that nobody knows, and no end */
	assert_int_equal(load(0x1000), VMK_UNSUPPORTED);
	put(0x212, 1, 2);
	assert_int_equal(load(0x1000), VMK_BAD_FORMAT);
	put(0x214, 0, 4); /* a tag without a length */
	assert_int_equal(load(0x1000), VMK_BAD_FORMAT);
	put(0x208, 0x40000, 4);
	put(0x20c, -(0xe85250d6u + 0x40000), 4);
	assert_int_equal(load(0x1000), VMK_BAD_FORMAT);
}

static void make_note(void)
{
	put(44, 2, 2);
	put(84, 4, 4);
	put(84 + 4, 0x300, 4);
	put(84 + 16, 20, 4);
	put(0x300, 4, 4);
	put(0x304, 4, 4);
	put(0x308, 18, 4);
	memcpy(file + 0x30c, "Xen", 4);
	put(0x310, 0x100456, 4);
}

static void test_pvh(void **state)
{
	make_elf32(0x1000);
	assert_int_equal(load(0x1000), VMK_UNSUPPORTED); /* no note */
	make_note();
	assert_int_equal(load(0x1000), VMK_OK);
	assert_int_equal(entry.rip, 0x100456);
	assert_int_equal(at_gpa(entry.rbx, 4), 0x336ec578);
	assert_int_equal(at_gpa(entry.rbx + 32, 8), BOOT_ACPI);
	assert_memory_equal(ram + at_gpa(at_gpa(entry.rbx + 16, 8), 8), "initrd", 6);
	put(0x304, 0xffffffff, 4); /* a note beyond its segment */
	assert_int_equal(load(0x1000), VMK_UNSUPPORTED);
}

#define GIB      (1ull << 30)
#define LOW_MAX  (3 * GIB)
#define HIGH_MAX (13 * GIB)

/* What takes no memory until it is touched, as for the VMX world. */
static uint8_t *reserve(uint64_t bytes)
{
	void *at = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	assert_true(at != MAP_FAILED);
	return at;
}

/* Entries of a map of memory, each beginning with address and bytes: of 16 GiB. */
static void expect_16_gib(uint64_t map, unsigned entry_bytes, unsigned type_at)
{
	const uint64_t wanted[][3] = {{0, BOOT_LOW_END, BOOT_RAM},
		{BOOT_ACPI, BOOT_ACPI_BYTES, BOOT_RESERVED},
		{BOOT_HIGH, LOW_MAX - BOOT_HIGH, BOOT_RAM}, {4 * GIB, HIGH_MAX, BOOT_RAM}};

	for (unsigned i = 0; i < BOOT_RANGES; i++, map += entry_bytes) {
		assert_int_equal(at_gpa(map, 8), wanted[i][0]);
		assert_int_equal(at_gpa(map + 8, 8), wanted[i][1]);
		assert_int_equal(at_gpa(map + type_at, 4), wanted[i][2]);
	}
}

/* Each protocol tells of all of it, and puts what it loads below the hole. */
static void test_16_gib(void **state)
{
	uint64_t at;

	memory = (struct gmem){reserve(LOW_MAX), reserve(HIGH_MAX), LOW_MAX, HIGH_MAX};
	assert_true(acpi_write(&memory, 2));
	make_bzimage();
	assert_int_equal(load(2048), VMK_OK);
	assert_int_equal(at_gpa(entry.rsi + 0x1e8, 1), BOOT_RANGES);
	expect_16_gib(entry.rsi + 0x2d0, 20, 16);
	assert_in_range(at_gpa(entry.rsi + 0x218, 4), GIB, LOW_MAX - 6);

	memset(file, 0, sizeof(file));
	make_elf32(0x1000);
	make_note();
	assert_int_equal(load(0x1000), VMK_OK);
	assert_int_equal(at_gpa(entry.rbx + 48, 4), BOOT_RANGES);
	expect_16_gib(at_gpa(entry.rbx + 40, 8), 24, 16);

	put(0x200, 0x1badb002, 4);
	put(0x204, 3, 4);
	put(0x208, -(0x1badb002 + 3), 4);
	assert_int_equal(load(0x1000), VMK_OK);
	assert_int_equal(at_gpa(entry.rbx + 8, 4), (LOW_MAX - BOOT_HIGH) >> 10);
	expect_16_gib(at_gpa(entry.rbx + 48, 4) + 4, 24, 16);
	assert_int_equal(at_gpa(at_gpa(entry.rbx + 24, 4), 4), LOW_MAX - 4096);

	put(0x200, 0xe85250d6, 4);
	put(0x204, 0, 4);
	put(0x208, 24, 4);
	put(0x20c, -(0xe85250d6u + 24), 4);
	put(0x214, 8, 4);
	assert_int_equal(load(0x1000), VMK_OK);
	for (at = entry.rbx + 8; at_gpa(at, 4) != 6; at += (at_gpa(at + 4, 4) + 7) & ~7ull)
		assert_true(at_gpa(at, 4));
	expect_16_gib(at + 16, 24, 16);
	munmap(memory.low, LOW_MAX);
	munmap(memory.high, HIGH_MAX);
}

static void test_bad_elf(void **state)
{
	make_elf32(0x1000);
	put(0x200, 0x1badb002, 4);
	put(0x208, -0x1badb002, 4);
	put(52 + 12, 0x1000, 4); /* below 1 MiB */
	assert_int_equal(load(0x1000), VMK_BAD_FORMAT);
	put(52 + 12, 0x100000, 4);
	put(52 + 20, 4, 4); /* larger in the file */
	assert_int_equal(load(0x1000), VMK_BAD_FORMAT);
	put(52 + 20, UINT32_MAX, 4);
	assert_int_equal(load(0x1000), VMK_NO_MEMORY);
	put(28, UINT32_MAX, 4);
	assert_int_equal(load(0x1000), VMK_BAD_FORMAT);
	put(44, 33, 2);
	assert_int_equal(load(0x1000), VMK_BAD_FORMAT);
}

static void test_no_room_for_initrd(void **state)
{
	make_bzimage();
	put(0x260, RAM - 0x100000, 4);
	assert_int_equal(load(2048), VMK_NO_MEMORY);
	assert_non_null(strstr(why, "initrd"));
}

static void test_debian_kernel(void **state)
{
	glob_t found;
	FILE *f;
	long bytes;
	uint8_t *data;

	if (glob("build/third-party/linux/boot/vmlinuz-*", 0, NULL, &found))
		skip();
	f = fopen(found.gl_pathv[0], "rb");
	globfree(&found);
	fseek(f, 0, SEEK_END);
	bytes = ftell(f);
	rewind(f);
	data = malloc((size_t)bytes);
	assert_int_equal(fread(data, 1, (size_t)bytes, f), bytes);
	fclose(f);
	assert_int_equal(load_file(data, (size_t)bytes, ""), VMK_NO_MEMORY);
	free(ram);
	ram = calloc(1, 128 << 20);
	memory = (struct gmem){.low = ram, .low_bytes = 128 << 20};
	assert_int_equal(load_file(data, (size_t)bytes, "console=ttyS0"), VMK_OK);
	assert_int_equal(entry.rip, 0x1000200);
	free(data);
}

/* --- ACPI --- */
static uint8_t sum(uint64_t gpa, uint64_t bytes)
{
	uint8_t total = 0;

	for (uint64_t i = 0; i < bytes; i++)
		total += ram[gpa + i];
	return total;
}

static void test_acpi(void **state)
{
	uint64_t xsdt = at_gpa(BOOT_ACPI + 24, 8), madt;

	assert_memory_equal(ram + BOOT_ACPI, "RSD PTR ", 8);
	assert_int_equal(sum(BOOT_ACPI, 20), 0);
	assert_int_equal(sum(BOOT_ACPI, 36), 0);
	assert_int_equal(at_gpa(xsdt + 4, 4), 36 + 16);
	for (unsigned i = 0; i < 2; i++) {
		uint64_t table = at_gpa(xsdt + 36 + 8 * i, 8);

		assert_int_equal(sum(table, at_gpa(table + 4, 4)), 0);
	}
	madt = at_gpa(xsdt + 44, 8);
	assert_int_equal(at_gpa(madt + 4, 4), 44 + 12 + 10 + 10 + 6 + 2 * 8);
	assert_true(acpi_write(&memory, 300));
	assert_int_equal(at_gpa(madt + 4, 4), 44 + 38 + 255 * 8 + 45 * 16);
	assert_int_equal(sum(madt, at_gpa(madt + 4, 4)), 0);
	assert_false(acpi_write(&memory, 10000));
	memory.low_bytes = BOOT_ACPI;
	assert_false(acpi_write(&memory, 1));
}

/* As another implementation reads them. */
static void dump_and_disassemble(const char *directory, const char *name, uint64_t gpa)
{
	char path[128], command[512];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s.dat", directory, name);
	f = fopen(path, "wb");
	fwrite(ram + gpa, 1, at_gpa(gpa + 4, 4), f);
	fclose(f);
	snprintf(command, sizeof(command),
		"cd %s && iasl -d %s.dat >%s.out 2>&1 && ! grep -iE 'error|warning|invalid' %s.out "
		"%s.dsl && iasl -we %s.dsl >%s.out2 2>&1",
		directory, name, name, name, name, name, name);
	assert_int_equal(system(command), 0);
}

static void test_acpi_for_iasl(void **state)
{
	char directory[] = "/tmp/merlon-acpi.XXXXXX", command[64];
	uint64_t xsdt = at_gpa(BOOT_ACPI + 24, 8), fadt = at_gpa(xsdt + 36, 8);

	if (system("command -v iasl >/dev/null"))
		skip();
	assert_non_null(mkdtemp(directory));
	dump_and_disassemble(directory, "fadt", fadt);
	dump_and_disassemble(directory, "madt", at_gpa(xsdt + 44, 8));
	dump_and_disassemble(directory, "dsdt", at_gpa(fadt + 140, 8));
	snprintf(command, sizeof(command), "grep -q _PRT %s/dsdt.dsl", directory);
	assert_int_equal(system(command), 0);
	snprintf(command, sizeof(command), "rm -r %s", directory);
	assert_int_equal(system(command), 0);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {TEST(test_flat), TEST(test_bzimage),
		TEST(test_bad_bzimages), TEST(test_multiboot1), TEST(test_multiboot1_addresses),
		TEST(test_multiboot2), TEST(test_pvh), TEST(test_16_gib), TEST(test_bad_elf),
		TEST(test_no_room_for_initrd), TEST(test_debian_kernel), TEST(test_acpi),
		TEST(test_acpi_for_iasl)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
