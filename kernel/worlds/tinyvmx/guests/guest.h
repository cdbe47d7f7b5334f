/* What tinyvmx and its guests agree on. */
#ifndef TINYVMX_GUEST_H
#define TINYVMX_GUEST_H

#define PORT_TEXT      0xe9
#define PORT_COUNTER   0x510 /* reads: one more each time */
#define PORT_IRQ       0x514 /* a write raises IRQ_INPUT for a moment */
#define PORT_END       0xf4  /* a write of END_* */
#define END_OFF        0
#define END_RESET      1
#define END_FAULT      2 /* the VMX world dies */
#define MEMORY_COUNTER 0xfeb00000
#define IRQ_INPUT      5
#define SECRET         0x5ec4e75e

#ifdef __ASSEMBLER__
/* Every guest begins in real mode at 0:0x7c00. */
.macro begin
	.code16
	.globl _start
_start:
	cli
	xorw %ax, %ax
	movw %ax, %ds
	movw %ax, %es
	movw %ax, %ss
	movw $0x7c00, %sp
.endm

/* To flat 32-bit protected mode, at the label that follows. */
.macro protected
	lgdtl gdt_pointer
	movl %cr0, %eax
	orb $1, %al
	movl %eax, %cr0
	ljmpl $8, $1f
	.code32
1:	movw $16, %ax
	movw %ax, %ds
	movw %ax, %es
	movw %ax, %ss
.endm

.macro say text
	movl $2f, %esi
	call print
	.section .rodata
2:	.asciz "\text\n"
	.text
.endm

.macro end how
	movl $\how, %eax
	movw $PORT_END, %dx
	outb %al, %dx
	hlt
.endm

.macro tables
	.balign 8
gdt:	.quad 0, 0x00cf9b000000ffff, 0x00cf93000000ffff
gdt_pointer:
	.word 23
	.long gdt
.endm

/* 32-bit: the text at ESI through PORT_TEXT. */
.macro print_function
	.code32
print:	movw $PORT_TEXT, %dx
1:	lodsb
	testb %al, %al
	jz 2f
	outb %al, %dx
	jmp 1b
2:	ret
.endm
#endif

#endif
