/* void raw_call(struct raw *raw): raw.h has the order of the registers. */
	.text
	.globl	raw_call
	.hidden	raw_call
	.type	raw_call, @function
raw_call:
	endbr64
	pushq	%rbx
	pushq	%rbp
	pushq	%r12
	pushq	%r13
	pushq	%r14
	pushq	%r15
	pushq	%rdi
	movq	0(%rdi), %rax
	movq	16(%rdi), %rsi
	movq	24(%rdi), %rdx
	movq	32(%rdi), %r10
	movq	40(%rdi), %r8
	movq	48(%rdi), %r9
	movq	56(%rdi), %rbx
	movq	64(%rdi), %rbp
	movq	72(%rdi), %r12
	movq	80(%rdi), %r13
	movq	88(%rdi), %r14
	movq	96(%rdi), %r15
	movq	8(%rdi), %rdi
	syscall
	pushq	%rax
	movq	8(%rsp), %rax
	movq	%rdi, 8(%rax)
	movq	%rsi, 16(%rax)
	movq	%rdx, 24(%rax)
	movq	%r10, 32(%rax)
	movq	%r8, 40(%rax)
	movq	%r9, 48(%rax)
	movq	%rbx, 56(%rax)
	movq	%rbp, 64(%rax)
	movq	%r12, 72(%rax)
	movq	%r13, 80(%rax)
	movq	%r14, 88(%rax)
	movq	%r15, 96(%rax)
	movq	%rcx, 104(%rax)
	movq	%r11, 112(%rax)
	popq	0(%rax)
	addq	$8, %rsp
	popq	%r15
	popq	%r14
	popq	%r13
	popq	%r12
	popq	%rbp
	popq	%rbx
	ret
	int3
	.size	raw_call, . - raw_call
	.section .note.GNU-stack, "", @progbits
