#include "arch/x86/syscall.h"

#include "lib/nospec.h"
#include "sched/world.h"
#include "vmkuser/call.h"
#include "vmkuser/secdomain.h"

static const call_handler handlers[] = {
#define X(number, handler) [number] = handler,
	CALL_HANDLERS(X)
#undef X
};

enum vmk_status call_may(struct uworld *u, const struct domain_request *request)
{
	if (request->action != VMK_ACTION_VM &&
		!domain_object_name(request->action, request->object))
		return VMK_BAD_PARAM;
	if (domain_allows(&u->grants, request))
		return VMK_OK;
	u->denied = *request;
	return VMK_DENIED;
}

enum vmk_status call_deny(struct uworld *u, enum vmk_action action)
{
	u->denied.action = action;
	return VMK_DENIED;
}

enum vmk_status call_object(
	struct uworld *u, uint64_t handle, uint32_t kind, uint32_t rights, void **object)
{
	enum vmk_status status;

	if (handle > UINT32_MAX)
		return VMK_BAD_HANDLE;
	status = handle_get(&u->handles, (vmk_handle)handle, kind, rights, object);
	return status == VMK_DENIED ? call_deny(u, VMK_ACTION_HANDLE) : status;
}

static enum vmk_status make(
	struct uworld *u, uint64_t number, const uint64_t args[6], uint64_t *value)
{
	/* That there is such a call is known: call_may() would ask for its name each time. */
	if (!domain_allows_syscall(&u->grants, number)) {
		u->denied = (struct domain_request){.action = VMK_ACTION_SYSCALL, .object = number};
		return VMK_DENIED;
	}
	u->denied = (struct domain_request){.action = VMK_ACTION_OTHER, .object = number};
	return handlers[number](u, args, value);
}

enum vmk_status call_make(
	struct uworld *u, uint64_t number, const uint64_t args[6], uint64_t *value)
{
	enum vmk_status status;

	if (number >= ARRAY_SIZE(handlers))
		return VMK_UNSUPPORTED;
	number = index_nospec(number, ARRAY_SIZE(handlers));
	if (!handlers[number])
		return VMK_UNSUPPORTED;
	status = make(u, number, args, value);
	if (status == VMK_DENIED)
		secdomain_denied(u, number);
	return status;
}

void syscall_dispatch(struct syscall_frame *frame)
{
	const uint64_t args[6] = {
		frame->rdi, frame->rsi, frame->rdx, frame->r10, frame->r8, frame->r9};
	struct uworld *u = world_owner(world_current());
	uint64_t value = 0;
	enum vmk_status status = call_make(u, frame->rax, args, &value);

	frame->rax = status;
	frame->rdx = status == VMK_OK ? value : 0;
	if (u->more.is_there) {
		frame->r10 = u->more.r10;
		frame->r8 = u->more.r8;
		frame->r9 = u->more.r9;
		u->more.is_there = false;
	}
}
