/*
 * Entry from exceptions, interrupts and SYSCALL. Every path builds a struct trap_frame; ring 3
 * never has a say in GS: CR4.FSGSBASE is off, so the sign of GS.base tells whose it is.
 */
#include "arch/x86/percpu.h"
#include "arch/x86/predict.h"
#include "arch/x86/shadow.h"
#include "arch/x86/trap.h"

#define MSR_GS_BASE 0xc0000101
#define FRAME_RIP   (17 * 8)
#define STUB_CS     24 /* behind vector, error and RIP */
#define SYSCALL_VECTOR 0x100

	.macro SAVE_REGISTERS
	pushq %rax
	pushq %rcx
	pushq %rdx
	pushq %rbx
	pushq %rbp
	pushq %rsi
	pushq %rdi
	pushq %r8
	pushq %r9
	pushq %r10
	pushq %r11
	pushq %r12
	pushq %r13
	pushq %r14
	pushq %r15
	.endm

	/* Leaves vector and error on the stack. */
	.macro RESTORE_REGISTERS
	popq %r15
	popq %r14
	popq %r13
	popq %r12
	popq %r11
	popq %r10
	popq %r9
	popq %r8
	popq %rdi
	popq %rsi
	popq %rbp
	popq %rbx
	popq %rdx
	popq %rcx
	popq %rax
	.endm

	/* What ring 3 left must not steer us, not even speculatively; %rbp ends backtraces. */
	.macro CLEAR_REGISTERS
	xorl %eax, %eax
	xorl %ebx, %ebx
	xorl %ecx, %ecx
	xorl %edx, %edx
	xorl %ebp, %ebp
	xorl %esi, %esi
	xorl %r8d, %r8d
	xorl %r9d, %r9d
	xorl %r10d, %r10d
	xorl %r11d, %r11d
	xorl %r12d, %r12d
	xorl %r13d, %r13d
	xorl %r14d, %r14d
	xorl %r15d, %r15d
	.endm

	/* What the kernel loaded and stored last stays in buffers of the CPU that ring 3 may sample: VERW
	 * overwrites them where microcode says MD_CLEAR. Before the last SWAPGS. */
	.macro CLEAR_BUFFERS
	verw buffers_selector(%rip)
	.endm

	/* EFLAGS.AC comes from ring 3 unchanged and would open SMAP. */
	.macro CLEAR_AC
	testb $1, cpu_has_smap(%rip)
	jz .Lno_smap\@
	clac
.Lno_smap\@:
	.endm

	/* SYSCALL leaves SSP 0: onto the world's shadow stack. */
	.macro SHADOW_ENTER
	testb $1, cpu_has_shadow(%rip)
	jz .Lno_shadow\@
	setssbsy
.Lno_shadow\@:
	.endm

	/* Off it, as SYSRET does not do, all calls having returned. %rax is lost. */
	.macro SHADOW_LEAVE
	testb $1, cpu_has_shadow(%rip)
	jz .Lno_shadow\@
	rdsspq %rax
	clrssbsy (%rax)
.Lno_shadow\@:
	.endm

	/*
	 * Where ring 3 has tables of its own (mem/gate.h), the first and the last instructions of ring
	 * 0 run in them: they touch nothing but this section, percpu.entry and the CPU's stacks of entry.
	 * KERNEL_CR3 is 0 where it has none.
	 */
	.macro ENTER_TABLES scratch
	movq %gs:PERCPU_KERNEL_CR3, \scratch
	testq \scratch, \scratch
	jz .Lsame\@
	movq \scratch, %cr3
.Lsame\@:
	.endm

	/* What the CPU and the stub pushed, from the stack of entry at %rax to the world's. */
	.macro COPY_FRAME
	movq %gs:PERCPU_KERNEL_STACK, %rsp
	pushq 48(%rax) /* SS, RSP, RFLAGS, CS, RIP, error, vector */
	pushq 40(%rax)
	pushq 32(%rax)
	pushq 24(%rax)
	pushq 16(%rax)
	pushq 8(%rax)
	pushq (%rax)
	.endm

	.section .entry.text, "ax", @progbits
	.balign 16
	.globl trap_stubs
	.hidden trap_stubs
