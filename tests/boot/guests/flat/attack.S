/* The entry of attack.c: flat protected mode, an IDT, and a way back from every exception. */
#include "tests/boot/guests/flat/attack.h"
#include "tests/boot/guests/flat/board.inc"

#define APIC_EOI     0xfee000b0
#define APIC_INITIAL 0xfee00380

	begin
	protected
	movl $0x80000, %esp
	call attack
	cli
	hlt

	/* int attempt(const void *code, uint32_t ecx, uint32_t eax): the exception that `code`, which ends
	 * with RET, raises, or -1. */
	.globl attempt
attempt:
	pushal
	movl %esp, attempt_stack
	movl 36(%esp), %edi
	movl 40(%esp), %ecx
	movl 44(%esp), %eax
	xorl %edx, %edx
	call *%edi
	movl $-1, %eax
back:	movl attempt_stack, %esp
	movl %eax, 28(%esp)
	popal
	ret
	.irp vector, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
exception_\vector:
	movl $\vector, %eax
	jmp back
	.endr
	.globl exceptions
exceptions:
	.irp vector, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
	.long exception_\vector
	.endr

	.globl on_interrupt
on_interrupt:
	incl interrupts
	/* A timer that is due again at once lets nothing but this get on. */
	cmpl $STORM + TICKS, interrupts
	jb 1f
	movl $0, APIC_INITIAL
1:	movl $0, APIC_EOI
	iret
	/* What the other vCPU does in real mode: it is deaf, and sets its timer for ever. */
	.globl deaf, deaf_end
	.code16
deaf:	cli
	movl $0x6e0, %ecx /* IA32_TSC_DEADLINE */
	xorl %eax, %eax
	xorl %edx, %edx
1:	wrmsr
	jmp 1b
deaf_end:

	/* Or it halts, deaf, with a timer that is always due. In x2APIC mode. */
	.macro write_msr msr, value
	movl $\msr, %ecx
	movl $\value, %eax
	wrmsr
	.endm
	.globl doze, doze_end
doze:	cli
	movl $0x1b, %ecx
	rdmsr
	orl $0xc00, %eax
	wrmsr
	xorl %edx, %edx
	write_msr 0x80f, 0x1ff
	write_msr 0x83e, 0xb
	write_msr 0x832, 0x20040
	write_msr 0x838, 1
1:	hlt
	jmp 1b
doze_end:

	/* Or, in ring 3 on a stack that is not aligned, #AC comes up while #AC is delivered, for ever. */
	.globl fall, fall_end
fall:	cli
	xorw %ax, %ax
	movw %ax, %ds
	ljmpl $0, $from_anywhere
fall_end:
from_anywhere:
	protected
	lgdt rings_pointer
	lidt fall_pointer
	movl $0x68000, %esp
	movl %cr0, %eax
	orl $0x40000, %eax /* AM */
	movl %eax, %cr0
	pushl $0x23
	pushl $0x60001
	pushl $0x40002 /* AC */
	pushl $0x1b
	pushl $fallen
	iret
fallen:	popl %eax
	jmp fallen
	.code32
	voice
	tables
	.balign 8
rings:	.quad 0, 0x00cf9b000000ffff, 0x00cf93000000ffff, 0x00cffb000000ffff, 0x00cff3000000ffff
rings_pointer:
	.word 39
	.long rings
	.balign 8
fall_idt:
	.fill 17, 8, 0
	.word fallen, 0x1b, 0xee00, 0
fall_pointer:
	.word 143
	.long fall_idt
	.balign 4
	.globl interrupts
interrupts: .long 0
attempt_stack: .long 0
