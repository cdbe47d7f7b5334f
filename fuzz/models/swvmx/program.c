#include "fuzz/models/swvmx/program.h"

#include <stdlib.h>
#include <string.h>
#include "vtx/exits.h"
#include "vtx/inject.h"

#define F(vmcs, name) (vmcs)->f[VMCS_INDEX_##name]
#define RFLAGS_IF     (1ull << 9)
#define CR0_TS        (1ull << 3)
#define LMSW_BITS     0xeull
#define IO_IMMEDIATE  (1ull << 6)

struct run {
	const struct program_guest *guest;
	struct swvmx_vmcs *vmcs;
	struct vtx_registers *r;
	const struct replay_op *op;
	uint64_t slot; /* its address */
};

static uint64_t *rip(const struct run *run)
{
	return &F(run->vmcs, GUEST_RIP);
}

static bool leave(const struct run *run, uint32_t reason, unsigned length, uint64_t qualification)
{
	F(run->vmcs, EXIT_INSTRUCTION_LENGTH) = length;
	swvmx_exit(run->vmcs, reason, qualification);
	return false;
}

/* The instruction is done, and with it the blocking by one before it. */
static bool done(const struct run *run)
{
	*rip(run) += run->op->length;
	F(run->vmcs, GUEST_INTERRUPTIBILITY) &= ~(uint64_t)(BLOCKED_BY_STI | BLOCKED_BY_MOV_SS);
	return true;
}

/* To its handler and back. */
static bool deliver(const struct run *run, unsigned vector)
{
	uint8_t *at = run->guest->counters + 4 * vector;
	uint32_t count;

	memcpy(&count, at, sizeof(count));
	count++;
	memcpy(at, &count, sizeof(count));
	F(run->vmcs, GUEST_INTERRUPTIBILITY) &= ~(uint64_t)(BLOCKED_BY_STI | BLOCKED_BY_MOV_SS);
	if (vector < EXCEPTIONS && vector != EXCEPTION_NMI)
		*rip(run) += FAULT_SKIPS;
	return true;
}

static uint64_t masked(uint64_t real, uint64_t shadow, uint64_t mask)
{
	return (real & ~mask) | (shadow & mask);
}

/* MOV to CR0 or CR4: what the guest owns changes at once; otherwise an exit (SDM 26.1.3). */
static bool to_cr(
	const struct run *run, unsigned number, uint64_t value, uint64_t mask, uint64_t shadow)
{
	uint64_t *real = number ? &F(run->vmcs, GUEST_CR4) : &F(run->vmcs, GUEST_CR0);

	if ((value ^ shadow) & mask)
		return leave(run, EXIT_CR_ACCESS, run->op->length, number);
	*real = masked(value, *real, mask);
	return done(run);
}

static bool access_cr(const struct run *run)
{
	struct swvmx_vmcs *v = run->vmcs;
	uint64_t *rax = &run->r->gpr[RAX];
	const uint64_t cr0 = masked(F(v, GUEST_CR0), F(v, CR0_SHADOW), F(v, CR0_MASK));

	switch (run->op->kind) {
	case OP_TO_CR0:
		return to_cr(run, 0, *rax, F(v, CR0_MASK), F(v, CR0_SHADOW));
	case OP_TO_CR4:
		return to_cr(run, 4, *rax, F(v, CR4_MASK), F(v, CR4_SHADOW));
	case OP_TO_CR3:
		F(v, GUEST_CR3) = *rax;
		break;
	case OP_FROM_CR0:
		*rax = cr0;
		break;
	case OP_FROM_CR3:
		*rax = F(v, GUEST_CR3);
		break;
	case OP_FROM_CR4:
		*rax = masked(F(v, GUEST_CR4), F(v, CR4_SHADOW), F(v, CR4_MASK));
		break;
	case OP_LMSW: /* bits 3:1, and PE if it is set; all the guest's */
		F(v, GUEST_CR0) = (F(v, GUEST_CR0) & ~LMSW_BITS) | (*rax & 0xf);
		break;
	default:
		F(v, GUEST_CR0) &= ~CR0_TS;
	}
	return done(run);
}

