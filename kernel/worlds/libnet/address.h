/*
 * An interface's address as the host's configuration writes it: "dhcp", or "10.0.2.15/24" and a
 * gateway. Pure.
 */
#ifndef LIBNET_ADDRESS_H
#define LIBNET_ADDRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct net_address {
	bool dhcp;
	uint8_t address[4], gateway[4]; /* without DHCP; gateway may be all zero: none */
	uint8_t prefix;                 /* length of the network's prefix, bits: 1..30 */
};

/* Text that is not terminated. */
struct net_text {
	const char *text;
	size_t size;
};

/*
 * A decimal number without leading zeros, up to `max`, and the character `end` after it, which are
 * then taken from `in`; with end 0 nothing may follow.
 */
bool net_take_number(struct net_text *in, uint32_t max, char end, uint32_t *value);
/* "dhcp" or "a.b.c.d/n"; leaves the gateway alone. False: it is neither. */
bool net_parse(struct net_text value, struct net_address *net);
bool net_parse_gateway(struct net_text value, struct net_address *net);

#endif
