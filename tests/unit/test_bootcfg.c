/* sources: tboot-integration/image/bootcfg.c tboot-integration/image/grubcfg.c */
/* libs: */
#include "tboot-integration/image/bootcfg.h"
#include "tboot-integration/image/grubcfg.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

static struct bootcfg config;
static struct bootcfg_error error;

static enum vmk_status parse(const char *text)
{
	return bootcfg_parse(text, strlen(text), &config, &error);
}

static void reads_what_administrators_write(void **state)
{
	assert_int_equal(
		parse("# a comment\nbootstate=0\ntitle=Loading Merlon\ntimeout=5\nprefix=/boot\n"
		      "kernelopt=onboot=poweroff a=b\nkernel=vmkernel.elf\n"
		      "modules=config.pkg --- e1000.pkg speed=100  duplex=full --- agent.pkg\n"
		      "build=7.0.3-1\nupdated=12\nenableTboot=1\n"),
		VMK_OK);
	assert_string_equal(config.kernel.name, "vmkernel.elf");
	assert_string_equal(config.kernel.options, "onboot=poweroff a=b");
	assert_int_equal(config.module_count, 3);
	assert_string_equal(config.modules[1].name, "e1000.pkg");
	assert_string_equal(config.modules[1].options, "speed=100  duplex=full");
	assert_int_equal(config.updated, 12);
	assert_true(config.enable_tboot);
}

static void leaves_tboot_off_unless_asked(void **state)
{
	assert_int_equal(parse("kernel=k\r\n"), VMK_OK);
	assert_false(config.enable_tboot);
	assert_int_equal(config.module_count, 0);
}

static void names_the_line_that_is_wrong(void **state)
{
	static const struct {
		const char *text;
		unsigned line;
	} bad[] = {
		{"kernel=k\nfoo=1\n", 2},
		{"kernel=k\nkernel=k\n", 2},
		{"kernel=a/b\n", 1},
		{"kernel=..\n", 1},
		{"kernel=k extra\n", 1},
		{"\n\nno equals\n", 3},
		{"kernel=k\nenableTboot=2\n", 2},
		{"kernel=k\ntimeout=-1\n", 2},
		{"kernel=k\ntimeout=99999999999\n", 2},
		{"kernel=k\ntitle=a\"b\n", 2},
		{"kernel=k\nmodules=a ---  --- b\n", 2},
		{"title=no kernel\n", 0},
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_equal(parse(bad[i].text), VMK_BAD_FORMAT);
		assert_int_equal(error.line, bad[i].line);
		assert_non_null(error.what);
	}
}

static void refuses_too_many_modules(void **state)
{
	char text[4096] = "kernel=k\nmodules=m";

	for (unsigned i = 1; i <= BOOTCFG_MODULES_MAX; i++)
		strcat(text, " --- m");
	assert_int_equal(parse(text), VMK_BAD_FORMAT);
}

static void writes_both_kinds_of_menu_entry(void **state)
{
	static const struct grubcfg_launch launch = {
		.tboot = "tboot.gz", .tboot_args = "logging=memory", .sinit = "sinit.bin"};
	char text[8192];

	assert_int_equal(
		parse("kernel=k\nkernelopt=x\nprefix=/boot\nmodules=a --- b c\nenableTboot=1\n"),
		VMK_OK);
	assert_int_equal(grubcfg_write(&config, &launch, text, sizeof(text)), VMK_OK);
	assert_non_null(strstr(text, "set default=0\n"));
	assert_non_null(strstr(text, "multiboot2 /boot/tboot.gz logging=memory\n"));
	assert_non_null(
		strstr(text, "if [ \"$grub_platform\" = efi ]; then cutmem 384K 512K; fi\n"));
	assert_non_null(strstr(text, "module2 /boot/k x\n"));
	assert_non_null(strstr(text, "module2 /boot/b b c\n"));
	assert_non_null(strstr(text, "module2 /boot/sinit.bin "));
	config.enable_tboot = false;
	assert_int_equal(grubcfg_write(&config, &launch, text, sizeof(text)), VMK_OK);
	assert_non_null(strstr(text, "multiboot2 /boot/k x\n"));
	assert_non_null(strstr(text, "set default=1\n"));
	assert_int_equal(grubcfg_write(&config, &launch, text, 20), VMK_TOO_LARGE);
}

/* What a static launch measures is one entry, without a condition. */
static void writes_a_plain_menu_without_tboot(void **state)
{
	static const struct grubcfg_launch launch = {.tboot_args = ""};
	char text[8192];

	assert_int_equal(parse("kernel=k\nmodules=a\nenableTboot=1\n"), VMK_OK);
	assert_int_equal(grubcfg_write(&config, &launch, text, sizeof(text)), VMK_BAD_PARAM);
	config.enable_tboot = false;
	assert_int_equal(grubcfg_write(&config, &launch, text, sizeof(text)), VMK_OK);
	assert_non_null(strstr(text, "multiboot2 /k\n"));
	assert_null(strstr(text, "if "));
	assert_null(strstr(text, "module2 /k"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_what_administrators_write),
		cmocka_unit_test(leaves_tboot_off_unless_asked),
		cmocka_unit_test(names_the_line_that_is_wrong),
		cmocka_unit_test(refuses_too_many_modules),
		cmocka_unit_test(writes_both_kinds_of_menu_entry),
		cmocka_unit_test(writes_a_plain_menu_without_tboot),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
