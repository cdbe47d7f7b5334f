/*
 * The host's configuration, as far as the agent needs it: lines of `key=value`; `#` begins a
 * comment line. Keys of others are passed over. Pure.
 *
 *	hostname=esx1
 *	net=dhcp                 or  net=10.0.2.15/24 and gateway=10.0.2.2
 *	attest.port=5683
 */
#ifndef AGENT_CONFIG_H
#define AGENT_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <vmkapi/status.h>

#include "worlds/libnet/address.h"

#define AGENT_CONFIG_MAX   4096 /* bytes of text */
#define AGENT_HOSTNAME_MAX 63   /* one label: RFC 1123 2.1 */

struct agent_config {
	char hostname[AGENT_HOSTNAME_MAX + 1]; /* may be empty */
	struct net_address net;
	uint16_t port;
};

/*
 * Reads the text; what it does not say has its default: DHCP, port 5683, no name. VMK_BAD_FORMAT
 * for a bad value of a known key or a key given twice: *line is its number then, from 1.
 */
enum vmk_status agent_config_parse(
	const char *text, size_t size, struct agent_config *config, unsigned *line);

#endif
