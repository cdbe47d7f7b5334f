/* What a world is while it does not run: the kernel stack pointer below which its callee-saved
 * registers lie, its place on its shadow stack, and the canary of its stack frames. */
#ifndef ARCH_CONTEXT_H
#define ARCH_CONTEXT_H

#define CONTEXT_RSP    0
#define CONTEXT_CANARY 8
#define CONTEXT_SSP    16

#ifndef __ASSEMBLY__
#include "lib/types.h"
#include <vmkapi/status.h>

struct context {
	uint64_t rsp;
	uint64_t canary;
	uint64_t
		ssp; /* of the shadow stack; 0 where the CPU has none, or before the first switch */
	uint64_t shadow; /* shadow.h; 0: the world never enters ring 3 */
};
STATIC_ASSERT_OFFSET(struct context, rsp, CONTEXT_RSP);
STATIC_ASSERT_OFFSET(struct context, canary, CONTEXT_CANARY);
STATIC_ASSERT_OFFSET(struct context, ssp, CONTEXT_SSP);

/*
 * Prepare a stack (16-byte aligned top) so that the first switch to `context` calls
 * entry(argument) with interrupts disabled; the entry must not return. Draws a random canary, and
 * makes a shadow stack: VMK_NO_MEMORY if it cannot. context_release() gives that back, once nobody
 * runs on it.
 */
enum vmk_status context_init(
	struct context *context, void *stack_top, void (*entry)(void *argument), void *argument);
void context_release(struct context *context);
/*
 * Save the running world in `from`, continue `to`; returns when somebody switches back to `from`,
 * perhaps on another CPU. Interrupts must be off. Address space, FS base, FPU state and
 * percpu_set_kernel_stack() are the caller's affair.
 */
void switch_context(struct context *from, struct context *to);
#endif

#endif
