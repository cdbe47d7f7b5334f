/* Works without end, and says from time to time how far it is: as hexadecimal numbers. */
#include "tests/boot/guests/flat/board.inc"

#define PERIOD (1 << 26) /* ticks of the TSC */

	begin
	protected
	xorl %edi, %edi
	rdtsc
	movl %eax, %esi
1:	incl %edi
	rdtsc
	subl %esi, %eax
	cmpl $PERIOD, %eax
	jb 1b
	movl %edi, %ebx
	call hex
	movb $'\n', %al
	outb %al, %dx
	rdtsc
	movl %eax, %esi
	jmp 1b
	hex_function
	tables
