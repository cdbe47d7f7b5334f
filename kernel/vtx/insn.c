#include "vtx/insn.h"
#include <string.h>

/* What has been read of an instruction. */
struct decoder {
	const uint8_t *bytes;
	size_t size, at;
	enum insn_mode mode;
	bool truncated, operand_size, address_size;
	uint8_t rex, modrm;
};

#define REX_W 8u
#define REX_R 4u

static uint8_t next(struct decoder *d)
{
	if (d->at >= d->size || d->at >= INSN_BYTES_MAX) {
		d->truncated = true;
		return 0;
	}
	return d->bytes[d->at++];
}

static uint64_t next_le(struct decoder *d, unsigned bytes)
{
	uint64_t value = 0;

	for (unsigned i = 0; i < bytes; i++)
		value |= (uint64_t)next(d) << (8 * i);
	return value;
}

static bool is_legacy_prefix(uint8_t byte)
{
	switch (byte) {
	case 0x26:
	case 0x2e:
	case 0x36:
	case 0x3e:
	case 0x64:
	case 0x65:
	case 0x66:
	case 0x67:
	case 0xf0:
	case 0xf2:
	case 0xf3:
		return true;
	default:
		return false;
	}
}

/* LOCK, REP and segments change nothing here. Returns the first opcode byte. */
static uint8_t skip_prefixes(struct decoder *d)
{
	uint8_t byte = next(d);

	for (; !d->truncated; byte = next(d)) {
		if (is_legacy_prefix(byte)) {
			d->operand_size |= byte == 0x66;
			d->address_size |= byte == 0x67;
			d->rex = 0; /* REX counts only right before the opcode */
		} else if (d->mode == INSN_64 && (byte & 0xf0) == 0x40) {
			d->rex = byte;
		} else {
			return byte;
		}
	}
	return 0;
}

static unsigned operand_bytes(const struct decoder *d)
{
	if (d->rex & REX_W)
		return 8;
	return (d->mode == INSN_16) != d->operand_size ? 2 : 4;
}

static unsigned address_bytes(const struct decoder *d)
{
	if (d->mode == INSN_64)
		return d->address_size ? 4 : 8;
	return (d->mode == INSN_16) != d->address_size ? 2 : 4;
}

/* ModRM, SIB and displacement. False: the operand is a register, not memory. */
static bool read_modrm(struct decoder *d)
{
	unsigned mod, rm, displacement = 0;

	d->modrm = next(d);
	mod = d->modrm >> 6;
	rm = d->modrm & 7;
	if (mod == 3)
		return false;
	if (address_bytes(d) == 2) {
		displacement = mod == 1 ? 1 : mod == 2 || rm == 6 ? 2 : 0;
		next_le(d, displacement);
		return true;
	}
	if (rm == 4)
		rm = next(d) & 7; /* SIB's base */
	displacement = mod == 1 ? 1 : mod == 2 || rm == 5 ? 4 : 0;
	next_le(d, displacement);
	return true;
}

static unsigned modrm_digit(const struct decoder *d)
{
	return d->modrm >> 3 & 7;
}

/* The register operand; without REX, byte registers 4 to 7 are AH to BH. */
static void set_register(const struct decoder *d, struct insn *insn, unsigned bytes)
{
	unsigned reg = modrm_digit(d);

	insn->result_bytes = (uint8_t)bytes;
	if (bytes == 1 && !d->rex && reg >= 4) {
		insn->high_byte = true;
		reg -= 4;
	}
	insn->reg = (uint8_t)(reg | (d->rex & REX_R ? 8 : 0));
}

static uint64_t sign_extended(uint64_t value, unsigned bytes)
{
	const unsigned shift = 64 - 8 * bytes;

	return (uint64_t)((int64_t)(value << shift) >> shift);
}

/* An immediate of at most four bytes, sign-extended. */
static void read_immediate(struct decoder *d, struct insn *insn, unsigned bytes)
{
	unsigned stored = bytes > 4 ? 4 : bytes;

	insn->has_immediate = true;
	insn->immediate = sign_extended(next_le(d, stored), stored);
}

static enum vmk_status finish(const struct decoder *d, struct insn *insn)
{
	insn->length = (uint8_t)d->at;
	return d->truncated ? VMK_TRUNCATED : VMK_OK;
}

/* A register and a memory operand of the same size. */
static enum vmk_status with_register(
	struct decoder *d, struct insn *insn, enum insn_kind kind, unsigned bytes)
{
	if (!read_modrm(d))
		return d->truncated ? VMK_TRUNCATED : VMK_UNSUPPORTED;
	insn->kind = kind;
	insn->bytes = (uint8_t)bytes;
	set_register(d, insn, bytes);
	return finish(d, insn);
}

static enum vmk_status extending_load(
	struct decoder *d, struct insn *insn, unsigned from, bool sign)
{
	if (!read_modrm(d))
		return d->truncated ? VMK_TRUNCATED : VMK_UNSUPPORTED;
	insn->kind = INSN_LOAD;
	insn->bytes = (uint8_t)from;
	insn->sign_extend = sign;
	set_register(d, insn, operand_bytes(d));
	return finish(d, insn);
}

