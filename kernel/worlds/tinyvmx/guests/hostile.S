/*
 * Protected mode: memory that is not there, ports that nobody has, MSRs that a guest has not,
 * instructions of the host, a triple fault (the machine is reset, and tries once more), then an
 * instruction on device memory that is not known, which ends it.
 */
#include "kernel/worlds/tinyvmx/guests/macros.inc"

	begin
	protected
	movw $PORT_COUNTER, %dx
	inl %dx, %eax
	cmpl $1, %eax
	jne again
	say "first life"

	/* Beyond the RAM's end, page by page up to 4 GiB in large steps, reads and writes. */
	movl $0x400000, %edi
1:	movl (%edi), %eax
	cmpl $-1, %eax
	jne bad
	movl $0x5ec4e7, (%edi)
	addl $0x10000000, %edi
	jnc 1b
	say "outside of its memory is nothing"

	movl $faults, %eax
	lidtl idt_pointer
	xorl %ebx, %ebx
	movl $0x3a, %ecx
	rdmsr
	movl $0x480, %ecx
	rdmsr
	movl $0xc0010015, %ecx
	wrmsr
	cmpl $3, %ebx
	jne bad
	say "forbidden MSRs fault"
	xorl %ebx, %ebx
	xorl %eax, %eax
	.byte 0x0f, 0x37	/* GETSEC */
	.byte 0x90
	vmcall
	cmpl $2, %ebx
	jne bad
	say "GETSEC and VMCALL are undefined"
	movl $0, faults
	lidtl empty
	ud2

again:	say "second life"
	pushl MEMORY_COUNTER
bad:	say "something is wrong"
	end END_OFF

	.balign 4
	/* #UD and #GP: count, and skip the instruction: two bytes here, three of VMCALL. */
on_ud:	incl %ebx
	movl (%esp), %eax
	cmpb $0x01, 1(%eax)
	jne 1f
	incl (%esp)
1:	addl $2, (%esp)
	iret
on_gp:	incl %ebx
	addl $4, %esp
	addl $2, (%esp)
	iret
	print_function
	tables
	.balign 8
faults:	.long 0
idt:	.fill 6, 8, 0
	.word on_ud, 8, 0x8e00, 0
	.fill 6, 8, 0
	.word on_gp, 8, 0x8e00, 0
idt_pointer:
	.word 14 * 8 - 1
	.long idt
empty:	.word 0
	.long 0
