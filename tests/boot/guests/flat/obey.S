/* The entry of obey.c: flat protected mode, and a voice. */
#include "tests/boot/guests/flat/board.inc"

	begin
	protected
	movl $0x80000, %esp
	call obey
	cli
	hlt
	.globl put_text
put_text:
	pushl %esi
	movl 8(%esp), %esi
	call print
	popl %esi
	ret
	print_function
	tables
