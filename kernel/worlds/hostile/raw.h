/* A system call with every register as it comes, and as it leaves. */
#ifndef WORLDS_HOSTILE_RAW_H
#define WORLDS_HOSTILE_RAW_H

#include <stdint.h>

/* In the order of the SYSCALL ABI (vmkuser/syscall.h), then those that the kernel keeps. */
#define RAW_NUMBER   0 /* RAX: the number, then the status */
#define RAW_ARGUMENT 1 /* RDI RSI RDX R10 R8 R9; RDX is then the value */
#define RAW_VALUE    3
#define RAW_KEPT     7  /* RBX RBP R12 R13 R14 R15 */
#define RAW_LOST     13 /* RCX R11 */
#define RAW_COUNT    15
struct raw {
	uint64_t regs[RAW_COUNT];
};

/* Loads all registers from there, but RCX and R11, makes the call, and stores all. */
void raw_call(struct raw *raw);

#endif
