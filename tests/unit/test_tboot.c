/* sources: kernel/boot/tboot.c kernel/boot/memory_map.c kernel/boot/options.c */
/* tboot's hand-off: what is believed of it, and kernel options. */
#include "boot/boot_info.h"
#include "boot/memory_map.h"
#include "boot/options.h"
#include "boot/tboot.h"
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

#define ADDRESS 0x2473000u

static struct boot_info info;
static struct tboot_shared page;

static const uint8_t uuid[16] = {0xff, 0x8d, 0x3c, 0x66, 0xb3, 0xe8, 0x82, 0x4b, 0xbf, 0xaa, 0x19,
	0xea, 0x4d, 0x05, 0x7a, 0x08};

static void good(void)
{
	memset(&info, 0, sizeof(info));
	memset(&page, 0, sizeof(page));
	memory_map_set(&info, 0x100000, 0x20000000, BOOT_MEMORY_USABLE);
	memory_map_set(&info, 0x4000000, 0x4100000, BOOT_MEMORY_KERNEL);
	memcpy(page.uuid, uuid, sizeof(uuid));
	page.version = 6;
	page.base = 0x800000;
	page.bytes = 0x228b000;
	page.shutdown_entry = 0x804220;
	page.log_address = 0x60000;
}

static const char *parse(void)
{
	const char *why;

	tboot_parse(&page, sizeof(page), ADDRESS, &info, &why);
	return why;
}

static void test_accepted(void **state)
{
	good();
	page.flags = TBOOT_FLAG_MWAIT;
	page.waiting_cpus = 3;
	assert_null(parse());
	assert_true(info.tboot.present);
	assert_int_equal(info.tboot.num_in_wfs, 3);
	assert_int_equal(info.tboot.ap_wake_addr, ADDRESS + 0x23c);
	assert_int_equal(info.tboot.ap_wake_trigger_offset, 0x244);
	assert_int_equal(memory_map_find(&info, 0x900000)->type, BOOT_MEMORY_TBOOT);
	assert_int_equal(memory_map_find(&info, 0x2a8b000)->type, BOOT_MEMORY_USABLE);
}

/* It is shown to people, so that it must be neither registers nor tboot's secrets. */
static void test_log_lies_low(void **state)
{
	good();
	assert_null(parse());
	assert_int_equal(info.tboot.log.v, 0x60000);
	good();
	page.log_address = 0x98000;
	assert_null(parse());
	assert_int_equal(info.tboot.log.v, 0x98000);
	good();
	page.log_address = 0x98001;
	assert_null(parse());
	assert_int_equal(info.tboot.log.v, 0);
	good();
	page.log_address = 0xfed20000;
	assert_null(parse());
	assert_int_equal(info.tboot.log.v, 0);
}

static void test_no_mailbox_without_the_flag(void **state)
{
	good();
	assert_null(parse());
	assert_int_equal(info.tboot.ap_wake_addr, 0);
}

static void test_each_field_is_checked(void **state)
{
	good();
	page.uuid[15] ^= 1;
	assert_string_equal(parse(), "the page does not carry tboot's UUID");
	assert_false(info.tboot.present);
	good();
	page.version = 5;
	assert_string_equal(parse(), "its version is too old");
	good();
	page.bytes = 0;
	assert_string_equal(parse(), "tboot's memory has no size or wraps around");
	good();
	page.bytes = 0xffffffff;
	assert_string_equal(parse(), "tboot's memory has no size or wraps around");
	good();
	page.base = 0x3000000;
	assert_string_equal(parse(), "the page lies outside tboot's memory");
	good();
	page.shutdown_entry = 0x4000000;
	assert_string_equal(parse(), "the shutdown entry lies outside tboot's memory");
	good();
	page.bytes = 0x4000000;
	assert_string_equal(parse(), "tboot's memory overlaps the kernel or a module");
	assert_false(info.tboot.present);
}

static void test_short_or_unaligned_page(void **state)
{
	const char *why;

	good();
	assert_int_equal(
		tboot_parse(&page, sizeof(page) - 1, ADDRESS, &info, &why), VMK_BAD_FORMAT);
	assert_int_equal(
		tboot_parse(&page, sizeof(page), ADDRESS + 8, &info, &why), VMK_BAD_FORMAT);
	assert_int_equal(tboot_parse(&page, sizeof(page), 1ull << 32, &info, &why), VMK_BAD_FORMAT);
	assert_false(info.tboot.present);
}

static void test_word(void **state)
{
	static const struct {
		const char *cmdline, *left;
		uint64_t address;
	} cases[] = {
		{"a=b tboot=0x2473000", "a=b", 0x2473000},
		{"a=b  tboot=0xABCDEF01 ", "a=b", 0xabcdef01},
		{"tboot=0x1000", "", 0x1000},
		{"tboot=0x1000 a=b", "tboot=0x1000 a=b", 0},
		{"a=b tboot=0x", "a=b tboot=0x", 0},
		{"a=b tboot=0x123456789", "a=b tboot=0x123456789", 0},
		{"a=b tboot=0x12g4", "a=b tboot=0x12g4", 0},
		{"xtboot=0x1000", "xtboot=0x1000", 0},
		{"", "", 0},
		{"   ", "   ", 0},
	};

	for (unsigned i = 0; i < ARRAY_SIZE(cases); i++) {
		uint64_t address = 0;

		memset(&info, 0, sizeof(info));
		strcpy(info.cmdline, cases[i].cmdline);
		assert_int_equal(tboot_take_word(&info, &address), cases[i].address != 0);
		assert_int_equal(address, cases[i].address);
		assert_string_equal(info.cmdline, cases[i].left);
		assert_int_equal(info.tboot.cmdline_address, cases[i].address != 0);
	}
}

static void test_options(void **state)
{
	char value[8];

	assert_true(option_get("a onboot=halt b=2", "onboot", value, sizeof(value)));
	assert_string_equal(value, "halt");
	assert_true(option_get("a onboot=halt  b=2", "b", value, sizeof(value)));
	assert_string_equal(value, "2");
	assert_true(option_get("b= c", "b", value, sizeof(value)));
	assert_string_equal(value, "");
	assert_false(option_get("xonboot=halt", "onboot", value, sizeof(value)));
	assert_false(option_get("onboot", "onboot", value, sizeof(value)));
	assert_false(option_get("", "onboot", value, sizeof(value)));
	assert_false(option_get("b=12345678", "b", value, sizeof(value)));
	assert_int_equal(option_number("12"), 12);
	assert_int_equal(option_number("12x"), 0);
	assert_int_equal(option_number("99999999999999999999"), 0);
	assert_int_equal(option_number(""), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_accepted),
		cmocka_unit_test(test_log_lies_low),
		cmocka_unit_test(test_no_mailbox_without_the_flag),
		cmocka_unit_test(test_each_field_is_checked),
		cmocka_unit_test(test_short_or_unaligned_page),
		cmocka_unit_test(test_word),
		cmocka_unit_test(test_options),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
