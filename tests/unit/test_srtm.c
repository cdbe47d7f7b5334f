/* sources: kernel/trust/srtm.c kernel/trust/sign.c kernel/trust/fwlog.c kernel/trust/hash.c */
/* sources: kernel/trust/evlog_read.c kernel/trust/evlog_write.c */
/* sources: kernel/boot/firmware_log.c kernel/boot/memory_map.c kernel/boot/acpi_tpm2.c */
/* sources: tests/unit/shim/panic.c */
/* needs: build/host-lib/libmbedtls.a */
/* libs: build/host-lib/libmbedtls.a */
/* The verdict on a static launch, and where the firmware's log is found. */
#include "boot/acpi_tables.h"
#include "boot/boot_info.h"
#include "boot/firmware_log.h"
#include "boot/memory_map.h"
#include "trust/evlog_write.h"
#include "trust/fwlog.h"
#include "trust/hash.h"
#include "trust/srtm.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define EV_SEPARATOR 4u
#define EV_IPL       13u

/* --- a boot: its log, its PCRs, and a kernel with two modules */

static uint8_t bytes[8192], pcrs[SRTM_PCRS][32];
static struct evlog_writer writer;
static struct srtm_module modules[2];
static struct srtm_facts facts;
static struct srtm_verdict verdict;

static void measure(uint32_t pcr, uint32_t type, const void *measured, size_t size,
	const void *data, size_t data_size)
{
	uint8_t sha1[20] = {0}, digest[32];

	hash_sha256(measured, size, digest);
	pcr_extend(pcrs[pcr], digest);
	assert_int_equal(
		evlog_write_event(&writer, pcr, type, sha1, digest, data, data_size), VMK_OK);
}

static void grub(const char *kind, const char *text)
{
	char data[256];

	snprintf(data, sizeof(data), "%s: %s", kind, text);
	measure(8, EV_IPL, text, strlen(text), data, strlen(data) + 1);
}

static void file(const char *path, const char *content)
{
	measure(9, EV_IPL, content, strlen(content), path, strlen(path) + 1);
}

static void boot(void)
{
	memset(pcrs, 0, sizeof(pcrs));
	memset(pcrs[17], 0xff, sizeof(pcrs[0]) * 6);
	assert_int_equal(evlog_write_begin(&writer, bytes, sizeof(bytes), true, true), VMK_OK);
	for (uint32_t pcr = 0; pcr < 8; pcr++)
		measure(pcr, EV_SEPARATOR, "\0\0\0\0", 4, "\0\0\0\0", 4);
	grub("grub_cmd", "multiboot2 /boot/vmkernel.elf onboot=halt");
	file("/boot/vmkernel.elf", "kernel");
	grub("kernel_cmdline", "onboot=halt");
	grub("grub_cmd", "module2 /boot/a.pkg a.pkg");
	file("/boot/a.pkg", "package a");
	grub("module_cmdline", "a.pkg");
	file("/boot/b.pkg", "package b");
	grub("module_cmdline", "b.pkg more");
	modules[0].cmdline = "a.pkg";
	hash_sha256("package a", 9, modules[0].sha256);
	modules[1].cmdline = "b.pkg more";
	hash_sha256("package b", 9, modules[1].sha256);
	facts = (struct srtm_facts){.pcrs_known = true,
		.pcrs = pcrs,
		.log = bytes,
		.log_bytes = writer.size,
		.cmdline = "onboot=halt",
		.modules = modules,
		.module_count = 2};
}

static void expect(enum srtm_sign_name sign, const char *found)
{
	srtm_draw(&facts, &verdict);
	assert_false(verdict.measured);
	if (verdict.signs[sign].holds || !strstr(verdict.signs[sign].found, found))
		fail_msg("%s: found %s, expected %s", srtm_sign_name(sign),
			verdict.signs[sign].found, found);
}

