/*
 * A guest's program out of a fuzzer's bytes: one slot of code for each operation, and what the host
 * does before it. The code runs on a processor, the operations on a model of one; both end each
 * slot with a write to REPLAY_STEP_PORT. Flat 32-bit protected mode without paging. Pure.
 */
#ifndef REPLAY_PROGRAM_H
#define REPLAY_PROGRAM_H

#include <stddef.h>
#include <stdint.h>

#define REPLAY_OPS_MAX   64u
#define REPLAY_OP_BYTES  4u
#define REPLAY_STEP_PORT 0x99u

/* Guest-physical memory: REPLAY_FIXED pages from 0 on, and data that comes and goes. */
enum { PAGE_CODE, PAGE_HANDLERS, PAGE_TABLES, PAGE_STACK, REPLAY_FIXED };
#define REPLAY_DATA_PAGES 4u
#define REPLAY_FRAMES     (REPLAY_FIXED + REPLAY_DATA_PAGES)
#define REPLAY_DATA_GPA   0x10000u
#define REPLAY_GDT        0x2800u /* in PAGE_TABLES, behind the IDT */
#define REPLAY_COUNTERS   0x3000u /* in PAGE_STACK: how often each vector was delivered */
#define REPLAY_STACK      0x4000u
/* Bytes of PAGE_STACK and of each page of data that a program's operations can change: counters and
 * what loads and stores address. */
#define REPLAY_REACHED 1024u

/* Where things are in an operation's slot. */
#define SLOT_BYTES       32u
#define SLOT_INSTRUCTION 16u
#define SLOT_STEP        30u
/* A handler of a fault goes on so far behind the instruction that caused it: NOPs are there. */
#define FAULT_SKIPS 4u

enum replay_kind {
	OP_CPUID,
	OP_RDMSR,
	OP_WRMSR,
	OP_IN,
	OP_OUT,
	OP_HLT,
	OP_STI,
	OP_STI_HLT,
	OP_CLI,
	OP_TO_CR0,
	OP_TO_CR3,
	OP_TO_CR4,
	OP_FROM_CR0,
	OP_FROM_CR3,
	OP_FROM_CR4,
	OP_LMSW,
	OP_CLTS,
	OP_TO_DR,
	OP_FROM_DR,
	OP_LOAD,
	OP_STORE,
	OP_VMCALL,
	OP_RDPMC,
	OP_WBINVD,
	OP_UD2,
	OP_INT3,
	/* What the host does; the guest's slot is empty. */
	OP_POST,
	OP_NMI,
	OP_ASIDE,
	OP_RELOAD,
	OP_UNMAP,
	OP_PROTECT,
	REPLAY_KINDS
};

struct replay_op {
	enum replay_kind kind;
	uint8_t number, size, length; /* of a debug register or page or vector; of an access; of the
					 instruction */
	uint32_t eax, ecx, edx;       /* that the slot loads before the instruction */
	uint32_t address;             /* of a load or store */
	uint8_t bytes[REPLAY_OP_BYTES]; /* of the input */
};

struct replay_program {
	struct replay_op ops[REPLAY_OPS_MAX];
	unsigned count;
};

/* REPLAY_OP_BYTES of the input for each operation, REPLAY_OPS_MAX at most. */
void program_read(struct replay_program *program, const uint8_t *data, size_t size);
/* Into the fixed pages, 4 KiB each, zeroed: what all programs have, handlers and tables; */
void program_write_handlers(uint8_t *const pages[REPLAY_FIXED]);
/* and its code, whatever another one left there. */
void program_write(const struct replay_program *program, uint8_t *const pages[REPLAY_FIXED]);

#endif
