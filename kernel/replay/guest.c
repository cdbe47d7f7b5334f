#include "replay/guest.h"

#include <stdio.h>
#include <string.h>
#include "vtx/exits.h"
#include "vtx/guest_fpu.h"
#include "vtx/vcpu_exits.h"

#define PAGE_4K    4096u
#define TICKS      (1ull << 40) /* an operation is not to be cut by the clock */
#define STOPS_MAX  16u          /* of one operation */
#define RFLAGS_RF  (1ull << 16) /* what a processor saves of it at an exit is its own affair */
#define TEXT_BYTES 96

/* The one controller: what is posted is delivered, highest vector first. */
static uint32_t irr[8];

static int pending(void *apic)
{
	for (int i = 7; i >= 0; i--)
		if (irr[i])
			return i * 32 + 31 - __builtin_clz(irr[i]);
	return -1;
}

static void accept(void *apic, uint8_t vector)
{
	irr[vector / 32] &= ~(1u << vector % 32);
}

static bool read_msr(void *apic, uint32_t msr, uint64_t *value)
{
	*value = msr * 3ull;
	return msr & 1;
}

static bool write_msr(void *apic, uint32_t msr, uint64_t value)
{
	return msr & 1;
}

static uint8_t tpr(void *apic)
{
	return 0;
}

static void set_tpr(void *apic, uint8_t cr8)
{
}

static const struct vcpu_apic_ops apic = {pending, accept, read_msr, write_msr, tpr, set_tpr, NULL};

/* A host that has everything, the same on each machine. */
static void host_cpuid(uint32_t leaf, uint32_t subleaf, struct cpuid_registers *r)
{
	*r = (struct cpuid_registers){~0u, ~0u, ~0u, ~0u};
}

/* What is worked out of it, once. */
static const struct cpuid_policy *policy(void)
{
	static struct cpuid_policy prepared = {.host = host_cpuid, .vcpus = 1};
	static bool done;

	if (!done)
		cpuid_prepare(&prepared);
	done = true;
	return &prepared;
}

/* --- before an operation */

static struct gpa data_page(unsigned n)
{
	return (struct gpa){REPLAY_DATA_GPA + n * PAGE_4K};
}

static void act(struct replay_machine *m, const struct replay_op *op)
{
	switch (op->kind) {
	case OP_POST:
		irr[op->number / 32] |= 1u << op->number % 32;
		break;
	case OP_NMI:
		inject_nmi(&m->vcpu->injector);
		break;
	case OP_ASIDE:
		vcpu_set_aside(m->vcpu);
		vcpu_take_up(m->vcpu);
		break;
	case OP_RELOAD:
		vcpu_unload(m->vcpu);
		vcpu_load(m->vcpu, m->pcpu);
		break;
	case OP_UNMAP:
		ept_unmap(&m->vm->ept, data_page(op->number), PAGE_4K);
		break;
	case OP_PROTECT:
		ept_protect(&m->vm->ept, data_page(op->number), PAGE_4K, EPT_READ);
		break;
	default:
		break;
	}
}

/* --- while it runs */

/* What is not mapped is mapped, for reading alone if the input says so; what is, gets all rights.
 */
static bool map(struct replay_machine *m, const struct replay_op *op)
{
	const struct gpa at = data_page(op->number);
	const uint64_t flags = op->bytes[3] & 1 ? EPT_READ : EPT_ACCESS;
	struct ept_leaf leaf;

	if (m->vcpu->request.gpa.v >> 12 != at.v >> 12)
		return false;
	if (ept_find(&m->vm->ept, at, &leaf))
		return ept_protect(&m->vm->ept, at, PAGE_4K, EPT_ACCESS) == VMK_OK;
	return ept_map(&m->vm->ept, at, m->frames[REPLAY_FIXED + op->number], PAGE_4K,
		       flags | EPT_WRITE_BACK) == VMK_OK;
}

/* To the end of the operation's slot. False: this is the end. */
static bool run(struct replay_machine *m, const struct replay_op *op, enum vcpu_stop *stop)
{
	const uint32_t stay = 0;
	unsigned stops = 0;

	while (stops < STOPS_MAX) {
		*stop = vcpu_run(m->vcpu, &stay, TICKS);
		switch (*stop) {
		case VCPU_STOP_HOST: /* how often depends on the host */
			continue;
		case VCPU_STOP_HALT:
			break;
		case VCPU_STOP_IO:
			if (m->vcpu->request.port == REPLAY_STEP_PORT)
				return true;
			vcpu_complete(m->vcpu, op->ecx * 0x01010101u);
			break;
		case VCPU_STOP_MEMORY:
			if (!map(m, op))
				return false;
			break;
		default:
			return false;
		}
		stops++;
	}
	return false;
}

/* --- afterwards */

