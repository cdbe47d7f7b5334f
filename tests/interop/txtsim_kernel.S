/*
 * The smallest kernel that tboot launches: says so on COM1 and switches the machine off. When its
 * command line's first letter is 'r' it resets the machine as long as CMOS counts fewer than three
 * boots.
 */
#define COM1         0x3f8
#define COM1_STATUS  0x3fd
#define SENT         0x20
#define CMOS_INDEX   0x70
#define CMOS_BOOT    0x6e /* a byte that the BIOS does not use */
#define BOOTS        3
#define POWER        0x8a00 /* Bochs: these two words, one after the other */
#define POWER_OFF    0x8ae0
#define KEYBOARD     0x64
#define MB2_MAGIC    0xe85250d6
#define TAG_CMDLINE  1

	.section .text
	.align	8
header:
	.long	MB2_MAGIC, 0, header_end - header
	.long	-(MB2_MAGIC + header_end - header)
	.word	0, 0
	.long	8
header_end:

	.code32
	.globl _start
_start:
	leal	stack_end, %esp
	movl	%ebx, %ebp
	leal	hello, %esi
	call	say

	/* the command line's tag is always the first that matters: look for it */
	leal	8(%ebp), %edi
1:	cmpl	$TAG_CMDLINE, (%edi)
	je	2f
	cmpl	$0, (%edi)
	je	off
	movl	4(%edi), %eax
	addl	$7, %eax
	andl	$~7, %eax
	addl	%eax, %edi
	jmp	1b
2:	cmpb	$'r', 8(%edi)
	jne	off

	movb	$CMOS_BOOT, %al
	outb	%al, $CMOS_INDEX
	inb	$CMOS_INDEX + 1, %al
	incb	%al
	outb	%al, $CMOS_INDEX + 1
	cmpb	$BOOTS, %al
	jae	off
	movb	$0xfe, %al
	outb	%al, $KEYBOARD
	hlt

off:
	movw	$POWER, %dx
	movw	$POWER, %ax
	outw	%ax, %dx
	movw	$POWER_OFF, %ax
	outw	%ax, %dx
1:	cli
	hlt
	jmp	1b

say:
	movb	(%esi), %bl
	testb	%bl, %bl
	jz	2f
	movw	$COM1_STATUS, %dx
1:	inb	%dx, %al
	testb	$SENT, %al
	jz	1b
	movb	%bl, %al
	movw	$COM1, %dx
	outb	%al, %dx
	incl	%esi
	jmp	say
2:	ret

hello:
	.asciz	"the test kernel runs\r\n"
	.align	16
	.skip	256
stack_end:
