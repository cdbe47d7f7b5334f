/* Looks through all of its memory beyond what was loaded, and its vector registers: not one bit may
 * be set. */
#include "kernel/worlds/tinyvmx/guests/macros.inc"

	begin
	protected
	movl $0x100000, %edi
	movl $(LARGE_MEMORY - 0x100000) / 4, %ecx
	xorl %eax, %eax
	repe scasl
	jne 1f
	say "fresh memory is zero"
	vectors 1f
	vorps %ymm1, %ymm0, %ymm0
	vorps %ymm3, %ymm2, %ymm2
	vorps %ymm5, %ymm4, %ymm4
	vorps %ymm7, %ymm6, %ymm6
	vorps %ymm2, %ymm0, %ymm0
	vorps %ymm6, %ymm4, %ymm4
	vorps %ymm4, %ymm0, %ymm0
	vptest %ymm0, %ymm0
	jnz 1f
	say "vector registers are zero"
	end END_OFF
1:	say "something was left in it"
	end END_OFF
	print_function
	tables
