/* Instructions that the platform takes over, through Bochs' writable opcode table. */
#include <dlfcn.h>
#include <link.h>
#include <string.h>

#include "tboot-integration/txtsim/bochs/bochs_abi.h"
#include "tboot-integration/txtsim/bochs/plugin.h"
#include "tboot-integration/txtsim/model/bytes.h"
#include "tboot-integration/txtsim/model/dump.h"
#include "tboot-integration/txtsim/model/getsec.h"

#define CR0_AT_RESET        0x60000010u
#define CR0_PG              0x80000000u
#define CR0_PG_AM_WP        0x80050000u
#define CR4_SMXE            0x4000u
#define EFLAGS_RESERVED     0x2u
#define EFLAGS_ALL          0x3f7fd5u
#define CPUID_1_ECX_SMX     (1u << 6)
#define MSR_FEATURE_CONTROL 0x3au

/* Bochs 2.7 writes compacted state from byte 416 of the area on, across the header, and reads it
 * from 576 on (SDM 1, 13.4.3): whoever switches with XSAVEC or XSAVES loses AVX registers. So
 * neither is there. */
#define CPUID_XSAVE           0xdu
#define CPUID_XSAVE_COMPACTED (1u << 1 | 1u << 3)

#define COM1_DATA             0x3f8u
#define KEYBOARD_COMMAND      0x64u
#define KEYBOARD_RESET        0xfeu

/* BX_ISA_SMX is feature 32: bit 0 of the second word of the CPU's feature mask. */
#define ISA_WORD_OFFSET 0x44u
#define ISA_SMX         1u
/* CR4's register object lies this far behind CR0's. */
#define CR0_TO_CR4 0x14u
#define CR3_TO_CR4 0x08u

static struct {
	uint32_t cr4;
	uint32_t cr0;
	uint32_t in_guest;  /* the flag: in VMX non-root operation */
	uint32_t immediate; /* Ib in an instruction */
	uint32_t executed;  /* 64 bits: instructions executed */
	uint32_t quantum;   /* 64 bits: how many when the CPU's turn ends; unused with one CPU */
} offset;

static char getsec_row[BX_OPCODE_ROW];
static char *getsec_row_at;
static size_t table_size;

static uint32_t read32(const struct bx_cpu *cpu, uint32_t at)
{
	return le32((const uint8_t *)cpu + at);
}

static uint64_t read64(const struct bx_cpu *cpu, uint32_t at)
{
	return le64((const uint8_t *)cpu + at);
}

bool cpu_in_guest(const struct bx_cpu *cpu)
{
	return ((const uint8_t *)cpu)[offset.in_guest];
}

/* Makes the debugger's register functions mean this CPU; returns its number. */
static unsigned select_cpu(const struct bx_cpu *cpu)
{
	for (unsigned i = 0; i < bx_cpu_count; i++) {
		if (bx_cpu_array[i] == cpu) {
			dbg_cpu = i;
			return i;
		}
	}
	edge_die("a CPU that Bochs does not list");
}

static void enter_mle(
	struct bx_cpu *cpu, struct bx_instruction *instruction, const struct getsec_state *s)
{
	for (unsigned i = 0; i < bx_cpu_count; i++) {
		if (i != s->cpu)
			bx_deliver_init(bx_cpu_array[i]);
	}
	bx_set_cr0(cpu, instruction, s->cr0 & ~CR0_PG_AM_WP);
	bx_set_cr4(cpu, instruction, CR4_SMXE);
	bx_write_eflags(cpu, EFLAGS_RESERVED, EFLAGS_ALL);
	bx_dbg_set_reg32(BX_EBX, s->ebx);
	bx_dbg_set_reg32(BX_ECX, s->ecx);
	bx_set_eip(cpu, s->ebx);
	tis_reset(&edge.tis, &edge.txt, edge.tis_mode);
}

