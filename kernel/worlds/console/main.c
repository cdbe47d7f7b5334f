/* The console: whoever reaches the serial line or the screen, and the command table. */
#include <string.h>

#include <vmkuser/auth.h>
#include <vmkuser/libvmkuser.h>

#include "worlds/console/console.h"
#include "worlds/libvmk/session.h"

static vmk_handle system_handle, trust;

static enum vmk_status op_info(
	void *context, enum vmk_info_kind kind, uint64_t index, void *record, size_t size)
{
	return vmku_info(system_handle, kind, index, record, size);
}

static enum vmk_status op_control(void *context, enum vmk_control control, uint64_t value)
{
	terminal_flush();
	return vmku_control(system_handle, control, value);
}

static enum vmk_status op_trust_log(void *context, enum vmk_trust_log log, uint64_t offset,
	void *to, size_t size, uint64_t *total)
{
	return vmku_trust_log(trust, log, offset, to, size, total);
}

static enum vmk_status op_vm_console(void *context, uint32_t id)
{
	return guest_console(system_handle, id);
}

static bool op_pause(void *context, unsigned milliseconds)
{
	return terminal_pause(milliseconds * 1000000ull);
}

static void op_write(void *context, const char *text, size_t bytes)
{
	terminal_write(text, bytes);
}

static void op_log(void *context, const char *line)
{
	vmku_log(line, strlen(line));
}

static void op_log_out(void *context)
{
	terminal_flush();
	vmku_exit(VMK_LOGOUT_ASKED);
}

static struct vmk_host host = {
	.info = op_info,
	.control = op_control,
	.trust_log = op_trust_log,
	.ping = network_ping,
	.vm_console = op_vm_console,
	.pause = op_pause,
	.write = op_write,
	.log = op_log,
};

int main(void)
{
	bool logged_in;
	static struct session session;
	enum vmk_status status = terminal_start();
	char bytes[64];
	size_t count;

	if (status != VMK_OK)
		return 1;
	/* Where the configuration names accounts there is only the terminal at first. */
	logged_in = vmku_find("system", VMK_KIND_SYSTEM) == VMK_NO_HANDLE;
	if (logged_in && !login_run())
		return 1;
	system_handle = vmku_find("system", VMK_KIND_SYSTEM);
	trust = vmku_find("trust", VMK_KIND_TRUST);
	if (logged_in)
		host.log_out = op_log_out;
	session_start(&session, &host, NULL);
	while (terminal_read(bytes, sizeof(bytes), &count) == VMK_OK)
		session_feed(&session, bytes, count);
	return 1;
}
