#include "replay/program.h"

#include <string.h>
#include "lib/types.h"
#include "vtx/inject.h"

#define NOP         0x90u
#define VECTORS     256u
#define GATE        0x8e00u /* present, 32-bit interrupt gate */
#define CODE        8u      /* selector */
#define FLAT_CODE   0x00cf9b000000ffffull
#define FLAT_DATA   0x00cf93000000ffffull
#define FIRST_MINE  32u /* vectors below are the processor's */
#define VECTOR_NMI  2u
#define CR0_PE_ET   0x11u
#define HANDLER     16u
#define PAGE_NUMBER 0x1000u

static const uint32_t leaves[] = {0, 1, 2, 4, 6, 7, 0xb, 0xd, 0x14, 0x40000000, 0x40000010,
	0x80000000, 0x80000001, 0x80000008};
static const uint32_t msrs[] = {0x1b, 0x8b, 0xfe, 0x174, 0x175, 0x176, 0x179, 0x17a, 0x1a0, 0x1d9,
	0x200, 0x201, 0x250, 0x277, 0x2ff, 0x6e0, 0x808, 0x1234, 0xc0000080, 0xc0000081, 0xc0000082,
	0xc0000102, 0xc0000100, 0xc0000101};
static const uint16_t ports[] = {0x60, 0x3f8, 0xcf8, 0xfffc};
/* Bits of CR0 and CR4 that every processor has, or that no guest may set. */
static const uint32_t cr0_bits[] = {
	0, 1u << 1, 1u << 2, 1u << 3, 1u << 5, 1u << 16, 1u << 18, 1u << 30, 3u << 29, 1u << 4};
static const uint32_t cr4_bits[] = {
	0, 1u << 2, 1u << 3, 1u << 4, 1u << 6, 1u << 7, 1u << 9, 1u << 10, 1u << 13, 1u << 14};

#define PICK(table, n) (table)[(n) % ARRAY_SIZE(table)]

/* The instruction, but for memory's address. */
static const struct {
	uint8_t length, code[3];
} codes[REPLAY_KINDS] = {
	[OP_CPUID] = {2, {0x0f, 0xa2}},
	[OP_RDMSR] = {2, {0x0f, 0x32}},
	[OP_WRMSR] = {2, {0x0f, 0x30}},
	[OP_HLT] = {1, {0xf4}},
	[OP_STI] = {1, {0xfb}},
	[OP_STI_HLT] = {2, {0xfb, 0xf4}},
	[OP_CLI] = {1, {0xfa}},
	[OP_TO_CR0] = {3, {0x0f, 0x22, 0xc0}},
	[OP_TO_CR3] = {3, {0x0f, 0x22, 0xd8}},
	[OP_TO_CR4] = {3, {0x0f, 0x22, 0xe0}},
	[OP_FROM_CR0] = {3, {0x0f, 0x20, 0xc0}},
	[OP_FROM_CR3] = {3, {0x0f, 0x20, 0xd8}},
	[OP_FROM_CR4] = {3, {0x0f, 0x20, 0xe0}},
	[OP_LMSW] = {3, {0x0f, 0x01, 0xf0}},
	[OP_CLTS] = {2, {0x0f, 0x06}},
	[OP_TO_DR] = {3, {0x0f, 0x23, 0xc0}},
	[OP_FROM_DR] = {3, {0x0f, 0x21, 0xc0}},
	[OP_LOAD] = {5, {0xa1}},
	[OP_STORE] = {5, {0xa3}},
	[OP_VMCALL] = {3, {0x0f, 0x01, 0xc1}},
	[OP_RDPMC] = {2, {0x0f, 0x33}},
	[OP_WBINVD] = {2, {0x0f, 0x09}},
	[OP_UD2] = {2, {0x0f, 0x0b}},
	[OP_INT3] = {1, {0xcc}},
};

static struct replay_op read_op(const uint8_t *in)
{
	const uint32_t pattern = in[2] * 0x01010101u;
	struct replay_op op = {
		.kind = in[0] % REPLAY_KINDS, .eax = pattern, .ecx = in[1], .edx = in[3]};

