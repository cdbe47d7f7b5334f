/* From GRUB's 32-bit hand-over (Multiboot, 3.2) to C in 64-bit mode, exceptions, and VM entry. */
#define MAGIC     0x1badb002
#define FLAGS     0x00000002 /* it tells of memory, and hands over the command line */
#define CR4_PAE   (1 << 5)
#define CR0_PG_NE 0x80000020
#define EFER      0xc0000080
#define EFER_LME  (1 << 8)
#define HOST_RSP  0x6c14

	.section .multiboot, "a"
	.balign 4
	.long MAGIC, FLAGS, -(MAGIC + FLAGS)

	.text
	.code32
	.globl _start
_start:
	cli
	cld
	movl $stack_top, %esp
	movl %ebx, %ebp
	xorl %eax, %eax
	movl $bss_start, %edi
	movl $bss_end, %ecx
	subl %edi, %ecx
	rep stosb
	movl $model_start, %edi
	movl $model_end, %ecx
	subl %edi, %ecx
	rep stosb
	/* The first 4 GiB at their own addresses, in pages of 2 MiB. */
	movl $tables + 0x1003, tables
	movl $tables + 0x2003, tables + 0x1000
	movl $tables + 0x3003, tables + 0x1008
	movl $tables + 0x4003, tables + 0x1010
	movl $tables + 0x5003, tables + 0x1018
	movl $0x83, %eax
	xorl %ecx, %ecx
1:	movl %eax, tables + 0x2000(, %ecx, 8)
	addl $0x200000, %eax
	incl %ecx
	cmpl $2048, %ecx
	jne 1b
	movl $tables, %eax
	movl %eax, %cr3
	movl %cr4, %eax
	orl $CR4_PAE, %eax
	movl %eax, %cr4
	movl $EFER, %ecx
	rdmsr
	orl $EFER_LME, %eax
	wrmsr
	movl %cr0, %eax
	orl $CR0_PG_NE, %eax
	movl %eax, %cr0
	lgdtl gdt_pointer
	ljmpl $8, $2f
	.code64
2:	movl $16, %eax
	movl %eax, %ss
	xorl %eax, %eax
	movl %eax, %ds
	movl %eax, %es
	movl %eax, %fs
	movl %eax, %gs
	movl %ebp, %edi
	call payload_main
3:	hlt
	jmp 3b

/* void machine_tables(void): what an exit leaves of them may be anything. */
	.globl machine_tables
machine_tables:
	lgdtq gdt_pointer
	lidtq idt_pointer
	ret

/* int machine_enter(bool launched) -> 0: there was an exit, 1: VMfailInvalid, 2: VMfailValid */
	.globl machine_enter, machine_exit
machine_enter:
	pushq %rbx
	pushq %rbp
	pushq %r12
	pushq %r13
	pushq %r14
	pushq %r15
	movl $HOST_RSP, %eax
	vmwrite %rsp, %rax
	testl %edi, %edi
	jnz 1f
	vmlaunch
	jmp 2f
1:	vmresume
2:	movl $1, %eax
	jc 3f
	movl $2, %eax
	jmp 3f
machine_exit:
	xorl %eax, %eax
3:	popq %r15
	popq %r14
	popq %r13
	popq %r12
	popq %rbp
	popq %rbx
	ret

/* bool machine_rdmsr(uint32_t msr, uint64_t *value), bool machine_wrmsr(uint32_t, uint64_t):
 * false where the processor has no such register. */
	.globl machine_rdmsr, machine_wrmsr, machine_msr, machine_no_msr
machine_rdmsr:
	movl %edi, %ecx
machine_msr:
	rdmsr
	shlq $32, %rdx
	orq %rdx, %rax
	movq %rax, (%rsi)
	movl $1, %eax
	ret
machine_no_msr:
	xorl %eax, %eax
	ret
machine_wrmsr:
	movl %edi, %ecx
	movq %rsi, %rax
	movq %rsi, %rdx
	shrq $32, %rdx
	wrmsr
	ret

/* Exceptions: all end in machine_exception(frame). */
	.macro exception vector, has_error
	.balign 16
	.if \has_error == 0
	pushq $0
	.endif
	pushq $\vector
	jmp exception_common
	.endm
	.balign 16
	.globl exception_entries
exception_entries:
	.set n, 0
	.rept 32
	.if (n == 8) || (n >= 10 && n <= 14) || (n == 17) || (n == 21)
	exception n, 1
	.else
	exception n, 0
	.endif
	.set n, n + 1
	.endr
exception_common:
	pushq %rax
	pushq %rcx
	pushq %rdx
	pushq %rsi
	pushq %rdi
	pushq %r8
	pushq %r9
	pushq %r10
	pushq %r11
	leaq 72(%rsp), %rdi
	call machine_exception
	popq %r11
	popq %r10
	popq %r9
	popq %r8
	popq %rdi
	popq %rsi
	popq %rdx
	popq %rcx
	popq %rax
	addq $16, %rsp
	iretq

	.section .rodata
	.balign 16
	.globl gdt_pointer, idt_pointer, machine_gdt
machine_gdt:
	.quad 0, 0x00af9b000000ffff, 0x00cf93000000ffff
gdt_end:
gdt_pointer:
	.word gdt_end - machine_gdt - 1
	.quad machine_gdt
idt_pointer:
	.word 32 * 16 - 1
	.quad machine_idt

	.bss
	.balign 4096
	.globl machine_idt
tables:	.skip 6 * 4096
	.skip 65536
stack_top:
	.balign 16
machine_idt:
	.skip 32 * 16
