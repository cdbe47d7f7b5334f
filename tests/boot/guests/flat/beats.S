/* Does nothing but take the ticks of the 8254, a thousand a second, through the 8259: each out of HLT, and told to both
 * by ports. */
#include "tests/boot/guests/flat/board.inc"

#define PIC_COMMAND 0x20
#define PIC_DATA    0x21
#define END         0x20
#define PIT_DATA    0x40
#define PIT_CONTROL 0x43
#define VECTOR      8
#define RATE        1193 /* ticks of 838 ns */

.macro to port value
	movb $\value, %al
	outb %al, $\port
.endm

	begin
	movw $tick, 4 * VECTOR
	movw $0, 4 * VECTOR + 2
	to PIC_COMMAND 0x11
	to PIC_DATA VECTOR
	to PIC_DATA 4
	to PIC_DATA 1
	to PIC_DATA 0xfe
	to PIT_CONTROL 0x34
	to PIT_DATA (RATE & 0xff)
	to PIT_DATA (RATE >> 8)
	sti
1:	hlt
	jmp 1b

tick:	pushw %ax
	to PIC_COMMAND END
	popw %ax
	iretw
