/* Fills its memory with a secret and lets its VMX world die: the machine ends with it. */
#include "kernel/worlds/tinyvmx/guests/macros.inc"

	begin
	protected
	movl $0x100000, %edi
	movl $(LARGE_MEMORY - 0x100000) / 4, %ecx
	movl $SECRET, %eax
	rep stosl
	say "the secret is planted"
	end END_FAULT
	print_function
	tables
