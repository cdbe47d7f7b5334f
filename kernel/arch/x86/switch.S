/* Switching kernel stacks (context.h). */
#include "arch/x86/context.h"
#include "arch/x86/percpu.h"
#include "arch/x86/shadow.h"

	.text
	.balign 16
	.globl switch_context
	.hidden switch_context
	.type switch_context, @function
switch_context:
	endbr64
	pushq %rbp
	pushq %rbx
	pushq %r12
	pushq %r13
	pushq %r14
	pushq %r15
	movq %rsp, CONTEXT_RSP(%rdi)
	movq %gs:PERCPU_CANARY, %rax
	movq %rax, CONTEXT_CANARY(%rdi)
	movq CONTEXT_CANARY(%rsi), %rax
	movq %rax, %gs:PERCPU_CANARY
	/* The shadow stack too: RSTORSSP takes the token on top of the one, SAVEPREVSSP leaves a token on
	 * the other (SDM 1, 17.2.5). */
	movq CONTEXT_SSP(%rsi), %rcx
	testq %rcx, %rcx
	jz 1f
	rdsspq %rax
	subq $8, %rax
	movq %rax, CONTEXT_SSP(%rdi)
	rstorssp (%rcx)
	saveprevssp
1:	movq CONTEXT_RSP(%rsi), %rsp
	xorl %eax, %eax
	popq %r15
	popq %r14
	popq %r13
	popq %r12
	popq %rbx
	popq %rbp
	ret
	int3
	.size switch_context, . - switch_context

/* Where a new context begins: context_init() put entry and argument into r12 and r13. */
	.globl context_first
	.hidden context_first
	.type context_first, @function
context_first:
	endbr64
	movq %r12, %rdi
	movq %r13, %rsi
	xorl %ebp, %ebp
	call context_enter
	ud2
	.size context_first, . - context_first

/* stack_continue(top, entry, token, s_cet): continue on another stack, giving up this one, and with
 * `token` on that shadow stack: until there is one, CALL and RET have not been watched. */
	.globl stack_continue
	.hidden stack_continue
	.type stack_continue, @function
stack_continue:
	endbr64
	movq %rdi, %rsp
	xorl %ebp, %ebp
	pushq %rbp
	pushq %rbp
	testq %rdx, %rdx
	jz 1f
	movq %rdx, %rax
	shrq $32, %rdx
	movq %rcx, %rdi
	movl $SHADOW_MSR_PL0_SSP, %ecx
	wrmsr
	movq %rdi, %rax
	xorl %edx, %edx
	movl $SHADOW_MSR_S_CET, %ecx
	wrmsr
	setssbsy
1:	call *%rsi
	ud2
	int3
	.size stack_continue, . - stack_continue

	.section .note.GNU-stack, "", @progbits