static void test_every_sign_holds(void **state)
{
	boot();
	srtm_draw(&facts, &verdict);
	for (unsigned i = 0; i < SRTM_SIGN_COUNT; i++) {
		if (!verdict.signs[i].holds)
			fail_msg("%s: %s", srtm_sign_name(i), verdict.signs[i].found);
	}
	assert_true(verdict.measured);
	assert_string_equal(verdict.signs[SRTM_KERNEL].found, "/boot/vmkernel.elf");
}

static void test_each_sign_counts(void **state)
{
	boot();
	pcrs[19][31] = 0;
	expect(SRTM_NO_DRTM, "PCR 19");
	boot();
	pcrs[3][0] ^= 1;
	expect(SRTM_REPLAY, "PCR 3");
	boot();
	pcrs[14][0] = 1;
	expect(SRTM_OWN, "PCR 14");
	boot();
	facts.cmdline = "onboot=panic";
	expect(SRTM_CMDLINE, "none");
	boot();
	modules[1].sha256[5] ^= 1;
	expect(SRTM_MODULES, "module 2: its bytes were not measured");
	boot();
	modules[0].cmdline = "a.pkg x";
	expect(SRTM_MODULES, "module 1: its command line was not measured");
	boot();
	facts.pcrs_known = false;
	expect(SRTM_NO_DRTM, "not readable");
	expect(SRTM_REPLAY, "nothing to compare");
	assert_false(verdict.signs[SRTM_OWN].holds);
}

/* More than are looked for in one walk through the log. */
static void test_many_modules(void **state)
{
	static struct srtm_module many[20];
	static char lines[ARRAY_SIZE(many)][16];
	char text[64];

	boot();
	for (unsigned i = 0; i < ARRAY_SIZE(many); i++) {
		snprintf(lines[i], sizeof(lines[i]), "%u.pkg", i);
		grub("module_cmdline", lines[i]);
		file("/boot/some.pkg", lines[i]);
		many[i].cmdline = lines[i];
		hash_sha256(lines[i], strlen(lines[i]), many[i].sha256);
	}
	facts.log_bytes = writer.size;
	facts.modules = many;
	facts.module_count = ARRAY_SIZE(many);
	srtm_draw(&facts, &verdict);
	assert_true(verdict.measured);
	for (unsigned i = ARRAY_SIZE(many); i-- > 0;) {
		many[i].sha256[31] ^= 1;
		snprintf(text, sizeof(text), "module %u: its bytes were not measured", i + 1);
		expect(SRTM_MODULES, text);
		many[i].cmdline = "none";
		snprintf(text, sizeof(text), "module %u: its command line was not", i + 1);
		expect(SRTM_MODULES, text);
		assert_true(verdict.signs[SRTM_CMDLINE].holds);
	}
}

/* A command that names a kernel which nobody measured as a file. */
static void test_the_kernel_has_to_be_a_file(void **state)
{
	boot();
	grub("grub_cmd", "multiboot2 /boot/other.elf");
	facts.log_bytes = writer.size;
	expect(SRTM_KERNEL, "/boot/other.elf");
	/* Nor is a path that only begins like it. */
	boot();
	grub("grub_cmd", "multiboot2 /boot/vmkernel.el");
	facts.log_bytes = writer.size;
	expect(SRTM_KERNEL, "/boot/vmkernel.el");
}

static uint8_t *text_in_log(const char *text)
{
	uint8_t *found = memmem(bytes, writer.size, text, strlen(text));

	assert_non_null(found);
	return found;
}

