/* The entry of far.c, by PVH: flat protected mode, and where the start information is. */
#include "tests/boot/guests/flat/board.inc"

	.section .note.pvh, "a", @note
	.long 4, 4, 18
	.asciz "Xen"
	.long _start
	.text
	.code32
	.globl _start
_start:	cli
	movl $0x80000, %esp
	pushl %ebx
	call far
	off
	voice
