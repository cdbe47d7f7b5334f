/* The entry of wires.c: flat protected mode, and its interrupts. */
#include "tests/boot/guests/flat/board.inc"
#include "tests/boot/guests/flat/wires.h"

#define PIC_MASTER 0x20
#define PIC_SLAVE  0xa0
#define END        0x20
#define RTC_INDEX  0x70
#define RTC_DATA   0x71
#define REGISTER_C 0x0c
#define ISR        0xe0021000 /* of the entropy device */

	begin
	protected
	movl $0x80000, %esp
	call wires
	off

.macro end_of_interrupt
	movb $END, %al
	outb %al, $PIC_SLAVE
	outb %al, $PIC_MASTER
.endm

	/* Reading register C is what acknowledges the clock's. */
	.globl on_clock
on_clock:
	pushl %eax
	incl clock_interrupts
	movb $REGISTER_C, %al
	outb %al, $RTC_INDEX
	inb $RTC_DATA, %al
	orb %al, clock_flags
	end_of_interrupt
	popl %eax
	iret
	/* And reading this the device's. */
	.globl on_device
on_device:
	pushl %eax
	incl device_interrupts
	movb ISR, %al
	orb %al, device_flags
	end_of_interrupt
	popl %eax
	iret

	voice
	tables
	.balign 4
	.globl clock_interrupts, clock_flags, device_interrupts, device_flags
clock_interrupts: .long 0
clock_flags: .long 0
device_interrupts: .long 0
device_flags: .long 0
