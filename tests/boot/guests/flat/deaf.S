/* Takes all of its processor, with interrupts off, and leaves it for nobody but the host. */
#include "tests/boot/guests/flat/board.inc"

	begin
	protected
	movl $0x80000, %esp
	say "deaf"
1:	jmp 1b
	print_function
	tables
