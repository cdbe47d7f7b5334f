/* Looks through all of its memory beyond what was loaded: not one bit may be set. */
#include "kernel/worlds/tinyvmx/guests/macros.inc"

	begin
	protected
	movl $0x100000, %edi
	movl $(LARGE_MEMORY - 0x100000) / 4, %ecx
	xorl %eax, %eax
	repe scasl
	jne 1f
	say "fresh memory is zero"
	end END_OFF
1:	say "something was left in it"
	end END_OFF
	print_function
	tables