static void on_getsec(struct bx_cpu *cpu, struct bx_instruction *instruction)
{
	struct getsec_state s = {0};

	/* Bochs itself raises #UD without CR4.SMXE and exits from a guest. */
	if (!(read32(cpu, offset.cr4) & CR4_SMXE) || cpu_in_guest(cpu)) {
		bx_op_getsec(cpu, instruction);
		return;
	}
	s.cpu = select_cpu(cpu);
	s.cpl = bx_dbg_get_selector(BX_SEG_CS) & 3;
	s.cr0 = read32(cpu, offset.cr0);
	s.eax = bx_dbg_get_reg32(BX_EAX);
	s.ebx = bx_dbg_get_reg32(BX_EBX);
	s.ecx = bx_dbg_get_reg32(BX_ECX);
	s.edx = bx_dbg_get_reg32(BX_EDX);
	if (s.eax == GETSEC_SENTER)
		memory_find_ram();
	switch (txt_getsec(&edge.txt, &s)) {
	case GETSEC_DONE:
		bx_dbg_set_reg32(BX_EAX, s.eax);
		bx_dbg_set_reg32(BX_EBX, s.ebx);
		bx_dbg_set_reg32(BX_ECX, s.ecx);
		break;
	case GETSEC_FAULT:
		bx_raise(cpu, BX_GP_EXCEPTION, 0);
	case GETSEC_LAUNCH:
		enter_mle(cpu, instruction, &s);
		txt_dump(&edge.txt);
		break;
	case GETSEC_WAKE:
		wake_others(&s);
		break;
	case GETSEC_RESET:
		edge_log("TXT shutdown");
		bx_reset(bx_pc_system, BX_RESET_HARDWARE);
		break;
	}
}

static void on_rdmsr(struct bx_cpu *cpu, struct bx_instruction *instruction)
{
	bx_op_rdmsr(cpu, instruction);
	select_cpu(cpu);
	if (bx_dbg_get_reg32(BX_ECX) == MSR_FEATURE_CONTROL)
		bx_dbg_set_reg32(BX_EAX, txt_feature_control(&edge.txt, bx_dbg_get_reg32(BX_EAX)));
}

static void on_cpuid(struct bx_cpu *cpu, struct bx_instruction *instruction)
{
	const uint32_t smx = txt_has_smx(&edge.txt) ? CPUID_1_ECX_SMX : 0;
	uint32_t leaf, subleaf;

	select_cpu(cpu);
	leaf = bx_dbg_get_reg32(BX_EAX);
	subleaf = bx_dbg_get_reg32(BX_ECX);
	bx_op_cpuid(cpu, instruction);
	select_cpu(cpu);
	if (leaf == 1)
		bx_dbg_set_reg32(BX_ECX, (bx_dbg_get_reg32(BX_ECX) & ~CPUID_1_ECX_SMX) | smx);
	if (leaf == CPUID_XSAVE && subleaf == 1)
		bx_dbg_set_reg32(BX_EAX, bx_dbg_get_reg32(BX_EAX) & ~CPUID_XSAVE_COMPACTED);
}

/*
 * tboot and others reset through the keyboard controller. Bochs makes that a reset of the CPU
 * alone, after which its BIOS faults on the locked FEATURE_CONTROL; on a PC it resets everything.
 */
static bool keyboard_reset(const struct bx_cpu *cpu, uint32_t port)
{
	select_cpu(cpu);
	if (port != KEYBOARD_COMMAND || (bx_dbg_get_reg32(BX_EAX) & 0xff) != KEYBOARD_RESET ||
		cpu_in_guest(cpu) || bx_dbg_get_selector(BX_SEG_CS) & 3)
		return false;
	edge_log("reset through the keyboard controller");
	bx_reset(bx_pc_system, BX_RESET_HARDWARE);
	return true;
}

static void on_out_ib(struct bx_cpu *cpu, struct bx_instruction *instruction)
{
	if (!keyboard_reset(cpu, ((const uint8_t *)instruction)[offset.immediate]))
		bx_op_out_ib_al(cpu, instruction);
}

