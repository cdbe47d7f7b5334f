/* The attester as a user world: its handles are a port, the trust services and the configuration.
 */
#include <vmkuser/libvmkuser.h>

#include "agent/config.h"
#include "agent/server.h"
#include "agent/world/net.h"
#include "agent/world/say.h"

static struct agent agent;
static vmk_handle trust;

static enum vmk_status op_quote(
	void *context, const struct vmk_quote_request *request, struct vmk_quote_reply *reply)
{
	return vmku_quote(trust, request, reply);
}

static enum vmk_status op_log_read(void *context, enum vmk_trust_log log, uint64_t offset,
	void *buffer, size_t size, uint64_t *total)
{
	return vmku_trust_log(trust, log, offset, buffer, size, total);
}

static enum vmk_status op_random(void *context, void *buffer, size_t size)
{
	return vmku_random(buffer, size);
}

static void op_note(void *context, const char *line)
{
	say("%s", line);
}

static const struct agent_ops world_ops = {
	.quote = op_quote,
	.log_read = op_log_read,
	.random = op_random,
	.note = op_note,
};

static enum vmk_status read_config(struct agent_config *config)
{
	static char text[AGENT_CONFIG_MAX];
	vmk_handle handle = vmku_find("config", VMK_KIND_CONFIG);
	uint64_t total = 0;
	enum vmk_status status = VMK_NOT_FOUND;
	unsigned line;

	if (handle != VMK_NO_HANDLE)
		status = vmku_config_read(handle, 0, text, sizeof(text), &total);
	if (status == VMK_NOT_FOUND) {
		say("no configuration: DHCP, default port");
		return agent_config_parse("", 0, config, &line);
	}
	if (status != VMK_OK)
		return status;
	if (total > sizeof(text))
		return VMK_TOO_LARGE;
	status = agent_config_parse(text, (size_t)total, config, &line);
	if (status != VMK_OK)
		say("configuration, line %u: %s", line, vmk_status_name(status));
	return status;
}

static enum vmk_status start(void)
{
	vmk_handle port = vmku_find("mgmt", VMK_KIND_PORT);
	struct agent_config config;
	enum vmk_status status;

	trust = vmku_find("trust", VMK_KIND_TRUST);
	if (port == VMK_NO_HANDLE || trust == VMK_NO_HANDLE) {
		say("the world was not given its %s", port == VMK_NO_HANDLE ? "port" : "trust");
		return VMK_BAD_HANDLE;
	}
	status = read_config(&config);
	if (status != VMK_OK)
		return status;
	status = agent_init(&agent, &world_ops, NULL, &agent_default_limits);
	return status == VMK_OK ? net_start(port, &config, &agent) : status;
}

int main(void)
{
	enum vmk_status status = start();

	while (status == VMK_OK)
		status = net_poll();
	say("attester ends: %s", vmk_status_name(status));
	return 1;
}
