/* Writes to each page of more memory than there is: it was promised none, and is stopped. */
#include "kernel/worlds/tinyvmx/guests/macros.inc"

	begin
	protected
	say "it eats"
	movl $0x100000, %edi
1:	movl %edi, (%edi)
	addl $0x1000, %edi
	cmpl $OVERCOMMITTED_MEMORY, %edi
	jb 1b
	say "something is wrong: there was enough"
	end END_OFF
	print_function
	tables
