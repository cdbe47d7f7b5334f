/* sources: kernel/vmkuser/settings.c */
/* What is stored for the next boot, and what the configuration says of the console. */
#include "vmkuser/settings.h"

#include "arch/x86/nvram.h"
#include "vmkmod/modules.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

static struct {
	uint8_t nvram[256];
	bool read_only; /* a byte that the firmware keeps as it is */
	const char *console;
	enum vmk_status config;
} sim;

uint8_t nvram_read(uint8_t index)
{
	return sim.nvram[index];
}

void nvram_write(uint8_t index, uint8_t value)
{
	if (!sim.read_only)
		sim.nvram[index] = value;
}

enum vmk_status modules_config_get(const char *key, char *value, size_t size)
{
	assert_string_equal(key, "console");
	if (sim.config != VMK_OK)
		return sim.config;
	assert_true(strlen(sim.console) < size);
	strcpy(value, sim.console);
	return VMK_OK;
}

static int fresh(void **state)
{
	memset(&sim, 0, sizeof(sim));
	return 0;
}

static void only_two_bytes_are_a_setting(void **state)
{
	for (unsigned byte = 0; byte < 256; byte++) {
		enum vmk_stored value = settings_decode((uint8_t)byte);

		if (value != VMK_STORED_NOT)
			assert_int_equal(settings_encode(value), byte);
		else
			assert_true(byte != 0xa1 && byte != 0xa2);
	}
	assert_int_equal(settings_decode(0xa2), VMK_STORED_TRUE);
	assert_int_equal(settings_decode(0xa1), VMK_STORED_FALSE);
}

static void what_was_stored_is_read_again(void **state)
{
	static const enum vmk_stored values[] = {VMK_STORED_TRUE, VMK_STORED_FALSE, VMK_STORED_NOT};

	for (unsigned i = 0; i < 3; i++) {
		assert_int_equal(settings_store_enable_tboot(values[i]), VMK_OK);
		assert_int_equal(settings_enable_tboot(), values[i]);
	}
	for (unsigned i = 0; i < 256; i++)
		assert_int_equal(sim.nvram[i], 0);
}

static void a_byte_that_is_not_kept_is_an_error(void **state)
{
	sim.read_only = true;
	assert_int_equal(settings_store_enable_tboot(VMK_STORED_TRUE), VMK_IO_ERROR);
	assert_int_equal(settings_enable_tboot(), VMK_STORED_NOT);
}

static void the_console_is_what_the_configuration_says(void **state)
{
	static const struct {
		const char *text;
		enum vmk_console console;
	} cases[] = {{"control", VMK_CONSOLE_CONTROL}, {"read", VMK_CONSOLE_READ},
		{"off", VMK_CONSOLE_OFF}, {"", VMK_CONSOLE_OFF}, {"Control", VMK_CONSOLE_OFF},
		{"reader", VMK_CONSOLE_OFF}};

	for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		sim.console = cases[i].text;
		assert_int_equal(settings_console(), cases[i].console);
	}
	sim.config = VMK_NOT_FOUND;
	assert_int_equal(settings_console(), VMK_CONSOLE_CONTROL);
	sim.config = VMK_TOO_LARGE;
	assert_int_equal(settings_console(), VMK_CONSOLE_OFF);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(only_two_bytes_are_a_setting, fresh),
		cmocka_unit_test_setup(what_was_stored_is_read_again, fresh),
		cmocka_unit_test_setup(a_byte_that_is_not_kept_is_an_error, fresh),
		cmocka_unit_test_setup(the_console_is_what_the_configuration_says, fresh),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
