/* sources: kernel/vtx/insn.c */
/* Instructions on device memory: each form is run on this processor and by insn_execute(), with
 * random registers, and everything has to be the same. Then modes, truncation and refusals. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include "vtx/insn.h"

#define RDI       7u
#define RSP       4u
#define ALU_FLAGS 0x8d5ull

/* Calls `code` with these registers and flags (RSP excepted), and keeps what it leaves. */
void run_natively(uint64_t gpr[16], const void *code, uint64_t *flags);
__asm__(".text\n.globl run_natively\n.type run_natively, @function\nrun_natively:\n"
	"push %rbx\npush %rbp\npush %r12\npush %r13\npush %r14\npush %r15\n"
	"push %rdi\npush %rdx\npush %rsi\n"
	"push (%rdx)\npopfq\n"
	"mov 0(%rdi), %rax\nmov 8(%rdi), %rcx\nmov 16(%rdi), %rdx\nmov 24(%rdi), %rbx\n"
	"mov 40(%rdi), %rbp\nmov 48(%rdi), %rsi\nmov 64(%rdi), %r8\nmov 72(%rdi), %r9\n"
	"mov 80(%rdi), %r10\nmov 88(%rdi), %r11\nmov 96(%rdi), %r12\nmov 104(%rdi), %r13\n"
	"mov 112(%rdi), %r14\nmov 120(%rdi), %r15\nmov 56(%rdi), %rdi\n"
	"call *(%rsp)\n"
	"pushfq\npush %rdi\nmov 32(%rsp), %rdi\n"
	"mov %rax, 0(%rdi)\nmov %rcx, 8(%rdi)\nmov %rdx, 16(%rdi)\nmov %rbx, 24(%rdi)\n"
	"mov %rbp, 40(%rdi)\nmov %rsi, 48(%rdi)\nmov %r8, 64(%rdi)\nmov %r9, 72(%rdi)\n"
	"mov %r10, 80(%rdi)\nmov %r11, 88(%rdi)\nmov %r12, 96(%rdi)\nmov %r13, 104(%rdi)\n"
	"mov %r14, 112(%rdi)\nmov %r15, 120(%rdi)\n"
	"pop %rax\nmov %rax, 56(%rdi)\npop %rax\nmov 8(%rsp), %rcx\nmov %rax, (%rcx)\n"
	"add $24, %rsp\npop %r15\npop %r14\npop %r13\npop %r12\npop %rbp\npop %rbx\nret\n"
	".size run_natively, . - run_natively\n.section .note.GNU-stack,\"\",@progbits\n.text\n");

static uint8_t *code;