/* An MSR that the bitmap lets through is in the VMCS or in the processor. */
static uint64_t *direct_msr(const struct run *run, uint32_t msr, bool write)
{
	const uint8_t *bitmap = swvmx_at(hpa(F(run->vmcs, MSR_BITMAP)));
	const uint32_t at =
		(msr & 0x1fff) / 8 + (msr >= 0xc0000000u ? 1024 : 0) + (write ? 2048 : 0);
	struct swvmx_pcpu *p = swvmx_current();

	if (bitmap[at] >> (msr & 7) & 1)
		return NULL;
	switch (msr) {
	case 0x174:
		return &F(run->vmcs, GUEST_SYSENTER_CS);
	case 0x175:
		return &F(run->vmcs, GUEST_SYSENTER_ESP);
	case 0x176:
		return &F(run->vmcs, GUEST_SYSENTER_EIP);
	case 0x277:
		return &F(run->vmcs, GUEST_PAT);
	case 0xc0000100:
		return &F(run->vmcs, GUEST_FS_BASE);
	case 0xc0000101:
		return &F(run->vmcs, GUEST_GS_BASE);
	case 0xc0000081:
		return &p->star;
	case 0xc0000082:
		return &p->lstar;
	case 0xc0000102:
		return &p->kernel_gs_base;
	default:
		abort(); /* no operation names it */
	}
}

static bool is_address(uint32_t msr)
{
	return msr == 0x175 || msr == 0x176 || (msr >= 0xc0000100 && msr <= 0xc0000102) ||
	       msr == 0xc0000082;
}

static bool access_msr(const struct run *run)
{
	uint64_t *gpr = run->r->gpr;
	const uint32_t msr = (uint32_t)gpr[RCX];
	const bool write = run->op->kind == OP_WRMSR;
	const uint64_t value = (uint32_t)gpr[RAX] | gpr[RDX] << 32;
	uint64_t *at = direct_msr(run, msr, write);

	if (!at)
		return leave(run, write ? EXIT_WRMSR : EXIT_RDMSR, run->op->length, 0);
	if (!write) {
		gpr[RAX] = (uint32_t)*at;
		gpr[RDX] = *at >> 32;
		return done(run);
	}
	if ((is_address(msr) && !swvmx_canonical(&swvmx.cpu, value)) ||
		(msr == 0x277 && !swvmx_pat_is_valid(value)))
		return deliver(run, EXCEPTION_GP);
	*at = msr == 0x174 ? (uint32_t)value : value;
	return done(run);
}

static bool access_port(const struct run *run)
{
	const bool in = run->op->kind == OP_IN;

	if (!swvmx_ports_exit(run->vmcs, (uint16_t)run->r->gpr[RDX], run->op->size))
		abort(); /* the host's */
	return leave(run, EXIT_IO, run->op->length,
		(run->op->size - 1u) | (in ? 8u : 0u) | (run->r->gpr[RDX] & 0xffff) << 16);
}

static bool access_memory(const struct run *run)
{
	const bool write = run->op->kind == OP_STORE;
	const uint64_t at = run->op->address;
	uint64_t qualification;
	uint32_t value;
	struct hpa to;

	if (!swvmx_touch(run->vmcs, at, write ? 2 : 1, &to, &qualification)) {
		F(run->vmcs, GUEST_PHYSICAL_ADDRESS) = at;
		F(run->vmcs, GUEST_LINEAR_ADDRESS) = at;
		return leave(run, EXIT_EPT_VIOLATION, run->op->length, qualification);
	}
	if (write) {
		value = (uint32_t)run->r->gpr[RAX];
		memcpy(swvmx_at(to), &value, sizeof(value));
	} else {
		memcpy(&value, swvmx_at(to), sizeof(value));
		run->r->gpr[RAX] = value;
	}
	return done(run);
}

static bool access_debug(const struct run *run)
{
	uint64_t *dr = &swvmx_current()->dr[run->op->number], *rax = &run->r->gpr[RAX];
	const bool to = run->op->kind == OP_TO_DR;

	if (F(run->vmcs, PROC_CONTROLS) & PROC_MOV_DR)
		return leave(run, EXIT_MOV_DR, run->op->length, run->op->number | (to ? 0u : 16u));
	if (to)
		*dr = *rax;
	else
		*rax = *dr;
	return done(run);
}

/* Both of STI; HLT are one operation: the second is blocked by the first. */
static bool set_interrupts(const struct run *run)
{
	const bool before = F(run->vmcs, GUEST_RFLAGS) & RFLAGS_IF;

	F(run->vmcs, GUEST_RFLAGS) |= RFLAGS_IF;
	*rip(run) += 1;
	if (!before)
		F(run->vmcs, GUEST_INTERRUPTIBILITY) |= BLOCKED_BY_STI;
	return true;
}

