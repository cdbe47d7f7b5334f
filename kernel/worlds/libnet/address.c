#include "worlds/libnet/address.h"

#include <string.h>

bool net_take_number(struct net_text *in, uint32_t max, char end, uint32_t *value)
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

static bool take_address(struct net_text *in, char end, uint8_t address[4])
{
	uint32_t byte;

	for (int i = 0; i < 4; i++) {
		if (!net_take_number(in, 255, i < 3 ? '.' : end, &byte))
			return false;
		address[i] = (uint8_t)byte;
	}
	return address[0] && address[0] != 127 && address[0] < 224;
}

bool net_parse(struct net_text value, struct net_address *net)
{
	uint32_t prefix;

	net->dhcp = value.size == 4 && !memcmp(value.text, "dhcp", 4);
	if (net->dhcp)
		return true;
	if (!take_address(&value, '/', net->address) || !net_take_number(&value, 30, 0, &prefix))
		return false;
	net->prefix = (uint8_t)prefix;
	return prefix != 0;
}

bool net_parse_gateway(struct net_text value, struct net_address *net)
{
	return take_address(&value, 0, net->gateway);
}
