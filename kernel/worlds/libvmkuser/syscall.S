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
	syscall
	movl	%eax, %eax
	ret
	int3
	.size	vmku_syscall, . - vmku_syscall
	.section .note.GNU-stack, "", @progbits
