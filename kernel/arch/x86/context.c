/* New contexts. */
#include "arch/x86/context.h"
#include "arch/x86/cet.h"
#include "arch/x86/features.h"
#include "arch/x86/shadow.h"
#include "arch/x86/stack.h"
#include "lib/panic.h"
#include "lib/random.h"

extern char context_first[];
_Noreturn void context_enter(void (*entry)(void *argument), void *argument);
_Noreturn void stack_continue(void *top, void (*entry)(void), uint64_t token, uint64_t s_cet);

/* In C, so that the indirect call is checked. */
_Noreturn void context_enter(void (*entry)(void *argument), void *argument)
{
	entry(argument);
	panic("a world's entry returned");
}

enum vmk_status context_init(
	struct context *context, void *stack_top, void (*entry)(void *argument), void *argument)
{
	uint64_t *sp = stack_top;

	*--sp = 0; /* ends backtraces, and keeps the alignment of a call */
	*--sp = 0;
	*--sp = (uint64_t)(uintptr_t)context_first;
	*--sp = 0;                             /* rbp */
	*--sp = 0;                             /* rbx */
	*--sp = (uint64_t)(uintptr_t)entry;    /* r12 */
	*--sp = (uint64_t)(uintptr_t)argument; /* r13 */
	*--sp = 0;                             /* r14 */
	*--sp = 0;                             /* r15 */
	context->rsp = (uint64_t)(uintptr_t)sp;
	/* The lowest byte is zero, so that no string copy can write it on its way. */
	context->canary = random_u64() & ~0xffull;
	return shadow_create_context(context, (uint64_t)(uintptr_t)context_first);
}

void context_release(struct context *context)
{
	shadow_free(context->shadow);
}

_Noreturn void stack_switch(void *top, void (*entry)(void))
{
	uint64_t token;

	features_split_cpu();
	if (shadow_create(&token) != VMK_OK)
		panic("no memory for a shadow stack");
	stack_continue(top, entry, token, cet_kernel_flags());
}
