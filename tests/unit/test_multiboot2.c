/* sources: kernel/boot/multiboot2.c kernel/boot/memory_map.c */
/* What a boot loader may say, and what it may not. */
#include "boot/boot_info.h"
#include "boot/memory_map.h"
#include "boot/multiboot2.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

struct blob {
	uint8_t data[4096];
	size_t size;
};

static void put32(struct blob *b, uint32_t v)
{
	memcpy(b->data + b->size, &v, 4);
	b->size += 4;
}

static void put64(struct blob *b, uint64_t v)
{
	memcpy(b->data + b->size, &v, 8);
	b->size += 8;
}

static void begin(struct blob *b)
{
	memset(b, 0, sizeof(*b));
	b->size = 8;
}

static void tag(struct blob *b, uint32_t type, const void *data, size_t bytes)
{
	put32(b, type);
	put32(b, (uint32_t)bytes + 8);
	memcpy(b->data + b->size, data, bytes);
	b->size = (b->size + bytes + 7) & ~7ul;
}

static void finish(struct blob *b)
{
	uint32_t size;

	tag(b, 0, "", 0);
	size = (uint32_t)b->size;
	memcpy(b->data, &size, 4);
}

static void memory_tag(struct blob *b, const uint64_t (*entries)[3], unsigned count)
{
	struct blob map = {.size = 0};

	put32(&map, 24);
	put32(&map, 0);
	for (unsigned i = 0; i < count; i++) {
		put64(&map, entries[i][0]);
		put64(&map, entries[i][1]);
		put32(&map, (uint32_t)entries[i][2]);
		put32(&map, 0);
	}
	tag(b, 6, map.data, map.size);
}

static void module_tag(struct blob *b, uint32_t start, uint32_t end, const char *cmdline)
{
	struct blob m = {.size = 0};

	put32(&m, start);
	put32(&m, end);
	memcpy(m.data + m.size, cmdline, strlen(cmdline) + 1);
	tag(b, 3, m.data, m.size + strlen(cmdline) + 1);
}

static const uint64_t plain[][3] = {
	{0, 0x9fc00, 1}, {0x9fc00, 0x400, 2}, {0xf0000, 0x10000, 2}, {0x100000, 0x1ff00000, 1}};

static struct boot_info info;
static struct multiboot2_rsdp rsdp;

static enum vmk_status parse(const struct blob *b, const char **why)
{
	/* A copy of the exact size, so that the sanitizer sees every byte read too far. */
	uint8_t *copy = malloc(b->size);
	enum vmk_status status;

	memcpy(copy, b->data, b->size);
	memset(&info, 0, sizeof(info));
	memset(&rsdp, 0, sizeof(rsdp));
	status = multiboot2_parse(copy, b->size, &info, &rsdp, why);
	free(copy);
	return status;
}

static void refused(const struct blob *b, const char *expected)
{
	const char *why;

	assert_int_equal(parse(b, &why), VMK_BAD_FORMAT);
	assert_string_equal(why, expected);
}

static void test_all_tags(void **state)
{
	struct blob b;
	const char *why;

	begin(&b);
	tag(&b, 1, "onboot=halt x", 14);
	tag(&b, 2, "GRUB", 5);
	memory_tag(&b, plain, 4);
	module_tag(&b, 0x200000, 0x200123, "a.pkg");
	module_tag(&b, 0x300000, 0x301000, "b.pkg more");
	tag(&b, 14, "RSD PTR old pointer.", 20);
	tag(&b, 99, "unknown", 7);
	finish(&b);
	assert_int_equal(parse(&b, &why), VMK_OK);
	assert_string_equal(info.cmdline, "onboot=halt x");
	assert_string_equal(info.loader, "GRUB");
	assert_int_equal(info.module_count, 2);
	assert_string_equal(info.modules[1].cmdline, "b.pkg more");
	assert_int_equal(info.modules[0].bytes, 0x123);
	assert_int_equal(rsdp.bytes, 20);
	assert_int_equal(info.low_page.v, 0x5f000);
	/* Low memory, usable, module, usable, module, usable. */
	assert_int_equal(info.memory_count, 6);
	assert_int_equal(info.memory[0].type, BOOT_MEMORY_RESERVED);
	assert_int_equal(info.memory[0].bytes, 0x100000);
	assert_int_equal(info.memory[2].type, BOOT_MEMORY_MODULE);
	assert_int_equal(info.memory[2].bytes, 0x1000);
}

