/* The entry of obey.c: flat protected mode, and a voice. */
#include "tests/boot/guests/flat/board.inc"

	begin
	protected
	movl $0x80000, %esp
	call obey
	cli
	hlt
	voice
	tables
