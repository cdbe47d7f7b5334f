/* vmk vm console: between the terminal and a guest's console. */
#include <vmkuser/libvmkuser.h>

#include "worlds/console/console.h"
#include "worlds/libvmk/attach.h"

#define TYPED_MAX 64u
#define SAID_MAX  512u

/* What the guest said. VMK_WOULD_BLOCK when that was all. */
static enum vmk_status show(vmk_handle system, struct attach *attach)
{
	char said[SAID_MAX], shown[ATTACH_SHOW_MAX(SAID_MAX)];
	size_t bytes;
	enum vmk_status status;

	while ((status = vmku_vm_console_read(system, said, sizeof(said), &bytes)) == VMK_OK)
		terminal_write(shown, attach_show(attach, said, bytes, shown));
	return status;
}

/* What a guest does not take in time is lost, as on a serial line. */
static enum vmk_status type(vmk_handle system, struct attach *attach, bool *leave)
{
	char typed[TYPED_MAX], to_guest[ATTACH_TYPE_MAX(TYPED_MAX)];
	size_t bytes, taken;
	enum vmk_status status = terminal_read_or(system, typed, sizeof(typed), &bytes);

	if (status != VMK_OK && status != VMK_TIMEOUT)
		return status;
	bytes = attach_type(attach, typed, bytes, to_guest, leave);
	if (!bytes)
		return VMK_OK;
	status = vmku_vm_console_write(system, to_guest, bytes, &taken);
	return status == VMK_WOULD_BLOCK ? VMK_OK : status;
}

enum vmk_status guest_console(vmk_handle system, uint32_t id)
{
	struct attach attach = {.sequence_bytes = 0};
	enum vmk_status status = vmku_vm_attach(system, id);
	bool leave = false;

	if (status != VMK_OK)
		return status;
	while (!leave && (status = show(system, &attach)) == VMK_WOULD_BLOCK) {
		status = type(system, &attach, &leave);
		if (status != VMK_OK)
			break;
	}
	vmku_vm_attach(system, 0);
	terminal_flush();
	return status;
}