static void on_out_dx(struct bx_cpu *cpu, struct bx_instruction *instruction)
{
	uint32_t port, byte;

	select_cpu(cpu);
	port = bx_dbg_get_reg32(BX_EDX) & 0xffff;
	byte = bx_dbg_get_reg32(BX_EAX) & 0xff;
	if (keyboard_reset(cpu, port))
		return;
	bx_op_out_dx_al(cpu, instruction);
	if (port == COM1_DATA)
		stamp_byte((uint8_t)byte);
}

static void find_table_size(void)
{
	ElfW(Sym) *symbol = NULL;
	Dl_info info;

	if (!dladdr1(BxOpcodesTable, &info, (void **)&symbol, RTLD_DL_SYMENT) || !symbol ||
		!symbol->st_size)
		edge_die("BxOpcodesTable has no size: is this bochs-bin stripped of its symbols?");
	table_size = symbol->st_size;
}

void cpu_save_opcode_row(void)
{
	find_table_size();
	for (size_t at = 0; at + BX_OPCODE_ROW <= table_size; at += BX_OPCODE_ROW) {
		if (*(bx_handler *)(BxOpcodesTable + at) != bx_op_getsec)
			continue;
		getsec_row_at = BxOpcodesTable + at;
		memcpy(getsec_row, getsec_row_at, sizeof(getsec_row));
		return;
	}
}

void cpu_enable_smx(void)
{
	const uint32_t smx = txt_has_smx(&edge.txt) ? ISA_SMX : 0;

	for (unsigned i = 0; i < bx_cpu_count; i++) {
		uint8_t *word = (uint8_t *)bx_cpu_array[i] + ISA_WORD_OFFSET;

		put_le32(word, (le32(word) & ~ISA_SMX) | smx);
	}
}

/* Reads offsets out of Bochs' own code, which must have the known shape. */
static void find_offsets(void)
{
	/* testb $0x40, cr4+1(%rdi); je; cmpb $0, in_guest(%rdi) */
	const uint8_t *getsec = (const uint8_t *)bx_op_getsec;
	/* movzbl Ib(%rsi), %ebp */
	const uint8_t *out = (const uint8_t *)bx_op_out_ib_al + 14;
	/* mov quantum(%rbx), %rcx; cmp %rcx, executed(%rbx) */
	const uint8_t *epilog = (const uint8_t *)bx_dbg_instruction_epilog + 0xc1;

	if (memcmp(getsec + 4, "\xf6\x87", 2) != 0 || getsec[10] != CR4_SMXE >> 8 ||
		memcmp(getsec + 13, "\x80\xbf", 2) != 0 || getsec[19] != 0)
		edge_die("self-test: the code of GETSEC is not the expected one");
	if (memcmp(out, "\x0f\xb6\x6e", 3) != 0)
		edge_die("self-test: the code of OUT imm8 is not the expected one");
	if (memcmp(epilog, "\x48\x8b\x8b", 3) != 0 || memcmp(epilog + 7, "\x48\x39\x8b", 3) != 0)
		edge_die("self-test: the code that runs the CPUs is not the expected one");
	offset.cr4 = le32(getsec + 6) - 1;
	offset.in_guest = le32(getsec + 15);
	offset.cr0 = offset.cr4 - CR0_TO_CR4;
	offset.immediate = out[3];
	offset.quantum = le32(epilog + 3);
	offset.executed = le32(epilog + 10);
	edge_log("CPU offsets: cr0 %#x cr4 %#x in_guest %#x immediate %#x executed %#x quantum %#x",
		offset.cr0, offset.cr4, offset.in_guest, offset.immediate, offset.executed,
		offset.quantum);
}

