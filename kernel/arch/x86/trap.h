/* Exceptions and interrupts: the register frame, vectors, and the handlers' registration. */
#ifndef ARCH_TRAP_H
#define ARCH_TRAP_H

/* Selectors of every CPU's GDT; SYSCALL and SYSRET fix their order (SDM 2A, SYSRET). */
#define GDT_KERNEL_CODE 0x08
#define GDT_KERNEL_DATA 0x10
#define GDT_USER_DATA   0x1b
#define GDT_USER_CODE   0x23
#define GDT_TSS         0x28

/* Vectors (SDM 3A, 6.3.1 for those below 32). */
#define VECTOR_DEBUG              1
#define VECTOR_NMI                2
#define VECTOR_INVALID_OPCODE     6
#define VECTOR_DOUBLE_FAULT       8
#define VECTOR_STACK              12
#define VECTOR_GP                 13
#define VECTOR_PAGE_FAULT         14
#define VECTOR_MACHINE_CHECK      18
#define VECTOR_CONTROL_PROTECTION 21
#define VECTOR_DEVICE_FIRST       0x30
#define VECTOR_DEVICE_LAST        0xdf
#define VECTOR_TIMER              0xf0
#define VECTOR_RESCHEDULE         0xf1
#define VECTOR_TLB                0xf2
#define VECTOR_STOP               0xf3
#define VECTOR_LEAVE              0xf4
#define VECTOR_SPURIOUS           0xff

#ifndef __ASSEMBLY__
#include "lib/types.h"
#include <vmkapi/status.h>

/* As entry.S pushes it; the same for exceptions, interrupts and system calls. */
struct trap_frame {
	uint64_t r15, r14, r13, r12, r11, r10, r9, r8, rdi, rsi, rbp, rbx, rdx, rcx, rax;
	uint64_t vector, error;
	uint64_t rip, cs, rflags, rsp, ss; /* pushed by the CPU */
};
STATIC_ASSERT_SIZE(struct trap_frame, 22 * 8);

/* Build the IDT and load it on the bootstrap CPU. */
void trap_init(void);
/* Load GDT, TSS (with IST stacks) and IDT on the running CPU. */
void trap_init_cpu(void);
/* The limits of GDTR and IDTR, which an exit from a guest leaves at 64 KiB. */
void trap_restore_limits(void);
/* The IDT and entry.S, in ring 3's tables (mem/gate.h). */
enum vmk_status trap_open_gate(void);
/* Take over a vector of 32..254; handlers run with interrupts off and the APIC acknowledged after
 * them. Not for vectors that a driver shares: see arch/x86/irq.h. */
void trap_set_handler(unsigned vector, void (*handler)(struct trap_frame *frame));
#endif

#endif
