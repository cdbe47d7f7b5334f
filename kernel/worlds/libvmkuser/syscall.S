/*
 * struct vmku_result vmku_syscall(number, a, b, c, d, e): the only SYSCALL instruction of a world
 * (the build checks it). C's argument registers RDI RSI RDX RCX R8 R9 become the kernel's RAX RDI
 * RSI RDX R10 R8; RAX (status) and RDX (value) are also where C expects the structure back.
 */
	.text
	.globl	vmku_syscall
	.hidden	vmku_syscall
	.type	vmku_syscall, @function
vmku_syscall:
	endbr64
	movq	%rdi, %rax
	movq	%rsi, %rdi
	movq	%rdx, %rsi
	movq	%rcx, %rdx
	movq	%r8, %r10
	movq	%r9, %r8
	xorl	%r9d, %r9d
.Lcall:
	syscall
	movl	%eax, %eax
	ret
	int3
	.size	vmku_syscall, . - vmku_syscall

/*
 * struct vmku_result vmku_exchange(number, uint64_t words[6]): the same with six arguments, of which
 * the kernel returns the fourth (R10), the fifth (R8) and the sixth (R9).
 */
	.globl	vmku_exchange
	.hidden	vmku_exchange
	.type	vmku_exchange, @function
vmku_exchange:
	endbr64
	pushq	%rsi
	movq	%rdi, %rax
	movq	(%rsi), %rdi
	movq	16(%rsi), %rdx
	movq	24(%rsi), %r10
	movq	32(%rsi), %r8
	movq	40(%rsi), %r9
	movq	8(%rsi), %rsi
	call	.Lcall
	popq	%rsi
	movq	%r10, 24(%rsi)
	movq	%r8, 32(%rsi)
	movq	%r9, 40(%rsi)
	ret
	int3
	.size	vmku_exchange, . - vmku_exchange
	.section .note.GNU-stack, "", @progbits
