/* What a world is while it does not run: the kernel stack pointer below which its callee-saved
 * registers lie, and the canary of its stack frames. */
#ifndef ARCH_CONTEXT_H
#define ARCH_CONTEXT_H

#define CONTEXT_RSP    0
#define CONTEXT_CANARY 8

#ifndef __ASSEMBLY__
#include "lib/types.h"

struct context {
	uint64_t rsp;
	uint64_t canary;
};
STATIC_ASSERT_OFFSET(struct context, rsp, CONTEXT_RSP);
STATIC_ASSERT_OFFSET(struct context, canary, CONTEXT_CANARY);

/*
 * Prepare a stack (16-byte aligned top) so that the first switch to `context` calls
 * entry(argument) with interrupts disabled; the entry must not return. Draws a random canary.
 */
void context_init(
	struct context *context, void *stack_top, void (*entry)(void *argument), void *argument);
/*
 * Save the running world in `from`, continue `to`; returns when somebody switches back to `from`,
 * perhaps on another CPU. Interrupts must be off. Address space, FS base, FPU state and
 * percpu_set_kernel_stack() are the caller's affair.
 */
void switch_context(struct context *from, struct context *to);
#endif

#endif