static void test_new_rsdp_wins(void **state)
{
	struct blob b;
	const char *why;
	uint8_t big[60];

	memset(big, 'n', sizeof(big));
	begin(&b);
	memory_tag(&b, plain, 4);
	tag(&b, 15, big, sizeof(big));
	tag(&b, 14, "old old old old old ", 20);
	finish(&b);
	assert_int_equal(parse(&b, &why), VMK_OK);
	assert_int_equal(rsdp.bytes, RSDP_BYTES_MAX);
	assert_int_equal(rsdp.data[0], 'n');
}

static void test_long_module_line_is_marked(void **state)
{
	struct blob b;
	const char *why;
	char line[400];

	memset(line, 'x', sizeof(line));
	line[399] = 0;
	begin(&b);
	memory_tag(&b, plain, 4);
	module_tag(&b, 0x200000, 0x201000, line);
	finish(&b);
	assert_int_equal(parse(&b, &why), VMK_OK);
	assert_int_equal(strlen(info.modules[0].cmdline), 255);
	assert_string_equal(info.modules[0].cmdline + 252, "...");
}

static void test_refusals(void **state)
{
	struct blob b;
	uint32_t huge = 5000, tiny = 4, cut = 104;

	begin(&b);
	finish(&b);
	refused(&b, "no memory map");

	begin(&b);
	memory_tag(&b, plain, 4);
	finish(&b);
	memcpy(b.data, &huge, 4);
	refused(&b, "total size out of range");

	begin(&b);
	memory_tag(&b, plain, 4);
	finish(&b);
	memcpy(b.data + 12, &tiny, 4);
	refused(&b, "tag shorter than its header");

	begin(&b);
	memory_tag(&b, plain, 4);
	finish(&b);
	memcpy(b.data + 12, &huge, 4);
	refused(&b, "tag longer than the information");

	begin(&b);
	tag(&b, 1, "abc", 3);
	finish(&b);
	refused(&b, "command line not terminated");

	begin(&b);
	memory_tag(&b, plain, 4);
	memory_tag(&b, plain, 4);
	finish(&b);
	refused(&b, "second memory map");

	begin(&b);
	memory_tag(&b, plain, 4);
	finish(&b);
	memcpy(b.data + 12, &cut, 4);
	refused(&b, "memory map entry cut short");
}

static void test_bad_modules(void **state)
{
	static const struct {
		uint32_t a, b, c, d;
		const char *why;
	} cases[] = {
		{0x200000, 0x201000, 0x200800, 0x202000, "modules overlap"},
		{0x200000, 0x1ff000, 0x300000, 0x301000, "module ends before it starts"},
		{0x1ffff000, 0x20001000, 0x300000, 0x301000, "module outside usable memory"},
		{0x9f000, 0xa0000, 0x300000, 0x301000, "module outside usable memory"},
	};

	for (unsigned i = 0; i < ARRAY_SIZE(cases); i++) {
		struct blob b;

		begin(&b);
		memory_tag(&b, plain, 4);
		module_tag(&b, cases[i].a, cases[i].b, "one");
		module_tag(&b, cases[i].c, cases[i].d, "two");
		finish(&b);
		refused(&b, cases[i].why);
	}
}