/* One stub of 16 bytes for each vector; those for which the CPU pushes no error code push 0. */
trap_stubs:
	.set vector, 0
	.rept 256
	.balign 16, 0xcc
	endbr64
	.if !(vector == 8 || (vector >= 10 && vector <= 14) || vector == 17 || vector == 21)
	pushq $0
	.endif
	pushq $vector
	.if vector == VECTOR_NMI || vector == VECTOR_DOUBLE_FAULT || vector == VECTOR_MACHINE_CHECK
	jmp trap_paranoid
	.elseif vector == VECTOR_DEBUG
	jmp trap_debug
	.else
	jmp trap_common
	.endif
	.set vector, vector + 1
	.endr
	.balign 16, 0xcc

	.type trap_common, @function
trap_common:
	testb $3, STUB_CS(%rsp)
	jnz .Lfrom_user
	SAVE_REGISTERS
	cld
	CLEAR_AC
	movq %rsp, %rdi
	lfence
	call trap_dispatch
	RESTORE_REGISTERS
	addq $16, %rsp
	iretq
	int3
.Lfrom_user:
	swapgs
	lfence
	movq %rax, %gs:PERCPU_USER_RSP
	movq %gs:PERCPU_KERNEL_CR3, %rax
	testq %rax, %rax
	jz .Lon_stack
	movq %rax, %cr3
	movq %rsp, %rax
	COPY_FRAME
.Lon_stack:
	movq %gs:PERCPU_USER_RSP, %rax
	SAVE_REGISTERS
	cld
	CLEAR_AC
	movq %rsp, %rdi
	IBRS_ON
	lfence
	CLEAR_REGISTERS
	call trap_dispatch
	IBRS_OFF
	jmp leave_by_iret
	int3
	.size trap_common, . - trap_common

/* To ring 3 with the registers of the frame at %rsp. */
	.type leave_by_iret, @function
leave_by_iret:
	cmpq $0, %gs:PERCPU_KERNEL_CR3
	jne 1f
	CLEAR_BUFFERS
	swapgs
	RESTORE_REGISTERS
	addq $16, %rsp
	iretq
	int3
1:	RESTORE_REGISTERS
	addq $16, %rsp
	movq %rax, %gs:PERCPU_USER_RSP
	movq %rsp, %rax
	movq %gs:PERCPU_ENTRY_STACK, %rsp
	pushq 32(%rax) /* SS, RSP, RFLAGS, CS, RIP */
	pushq 24(%rax)
	pushq 16(%rax)
	pushq 8(%rax)
	pushq (%rax)
	movq %gs:PERCPU_USER_CR3, %rax
	movq %rax, %cr3
	movq %gs:PERCPU_USER_RSP, %rax
	CLEAR_BUFFERS
	swapgs
	iretq
	int3
	.size leave_by_iret, . - leave_by_iret

/* NMI, double fault and machine check come at any instruction, also between SYSCALL and SWAPGS, and in
 * any tables: they look at GS.base and CR3 themselves. Each has its own stack. */
	.type trap_paranoid, @function
trap_paranoid:
	SAVE_REGISTERS
	cld
	xorl %ebx, %ebx
	movl $MSR_GS_BASE, %ecx
	rdmsr
	testl %edx, %edx
	js 1f
	swapgs
	incl %ebx
1:	lfence
	movq %cr3, %r13
	ENTER_TABLES %rax
	CLEAR_AC
	testb $1, predict_at_entries(%rip)
	jz 3f
	movl $PREDICT_MSR_SPEC_CTRL, %ecx /* also from ring 0, on its way in or out */
	rdmsr
	movl %eax, %r12d
	IBRS_WRITE predict_inside
3:	lfence
	movq %rsp, %rdi
	call trap_dispatch
	testb $1, predict_at_entries(%rip)
	jz 4f
	movl $PREDICT_MSR_SPEC_CTRL, %ecx
	movl %r12d, %eax
	xorl %edx, %edx
	wrmsr
4:	cmpq $0, %gs:PERCPU_KERNEL_CR3
	je 5f
	movq %r13, %cr3
5:	testl %ebx, %ebx
	jz 2f
	swapgs
