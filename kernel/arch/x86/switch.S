/* Switching kernel stacks (context.h). */
#include "arch/x86/context.h"
#include "arch/x86/percpu.h"

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
	movq CONTEXT_RSP(%rsi), %rsp
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

/* stack_switch(top, entry): continue on another stack, giving up this one. */
	.globl stack_switch
	.hidden stack_switch
	.type stack_switch, @function
stack_switch:
	endbr64
	movq %rdi, %rsp
	xorl %ebp, %ebp
	pushq %rbp
	pushq %rbp
	call *%rsi
	ud2
	int3
	.size stack_switch, . - stack_switch

	.section .note.GNU-stack, "", @progbits
