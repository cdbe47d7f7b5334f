/* Handles of a world: it can give itself fewer rights, and never more. */
#include "vmkuser/call.h"

/* (handle, VMK_RIGHT_*) -> handle */
enum vmk_status call_handle_copy(struct uworld *u, const uint64_t args[6], uint64_t *value)
{
	vmk_handle copy = VMK_NO_HANDLE;
	enum vmk_status status;

	if (args[0] > UINT32_MAX)
		return VMK_BAD_HANDLE;
	status = handle_copy(&u->handles, (vmk_handle)args[0], args[1], &copy);
	*value = copy;
	return status == VMK_DENIED ? call_deny(u, VMK_ACTION_HANDLE) : status;
}

/* (handle, VMK_RIGHT_*) */
enum vmk_status call_handle_restrict(struct uworld *u, const uint64_t args[6], uint64_t *value)
{
	enum vmk_status status;

	if (args[0] > UINT32_MAX)
		return VMK_BAD_HANDLE;
	status = handle_restrict(&u->handles, (vmk_handle)args[0], args[1]);
	return status == VMK_DENIED ? call_deny(u, VMK_ACTION_HANDLE) : status;
}