static enum vmk_status with_immediate(
	struct decoder *d, struct insn *insn, enum insn_kind kind, unsigned bytes, unsigned stored)
{
	insn->kind = kind;
	insn->bytes = (uint8_t)bytes;
	insn->result_bytes = (uint8_t)bytes;
	read_immediate(d, insn, stored);
	return finish(d, insn);
}

/* MOV between the accumulator and an absolute address: A0 to A3. */
static enum vmk_status absolute_move(struct decoder *d, struct insn *insn, uint8_t opcode)
{
	insn->kind = opcode & 2 ? INSN_STORE : INSN_LOAD;
	insn->bytes = (uint8_t)(opcode & 1 ? operand_bytes(d) : 1);
	insn->result_bytes = insn->bytes;
	next_le(d, address_bytes(d));
	return finish(d, insn);
}

/* 00 to 3B: the eight operations, register to memory and memory to register. */
static enum vmk_status arithmetic(struct decoder *d, struct insn *insn, uint8_t opcode)
{
	const unsigned bytes = opcode & 1 ? operand_bytes(d) : 1;
	const bool to_register = opcode & 2;

	insn->alu = (enum insn_alu)(opcode >> 3);
	insn->reversed = to_register;
	if (insn->alu == ALU_CMP)
		return with_register(d, insn, INSN_COMPARE, bytes);
	return with_register(d, insn, to_register ? INSN_TO_REG : INSN_TO_MEMORY, bytes);
}

/* 80, 81, 83: the same with an immediate. */
static enum vmk_status arithmetic_immediate(struct decoder *d, struct insn *insn, uint8_t opcode)
{
	const unsigned bytes = opcode == 0x80 ? 1 : operand_bytes(d);

	if (!read_modrm(d))
		return d->truncated ? VMK_TRUNCATED : VMK_UNSUPPORTED;
	insn->alu = (enum insn_alu)modrm_digit(d);
	return with_immediate(d, insn, insn->alu == ALU_CMP ? INSN_COMPARE : INSN_TO_MEMORY, bytes,
		opcode == 0x81 ? bytes : 1);
}

/* C6, C7 (MOV) and F6, F7 (TEST): digit 0 alone. */
static enum vmk_status digit_zero(struct decoder *d, struct insn *insn, uint8_t opcode)
{
	const unsigned bytes = opcode & 1 ? operand_bytes(d) : 1;

	if (!read_modrm(d) || modrm_digit(d) != 0)
		return d->truncated ? VMK_TRUNCATED : VMK_UNSUPPORTED;
	insn->alu = ALU_TEST;
	return with_immediate(d, insn, opcode < 0xf0 ? INSN_STORE : INSN_COMPARE, bytes, bytes);
}

static enum vmk_status two_byte(struct decoder *d, struct insn *insn)
{
	switch (next(d)) {
	case 0xb6:
		return extending_load(d, insn, 1, false);
	case 0xb7:
		return extending_load(d, insn, 2, false);
	case 0xbe:
		return extending_load(d, insn, 1, true);
	case 0xbf:
		return extending_load(d, insn, 2, true);
	default:
		return d->truncated ? VMK_TRUNCATED : VMK_UNSUPPORTED;
	}
}

enum vmk_status insn_decode(
	const uint8_t *bytes, size_t size, enum insn_mode mode, struct insn *insn)
{
	struct decoder d = {.bytes = bytes, .size = size, .mode = mode};
	uint8_t opcode = skip_prefixes(&d);
	unsigned wide = operand_bytes(&d);

	memset(insn, 0, sizeof(*insn));
	if (d.truncated)
		return VMK_TRUNCATED;
	if (opcode < 0x40 && (opcode & 7) < 4)
		return arithmetic(&d, insn, opcode);
	switch (opcode) {
	case 0x0f:
		return two_byte(&d, insn);
	case 0x63:
		return mode == INSN_64 ? extending_load(&d, insn, 4, true) : VMK_UNSUPPORTED;
	case 0x80:
	case 0x81:
	case 0x83:
		return arithmetic_immediate(&d, insn, opcode);
	case 0x84:
	case 0x85:
		insn->alu = ALU_TEST;
		return with_register(&d, insn, INSN_COMPARE, opcode & 1 ? wide : 1);
	case 0x86:
	case 0x87:
		return with_register(&d, insn, INSN_EXCHANGE, opcode & 1 ? wide : 1);
	case 0x88:
	case 0x89:
		return with_register(&d, insn, INSN_STORE, opcode & 1 ? wide : 1);
	case 0x8a:
	case 0x8b:
		return with_register(&d, insn, INSN_LOAD, opcode & 1 ? wide : 1);
	case 0xa0:
	case 0xa1:
	case 0xa2:
	case 0xa3:
		return absolute_move(&d, insn, opcode);
	case 0xc6:
	case 0xc7:
	case 0xf6:
	case 0xf7:
		return digit_zero(&d, insn, opcode);
	default:
		return VMK_UNSUPPORTED;
	}
}

