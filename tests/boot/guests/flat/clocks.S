/* The entry of clocks.c: flat protected mode. */
#include "tests/boot/guests/flat/board.inc"

	begin
	protected
	movl $0x80000, %esp
	call clocks
	off
	voice
	tables
