/*
 * The one page below 1 MiB: how a CPU comes from real mode to the kernel, and how it leaves for
 * tboot with paging off. Copied to boot_info->low_page; the tables in `low_tables` map that page at
 * its own address (read and execute) and the kernel's half. lowpage.c fills the parameters in.
 */
#define CR0_PE        0x1
#define CR0_CD_NW     0x60000000
#define CR0_PG        0x80000000
#define CR0_SET       0x80010033 /* PG, WP, NE, ET, MP, PE */
#define CR0_LEAVE     0x31       /* NE, ET, PE: as tboot handed over */
#define CR4_PAE       0x20
#define CR4_MCE       0x40
#define MSR_EFER      0xc0000080
#define EFER_LME_NXE  0x900

#define AT(symbol)    (symbol - low_begin)

	.section .rodata.low, "a"
	.balign 16
	.globl low_begin
	.hidden low_begin
low_begin:
	.code16
	cli
	cld
	movw %cs, %ax
	movw %ax, %ds
	xorl %ebx, %ebx
	movw %ax, %bx
	shll $4, %ebx /* our physical address */
	lgdtl AT(low_gdt_pointer)
	movl %cr0, %eax
	orl $CR0_PE, %eax
	movl %eax, %cr0
	ljmpl *AT(low_far32)

	.code32
	.globl low_start32
	.hidden low_start32
low_start32:
	movl $0x10, %eax
	movl %eax, %ds
	movl %eax, %es
	movl %eax, %ss
	movl $CR4_PAE, %eax
	movl %eax, %cr4
	movl AT(low_tables)(%ebx), %eax
	movl %eax, %cr3
	movl $MSR_EFER, %ecx
	rdmsr
	orl $EFER_LME_NXE, %eax
	wrmsr
	movl %cr0, %eax
	andl $~CR0_CD_NW, %eax
	orl $CR0_SET, %eax
	movl %eax, %cr0
	ljmpl *AT(low_far64)(%ebx)

	.code64
	.globl low_start64
	.hidden low_start64
low_start64:
	movl %ebx, %ebx
	movq AT(low_stack)(%rbx), %rsp
	movq AT(low_area)(%rbx), %rdi
	movq AT(low_kernel_tables)(%rbx), %rsi
	jmpq *AT(low_entry)(%rbx)
	int3

/* Leaving: %rdi is our physical address, %rsi where to go. Interrupts are off, low_tables loaded;
 * the stack is the kernel's. */
	.globl low_leave
	.hidden low_leave
low_leave:
	endbr64
	movl %edi, %ebx
	movl %esi, %esi
	lgdt AT(low_gdt_pointer)(%rbx)
	leaq AT(low_leave32)(%rbx), %rax
	pushq $0x18
	pushq %rax
	lretq

	.code32
low_leave32:
	movl $0x10, %eax
	movl %eax, %ds
	movl %eax, %es
	movl %eax, %ss
	movl %eax, %fs
	movl %eax, %gs
	movl $CR0_LEAVE, %eax
	movl %eax, %cr0
	movl $MSR_EFER, %ecx
	rdmsr
	andl $~EFER_LME_NXE, %eax
	wrmsr
	movl $CR4_MCE, %eax
	movl %eax, %cr4
	xorl %eax, %eax
	movl %eax, %cr3
	jmpl *%esi
	int3

/* struct low_parameters of lowpage.c; the GDT's descriptors are marked accessed, as the page is
 * read-only for those who use it. */
	.balign 8
	.globl low_parameters, low_end
	.hidden low_parameters, low_end
low_parameters:
low_gdt:
	.quad 0
	.quad 0x00af9b000000ffff /* 0x08: 64-bit code */
	.quad 0x00cf93000000ffff /* 0x10: data */
	.quad 0x00cf9b000000ffff /* 0x18: 32-bit code */
low_stack:
	.quad 0
low_area:
	.quad 0
low_kernel_tables:
	.quad 0
low_entry:
	.quad 0
low_tables:
	.long 0
low_far32:
	.long 0
	.word 0x18
low_far64:
	.long 0
	.word 0x08
low_gdt_pointer:
	.word 31
	.quad 0
low_end:

/* Where a started CPU enters the kernel: %rdi its per-CPU area, %rsi the kernel's tables. */
	.code64
	.text
	.globl ap_entry
	.hidden ap_entry
	.type ap_entry, @function
ap_entry:
	endbr64
	movq %rsi, %cr3
	movq %rdi, %rax
	movq %rdi, %rdx
	shrq $32, %rdx
	movl $0xc0000101, %ecx /* GS.base */
	wrmsr
	xorl %ebp, %ebp
	pushq %rbp
	pushq %rbp
	call ap_main
	ud2
	.size ap_entry, . - ap_entry

	.section .note.GNU-stack, "", @progbits
