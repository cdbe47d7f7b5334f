/* sources: attest/agent/config.c kernel/worlds/libnet/address.c */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "agent/config.h"

static enum vmk_status parse(const char *text, struct agent_config *config, unsigned *line)
{
	/* exactly as long as the text, so that reading past it is seen */
	size_t size = strlen(text);
	char *exact = malloc(size ? size : 1);
	enum vmk_status status;

	memcpy(exact, text, size);
	status = agent_config_parse(exact, size, config, line);
	free(exact);
	return status;
}

static void test_defaults(void **state)
{
	struct agent_config config;
	unsigned line;

	assert_int_equal(parse("", &config, &line), VMK_OK);
	assert_true(config.net.dhcp);
	assert_int_equal(config.port, 5683);
	assert_string_equal(config.hostname, "");
}

static void test_fixed_address(void **state)
{
	static const uint8_t address[4] = {10, 0, 2, 15}, gateway[4] = {10, 0, 2, 2};
	struct agent_config config;
	unsigned line;

	assert_int_equal(parse("# a host\nhostname=esx-1\n\nnet=10.0.2.15/24\ngateway=10.0.2.2\n"
			       "attest.port=6000\nsyslog.port=x",
				 &config, &line),
		VMK_OK);
	assert_string_equal(config.hostname, "esx-1");
	assert_false(config.net.dhcp);
	assert_memory_equal(config.net.address, address, 4);
	assert_int_equal(config.net.prefix, 24);
	assert_memory_equal(config.net.gateway, gateway, 4);
	assert_int_equal(config.port, 6000);
}

static void test_names_the_bad_line(void **state)
{
	static const char *const bad[] = {
		"hostname=",
		"hostname=-a",
		"hostname=a b",
		"hostname=a.b",
		"hostname=0123456789012345678901234567890123456789012345678901234567890123",
		"net=",
		"net=dhcp ",
		"net=10.0.2.15",
		"net=10.0.2.15/",
		"net=10.0.2.15/0",
		"net=10.0.2.15/31",
		"net=10.0.2.15/24x",
		"net=10.0.2/24",
		"net=10.0.2.256/24",
		"net=10.0.02.1/24",
		"net=127.0.0.1/8",
		"net=224.0.0.1/24",
		"net=0.0.0.0/24",
		"gateway=10.0.2",
		"gateway=10.0.2.2/24",
		"attest.port=0",
		"attest.port=65536",
		"attest.port=99999999999999999999",
		"attest.port=",
		"attest.port=-1",
		"=x",
		"no equals sign",
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct agent_config config;
		char text[128] = "# first\n";
		unsigned line = 0;

		assert_int_equal(parse(strcat(text, bad[i]), &config, &line), VMK_BAD_FORMAT);
		assert_int_equal(line, 2);
	}
}

static void test_refuses_repeated_keys(void **state)
{
	struct agent_config config;
	unsigned line;

	assert_int_equal(parse("net=dhcp\nhostname=a\nnet=dhcp\n", &config, &line), VMK_BAD_FORMAT);
	assert_int_equal(line, 3);
}

static void test_refuses_too_much(void **state)
{
	static char text[AGENT_CONFIG_MAX + 1];
	struct agent_config config;
	unsigned line;

	memset(text, '\n', sizeof(text));
	assert_int_equal(agent_config_parse(text, sizeof(text), &config, &line), VMK_TOO_LARGE);
	assert_int_equal(agent_config_parse(text, sizeof(text) - 1, &config, &line), VMK_OK);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_defaults),
		cmocka_unit_test(test_fixed_address),
		cmocka_unit_test(test_names_the_bad_line),
		cmocka_unit_test(test_refuses_repeated_keys),
		cmocka_unit_test(test_refuses_too_much),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