static void show_memory(const struct replay_machine *m, struct replay_trace *trace)
{
	const uint8_t *counters = m->memory[PAGE_STACK] + REPLAY_COUNTERS % PAGE_4K;
	uint64_t word;

	for (unsigned i = 0; i < REPLAY_REACHED; i += sizeof(word)) {
		memcpy(&word, counters + i, sizeof(word));
		trace_add(trace, word);
	}
	for (unsigned n = 0; n < REPLAY_DATA_PAGES; n++) {
		for (unsigned i = 0; i < REPLAY_REACHED; i += sizeof(word)) {
			memcpy(&word, m->memory[REPLAY_FIXED + n] + i, sizeof(word));
			trace_add(trace, word);
		}
	}
}

/* Interrupts of the host come when they come, and so the windows behind them. */
static void show_exits(const struct vcpu *v, struct replay_trace *trace)
{
	static const uint8_t shown[] = {EXIT_CPUID, EXIT_HLT, EXIT_RDPMC, EXIT_VMCALL,
		EXIT_CR_ACCESS, EXIT_MOV_DR, EXIT_IO, EXIT_RDMSR, EXIT_WRMSR, EXIT_EPT_VIOLATION,
		EXIT_EXCEPTION, EXIT_TRIPLE_FAULT};

	for (size_t i = 0; i < ARRAY_SIZE(shown); i++)
		trace_add(trace, v->exits[shown[i]]);
}

static void show(struct replay_machine *m, const struct replay_op *op, enum vcpu_stop stop,
	struct replay_trace *trace)
{
	const uint64_t *gpr = m->vcpu->registers.gpr;
	const uint64_t rip = vtx_vmread(VMCS_GUEST_RIP);
	const uint64_t flags = vtx_vmread(VMCS_GUEST_RFLAGS) & ~RFLAGS_RF;
	const uint64_t cr0 = vcpu_cr0(m->vcpu), cr4 = vcpu_cr4(m->vcpu);
	char text[TEXT_BYTES] = "";

	for (unsigned i = 0; i < GPRS; i++)
		trace_add(trace, vcpu_gpr(m->vcpu, i));
	trace_add(trace, rip);
	trace_add(trace, flags);
	trace_add(trace, cr0);
	trace_add(trace, vtx_vmread(VMCS_GUEST_CR3));
	trace_add(trace, cr4);
	trace_add(trace, vtx_vmread(VMCS_GUEST_EFER));
	trace_add(trace, vtx_vmread(VMCS_GUEST_INTERRUPTIBILITY));
	trace_add(trace, stop);
	show_memory(m, trace);
	show_exits(m->vcpu, trace);
	if (trace->line)
		snprintf(text, sizeof(text),
			"%02x%02x%02x%02x rip %llx eax %llx flags %llx cr0 %llx cr4 %llx",
			op->bytes[0], op->bytes[1], op->bytes[2], op->bytes[3],
			(unsigned long long)rip, (unsigned long long)gpr[RAX],
			(unsigned long long)flags, (unsigned long long)cr0,
			(unsigned long long)cr4);
	trace_step(trace, text);
}

static void start(struct replay_machine *m, const struct replay_program *program)
{
	memset(irr, 0, sizeof(irr));
	program_write(program, m->memory);
	for (unsigned i = 0; i < REPLAY_FIXED; i++)
		ept_map(&m->vm->ept, (struct gpa){i * PAGE_4K}, m->frames[i], PAGE_4K,
			EPT_ACCESS | EPT_WRITE_BACK);
	m->vm->cpuid = *policy();
	guest_fpu_power_on(m->vcpu);
	m->vcpu->apic_ops = &apic;
	vcpu_load(m->vcpu, m->pcpu);
	vcpu_reset(m->vcpu);
	vcpu_set_flat_entry(m->vcpu, 0);
	vtx_vmwrite(VMCS_GUEST_GDTR_BASE, REPLAY_GDT);
	vtx_vmwrite(VMCS_GUEST_IDTR_BASE, PAGE_TABLES * PAGE_4K);
	vtx_vmwrite(VMCS_GUEST_RSP, REPLAY_STACK);
}

unsigned replay_guest(
	struct replay_machine *m, const struct replay_program *program, struct replay_trace *trace)
{
	enum vcpu_stop stop = VCPU_STOP_IO;
	unsigned done = 0;
	bool goes_on = true;

	start(m, program);
	while (goes_on && done < program->count) {
		const struct replay_op *op = &program->ops[done];

		act(m, op);
		goes_on = run(m, op, &stop);
		if (trace)
			show(m, op, stop, trace);
		if (goes_on)
			vcpu_complete(m->vcpu, 0); /* past the slot's end */
		done += goes_on;
	}
	vcpu_unload(m->vcpu);
	return done;
}