static int map_code(void **state)
{
	code = mmap(
		NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	return code == MAP_FAILED;
}

static uint64_t random_value(void)
{
	static const uint64_t edges[] = {0, 1, 0x7f, 0x80, 0xff, 0x7fff, 0x8000, 0xffff, 0x7fffffff,
		0x80000000, 0xffffffff, ~0ull, 1ull << 63, ~0ull >> 1};

	if (random() % 2)
		return edges[random() % (long)ARRAY_SIZE(edges)];
	return (uint64_t)random() << 33 ^ (uint64_t)random() << 11 ^ (uint64_t)random();
}

/* One instruction on [rdi], both ways. */
static void compare(const uint8_t *bytes, size_t size)
{
	uint64_t native[16], ours[16], cell, memory, before, flags, our_flags, result;
	struct insn insn;

	for (unsigned i = 0; i < 16; i++)
		native[i] = random_value();
	cell = before = random_value();
	native[RDI] = (uintptr_t)&cell;
	memcpy(ours, native, sizeof(ours));
	flags = 0x202 | ((uint64_t)random() & ALU_FLAGS);
	our_flags = flags;
	memset(code, 0xcc, 64);
	memcpy(code, bytes, size);
	code[size] = 0xc3;
	assert_int_equal(insn_decode(bytes, size, INSN_64, &insn), VMK_OK);
	assert_int_equal(insn.length, size);
	run_natively(native, code, &flags);
	memory = before & (~0ull >> (64 - 8 * insn.bytes));
	result = insn_execute(&insn, ours, &our_flags, insn_reads(&insn) ? memory : 0);
	if (insn_writes(&insn))
		memcpy(&before, &result, insn.bytes);
	assert_true(before == cell);
	ours[RSP] = native[RSP];
	assert_memory_equal(native, ours, sizeof(ours));
	/* AF is undefined after the logical operations. */
	assert_int_equal(flags & ALU_FLAGS & ~0x10ull, our_flags & ALU_FLAGS & ~0x10ull);
}

/* Prefix, opcode, ModRM for register `reg` and memory [rdi + displacement 0], immediate. */
static void try_form(const char *opcode, size_t opcode_size, unsigned reg, unsigned immediate)
{
	static const uint8_t prefixes[][2] = {
		{0}, {0x66}, {0x48}, {0x40}, {0x44}, {0x4c}, {0x66, 0x44}};

	for (size_t p = 0; p < ARRAY_SIZE(prefixes); p++) {
		const bool rex_r =
			prefixes[p][0] == 0x44 || prefixes[p][0] == 0x4c || prefixes[p][1];
		unsigned stored = immediate;
		uint8_t bytes[16];
		size_t n = 0;

		/* RSP and RDI as operands would take the ground from under the test. */
		if (!rex_r && (reg == RSP || reg == RDI) && (reg != RSP || prefixes[p][0]))
			continue;
		for (unsigned i = 0; i < 2 && prefixes[p][i]; i++)
			bytes[n++] = prefixes[p][i];
		memcpy(bytes + n, opcode, opcode_size);
		n += opcode_size;
		switch (random() % 3) {
		case 0:
			bytes[n++] = (uint8_t)(reg << 3 | RDI);
			break;
		case 1: /* an 8-bit displacement of 0 */
			bytes[n++] = (uint8_t)(0x40 | reg << 3 | RDI);
			bytes[n++] = 0;
			break;
		default: /* SIB without index, 32-bit displacement */
			bytes[n++] = (uint8_t)(0x80 | reg << 3 | 4);
			bytes[n++] = 0x27;
			memset(bytes + n, 0, 4);
			n += 4;
		}
		if (immediate == 4 && prefixes[p][0] == 0x66)
			stored = 2;
		for (unsigned i = 0; i < stored; i++)
			bytes[n++] = (uint8_t)random();
		compare(bytes, n);
	}
}

static bool is_wide(unsigned opcode)
{
	return opcode & 1;
}

static void test_against_this_processor(void **state)
{
	static const uint8_t moves[] = {0x84, 0x85, 0x86, 0x87, 0x88, 0x89, 0x8a, 0x8b};

	srandom(1);
	for (unsigned round = 0; round < 40; round++) {
		for (unsigned reg = 0; reg < 8; reg++) {
			/* With byte operands and no REX, 4 to 7 are AH to BH: no matter for RSP. */
			for (unsigned op = 0; op < 0x40; op++)
				if ((op & 7) < 4 && (is_wide(op) ? reg != RSP : true))
					try_form((char[]){(char)op}, 1, reg, 0);
			for (unsigned i = 0; i < sizeof(moves); i++)
				if (is_wide(moves[i]) ? reg != RSP : true)
					try_form((char[]){(char)moves[i]}, 1, reg, 0);
			if (reg == RSP)
				continue;
			try_form("\x0f\xb6", 2, reg, 0);
			try_form("\x0f\xb7", 2, reg, 0);
			try_form("\x0f\xbe", 2, reg, 0);
			try_form("\x0f\xbf", 2, reg, 0);
			try_form("\x63", 1, reg, 0);
			try_form("\x80", 1, reg, 1);
			try_form("\x81", 1, reg, 4);
			try_form("\x83", 1, reg, 1);
		}
		try_form("\xc6", 1, 0, 1);
		try_form("\xc7", 1, 0, 4);
		try_form("\xf6", 1, 0, 1);
		try_form("\xf7", 1, 0, 4);
	}
}

static void test_modes(void **state)
{
	static const struct {
		enum insn_mode mode;
		uint8_t bytes[12], size, operand;
	} cases[] = {
		{INSN_16, {0x89, 0x07}, 2, 2}, {INSN_16, {0x66, 0x89, 0x07}, 3, 4},
		{INSN_16, {0x89, 0x46, 0x10}, 3, 2},             /* [bp + 0x10] */
		{INSN_16, {0x89, 0x06, 0x34, 0x12}, 4, 2},       /* [0x1234] */
		{INSN_16, {0x67, 0x89, 0x05, 1, 2, 3, 4}, 7, 2}, /* [disp32] */
		{INSN_16, {0xa1, 0x34, 0x12}, 3, 2}, {INSN_32, {0x89, 0x05, 1, 2, 3, 4}, 6, 4},
		{INSN_32, {0x66, 0xc7, 0x00, 1, 2}, 5, 2},
		{INSN_32, {0x67, 0x89, 0x07}, 3, 4}, /* [bx] */
		{INSN_32, {0xa3, 1, 2, 3, 4}, 5, 4},
		{INSN_64, {0x89, 0x05, 1, 2, 3, 4}, 6, 4}, /* [rip + disp32] */
		{INSN_64, {0xa3, 1, 2, 3, 4, 5, 6, 7, 8}, 9, 4},
		{INSN_64, {0x67, 0xa3, 1, 2, 3, 4}, 6, 4},
		{INSN_64, {0x48, 0x66, 0x89, 0x07}, 4, 2}, /* the REX is too early */
		{INSN_64, {0xf0, 0x65, 0x48, 0x01, 0x07}, 5, 8},
		{INSN_64, {0x8b, 0x04, 0x25, 1, 2, 3, 4}, 7, 4}, /* SIB without a base */
	};
	struct insn insn;

	for (unsigned i = 0; i < ARRAY_SIZE(cases); i++) {
		assert_int_equal(
			insn_decode(cases[i].bytes, sizeof(cases[i].bytes), cases[i].mode, &insn),
			VMK_OK);
		assert_int_equal(insn.length, cases[i].size);
		assert_int_equal(insn.bytes, cases[i].operand);
		for (size_t cut = 0; cut < cases[i].size; cut++)
			assert_int_equal(insn_decode(cases[i].bytes, cut, cases[i].mode, &insn),
				VMK_TRUNCATED);
	}
}

static void test_refused(void **state)
{
	static const uint8_t cases[][4] = {
		{0x90},
		{0x89, 0xc0},
		{0x0f, 0x0b},
		{0xff, 0x07},
		{0xc7, 0x08},
		{0xf7, 0x10},
		{0xa4},
		{0xc5, 0xf8, 0x77},
		{0x0f, 0xb1, 0x07},
		{0x40, 0x90},
		{0xd9, 0x07},
	};
	const uint8_t endless[20] = {[0 ... 19] = 0x66};
	struct insn insn;

	for (unsigned i = 0; i < ARRAY_SIZE(cases); i++)
		assert_int_equal(insn_decode(cases[i], 4, INSN_64, &insn), VMK_UNSUPPORTED);
	assert_int_equal(
		insn_decode((const uint8_t[]){0x63, 0x07}, 2, INSN_32, &insn), VMK_UNSUPPORTED);
	assert_int_equal(insn_decode(endless, sizeof(endless), INSN_64, &insn), VMK_TRUNCATED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_against_this_processor),
		cmocka_unit_test(test_modes),
		cmocka_unit_test(test_refused),
	};

	return cmocka_run_group_tests(tests, map_code, NULL);
}
