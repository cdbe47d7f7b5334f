/*
 * For assembly: branch predictions at the boundaries of ring 0, where plan.ibrs_at_entries says so
 * (speculation.h). Ring 0 runs with IBRS set, ring 3 and guests with it clear.
 */
#ifndef ARCH_PREDICT_H
#define ARCH_PREDICT_H

#define PREDICT_MSR_SPEC_CTRL 0x48

#ifdef __ASSEMBLY__
/* clang-format off */
	/* Both lose %rax, %rcx and %rdx. A branch that is predicted past IBRS_ON must come to an
	 * LFENCE before any indirect one. */
	.macro IBRS_ON
	testb $1, predict_at_entries(%rip)
	jz .Librs\@
	IBRS_WRITE predict_inside
.Librs\@:
	.endm

	.macro IBRS_OFF
	testb $1, predict_at_entries(%rip)
	jz .Librs\@
	IBRS_WRITE predict_outside
.Librs\@:
	.endm

	.macro IBRS_WRITE value
	movl $PREDICT_MSR_SPEC_CTRL, %ecx
	movl \value(%rip), %eax
	xorl %edx, %edx
	wrmsr
	.endm

	/* As many calls as any CPU remembers, none of which returns: whoever taught it returns before
	 * is forgotten. Loses %rax and %rcx. */
	.macro FILL_RETURNS
	movl $16, %ecx
.Lfill\@:
	call .Lone\@
	int3
.Lone\@:
	call .Ltwo\@
	int3
.Ltwo\@:
	addq $16, %rsp
	testb $1, cpu_has_shadow(%rip)
	jz .Lno_shadow\@
	movl $2, %eax
	incsspq %rax
.Lno_shadow\@:
	decl %ecx
	jnz .Lfill\@
	lfence
	.endm
/* clang-format on */
#else
#include "lib/types.h"

/* Set once, by speculation_init(). */
extern bool predict_at_entries;
extern bool predict_isolate; /* ring 3 has page tables of its own (mem/gate.h) */
extern uint32_t predict_inside, predict_outside; /* IA32_SPEC_CTRL */
void predict_fill_returns(void);
#endif

#endif
