/* Real mode: text by OUT and REP OUTSB, a port read by IN and INSB; then power off. */
#include "kernel/worlds/tinyvmx/guests/macros.inc"

	begin
	movw $PORT_TEXT, %dx
	movw $text, %si
1:	lodsb
	testb %al, %al
	jz 2f
	outb %al, %dx
	jmp 1b
2:	movw $string, %si
	movw $string_end - string, %cx
	rep outsb
	movw $buffer, %di
	insb
	movb buffer, %al
	outb %al, %dx
	inb %dx, %al
	outb %al, %dx
	movb $'\n', %al
	outb %al, %dx
	movw $PORT_END, %dx
	xorb %al, %al
	outb %al, %dx
	hlt
text:	.asciz "real mode\n"
string:	.ascii "string and "
string_end:
buffer:	.byte 0
