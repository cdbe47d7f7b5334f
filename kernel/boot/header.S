/*
 * Multiboot2 header and entry: from the boot loader's 32-bit mode, paging off, to head_start() in
 * 64-bit mode with the first 4 GiB mapped at their own addresses. The image runs where it is
 * linked until it moves; %ebp holds that address, so that no 32-bit relocation is needed.
 */
#define CR0_PG            0x80000000
#define CR0_CD_NW         0x60000000
#define CR0_SET           0x80010023 /* PG, WP, NE, MP, PE */
#define CR4_PAE           0x20
#define CPUID_LONG_MODE   (1 << 29)
#define CPUID_NX          (1 << 20)
#define MSR_EFER          0xc0000080
#define EFER_LME_NXE      0x900
#define MSR_GS_BASE       0xc0000101
#define COM1              0x3f8
#define PTE_TABLE         0x03
#define PTE_PAGE_2M       0x83

#define HERE(symbol)      (symbol - boot_entry)(%ebp)

	.section .boot.header, "ax"
	.balign 8
header:
	.long 0xe85250d6, 0, header_end - header
	.long -(0xe85250d6 + 0 + (header_end - header))
	.word 5, 1 /* framebuffer, any size, 32 bits; optional */
	.long 20, 0, 0, 32
	.balign 8
	.word 0, 0 /* end tag */
	.long 8
header_end:

	.balign 64
	.code32
	.globl boot_entry
	.hidden boot_entry
boot_entry:
	cli
	cld
	movl $(0x4000000 + boot_entry - header), %ebp
	leal HERE(boot_stack_top), %esp
	movl %eax, %esi /* Multiboot2 magic */
	movl %ebx, %edi /* its information */

	/* Our own segments at once: the loader's GDT may be anywhere. */
	leal HERE(gdt), %eax
	movl %eax, HERE(gdt_pointer + 2)
	lgdt HERE(gdt_pointer)
	movl $0x10, %eax
	movl %eax, %ds
	movl %eax, %es
	movl %eax, %ss
	xorl %eax, %eax
	movl %eax, %fs
	movl %eax, %gs

	leal HERE(text_no_long_mode), %edx
	movl $0x80000000, %eax
	pushl %edx
	cpuid
	popl %edx
	cmpl $0x80000001, %eax
	jb boot_refuse
	movl $0x80000001, %eax
	cpuid
	movl %edx, %ecx
	leal HERE(text_no_long_mode), %edx
	testl $CPUID_LONG_MODE, %ecx
	jz boot_refuse
	leal HERE(text_no_nx), %edx
	testl $CPUID_NX, %ecx
	jz boot_refuse

	/* boot_tables: PML4, PDPT, four PDs of 2 MiB pages. */
	leal HERE(boot_tables), %ebx
	leal 0x1000 + PTE_TABLE(%ebx), %eax
	movl %eax, (%ebx)
	movl $4, %ecx
	leal 0x1000(%ebx), %edx
1:	addl $0x1000, %eax
	movl %eax, (%edx)
	addl $8, %edx
	loop 1b
	leal 0x2000(%ebx), %edx
	movl $PTE_PAGE_2M, %eax
	movl $2048, %ecx
2:	movl %eax, (%edx)
	addl $8, %edx
	addl $0x200000, %eax
	loop 2b

	movl $CR4_PAE, %eax
	movl %eax, %cr4
	movl %ebx, %cr3
	movl $MSR_EFER, %ecx
	rdmsr
	orl $EFER_LME_NXE, %eax
	wrmsr
	movl %cr0, %eax
	andl $~CR0_CD_NW, %eax
	orl $CR0_SET, %eax
	movl %eax, %cr0
	leal HERE(boot_entry64), %eax
	pushl $0x08
	pushl %eax
	lret

/* Say why on the serial port and stop: %edx points to the reason. */
boot_refuse:
	movl %edx, %esi
1:	movl $(COM1 + 5), %edx
2:	inb %dx, %al
	testb $0x20, %al
	jz 2b
	movl $COM1, %edx
	lodsb
	testb %al, %al
	jz 3f
	outb %al, %dx
	jmp 1b
3:	cli
	hlt
	jmp 3b

	.code64
boot_entry64:
	movl %esi, %esi /* the upper halves are undefined after the mode switch */
	movl %edi, %edi
	leaq boot_stack_top(%rip), %rsp
	leaq percpu_bootstrap(%rip), %rax
	movq %rax, %rdx
	shrq $32, %rdx
	movl $MSR_GS_BASE, %ecx
	wrmsr
	xorl %ebp, %ebp
	xchgq %rsi, %rdi
	call head_start
	ud2

/*
 * head_jump(entry, tables, stack): continue at `entry` of the moved image with its page tables
 * and stack. Runs in the old place, which only the old tables map.
 */
	.globl head_jump
	.hidden head_jump
	.type head_jump, @function
head_jump:
	endbr64
	jmpq *%rdi
	int3
	.size head_jump, . - head_jump

/* The first instruction at the new place: %rsi the tables, %rdx the stack. */
	.text
	.globl moved_entry
	.hidden moved_entry
	.type moved_entry, @function
moved_entry:
	endbr64
	movq %rsi, %cr3
	movq %rdx, %rsp
	leaq percpu_bootstrap(%rip), %rax
	movq %rax, %rdx
	shrq $32, %rdx
	movl $MSR_GS_BASE, %ecx
	wrmsr
	xorl %ebp, %ebp
	pushq %rbp
	pushq %rbp
	call kmain
	ud2
	.size moved_entry, . - moved_entry

	.section .data.rel.ro.boot, "aw"
	.balign 8
gdt:
	.quad 0
	.quad 0x00af9b000000ffff /* 0x08: 64-bit code */
	.quad 0x00cf93000000ffff /* 0x10: data */
gdt_pointer:
	.word . - gdt - 1
	.long 0, 0

	.section .rodata.boot, "a"
text_no_long_mode:
	.asciz "Merlon cannot start: this CPU has no 64-bit mode\r\n"
text_no_nx:
	.asciz "Merlon cannot start: this CPU has no NX bit, or the firmware hides it\r\n"

	.bss
	.balign 4096
	.globl boot_tables
	.hidden boot_tables
boot_tables:
	.skip 6 * 4096
	.globl boot_stack, boot_stack_top
	.hidden boot_stack, boot_stack_top
boot_stack:
	.skip 32768
boot_stack_top:
	.section .note.GNU-stack, "", @progbits
