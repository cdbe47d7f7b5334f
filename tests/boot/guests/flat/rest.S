/*
 * What the other guests leave of the reasons to exit: a triple fault, from which the board resets it,
 * then XSETBV, an NMI while it serves one, and a switch to another task by hardware, which no system
 * does any more and no virtual machine can.
 */
#include "tests/boot/guests/flat/board.inc"

#define LIVES    0x90000 /* memory outlives a reset */
#define NMI      2
#define OLD_TASK 24
#define NEW_TASK 32
#define ICR      0xfee00300
#define ICR_HIGH 0xfee00310
#define SEND_NMI 0x4400

	begin
	protected
	movl $0x80000, %esp
	incl LIVES
	cmpl $1, LIVES
	jne 1f
	lidt nothing
	ud2
1:	vectors 1f
1:	lidt gates
	/* Bochs 2.7 carries the blocking of NMIs over from the guest that its CPU ran before: IRET ends it. */
	pushfl
	pushl $8
	pushl $1f
	iret
1:	movl $0, ICR_HIGH
	movl $SEND_NMI, ICR
2:	cmpl $2, nmis
	jne 2b
	say "a second NMI came after the first"
	lgdt task_pointer
	movw $OLD_TASK, %ax
	ltr %ax
	say "it switches tasks"
	ljmp $NEW_TASK, $0
	say "something is wrong: it has switched"
	off

	/* The first one sends the second to itself: it waits for IRET. */
on_nmi:	incl nmis
	cmpl $1, nmis
	jne 1f
	movl $SEND_NMI, ICR
1:	iret
	print_function
	tables
	.balign 8
nmis:	.long 0
nothing:
	.word 0
	.long 0
idt:	.fill NMI, 8, 0
	.word on_nmi, 8, 0x8e00, 0
gates:	.word 8 * NMI + 7
	.long idt
	.balign 8
task_gdt:
	.quad 0, 0x00cf9b000000ffff, 0x00cf93000000ffff
	.word 103, old_task, 0x8900, 0
	.word 103, new_task, 0x8900, 0
task_pointer:
	.word 39
	.long task_gdt
	.balign 8
old_task:
	.fill 104, 1, 0
new_task:
	.fill 104, 1, 0
