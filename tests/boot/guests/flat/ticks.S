/*
 * Real mode as a BIOS leaves it, without a look at any APIC: three ticks of the 8254 through the
 * 8259, each out of HLT, then one that comes while it is masked and does not arrive; power off.
 */
#include "tests/boot/guests/flat/board.inc"

#define PIC_COMMAND 0x20
#define PIC_DATA    0x21
#define END         0x20
#define PIT_DATA    0x40
#define PIT_CONTROL 0x43
#define VECTOR      8

.macro to port value
	movb $\value, %al
	outb %al, $\port
.endm

	begin
	movw $tick, 4 * VECTOR
	movw $0, 4 * VECTOR + 2
	to PIC_COMMAND 0x11
	to PIC_DATA VECTOR
	to PIC_DATA 4
	to PIC_DATA 1
	to PIC_DATA 0xfe
	to PIT_CONTROL 0x34
	to PIT_DATA 0
	to PIT_DATA 0x20 /* 8192 of its ticks, 7 ms */
	sti
1:	hlt
	cmpw $3, ticks
	jb 1b
	cli
	/* Asked for, but not taken yet: what is masked then is not taken any more. */
2:	to PIC_COMMAND 0x0a
	inb $PIC_COMMAND, %al
	testb $1, %al
	jz 2b
	to PIC_DATA 0xff
	movw ticks, %bx
	sti
	movw $1000, %cx
3:	nop
	loop 3b
	cmpw ticks, %bx
	movw $good, %si
	je 4f
	movw $bad, %si
4:	movw $PORT_TEXT, %dx
5:	lodsb
	testb %al, %al
	jz 6f
	outb %al, %dx
	jmp 5b
6:	off

tick:	incw ticks
	pushw %ax
	to PIC_COMMAND END
	popw %ax
	iretw
	.balign 2
ticks:	.word 0
good:	.asciz "three ticks of the 8254, and none while it is masked\n"
bad:	.asciz "something is wrong: a masked interrupt\n"