static void test_reserved_beats_usable(void **state)
{
	static const uint64_t overlapping[][3] = {
		{0x100000, 0x1000000, 2}, {0x100000, 0x10000000, 1}, {0x8000000, 0x1001, 5}};
	struct blob b;
	const char *why;

	begin(&b);
	memory_tag(&b, overlapping, 3);
	finish(&b);
	assert_int_equal(parse(&b, &why), VMK_OK);
	assert_int_equal(memory_map_find(&info, 0x200000)->type, BOOT_MEMORY_RESERVED);
	assert_int_equal(memory_map_find(&info, 0x8001000)->type, BOOT_MEMORY_BAD);
	assert_int_equal(memory_map_find(&info, 0x8002000)->type, BOOT_MEMORY_USABLE);
	assert_null(memory_map_find(&info, 0x10100000));
}

static void test_wrapping_entry(void **state)
{
	static const uint64_t wraps[][3] = {{0xfffffffffffff000, 0x2000, 1}};
	struct blob b;

	begin(&b);
	memory_tag(&b, wraps, 1);
	finish(&b);
	refused(&b, "memory map entry wraps around");
}

static void test_map_fills_up(void **state)
{
	memset(&info, 0, sizeof(info));
	assert_int_equal(memory_map_set(&info, 0, 1ull << 32, BOOT_MEMORY_USABLE), VMK_OK);
	for (uint64_t i = 1; i < 64; i++)
		assert_int_equal(
			memory_map_set(&info, i << 20, (i << 20) + 4096, BOOT_MEMORY_BAD), VMK_OK);
	assert_int_equal(memory_map_set(&info, 0x7000000, 0x7001000, BOOT_MEMORY_ACPI_NVS),
		VMK_NO_RESOURCES);
	assert_int_equal(memory_map_set(&info, 2, 1, BOOT_MEMORY_BAD), VMK_BAD_PARAM);
	for (unsigned i = 1; i < info.memory_count; i++)
		assert_true(info.memory[i - 1].start.v + info.memory[i - 1].bytes <=
			    info.memory[i].start.v);
}

static void test_places(void **state)
{
	uint64_t count;

	memset(&info, 0, sizeof(info));
	memory_map_set(&info, 0x1001000, 0x2000000, BOOT_MEMORY_USABLE);
	memory_map_set(&info, 0x4000000, 0x4400000, BOOT_MEMORY_USABLE);
	count = memory_map_places(&info, 0x200000, 0x200000, 0, UINT64_MAX);
	assert_int_equal(count, 7 + 2);
	assert_int_equal(
		memory_map_place(&info, 0x200000, 0x200000, 0, UINT64_MAX, 0).v, 0x1200000);
	assert_int_equal(
		memory_map_place(&info, 0x200000, 0x200000, 0, UINT64_MAX, 8).v, 0x4200000);
	assert_int_equal(memory_map_places(&info, 0x200000, 0x200000, 0, 0x1400000), 1);
	assert_int_equal(memory_map_places(&info, 0x40000000, 0x200000, 0, UINT64_MAX), 0);
	assert_true(memory_map_covers(&info, 0x1001000, 0xfff000));
	assert_false(memory_map_covers(&info, 0x1000000, 0x2000));
}

/* What firmware may keep for itself, and where registers of the platform are. */
static void test_firmware_and_platform(void **state)
{
	memset(&info, 0, sizeof(info));
	memory_map_set(&info, 0x100000, 0x200000, BOOT_MEMORY_USABLE);
	memory_map_set(&info, 0x200000, 0x300000, BOOT_MEMORY_ACPI_NVS);
	memory_map_set(&info, 0x300000, 0x400000, BOOT_MEMORY_RESERVED);
	memory_map_set(&info, 0xe0000000, 1ull << 32, BOOT_MEMORY_RESERVED);
	info.ecam = hpa(0xe0000000);
	info.ecam_first_bus = 1;
	info.ecam_last_bus = 15;
	assert_true(memory_map_is_firmware(&info, 0x2ff000, 0x2000));
	assert_false(memory_map_is_firmware(&info, 0x1ff000, 0x2000));
	/* A hole in the map is where devices are. */
	assert_false(memory_map_is_firmware(&info, 0x3ff000, 0x2000));
	assert_false(memory_map_is_firmware(&info, 0xd0000000, 0x1000));
	assert_true(memory_map_is_firmware(&info, 0xe00ff000, 0x1000));
	assert_false(memory_map_is_firmware(&info, 0xe00ff000, 0x1001));
	assert_true(memory_map_is_firmware(&info, 0xe1000000, 0x1000));
	assert_false(memory_map_is_firmware(&info, 0xfed20000, 0x1000));
	assert_false(memory_map_is_firmware(&info, 0xfebff000, 0x1001));
	assert_true(memory_map_is_platform(&info, 0xfee00000, 1));
	assert_true(memory_map_is_platform(&info, 0xe0000000, 0x20000000));
	assert_true(memory_map_is_platform(&info, 0xe0fffffc, 4));
	assert_false(memory_map_is_platform(&info, 0xe0000000, 0x100000));
	assert_false(memory_map_is_platform(&info, 0xff000000, 0x1000));
	assert_true(memory_map_is_platform(&info, UINT64_MAX - 7, 16));
}