/* All CPUs have just been reset, so what their registers hold is known. */
static void test_offsets(void)
{
	uint8_t instruction[256] = {0};

	for (unsigned i = 0; i < bx_cpu_count; i++) {
		struct bx_cpu *cpu = bx_cpu_array[i];

		if (read32(cpu, offset.cr0) != CR0_AT_RESET || read32(cpu, offset.cr4) != 0 ||
			cpu_in_guest(cpu) || read64(cpu, offset.executed) != 0)
			edge_die("self-test: CPU %u has CR0=%#x CR4=%#x after reset", i,
				read32(cpu, offset.cr0), read32(cpu, offset.cr4));
		if (!edge.txt_enabled || !txt_has_smx(&edge.txt))
			continue;
		if (!bx_set_cr4(cpu, (void *)instruction, CR4_SMXE) ||
			read32(cpu, offset.cr4) != CR4_SMXE)
			edge_die("self-test: CPU %u does not accept CR4.SMXE", i);
		bx_set_cr4(cpu, (void *)instruction, 0);
	}
}

void cpu_hook(const char *name, cpu_handler from, cpu_handler to)
{
	bx_handler *slot = (bx_handler *)BxOpcodesTable;
	unsigned found = 0;

	for (size_t i = 0; i < table_size / sizeof(*slot); i++) {
		if (slot[i] == from) {
			slot[i] = to;
			found++;
		}
	}
	if (!found)
		edge_die("self-test: %s is not in Bochs' opcode table", name);
	edge_log("hooked %s in %u places", name, found);
}

/*
 * Bochs watches the address that the CPU has translated last. Where MONITOR's own is in the TLB,
 * that is another one: of the screen, if the last thing was to write there, and no write ever wakes
 * the CPU. With its own address it was not woken either where there were eight. So tboot's CPUs,
 * which have no paging, watch nothing: MWAIT may end at once (SDM 2B), and they look again.
 */
static void on_monitor(struct bx_cpu *cpu, struct bx_instruction *instruction)
{
	if (cpu_in_guest(cpu) || read32(cpu, offset.cr0) & CR0_PG)
		bx_op_monitor(cpu, instruction);
	else
		bx_op_nop(cpu, instruction);
}

uint64_t cpu_host_cr3(void)
{
	for (unsigned i = 0; i < bx_cpu_count; i++)
		if (!cpu_in_guest(bx_cpu_array[i]))
			return read64(bx_cpu_array[i], offset.cr4 - CR3_TO_CR4);
	return 0;
}

uint64_t cpu_instructions(void)
{
	uint64_t sum = 0;

	for (unsigned i = 0; i < bx_cpu_count; i++)
		sum += read64(bx_cpu_array[i], offset.executed);
	return sum;
}

/*
 * A guest asks for a reset in the middle of an instruction. Bochs then sets the count of
 * instructions to 0, and with several CPUs the one that asked would have its turn until the count
 * is where it was: for seconds no time passes, no device answers the BIOS, which gives up and
 * halts. So its turn ends here.
 */
void cpu_end_quantum(void)
{
	for (unsigned i = 0; bx_cpu_count > 1 && i < bx_cpu_count; i++) {
		uint8_t *cpu = (uint8_t *)bx_cpu_array[i];

		memcpy(cpu + offset.executed, cpu + offset.quantum, sizeof(uint64_t));
	}
}

void cpu_install_hooks(void)
{
	find_offsets();
	test_offsets();
	cpu_hook("OUT DX,AL", bx_op_out_dx_al, on_out_dx);
	cpu_hook("OUT imm8,AL", bx_op_out_ib_al, on_out_ib);
	cpu_hook("MONITOR", bx_op_monitor, on_monitor);
	vmx_count_init();
	if (!edge.txt_enabled)
		return;
	if (!getsec_row_at)
		edge_die("self-test: GETSEC is not in Bochs' opcode table");
	memcpy(getsec_row_at, getsec_row, sizeof(getsec_row));
	cpu_hook("GETSEC", bx_op_getsec, on_getsec);
	cpu_hook("RDMSR", bx_op_rdmsr, on_rdmsr);
	cpu_hook("CPUID", bx_op_cpuid, on_cpuid);
}