/* False: an exit is in the VMCS. */
static bool execute(const struct run *run)
{
	const unsigned length = run->op->length;

	switch (run->op->kind) {
	case OP_CPUID:
		return leave(run, EXIT_CPUID, length, 0);
	case OP_RDMSR:
	case OP_WRMSR:
		return access_msr(run);
	case OP_IN:
	case OP_OUT:
		return access_port(run);
	case OP_HLT:
		return leave(run, EXIT_HLT, length, 0);
	case OP_STI:
	case OP_STI_HLT:
		return set_interrupts(run);
	case OP_CLI:
		F(run->vmcs, GUEST_RFLAGS) &= ~RFLAGS_IF;
		return done(run);
	case OP_TO_DR:
	case OP_FROM_DR:
		return access_debug(run);
	case OP_LOAD:
	case OP_STORE:
		return access_memory(run);
	case OP_VMCALL:
		return leave(run, EXIT_VMCALL, length, 0);
	case OP_RDPMC:
		return leave(run, EXIT_RDPMC, length, 0);
	case OP_WBINVD:
		if (swvmx_proc2(run->vmcs->f) & PROC2_WBINVD)
			return leave(run, EXIT_WBINVD, length, 0);
		return done(run);
	case OP_UD2:
		return deliver(run, EXCEPTION_UD);
	case OP_INT3: /* a trap */
		*rip(run) += 1;
		return deliver(run, EXCEPTION_BP);
	default:
		return access_cr(run);
	}
}

/* SDM 26.2: before the next instruction. */
static bool window_opens(const struct run *run)
{
	struct swvmx_vmcs *v = run->vmcs;
	const uint64_t proc = F(v, PROC_CONTROLS), blocking = F(v, GUEST_INTERRUPTIBILITY);

	if ((proc & PROC_NMI_WINDOW) && !blocking) {
		swvmx_exit(v, EXIT_NMI_WINDOW, 0);
		return true;
	}
	if ((proc & PROC_INTERRUPT_WINDOW) && !blocking && (F(v, GUEST_RFLAGS) & RFLAGS_IF)) {
		swvmx_exit(v, EXIT_INTERRUPT_WINDOW, 0);
		return true;
	}
	return false;
}

/* One instruction, or the loads of registers before it, or the NOPs after it. */
static bool advance(struct run *run)
{
	const uint64_t at = *rip(run) - run->slot;

	if (at == SLOT_STEP && !swvmx_ports_exit(run->vmcs, REPLAY_STEP_PORT, 1))
		abort();
	if (at == SLOT_STEP)
		return leave(run, EXIT_IO, 2, IO_IMMEDIATE | (uint64_t)REPLAY_STEP_PORT << 16);
	if (at == SLOT_INSTRUCTION && run->op->length)
		return execute(run);
	if (at == SLOT_INSTRUCTION + 1 && run->op->kind == OP_STI_HLT)
		return leave(run, EXIT_HLT, 1, 0);
	F(run->vmcs, GUEST_INTERRUPTIBILITY) &= ~(uint64_t)(BLOCKED_BY_STI | BLOCKED_BY_MOV_SS);
	if (at >= SLOT_INSTRUCTION) {
		*rip(run) = run->slot + SLOT_STEP;
		return true;
	}
	run->r->gpr[RAX] = run->op->eax;
	run->r->gpr[RCX] = run->op->ecx;
	run->r->gpr[RDX] = run->op->edx;
	*rip(run) = run->slot + SLOT_INSTRUCTION;
	return true;
}

void program_run(void *context, struct swvmx_vmcs *vmcs, struct vtx_registers *registers)
{
	struct run run = {.guest = context, .vmcs = vmcs, .r = registers};
	const uint32_t event = (uint32_t)F(vmcs, ENTRY_EVENT);

	swvmx_touch_linear(vmcs); /* its instructions are fetched */
	if (event & EVENT_VALID)
		deliver(&run, EVENT_VECTOR(event));
	do {
		const uint64_t index = *rip(&run) / SLOT_BYTES;

		if (index >= run.guest->program->count)
			abort(); /* it has run away */
		run.op = &run.guest->program->ops[index];
		run.slot = index * SLOT_BYTES;
	} while (!window_opens(&run) && advance(&run));
}
