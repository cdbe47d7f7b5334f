/* MSR accesses that may fail: a #GP continues at the landing named in .fixups. */

	.macro FIXUP insn, landing
	.pushsection .fixups, "a"
	.long \insn - .
	.long \landing - .
	.popsection
	.endm

	.text
	.globl rdmsr_safe
	.hidden rdmsr_safe
	.type rdmsr_safe, @function
rdmsr_safe:
	endbr64
	movl %edi, %ecx
1:	rdmsr
	shlq $32, %rdx
	orq %rdx, %rax
	movq %rax, (%rsi)
	movl $1, %eax
	ret
	int3
2:	movq $0, (%rsi)
	xorl %eax, %eax
	ret
	int3
	FIXUP 1b, 2b
	.size rdmsr_safe, . - rdmsr_safe

	.globl wrmsr_safe
	.hidden wrmsr_safe
	.type wrmsr_safe, @function
wrmsr_safe:
	endbr64
	movl %edi, %ecx
	movl %esi, %eax
	movq %rsi, %rdx
	shrq $32, %rdx
1:	wrmsr
	movl $1, %eax
	ret
	int3
2:	xorl %eax, %eax
	ret
	int3
	FIXUP 1b, 2b
	.size wrmsr_safe, . - wrmsr_safe

	.section .note.GNU-stack, "", @progbits
