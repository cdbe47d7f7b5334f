#include "arch/x86/syscall.h"

#include "arch/x86/time.h"
#include "lib/log.h"
#include "sched/world.h"
#include "vmkuser/call.h"

#define LOG_MODULE "vmkuser"

static const struct {
	const char *name;
	call_handler handler;
} calls[] = {
#define X(symbol, name_, number, args) [number] = {.name = name_},
	VMK_SYSCALLS(X)
#undef X
};

static const call_handler handlers[] = {
#define X(number, handler) [number] = handler,
	CALL_HANDLERS(X)
#undef X
};
_Static_assert(ARRAY_SIZE(handlers) == ARRAY_SIZE(calls), "a system call has no handler");
_Static_assert(ARRAY_SIZE(calls) <= 64, "struct package has 64 permission bits");

static void log_denial(struct uworld *u, uint64_t number)
{
	if (budget_take(&u->denial_budget, time_ns()))
		vmk_warn("World %s: system call %s is not granted by its package", WORLD_NAME(u),
			calls[number].name);
}

enum vmk_status call_make(
	struct uworld *u, uint64_t number, const uint64_t args[6], uint64_t *value)
{
	if (number >= ARRAY_SIZE(handlers) || !handlers[number])
		return VMK_UNSUPPORTED;
	__asm__ volatile("lfence" : : : "memory"); /* no call is speculated past the check */
	/* Nobody can be kept from ending. */
	if (number != VMK_SYS_EXIT && !(u->package.syscalls >> number & 1)) {
		log_denial(u, number);
		return VMK_DENIED;
	}
	return handlers[number](u, args, value);
}

void syscall_dispatch(struct syscall_frame *frame)
{
	const uint64_t args[6] = {
		frame->rdi, frame->rsi, frame->rdx, frame->r10, frame->r8, frame->r9};
	uint64_t value = 0;
	enum vmk_status status = call_make(world_owner(world_current()), frame->rax, args, &value);

	frame->rax = status;
	frame->rdx = status == VMK_OK ? value : 0;
}