2:	RESTORE_REGISTERS
	addq $16, %rsp
	iretq
	int3
	.size trap_paranoid, . - trap_paranoid

/*
 * With TF set by ring 3, the debug exception of SYSCALL may come at syscall_entry, in ring 0 on ring 3's
 * stack: so it has a stack of its own. From ring 3 it goes on on the world's, as every other fault.
 */
	.type trap_debug, @function
trap_debug:
	testb $3, STUB_CS(%rsp)
	jz trap_paranoid
	swapgs
	lfence
	movq %rax, %gs:PERCPU_USER_RSP
	ENTER_TABLES %rax
	movq %rsp, %rax
	COPY_FRAME
	SHADOW_LEAVE
	SHADOW_ENTER
	jmp .Lon_stack
	int3
	.size trap_debug, . - trap_debug

	/* On the world's stack all registers are saved and cleared; %rdi is the frame. */
	.macro SYSCALL_FRAME
	movq %gs:PERCPU_KERNEL_STACK, %rsp
	pushq $GDT_USER_DATA
	pushq %gs:PERCPU_USER_RSP
	pushq %r11
	pushq $GDT_USER_CODE
	pushq %rcx
	pushq $0
	pushq $SYSCALL_VECTOR
	SAVE_REGISTERS
	movq %rsp, %rdi
	CLEAR_REGISTERS
	.endm

/* What LSTAR holds where more has to be done than elsewhere. */
	.balign 16
	.globl syscall_entry_guarded
	.hidden syscall_entry_guarded
	.type syscall_entry_guarded, @function
syscall_entry_guarded:
	endbr64
	swapgs
	movq %rsp, %gs:PERCPU_USER_RSP
	ENTER_TABLES %rsp
	SYSCALL_FRAME
	IBRS_ON
	lfence
	jmp .Lsyscall
	int3
	.size syscall_entry_guarded, . - syscall_entry_guarded

	.balign 16
	.globl syscall_entry
	.hidden syscall_entry
	.type syscall_entry, @function
syscall_entry:
	endbr64
	swapgs
	movq %rsp, %gs:PERCPU_USER_RSP
	SYSCALL_FRAME
.Lsyscall:
	SHADOW_ENTER
	sti
	call syscall_entered
	cli
	IBRS_OFF
	/* SYSRET with a non-canonical RIP faults in ring 0 with ring 3's stack: take IRET then. */
	movq FRAME_RIP(%rsp), %rcx
	shrq $47, %rcx
	jnz leave_by_iret
	SHADOW_LEAVE
	cmpq $0, %gs:PERCPU_KERNEL_CR3
	jne 1f
	CLEAR_BUFFERS
	swapgs
	RESTORE_REGISTERS
	movq 16(%rsp), %rcx /* RIP */
	movq 32(%rsp), %r11 /* RFLAGS */
	movq 40(%rsp), %rsp
	sysretq
	int3
1:	RESTORE_REGISTERS
	movq 16(%rsp), %rcx
	movq 32(%rsp), %r11
	movq 40(%rsp), %rsp
	movq %rsp, %gs:PERCPU_USER_RSP
	movq %gs:PERCPU_USER_CR3, %rsp
	movq %rsp, %cr3
	movq %gs:PERCPU_USER_RSP, %rsp
	CLEAR_BUFFERS
	swapgs
	sysretq
	int3
	.size syscall_entry, . - syscall_entry

/* cpu_enter_user(rip, rsp) */
	.globl cpu_enter_user
	.hidden cpu_enter_user
	.type cpu_enter_user, @function
cpu_enter_user:
	endbr64
	cli
	pushq $GDT_USER_DATA
	pushq %rsi
	pushq $0x202 /* IF */
	pushq $GDT_USER_CODE
	pushq %rdi
	pushq $0
	pushq $SYSCALL_VECTOR
	IBRS_OFF
	CLEAR_REGISTERS
	xorl %edi, %edi
	SAVE_REGISTERS
	jmp leave_by_iret
	int3
	.size cpu_enter_user, . - cpu_enter_user

	/* VERW reads it in any tables. */
	.balign 2
	.globl buffers_selector
	.hidden buffers_selector
buffers_selector:
	.word GDT_KERNEL_DATA

	.section .note.GNU-stack, "", @progbits
