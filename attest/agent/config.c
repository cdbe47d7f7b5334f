#include "agent/config.h"

#include <string.h>

#include "wire/coap.h"

struct span {
	const char *text;
	size_t size;
};

/* A decimal number without leading zeros, up to `max`, and the character that ends it. */
static bool take_number(struct span *in, uint32_t max, char end, uint32_t *value)
{
	uint32_t v = 0;
	size_t i = 0;

	for (; i < in->size && in->text[i] >= '0' && in->text[i] <= '9'; i++) {
		if (i && !v)
			return false;
		v = v * 10 + (uint32_t)(in->text[i] - '0');
		if (v > max)
			return false;
	}
	if (!i || (end ? i == in->size || in->text[i] != end : i != in->size))
		return false;
	in->text += i + !!end;
	in->size -= i + !!end;
	*value = v;
	return true;
}

static bool take_address(struct span *in, char end, uint8_t address[4])
{
	uint32_t byte;

	for (int i = 0; i < 4; i++) {
		if (!take_number(in, 255, i < 3 ? '.' : end, &byte))
			return false;
		address[i] = (uint8_t)byte;
	}
	return address[0] && address[0] != 127 && address[0] < 224;
}

static bool parse_hostname(struct span value, struct agent_config *config)
{
	if (!value.size || value.size > AGENT_HOSTNAME_MAX || value.text[0] == '-')
		return false;
	for (size_t i = 0; i < value.size; i++) {
		char c = value.text[i];

		if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
			    c == '-'))
			return false;
	}
	memcpy(config->hostname, value.text, value.size);
	config->hostname[value.size] = 0;
	return true;
}

static bool parse_net(struct span value, struct agent_config *config)
{
	uint32_t prefix;

	config->dhcp = value.size == 4 && !memcmp(value.text, "dhcp", 4);
	if (config->dhcp)
		return true;
	if (!take_address(&value, '/', config->address) || !take_number(&value, 30, 0, &prefix))
		return false;
	config->prefix = (uint8_t)prefix;
	return prefix != 0;
}

static bool parse_gateway(struct span value, struct agent_config *config)
{
	return take_address(&value, 0, config->gateway);
}

static bool parse_port(struct span value, struct agent_config *config)
{
	uint32_t port;

	if (!take_number(&value, UINT16_MAX, 0, &port) || !port)
		return false;
	config->port = (uint16_t)port;
	return true;
}

static const struct {
	const char *key;
	bool (*parse)(struct span value, struct agent_config *config);
} keys[] = {
	{"hostname", parse_hostname},
	{"net", parse_net},
	{"gateway", parse_gateway},
	{"attest.port", parse_port},
};

static bool parse_line(struct span line, struct agent_config *config, unsigned *seen)
{
	const char *equals = memchr(line.text, '=', line.size);
	size_t key_size = equals ? (size_t)(equals - line.text) : 0;

	if (!line.size || line.text[0] == '#')
		return true;
	if (!key_size)
		return false;
	for (unsigned i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		struct span value = {equals + 1, line.size - key_size - 1};

		if (strlen(keys[i].key) != key_size || memcmp(keys[i].key, line.text, key_size))
			continue;
		if (*seen & 1u << i)
			return false;
		*seen |= 1u << i;
		return keys[i].parse(value, config);
	}
	return true;
}

enum vmk_status agent_config_parse(
	const char *text, size_t size, struct agent_config *config, unsigned *line)
{
	struct span rest = {text, size};
	unsigned seen = 0;

	*config = (struct agent_config){.dhcp = true, .port = COAP_PORT};
	*line = 0;
	if (size > AGENT_CONFIG_MAX)
		return VMK_TOO_LARGE;
	while (rest.size) {
		const char *end = memchr(rest.text, '\n', rest.size);
		struct span one = {rest.text, end ? (size_t)(end - rest.text) : rest.size};
		size_t used = one.size + !!end;

		++*line;
		if (!parse_line(one, config, &seen))
			return VMK_BAD_FORMAT;
		rest.text += used;
		rest.size -= used;
	}
	return VMK_OK;
}
