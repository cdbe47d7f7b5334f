#include "agent/config.h"

#include <string.h>

#include "wire/coap.h"

static bool parse_hostname(struct net_text value, struct agent_config *config)
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

static bool parse_net(struct net_text value, struct agent_config *config)
{
	return net_parse(value, &config->net);
}

static bool parse_gateway(struct net_text value, struct agent_config *config)
{
	return net_parse_gateway(value, &config->net);
}

static bool parse_port(struct net_text value, struct agent_config *config)
{
	uint32_t port;

	if (!net_take_number(&value, UINT16_MAX, 0, &port) || !port)
		return false;
	config->port = (uint16_t)port;
	return true;
}

static const struct {
	const char *key;
	bool (*parse)(struct net_text value, struct agent_config *config);
} keys[] = {
	{"hostname", parse_hostname},
	{"net", parse_net},
	{"gateway", parse_gateway},
	{"attest.port", parse_port},
};

static bool parse_line(struct net_text line, struct agent_config *config, unsigned *seen)
{
	const char *equals = memchr(line.text, '=', line.size);
	size_t key_size = equals ? (size_t)(equals - line.text) : 0;

	if (!line.size || line.text[0] == '#')
		return true;
	if (!key_size)
		return false;
	for (unsigned i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		struct net_text value = {equals + 1, line.size - key_size - 1};

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
	struct net_text rest = {text, size};
	unsigned seen = 0;

	*config = (struct agent_config){.net.dhcp = true, .port = COAP_PORT};
	*line = 0;
	if (size > AGENT_CONFIG_MAX)
		return VMK_TOO_LARGE;
	while (rest.size) {
		const char *end = memchr(rest.text, '\n', rest.size);
		struct net_text one = {rest.text, end ? (size_t)(end - rest.text) : rest.size};
		size_t used = one.size + !!end;

		++*line;
		if (!parse_line(one, config, &seen))
			return VMK_BAD_FORMAT;
		rest.text += used;
		rest.size -= used;
	}
	return VMK_OK;
}