static void screen_tag(struct blob *b, uint64_t address, uint32_t pitch, uint32_t width,
	uint32_t height, uint32_t bits_and_type, const char colours[6], size_t cut)
{
	struct blob s = {.size = 0};

	put64(&s, address);
	put32(&s, pitch);
	put32(&s, width);
	put32(&s, height);
	put32(&s, bits_and_type);
	memcpy(s.data + s.size, colours, 6);
	tag(b, 8, s.data, cut ? cut : s.size + 6);
}

static const struct boot_screen *parse_screen(
	uint32_t bits_and_type, const char colours[6], size_t cut)
{
	struct blob b;
	const char *why;

	begin(&b);
	memory_tag(&b, plain, 4);
	screen_tag(&b, 0xfd000000, 4096, 1024, 768, bits_and_type, colours, cut);
	finish(&b);
	assert_int_equal(parse(&b, &why), VMK_OK);
	return &info.screen;
}

static void test_screens(void **state)
{
	const struct boot_screen *s = parse_screen(32 | 1 << 8, "\x10\x08\x08\x08\x00\x08", 0);

	assert_int_equal(s->address.v, 0xfd000000);
	assert_int_equal(s->pitch, 4096);
	assert_int_equal(s->width, 1024);
	assert_int_equal(s->height, 768);
	assert_int_equal(s->pixel_bytes, 4);
	assert_int_equal(s->white, 0xffffff);
	assert_int_equal(parse_screen(24 | 1 << 8, "\x00\x18\x00\x00\x00\x00", 0)->white, 0xffffff);
}

/* A screen that makes no sense is none, and the boot goes on. */
static void test_bad_screens(void **state)
{
	const char *rgb = "\x10\x08\x08\x08\x00\x08";

	assert_int_equal(parse_screen(16 | 1 << 8, rgb, 0)->pixel_bytes, 0);
	assert_int_equal(parse_screen(16 | 2 << 8, rgb, 0)->pixel_bytes, 0); /* text */
	assert_int_equal(parse_screen(8 | 0 << 8, rgb, 0)->pixel_bytes, 0);
	assert_int_equal(parse_screen(32 | 3 << 8, rgb, 0)->pixel_bytes, 0);
	assert_int_equal(parse_screen(32 | 1 << 8, "\xff\xff\x1f\x02\x20\x01", 0)->pixel_bytes, 0);
	assert_int_equal(parse_screen(32 | 1 << 8, rgb, 29)->pixel_bytes, 0);
	assert_int_equal(parse_screen(32 | 1 << 8, rgb, 20)->pixel_bytes, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_all_tags),
		cmocka_unit_test(test_new_rsdp_wins),
		cmocka_unit_test(test_long_module_line_is_marked),
		cmocka_unit_test(test_refusals),
		cmocka_unit_test(test_bad_modules),
		cmocka_unit_test(test_reserved_beats_usable),
		cmocka_unit_test(test_wrapping_entry),
		cmocka_unit_test(test_map_fills_up),
		cmocka_unit_test(test_places),
		cmocka_unit_test(test_firmware_and_platform),
		cmocka_unit_test(test_screens),
		cmocka_unit_test(test_bad_screens),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
