/*
 * How many ticks of the TSC exits take: CPUID, RDMSR, a port and device memory of the VMX world, the
 * local APIC's registers; as hexadecimal numbers for 256 rounds each.
 */
#include "kernel/worlds/tinyvmx/guests/macros.inc"

#define ROUNDS 256
	/* Strings are not looked through for macros. */
	.set apic_version, 0xfee00030
	.set port_counter, PORT_COUNTER
	.set memory_counter, MEMORY_COUNTER

	/* `what` ROUNDS times, less an empty loop. */
.macro measure name, what
	call start_clock
	movl $ROUNDS, %edi
1:	\what
	decl %edi
	jnz 1b
	call stop_clock
	say "\name"
.endm

	begin
	protected
	measure "ticks: CPUID leaf 0", "xorl %eax, %eax; cpuid"
	measure "ticks: RDMSR MISC_ENABLE", "movl $0x1a0, %ecx; rdmsr"
	measure "ticks: APIC register", "movl apic_version, %eax"
	measure "ticks: IN from the VMX world", "movw $port_counter, %dx; inl %dx, %eax"
	measure "ticks: memory of the VMX world", "movl memory_counter, %eax"
	end END_OFF

start_clock:
	rdtsc
	movl %eax, began
	ret
	/* Prints the number. */
stop_clock:
	rdtsc
	subl began, %eax
	shrl $8, %eax
	movl %eax, %ebx
	movl $8, %ecx
1:	roll $4, %ebx
	movl %ebx, %eax
	andl $15, %eax
	movb digits(%eax), %al
	movw $PORT_TEXT, %dx
	outb %al, %dx
	loop 1b
	movb $' ', %al
	outb %al, %dx
	ret
	print_function
	tables
began:	.long 0
digits:	.ascii "0123456789abcdef"
