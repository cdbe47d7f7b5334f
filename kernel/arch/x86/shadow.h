/*
 * Shadow stacks of ring 0 (SDM 1, chapter 17): each kernel stack, and each stack of an exception
 * that has its own, has one beside it, which only CALL writes, so that a RET goes where its call
 * came from or ends in #CP. All of this does nothing where the CPU has none.
 *
 * The highest word of each is its supervisor token: its own address, with bit 0 set while a CPU is
 * on it. A stack is known by that address, 0 if there is none.
 */
#ifndef ARCH_SHADOW_H
#define ARCH_SHADOW_H

#define SHADOW_MSR_S_CET   0x6a2
#define SHADOW_MSR_PL0_SSP 0x6a4

#ifndef __ASSEMBLY__
#include "arch/x86/cpu.h"
#include "lib/types.h"
#include <vmkapi/status.h>

struct context;
extern bool cpu_has_shadow; /* for assembly too */

/* A fresh one, which nobody is on. */
enum vmk_status shadow_create(uint64_t *token);
/* One from which switch_context() returns to `first` when it switches to `context`. */
enum vmk_status shadow_create_context(struct context *context, uint64_t first);
void shadow_free(uint64_t token);

/* The next entry from ring 3 to this CPU is on that one. */
static inline void shadow_set_kernel_stack(uint64_t token)
{
	if (cpu_has_shadow)
		wrmsr(SHADOW_MSR_PL0_SSP, token);
}
/* The stacks of exceptions, by IST number (SDM 3A, 6.14.5), stay readable at `table` for good. */
void shadow_set_table(const uint64_t table[8]);
/* A trap frame's return address is another now: so must the one be that the CPU remembers. Called
 * from the exception's handler. */
void shadow_move_return(uint64_t from, uint64_t to);
#endif

#endif
