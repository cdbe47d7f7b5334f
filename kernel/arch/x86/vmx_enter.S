/* Into a guest and back: vtx_enter() of vtx/vtx_ops.h. */

#include "arch/x86/predict.h"
#include "arch/x86/shadow.h"

#define VMCS_HOST_RSP 0x6c14
#define VMCS_HOST_SSP 0x6c1a
/* struct vtx_registers, in the processor's order of registers. */
#define GPR(n)  (8 * (n))
#define CR2     GPR(16)
#define RAX 0
#define RCX 1
#define RDX 2
#define RBX 3
#define RBP 5
#define RSI 6
#define RDI 7

	.text
	.balign 16
	.globl vtx_enter
	.hidden vtx_enter
	.type vtx_enter, @function
vtx_enter:
	endbr64
	pushq %rbp
	movq %rsp, %rbp
	pushq %rbx
	pushq %r12
	pushq %r13
	pushq %r14
	pushq %r15
	pushq %rdi
	movl $VMCS_HOST_RSP, %eax
	vmwrite %rsp, %rax
	testb $1, cpu_has_shadow(%rip)
	jz 2f
	rdsspq %rcx
	movl $VMCS_HOST_SSP, %eax
	vmwrite %rcx, %rax /* fails where an exit leaves SSP alone */
2:	/* CR2 is slow to write, and seldom another one. */
	movq CR2(%rdi), %rax
	movq %cr2, %rcx
	cmpq %rax, %rcx
	je 1f
	movq %rax, %cr2
1:	IBRS_OFF
	/* The guest may sample what the VMkernel left in the CPU's buffers, as ring 3 may (entry.S). */
	verw buffers_selector(%rip)
	testb %sil, %sil /* no instruction up to the branch changes the flags */
	movq GPR(RAX)(%rdi), %rax
	movq GPR(RCX)(%rdi), %rcx
	movq GPR(RDX)(%rdi), %rdx
	movq GPR(RBX)(%rdi), %rbx
	movq GPR(RBP)(%rdi), %rbp
	movq GPR(RSI)(%rdi), %rsi
	movq GPR(8)(%rdi), %r8
	movq GPR(9)(%rdi), %r9
	movq GPR(10)(%rdi), %r10
	movq GPR(11)(%rdi), %r11
	movq GPR(12)(%rdi), %r12
	movq GPR(13)(%rdi), %r13
	movq GPR(14)(%rdi), %r14
	movq GPR(15)(%rdi), %r15
	movq GPR(RDI)(%rdi), %rdi
	jz .Llaunch
	vmresume
	jmp .Lfailed
.Llaunch:
	vmlaunch
.Lfailed:
	/* The guest was not entered; CF: no current VMCS, ZF: an error number. */
	movl $2, %eax
	movl $1, %ecx
	cmovcl %ecx, %eax
	popq %rdi
	movl %eax, %edi
	IBRS_ON
	lfence
	movl %edi, %eax
	jmp .Lreturn
	int3

	/* HOST_RIP. RSP is what it was at VMWRITE; everything else is the guest's. */
	.balign 16
	.globl vmx_exit
	.hidden vmx_exit
vmx_exit:
	endbr64
	pushq %rdi
	movq 8(%rsp), %rdi
	movq %rax, GPR(RAX)(%rdi)
	movq %rcx, GPR(RCX)(%rdi)
	movq %rdx, GPR(RDX)(%rdi)
	movq %rbx, GPR(RBX)(%rdi)
	movq %rbp, GPR(RBP)(%rdi)
	movq %rsi, GPR(RSI)(%rdi)
	movq %r8, GPR(8)(%rdi)
	movq %r9, GPR(9)(%rdi)
	movq %r10, GPR(10)(%rdi)
	movq %r11, GPR(11)(%rdi)
	movq %r12, GPR(12)(%rdi)
	movq %r13, GPR(13)(%rdi)
	movq %r14, GPR(14)(%rdi)
	movq %r15, GPR(15)(%rdi)
	popq GPR(RDI)(%rdi)
	movq %cr2, %rax
	movq %rax, CR2(%rdi)
	popq %rdi
	/* What the guest left must not steer us, not even speculatively. */
	xorl %eax, %eax
	xorl %ecx, %ecx
	xorl %edx, %edx
	xorl %esi, %esi
	xorl %edi, %edi
	xorl %r8d, %r8d
	xorl %r9d, %r9d
	xorl %r10d, %r10d
	xorl %r11d, %r11d
	testb $1, predict_at_entries(%rip)
	jz 3f
	IBRS_WRITE predict_inside
	FILL_RETURNS
	/* The CPU may predict the next return from what the guest left (PBRSB): one is used up here. */
3:	call 4f
	int3
4:	addq $8, %rsp
	testb $1, cpu_has_shadow(%rip)
	jz 5f
	movl $1, %eax
	incsspq %rax
5:	lfence
	xorl %eax, %eax
	xorl %ecx, %ecx
.Lreturn:
	popq %r15
	popq %r14
	popq %r13
	popq %r12
	popq %rbx
	popq %rbp
	ret
	int3
	.size vtx_enter, . - vtx_enter

/* VMXON of the region whose address %rdi points to; #GP counts as CF. */
	.balign 16
	.globl vmx_on_safe
	.hidden vmx_on_safe
	.type vmx_on_safe, @function
vmx_on_safe:
	endbr64
2:	vmxon (%rdi)
	jc 3f
	movl $2, %ecx
	movl $0, %eax
	cmovzl %ecx, %eax
	ret
	int3
3:	movl $1, %eax
	ret
	int3
	.pushsection .fixups, "a"
	.long 2b - .
	.long 3b - .
	.popsection
	.size vmx_on_safe, . - vmx_on_safe

	.section .note.GNU-stack, "", @progbits
