/* Says what it is told, in angle brackets, and obeys the power button. */
#include "tests/boot/guests/flat/board.inc"

	begin
	movw $greeting, %si
	movw $COM1, %dx
1:	lodsb
	testb %al, %al
	jz 2f
	outb %al, %dx
	jmp 1b
2:	movl $100000, %ecx
3:	decl %ecx
	jnz 3b
	movw $PM1_STATUS, %dx
	inw %dx, %ax
	testw $PM1_BUTTON, %ax
	jnz 4f
	movw $COM1_LSR, %dx
	inb %dx, %al
	testb $1, %al
	jz 2b
	movw $COM1, %dx
	movb $'<', %al
	outb %al, %dx
	inb %dx, %al
	outb %al, %dx
	movb $'>', %al
	outb %al, %dx
	jmp 2b
4:	off
greeting:
	.asciz "echo is here\r\n"
