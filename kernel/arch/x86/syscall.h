/* The SYSCALL edge between ring 3 and the kernel (ABI: include/vmkuser/syscall.h). */
#ifndef ARCH_SYSCALL_H
#define ARCH_SYSCALL_H

#include "lib/types.h"

/*
 * The caller's registers on its kernel stack, laid out as struct trap_frame. What the dispatcher
 * writes here is what the world gets back: rax = status, rdx = value. rcx and r11 are lost.
 */
struct syscall_frame {
	uint64_t r15, r14, r13, r12, r11, r10, r9, r8, rdi, rsi, rbp, rbx, rdx, rcx, rax;
	uint64_t vector, error; /* 0x100 and 0 */
	uint64_t rip, cs, rflags, rsp, ss;
};

/*
 * Written by vmkuser/. Called on the world's kernel stack with interrupts enabled. After it the
 * entry path calls sched_preempt() when a reschedule is due, and ends the world (world_exit())
 * instead of returning when world_killed().
 */
void syscall_dispatch(struct syscall_frame *frame);

/* Set STAR, LSTAR, SFMASK and EFER.SCE on the running CPU. */
void syscall_init_cpu(void);
/*
 * Enter ring 3 for the first time with cleared registers, IF set. Both addresses must lie below
 * USER_END; percpu_set_kernel_stack() and the address space must be the world's (sched/ sees to
 * that for a running world). Never returns.
 */
_Noreturn void cpu_enter_user(uint64_t rip, uint64_t rsp);

#endif
