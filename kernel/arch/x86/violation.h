/*
 * Which protection an exception of ring 0 ran into, in words: what a panic says besides the
 * exception's own name. Pure.
 */
#ifndef ARCH_VIOLATION_H
#define ARCH_VIOLATION_H

#include "lib/types.h"
#include "mem/where.h"

/* Bytes before RIP and from it on that are looked at. */
#define VIOLATION_BEFORE 2u
#define VIOLATION_CODE   6u

struct violation_facts {
	uint64_t vector, error;
	uint64_t address; /* CR2, of page faults and double faults */
	uint64_t rsp;
	enum where where; /* of `address` */
	/* Around RIP, of an invalid opcode; all zero where that is not code of ours. */
	uint8_t code[VIOLATION_CODE];
	bool poisoned; /* a register holds what freed heap objects hold */
};

/* Static text, or NULL: nothing more is known than the exception's name. */
const char *violation_name(const struct violation_facts *facts);

#endif