/* The log lies in memory that anybody may have written to; what was measured is its digests. */
static void test_a_command_is_what_was_measured(void **state)
{
	boot();
	grub("grub_cmd", "multiboot2 /boot/other.elf abc");
	file("/boot/other.elf", "other");
	facts.log_bytes = writer.size;
	memcpy(text_in_log("multiboot2 /boot/other.elf"), "multiboot2 /boot/vmkernel.elf ", 30);
	expect(SRTM_KERNEL, "is not what was measured");
	assert_true(verdict.signs[SRTM_REPLAY].holds);
	/* Hidden, so that the one before would count. */
	boot();
	grub("grub_cmd", "multiboot2 /boot/other.elf");
	file("/boot/other.elf", "other");
	facts.log_bytes = writer.size;
	memcpy(text_in_log("multiboot2 /boot/other.elf"), "echo", 4);
	expect(SRTM_KERNEL, "is not what was measured");
	/* Type and kind are not measured: neither hides a command. */
	boot();
	grub("module_cmdline", "multiboot2 /boot/other.elf");
	measure(8, EV_SEPARATOR, "multiboot2 /boot/last.elf", 25, "multiboot2 /boot/last.elf", 25);
	facts.log_bytes = writer.size;
	expect(SRTM_KERNEL, "/boot/last.elf");
	boot();
	measure(8, EV_SEPARATOR, "multiboot2 /boot/other.elf", 26, "\0\0\0\0", 4);
	facts.log_bytes = writer.size;
	expect(SRTM_KERNEL, "is not what was measured");
	/* Of a kind that is none of GRUB's. */
	boot();
	memcpy(text_in_log("grub_cmd: module2"), "grub_cmd; module2", 17);
	expect(SRTM_KERNEL, "is not what was measured");
}

static void test_a_long_path(void **state)
{
	static const char path[] = "/boot/a-path-of-72-characters/0123456789/0123456789/0123456789"
				   "/012345678";
	char command[128];

	assert_int_equal(strlen(path), 72);
	snprintf(command, sizeof(command), "multiboot2 %s", path);
	boot();
	grub("grub_cmd", command);
	file(path, "kernel");
	facts.log_bytes = writer.size;
	srtm_draw(&facts, &verdict);
	assert_true(verdict.measured);
	assert_memory_equal(verdict.signs[SRTM_KERNEL].found, path, 60);
}

static void test_no_log_and_broken_logs(void **state)
{
	boot();
	facts.log = NULL;
	facts.log_why = "nowhere";
	expect(SRTM_LOG, "nowhere");
	assert_int_equal(verdict.missing, SRTM_SIGN_COUNT - 2);
	boot();
	facts.log_bytes--;
	expect(SRTM_LOG, "ends inside a record's data");
	for (size_t size = 0; size < writer.size; size++) {
		uint8_t *copy = malloc(size ? size : 1);

		memcpy(copy, bytes, size);
		facts.log = copy;
		facts.log_bytes = size;
		srtm_draw(&facts, &verdict);
		assert_false(verdict.measured);
		free(copy);
	}
}

/* --- the end of the log in its area */

static void test_the_log_ends_at_its_padding(void **state)
{
	static const uint8_t paddings[] = {0, 0xff};
	size_t size;
	const char *why;

	for (size_t i = 0; i < sizeof(paddings); i++) {
		boot();
		memset(bytes + writer.size, paddings[i], sizeof(bytes) - writer.size);
		assert_true(fwlog_begins(bytes));
		assert_int_equal(fwlog_measure(bytes, sizeof(bytes), &size, &why), VMK_OK);
		assert_int_equal(size, writer.size);
	}
	assert_int_equal(fwlog_measure(bytes, writer.size, &size, &why), VMK_OK);
	assert_int_equal(size, writer.size);
	bytes[writer.size] = 7;
	assert_int_equal(fwlog_measure(bytes, sizeof(bytes), &size, &why), VMK_BAD_FORMAT);
	assert_int_equal(size, 0);
	bytes[32] ^= 1;
	assert_false(fwlog_begins(bytes));
}

/* --- logs in memory that is free */

#define MEMORY 0x400000u

static uint8_t memory[MEMORY];
static struct boot_info info;

static const uint8_t *view(uint64_t address, size_t size)
{
	assert_true(address >= 0x100000 && address + size <= 0x100000 + MEMORY);
	return memory + (address - 0x100000);
}

