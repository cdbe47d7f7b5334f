/*
 * How many ticks of the TSC one round of WHAT takes, over 512 rounds, as a hexadecimal number on the
 * text port. The same bytes run under the VMkernel with the VMX world of its tests, and under
 * kvm_peer.c. WHAT is one of NOTHING, CPUID, MSR, IO, MEMORY, FAULT, PAGE, INTERRUPT. With STAY it halts
 * for good after that.
 */
#include "kernel/worlds/tinyvmx/guests/macros.inc"

#define APIC        0xfee00000
#define ROUNDS      512
#define ROUND_SHIFT 9
#define VECTOR      0x40
/* ICR: fixed, asserted, to itself (SDM 3A, 11.6.1). */
#define ICR_SELF    0x44000
#ifdef PAGE
#define FIRST_PAGE 0x1ff000 /* nothing but the 2 MiB that no large page is allowed for */
#else
#define FIRST_PAGE 0x100000
#endif

	begin
	protected
	movl $idt_pointer, %eax
	lidtl (%eax)
	orl $0x100, APIC + 0xf0
	sti
	movl $FIRST_PAGE, %esi
	movl $ROUNDS, %edi
	rdtsc
	movl %eax, began
1:
#ifdef CPUID
	xorl %eax, %eax
	cpuid
#endif
#ifdef MSR
	movl $0x1a0, %ecx /* IA32_MISC_ENABLE */
	rdmsr
#endif
#ifdef IO
	movw $PORT_COUNTER, %dx
	inl %dx, %eax
#endif
#ifdef MEMORY
	movl MEMORY_COUNTER, %eax
#endif
#if defined(FAULT) || defined(PAGE)
	/* A page of RAM that was not touched before. */
	movl %esi, (%esi)
	addl $0x1000, %esi
#endif
#ifdef INTERRUPT
	movl $ICR_SELF | VECTOR, APIC + 0x300
2:	cmpl $0, taken
	je 2b
	movl $0, taken
#endif
	decl %edi
	jnz 1b
	rdtsc
	subl began, %eax
	shrl $ROUND_SHIFT, %eax
	movl %eax, %ebx
	movl $8, %ecx
3:	roll $4, %ebx
	movl %ebx, %eax
	andl $15, %eax
	movb digits(%eax), %al
	movw $PORT_TEXT, %dx
	outb %al, %dx
	loop 3b
	say " ticks of a round"
#ifdef STAY
2:	cli
	hlt
	jmp 2b
#endif
	end END_OFF

	.balign 4
on_interrupt:
	incl taken
	movl $0, APIC + 0xb0
	iret
	print_function
	tables
digits:	.ascii "0123456789abcdef"
	.balign 8
began:	.long 0
taken:	.long 0
	.balign 8
idt:	.fill VECTOR, 8, 0
	.word on_interrupt - 0x7c00 + 0x7c00, 8, 0x8e00, 0
idt_pointer:
	.word (VECTOR + 1) * 8 - 1
	.long idt