bool insn_reads(const struct insn *insn)
{
	return insn->kind != INSN_STORE;
}

bool insn_writes(const struct insn *insn)
{
	return insn->kind == INSN_STORE || insn->kind == INSN_TO_MEMORY ||
	       insn->kind == INSN_EXCHANGE;
}

/* --- execution --- */

#define FLAG_CF (1ull << 0)
#define FLAG_PF (1ull << 2)
#define FLAG_AF (1ull << 4)
#define FLAG_ZF (1ull << 6)
#define FLAG_SF (1ull << 7)
#define FLAG_OF (1ull << 11)
#define FLAGS   (FLAG_CF | FLAG_PF | FLAG_AF | FLAG_ZF | FLAG_SF | FLAG_OF)

static uint64_t mask_of(unsigned bytes)
{
	return ~0ull >> (64 - 8 * bytes);
}

static uint64_t get_register(const struct insn *insn, const uint64_t gpr[16])
{
	const uint64_t value = gpr[insn->reg];

	return (insn->high_byte ? value >> 8 : value) & mask_of(insn->result_bytes);
}

/* 32-bit results clear the upper half; smaller ones leave the rest. */
static void set_result(const struct insn *insn, uint64_t gpr[16], uint64_t value)
{
	uint64_t *reg = &gpr[insn->reg];
	const uint64_t mask = mask_of(insn->result_bytes);

	if (insn->high_byte)
		*reg = (*reg & ~0xff00ull) | (value & 0xff) << 8;
	else if (insn->result_bytes >= 4)
		*reg = value & mask;
	else
		*reg = (*reg & ~mask) | (value & mask);
}

static uint64_t compute(enum insn_alu alu, uint64_t a, uint64_t b, uint64_t carry)
{
	switch (alu) {
	case ALU_ADD:
		return a + b;
	case ALU_ADC:
		return a + b + carry;
	case ALU_SBB:
		return a - b - carry;
	case ALU_SUB:
	case ALU_CMP:
		return a - b;
	case ALU_OR:
		return a | b;
	case ALU_XOR:
		return a ^ b;
	default:
		return a & b;
	}
}

/* SDM 1, 3.4.3.1. */
static uint64_t flags_of(
	enum insn_alu alu, uint64_t a, uint64_t b, uint64_t carry, uint64_t result, unsigned bytes)
{
	const uint64_t sign = 1ull << (8 * bytes - 1);
	uint64_t flags = 0;

	if (alu == ALU_ADD || alu == ALU_ADC) {
		if (result < a || (carry && result == a))
			flags |= FLAG_CF;
		if (~(a ^ b) & (a ^ result) & sign)
			flags |= FLAG_OF;
		flags |= (a ^ b ^ result) & FLAG_AF;
	} else if (alu == ALU_SUB || alu == ALU_SBB || alu == ALU_CMP) {
		if (a < b || (carry && a == b))
			flags |= FLAG_CF;
		if ((a ^ b) & (a ^ result) & sign)
			flags |= FLAG_OF;
		flags |= (a ^ b ^ result) & FLAG_AF;
	}
	if (!result)
		flags |= FLAG_ZF;
	if (result & sign)
		flags |= FLAG_SF;
	if (!__builtin_parity((uint8_t)result))
		flags |= FLAG_PF;
	return flags;
}

static uint64_t operate(const struct insn *insn, uint64_t *rflags, uint64_t a, uint64_t b)
{
	const bool with_carry = insn->alu == ALU_ADC || insn->alu == ALU_SBB;
	const uint64_t carry = with_carry && (*rflags & FLAG_CF), mask = mask_of(insn->bytes);
	uint64_t result;

	a &= mask;
	b &= mask;
	result = compute(insn->alu, a, b, carry) & mask;
	*rflags = (*rflags & ~FLAGS) | flags_of(insn->alu, a, b, carry, result, insn->bytes);
	return result;
}

uint64_t insn_execute(const struct insn *insn, uint64_t gpr[16], uint64_t *rflags, uint64_t memory)
{
	const uint64_t other = insn->has_immediate ? insn->immediate : get_register(insn, gpr);

	switch (insn->kind) {
	case INSN_LOAD:
		memory &= mask_of(insn->bytes);
		set_result(
			insn, gpr, insn->sign_extend ? sign_extended(memory, insn->bytes) : memory);
		return 0;
	case INSN_STORE:
		return other & mask_of(insn->bytes);
	case INSN_TO_MEMORY:
		return operate(insn, rflags, memory, other);
	case INSN_TO_REG:
		set_result(insn, gpr, operate(insn, rflags, other, memory));
		return 0;
	case INSN_COMPARE:
		operate(insn, rflags, insn->reversed ? other : memory,
			insn->reversed ? memory : other);
		return 0;
	case INSN_EXCHANGE:
		set_result(insn, gpr, memory);
		return other;
	}
	return 0;
}
