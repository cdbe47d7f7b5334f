/*
 * A boot image that resets the platform in every way that needs no launch, one after another, while
 * the other CPUs run; then it powers off. Each boot says its number and how many CPUs run on COM1.
 */
#define COM1            0x3f8
#define COM1_LINE       0x3fb
#define EIGHT_BITS      3
#define COM1_STATUS     0x3fd
#define SENT            0x40
#define CMOS_INDEX      0x70
#define CMOS_BOOT       0x6e /* a byte that the BIOS does not use */
#define KEYBOARD        0x64
#define RESET_CONTROL   0xcf9
#define POWER           0x8a00 /* Bochs: these two words, one after the other */
#define POWER_OFF       0x8ae0
#define LOCAL_APIC_ICR  0xfee00300
#define INIT_OTHERS     0x000c4500
#define SIPI_OTHERS     0x000c4608 /* to AP_CODE */
#define AP_CODE         0x8000
#define CPUS            0x7000
#define CR4_SMXE        0x4000
#define GETSEC_SENTER   4
#define NO_SINIT        0x100000 /* where there is none: SENTER is refused */
#define DATA_SEGMENT    0x10

	.code16
	.text
	.globl _start
_start:
	cli
	xorw	%ax, %ax
	movw	%ax, %ds
	movw	%ax, %es
	cld
	movb	$1, CPUS
	movw	$ap, %si
	movw	$AP_CODE, %di
	movw	$ap_end - ap, %cx
	rep movsb
	lgdt	gdt_pointer
	movl	%cr0, %eax
	andl	$~0x60000000, %eax	/* CD, NW */
	orl	$0x21, %eax		/* NE, PE */
	movl	%eax, %cr0
	ljmp	$8, $protected

ap:
	cli
	xorw	%ax, %ax
	movw	%ax, %ds
	lock incb CPUS
1:	jmp	1b
ap_end:

	.code32
protected:
	movw	$DATA_SEGMENT, %ax
	movw	%ax, %ds
	movw	%ax, %es
	movl	$INIT_OTHERS, LOCAL_APIC_ICR
	call	wait
	movl	$SIPI_OTHERS, LOCAL_APIC_ICR
	call	wait

	movb	$CMOS_BOOT, %al
	outb	%al, $CMOS_INDEX
	inb	$CMOS_INDEX + 1, %al
	movb	%al, %bl
	incb	%al
	outb	%al, $CMOS_INDEX + 1

	movw	$COM1_LINE, %dx
	movb	$EIGHT_BITS, %al
	outb	%al, %dx
	movb	%bl, %al
	call	digit
	movb	CPUS, %al
	call	digit
	movb	$'\n', %al
	call	say

	/* Behind each way: what must not run any more, decoded together with it. */
	cmpb	$1, %bl
	jb	keyboard
	je	reset_control
	cmpb	$3, %bl
	jb	senter
	movw	$POWER, %dx
	movw	$POWER, %ax
	outw	%ax, %dx
	movw	$POWER_OFF, %ax
	outw	%ax, %dx
	hlt

keyboard:
	movb	$0xfe, %al
	outb	%al, $KEYBOARD
	hlt
	jmp	.

reset_control:
	movw	$RESET_CONTROL, %dx
	movb	$6, %al
	outb	%al, %dx
	hlt
	jmp	.

senter:
	movl	$CR4_SMXE, %eax
	movl	%eax, %cr4
	movl	$GETSEC_SENTER, %eax
	movl	$NO_SINIT, %ebx
	movl	$0x10000, %ecx
	xorl	%edx, %edx
	getsec
	hlt
	jmp	.

wait:
	movl	$200000, %ecx
1:	loop	1b
	ret

digit:
	addb	$'0', %al
say:
	movw	$COM1, %dx
	outb	%al, %dx
	movw	$COM1_STATUS, %dx
1:	inb	%dx, %al
	testb	$SENT, %al
	jz	1b
	ret

	.balign	8
gdt:
	.quad	0
	.quad	0x00cf9b000000ffff	/* code */
	.quad	0x00cf93000000ffff	/* data */
gdt_pointer:
	.word	. - gdt - 1
	.long	gdt
