/* Four vCPUs, or what VCPUS says, that all work; the first ends the machine when each has done its part. */
#include "tests/boot/guests/flat/board.inc"

#ifndef VCPUS
#define VCPUS 4
#define DONE  "four vCPUs did their parts"
#define PART  (1 << 20)
#endif
#define APIC       0xfee00000
#define TRAMPOLINE 0x9000
#define COUNTERS   0x8000

	begin
	movw $VCPUS, %cx
	movw $COUNTERS, %di
	xorl %eax, %eax
	rep stosl
	protected
	movl $others, %esi
	movl $TRAMPOLINE, %edi
	movl $others_end - others, %ecx
	rep movsb
	/* To all but itself: INIT, then SIPI. */
	orl $0x100, APIC + 0xf0
	movl $0xc4500, APIC + 0x300
	movl $0xc4600 | TRAMPOLINE >> 12, APIC + 0x300
1:	incl COUNTERS
	movl $VCPUS - 1, %ecx
2:	cmpl $PART, COUNTERS(, %ecx, 4)
	jb 1b
	decl %ecx
	jns 2b
	say DONE
	off
	print_function
	tables

	/* Runs at TRAMPOLINE. */
	.code16
others:	xorw %ax, %ax
	movw %ax, %ds
	movl $1, %ebx
	lock xaddl %ebx, next
	shlw $2, %bx
1:	incl COUNTERS(%bx)
	jmp 1b
others_end:
	.balign 4
next:	.long 1
