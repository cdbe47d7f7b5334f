/* sources: attest/agent/config.c kernel/worlds/libnet/address.c */
/* Whatever is accepted can be used: a terminated name, a port, an address that has a network. */
#include <stdlib.h>
#include <string.h>

#include "agent/config.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct agent_config config;
	unsigned line;

	if (agent_config_parse((const char *)data, size, &config, &line) != VMK_OK)
		return 0;
	if (strlen(config.hostname) > AGENT_HOSTNAME_MAX || !config.port)
		abort();
	if (!config.net.dhcp &&
		(!config.net.prefix || config.net.prefix > 30 || !config.net.address[0]))
		abort();
	return 0;
}