	memcpy(op.bytes, in, REPLAY_OP_BYTES);
	op.length = codes[op.kind].length;
	op.number = in[1] % REPLAY_DATA_PAGES;
	op.address = REPLAY_DATA_GPA + op.number * PAGE_NUMBER + in[2] * 4u;
	switch (op.kind) {
	case OP_CPUID:
		op.eax = PICK(leaves, in[1]);
		op.ecx = in[2] % 4;
		break;
	case OP_RDMSR:
	case OP_WRMSR:
		op.ecx = PICK(msrs, in[1]);
		op.edx = in[3] & 0x80 ? pattern : 0;
		op.eax = pattern ^ 1u << in[3] % 32;
		break;
	case OP_IN:
	case OP_OUT:
		op.edx = PICK(ports, in[1]);
		op.size = (uint8_t)(1u << in[3] % 3);
		op.length = op.size == 2 ? 2 : 1;
		break;
	case OP_TO_CR0:
		op.eax = CR0_PE_ET ^ PICK(cr0_bits, in[1]) ^ PICK(cr0_bits, in[2] % 7);
		break;
	case OP_TO_CR4:
		op.eax = PICK(cr4_bits, in[1]) ^ PICK(cr4_bits, in[2]);
		break;
	case OP_POST:
		op.number = (uint8_t)MAX(in[1], FIRST_MINE);
		break;
	default:
		break;
	}
	return op;
}

void program_read(struct replay_program *program, const uint8_t *data, size_t size)
{
	program->count = (unsigned)MIN(size / REPLAY_OP_BYTES, (size_t)REPLAY_OPS_MAX);
	for (unsigned i = 0; i < program->count; i++)
		program->ops[i] = read_op(data + i * REPLAY_OP_BYTES);
}

static uint8_t *put32(uint8_t *at, uint32_t value)
{
	memcpy(at, &value, sizeof(value));
	return at + sizeof(value);
}

static uint8_t *load_register(uint8_t *at, uint8_t opcode, uint32_t value)
{
	*at = opcode;
	return put32(at + 1, value);
}

static void write_instruction(const struct replay_op *op, uint8_t *at)
{
	memcpy(at, codes[op->kind].code, sizeof(codes[0].code));
	if (op->kind == OP_TO_DR || op->kind == OP_FROM_DR)
		at[2] |= (uint8_t)(op->number << 3);
	if (op->kind == OP_LOAD || op->kind == OP_STORE)
		put32(at + 1, op->address);
	if (op->kind != OP_IN && op->kind != OP_OUT)
		return;
	if (op->size == 2)
		*at++ = 0x66;
	*at = (uint8_t)((op->kind == OP_IN ? 0xec : 0xee) | (op->size > 1));
}

static void write_slot(const struct replay_op *op, uint8_t *slot)
{
	uint8_t *at = slot;

	memset(slot, NOP, SLOT_BYTES);
	at = load_register(at, 0xb8, op->eax);
	at = load_register(at, 0xb9, op->ecx);
	load_register(at, 0xba, op->edx);
	if (op->length) {
		write_instruction(op, slot + SLOT_INSTRUCTION);
		memset(slot + SLOT_INSTRUCTION + op->length, NOP,
			SLOT_STEP - SLOT_INSTRUCTION - op->length);
	}
	slot[SLOT_STEP] = 0xe6; /* OUT imm8, AL */
	slot[SLOT_STEP + 1] = REPLAY_STEP_PORT;
}

/* Counts; behind an exception goes on after the instruction; returns. */
static void write_handler(unsigned vector, uint8_t *at)
{
	*at++ = 0xff; /* INC dword [counter] */
	*at++ = 0x05;
	at = put32(at, REPLAY_COUNTERS + 4 * vector);
	if (vector < FIRST_MINE && exception_has_error(vector)) {
		memcpy(at, "\x83\xc4\x04", 3); /* ADD ESP, 4 */
		at += 3;
	}
	if (vector < FIRST_MINE && vector != VECTOR_NMI) {
		memcpy(at, "\x83\x04\x24", 3); /* ADD dword [ESP], imm8 */
		at[3] = FAULT_SKIPS;
		at += 4;
	}
	*at = 0xcf; /* IRET */
}

void program_write(const struct replay_program *program, uint8_t *const pages[REPLAY_FIXED])
{
	for (unsigned i = 0; i < program->count; i++)
		write_slot(&program->ops[i], pages[PAGE_CODE] + i * SLOT_BYTES);
}

void program_write_handlers(uint8_t *const pages[REPLAY_FIXED])
{
	uint8_t *tables = pages[PAGE_TABLES];
	const uint64_t gdt[] = {0, FLAT_CODE, FLAT_DATA};

	for (unsigned v = 0; v < VECTORS; v++) {
		const uint32_t handler = PAGE_HANDLERS * PAGE_NUMBER + v * HANDLER;

		write_handler(v, pages[PAGE_HANDLERS] + v * HANDLER);
		put32(tables + 8 * v, (handler & 0xffff) | CODE << 16);
		put32(tables + 8 * v + 4, GATE);
	}
	memcpy(tables + REPLAY_GDT % PAGE_NUMBER, gdt, sizeof(gdt));
}