static void test_logs_are_kept(void **state)
{
	boot();
	memset(&info, 0, sizeof(info));
	memset(memory, 0, sizeof(memory));
	assert_int_equal(
		memory_map_set(&info, 0x100000, 0x100000 + MEMORY, BOOT_MEMORY_USABLE), VMK_OK);
	assert_int_equal(firmware_log_keep(&info, 0x100000 + MEMORY, view), 0);
	assert_int_equal(info.memory_count, 1);
	memcpy(memory + 0x5000, bytes, writer.size);
	memcpy(memory + MEMORY - 0x2000, bytes, writer.size);
	/* Not at the beginning of a page, and beyond the end: passed over. */
	memcpy(memory + 0x20010, bytes, writer.size);
	assert_int_equal(firmware_log_keep(&info, 0x100000 + MEMORY - 0x10000, view), 1);
	assert_int_equal(info.memory_count, 3);
	assert_int_equal(info.memory[1].start.v, 0x105000);
	assert_int_equal(info.memory[1].type, BOOT_MEMORY_ACPI_NVS);
	assert_int_equal(firmware_log_keep(&info, 0x100000 + MEMORY, view), 1);
	for (unsigned i = 0; i < 8; i++)
		memcpy(memory + 0x100000 + i * 0x4000, bytes, writer.size);
	assert_int_equal(firmware_log_keep(&info, 0x100000 + MEMORY, view), FIRMWARE_LOGS_MAX);
}

/* --- the table that may say where the log is */

static char warning[128];

void acpi_warn(const struct acpi_ops *ops, const char *what)
{
	snprintf(warning, sizeof(warning), "%s", what);
}

static void parse_tpm2(uint32_t log_bytes, uint64_t log, size_t size)
{
	uint8_t table[40] = {[12] = 7};
	struct reader r = reader_of(table, size);

	memcpy(table + 28, &log_bytes, 4);
	memcpy(table + 32, &log, 8);
	memset(&info.tpm2, 0, sizeof(info.tpm2));
	warning[0] = 0;
	acpi_parse_tpm2(&r, &info, NULL);
}

static void test_the_tpm2_table(void **state)
{
	memset(&info, 0, sizeof(info));
	memory_map_set(&info, 0x100000, 0x200000, BOOT_MEMORY_USABLE);
	memory_map_set(&info, 0x200000, 0x300000, BOOT_MEMORY_ACPI_NVS);
	parse_tpm2(0x10000, 0x200000, 40);
	assert_int_equal(info.tpm2.start_method, 7);
	assert_int_equal(info.tpm2.log.v, 0x200000);
	assert_int_equal(info.tpm2.log_bytes, 0x10000);
	/* In memory that is anybody's, over the end, wrapped around, absurdly large. */
	parse_tpm2(0x10000, 0x1f8000, 40);
	assert_int_equal(info.tpm2.log.v, 0);
	assert_non_null(strstr(warning, "not in the firmware's memory"));
	parse_tpm2(0x10000, 0x300000, 40); /* where a device may be */
	assert_int_equal(info.tpm2.log.v, 0);
	parse_tpm2(0x10000, UINT64_MAX - 16, 40);
	assert_int_equal(info.tpm2.log.v, 0);
	parse_tpm2(0xffffffff, 0x200000, 40);
	assert_int_equal(info.tpm2.log.v, 0);
	/* Revision 3 may end before the log's place. */
	parse_tpm2(0, 0, 16);
	assert_int_equal(info.tpm2.start_method, 7);
	assert_int_equal(info.tpm2.log.v, 0);
	parse_tpm2(0, 0, 15);
	assert_int_equal(info.tpm2.start_method, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_sign_holds),
		cmocka_unit_test(test_each_sign_counts),
		cmocka_unit_test(test_many_modules),
		cmocka_unit_test(test_the_kernel_has_to_be_a_file),
		cmocka_unit_test(test_a_command_is_what_was_measured),
		cmocka_unit_test(test_a_long_path),
		cmocka_unit_test(test_no_log_and_broken_logs),
		cmocka_unit_test(test_the_log_ends_at_its_padding),
		cmocka_unit_test(test_logs_are_kept),
		cmocka_unit_test(test_the_tpm2_table),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
