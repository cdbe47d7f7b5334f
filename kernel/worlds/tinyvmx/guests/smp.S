/*
 * Protected mode and both vCPUs: device memory, the second vCPU by INIT and SIPI, an interrupt of
 * the local APIC's timer and one of the I/O APIC out of HLT; then power off.
 */
#include "kernel/worlds/tinyvmx/guests/macros.inc"

#define APIC      0xfee00000
#define IOAPIC    0xfec00000
#define TRAMPOLINE 0x9000

	begin
	protected
	say "protected mode"
	movl $0x12340000, MEMORY_COUNTER
	movl MEMORY_COUNTER, %eax
	cmpl $0x12340001, %eax
	jne bad
	say "device memory answers"

	/* The second vCPU: its code lies at a page below 1 MiB. */
	movl $second, %esi
	movl $TRAMPOLINE, %edi
	movl $second_end - second, %ecx
	rep movsb
	orl $0x100, APIC + 0xf0
	movl $0x01000000, APIC + 0x310
	movl $0x4500, APIC + 0x300
	movl $0x01000000, APIC + 0x310
	movl $0x4600 | TRAMPOLINE >> 12, APIC + 0x300
1:	pause
	cmpl $1, arrived
	jne 1b
	say "the second vCPU came"

	/* Timer: vector 0x40, once. */
	movl $idt_pointer, %eax
	lidtl (%eax)
	movl $0xb, APIC + 0x3e0
	movl $0x40, APIC + 0x320
	movl $100000, APIC + 0x380
	sti
	hlt
	cmpl $1, ticks
	jne bad
	say "the timer woke it"

	/* I/O APIC: input 5, edge, vector 0x41. */
	movl $0x10 + 2 * IRQ_INPUT, IOAPIC
	movl $0x41, IOAPIC + 0x10
	cli
	movw $PORT_IRQ, %dx
	outb %al, %dx
	sti
	hlt
	cmpl $1, inputs
	jne bad
	say "the device woke it"
	end END_OFF
bad:	say "something is wrong"
	end END_OFF

	.balign 4
on_timer:
	incl ticks
	movl $0, APIC + 0xb0
	iret
on_input:
	incl inputs
	movl $0, APIC + 0xb0
	iret
	print_function
	tables

	/* Runs at TRAMPOLINE, cs = TRAMPOLINE / 16. */
	.code16
second:	xorw %ax, %ax
	movw %ax, %ds
	lock incl arrived
1:	cli
	hlt
	jmp 1b
second_end:
	.balign 8
arrived: .long 0
ticks:	.long 0
inputs:	.long 0
	.balign 8
idt:	.fill 0x40, 8, 0
	.word on_timer - 0x7c00 + 0x7c00, 8, 0x8e00, 0
	.word on_input - 0x7c00 + 0x7c00, 8, 0x8e00, 0
idt_pointer:
	.word 0x42 * 8 - 1
	.long idt
