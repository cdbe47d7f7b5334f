/* Makes 32 bytes that stand nowhere in its image, without vector registers, which the kernel saves in
 * its own memory. tests/boot/vm.sh looks for them from outside, in all of the machine's memory. */
#include "kernel/worlds/tinyvmx/guests/macros.inc"

	begin
	protected
	movl $veiled, %esi
	movl $0x200000, %edi
	movl $32, %ecx
1:	lodsb
	xorb $KEEPER_VEIL, %al
	stosb
	loop 1b
	say "the secret is hidden"
	end END_OFF
	print_function
	.section .rodata
veiled:	.ascii KEEPER_VEILED
	.text
	tables
