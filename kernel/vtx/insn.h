/*
 * The instructions with which systems touch device memory: moves in all widths, with and without
 * extension, and the arithmetic on memory that Linux and firmware use there (SDM 2). Anything else
 * is refused by name of its opcode, and the guest is stopped with a report. Pure; bytes are the
 * guest's.
 *
 * The memory operand's address is not computed: the processor reports it with the exit.
 */
#ifndef VTX_INSN_H
#define VTX_INSN_H

#include "lib/types.h"
#include <vmkapi/status.h>

#define INSN_BYTES_MAX 15u

enum insn_kind {
	INSN_LOAD,      /* register = memory */
	INSN_STORE,     /* memory = register or immediate */
	INSN_TO_MEMORY, /* memory = memory OP (register or immediate) */
	INSN_TO_REG,    /* register = register OP memory */
	INSN_COMPARE,   /* flags of memory OP (register or immediate), either way round */
	INSN_EXCHANGE,  /* register and memory change places */
};
enum insn_alu { ALU_ADD, ALU_OR, ALU_ADC, ALU_SBB, ALU_AND, ALU_SUB, ALU_XOR, ALU_CMP, ALU_TEST };

struct insn {
	enum insn_kind kind;
	enum insn_alu alu;
	uint8_t length;       /* of the instruction */
	uint8_t bytes;        /* of the memory operand: 1, 2, 4, 8 */
	uint8_t result_bytes; /* of the register that is loaded */
	uint8_t reg;          /* its number */
	bool high_byte;       /* AH, CH, DH, BH: bits 15:8 of register reg */
	bool sign_extend, has_immediate;
	bool reversed; /* INSN_COMPARE: register OP memory */
	uint64_t immediate;
};

enum insn_mode { INSN_16, INSN_32, INSN_64 };

/*
 * VMK_UNSUPPORTED for an instruction that is not among them, VMK_TRUNCATED if `size` bytes are not
 * the whole of it, VMK_BAD_FORMAT for one that is #UD.
 */
enum vmk_status insn_decode(
	const uint8_t *bytes, size_t size, enum insn_mode mode, struct insn *insn);

/* Does it read, does it write the memory operand? */
bool insn_reads(const struct insn *insn);
bool insn_writes(const struct insn *insn);
/*
 * Carry it out over the general registers (RSP in its place) and RFLAGS: `memory` is what was read,
 * 0 if it does not read; the result is what has to be written, if it writes.
 */
uint64_t insn_execute(const struct insn *insn, uint64_t gpr[16], uint64_t *rflags, uint64_t memory);

#endif
