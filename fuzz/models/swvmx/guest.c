#include "fuzz/models/swvmx/guest.h"
#include "vtx/exits.h"
#include <stdlib.h>
#include <string.h>

#define F(vmcs, name) (vmcs)->f[VMCS_INDEX_##name]
#define CR0_PE        (1ull << 0)
#define CR0_TS        (1ull << 3)
#define CR0_PG        (1ull << 31)
#define CR4_PAE       (1ull << 5)
#define CR4_PCIDE     (1ull << 17)
#define CR4_OSXSAVE   (1ull << 18)
#define EFER_LME      (1ull << 8)
#define EFER_LMA      (1ull << 10)
#define RFLAGS_IF     (1ull << 9)
#define RFLAGS_VM     (1ull << 17)
#define DR7_RESET     0x400u
#define DR7_ENABLED   0xffu

/* A value near the interesting ones: one byte says which. */
uint64_t guest_word(struct guest_input *in)
{
	const uint8_t b = guest_byte(in);

	switch (b >> 6) {
	case 0:
		return b;
	case 1:
		return 1ull << (b & 63);
	case 2:
		return ~0ull << (b & 63);
	default:
		return (uint64_t)guest_byte(in) << (b & 56) | guest_byte(in);
	}
}

/* --- before the entry: what the run loop has prepared --- */

static void check_events(struct guest *g, struct swvmx_vmcs *vmcs)
{
	struct guest_track *t = &g->track[g->vcpu];
	const struct injector *in = &rig.vcpu[g->vcpu].injector;
	const uint32_t event = (uint32_t)F(vmcs, ENTRY_EVENT);
	const bool valid = event & EVENT_VALID, external = valid && EVENT_TYPE(event) == 0;

	/* Every interrupt that the controller gave away is delivered, or on its way, once. */
	if (t->accepted_all != t->delivered_all + external + (in->interrupted != 0))
		abort();
	if (external && t->delivered[EVENT_VECTOR(event)] == t->accepted[EVENT_VECTOR(event)])
		abort();
	if (valid && EVENT_TYPE(event) == EVENT_NMI && !t->nmis)
		abort();
	if (t->nmis && !in->nmi && !(valid && EVENT_TYPE(event) == EVENT_NMI))
		abort();
	if (t->retried && event != (t->cut & ~EVENT_NMI_UNBLOCKS))
		abort();
	if (t->cut && !valid)
		abort();
}

/* A change of CR0 or CR4 makes what the pCPU remembers of the guest's tables old. */
static void note_control_registers(struct guest_track *t, struct swvmx_vmcs *vmcs)
{
	if (t->cr_exit && (t->cr0 != F(vmcs, GUEST_CR0) || t->cr4 != F(vmcs, GUEST_CR4)))
		swvmx.vpid_epoch[swvmx_vpid(vmcs)]++;
	t->cr_exit = false;
}

/* It finds what it left, and nothing of anybody else's. */
static void check_fpu(const struct guest *g, const struct swvmx_vmcs *vmcs)
{
	const struct guest_fpu_track *t = &g->fpu[g->vcpu];
	const struct swvmx_pcpu *p = swvmx_current();

	if (!swvmx_same(p->fpu, t->holds, SWVMX_COMPONENTS))
		abort();
	if ((F(vmcs, GUEST_CR4) & CR4_OSXSAVE) && p->xcr0 != t->xcr0)
		abort();
}

/* What an exit's instruction gives back, a bit a register. */
static uint16_t results_of(const struct swvmx_vmcs *vmcs)
{
	const uint64_t qualification = F(vmcs, EXIT_QUALIFICATION);
	const uint16_t named = (uint16_t)(1u << CR_QUAL_REGISTER(qualification));

	switch (F(vmcs, EXIT_REASON)) {
	case EXIT_CPUID:
		return 1u << RAX | 1u << RBX | 1u << RCX | 1u << RDX;
	case EXIT_RDMSR:
		return 1u << RAX | 1u << RDX;
	case EXIT_IO:
		return 1u << RAX;
	case EXIT_CR_ACCESS:
		return CR_QUAL_TYPE(qualification) == 1 ? named : 0;
	default:
		return 0;
	}
}

/* A register is as the guest left it, or holds a result: of 32 bits, or, from a port, of fewer that
 * leave the rest. */
static void check_registers(const struct guest_track *t, const struct vcpu *v)
{
	for (unsigned i = 0; i < GPRS && t->left; i++) {
		const uint64_t is = v->registers.gpr[i], was = t->gpr[i];
		const bool io = t->answered == 1u << RAX;

		if (is != was && !(t->answered >> i & 1))
			abort();
		if (is != was && is >> 32 && !(io && (is ^ was) >> 16 == 0))
			abort();
	}
}

static void note_registers(
	struct guest_track *t, const struct swvmx_vmcs *vmcs, const struct vtx_registers *r)
{
	memcpy(t->gpr, r->gpr, sizeof(t->gpr));
	t->answered = results_of(vmcs);
	t->left = true;
}

/* The processor's view of the guest's TSC now: what it was before, and what has passed since but
 * for pauses; rounded down at each of them, at the beginning, and where the pCPU's lag is added. */
static uint64_t check_tsc(const struct guest *g, const struct swvmx_vmcs *vmcs)
{
	const struct vcpu *v = &rig.vcpu[g->vcpu];
	const bool scaled = F(vmcs, PROC2_CONTROLS) & PROC2_TSC_SCALING;
	const uint64_t multiplier = scaled ? F(vmcs, TSC_MULTIPLIER) : 0;
	const uint64_t tsc = guest_clock_scale(vtx_rdtsc(), multiplier) + F(vmcs, TSC_OFFSET);
	const uint64_t passed = swvmx.tsc - g->began - g->paused;
	const uint64_t off = guest_clock_scale(passed, multiplier) + v->tsc_adjust - tsc;

	if (off + g->pauses + 4 > 2ull * (g->pauses + 4))
		abort();
	return tsc;
}

void guest_entering(void *context, struct swvmx_vmcs *vmcs, bool launched)
{
	struct guest *g = context;
	struct guest_track *t = &g->track[g->vcpu];
	struct vcpu *v = &rig.vcpu[g->vcpu];
	uint64_t tsc;

	if (v->failed || v->vmcs.v != vmcs->region.v || v->pcpu != (int)swvmx.now)
		abort();
	if (F(vmcs, TSC_OFFSET) != v->tsc_offset)
		abort();
	tsc = check_tsc(g, vmcs);
	if (!t->wrote_tsc && (int64_t)(tsc - t->last_tsc) < 0) /* a guest may have written it */
		abort();
	t->wrote_tsc = false;
	t->last_tsc = tsc;
	if ((vmcs->unchecked & SWVMX_CONTROLS_CHANGE) && !swvmx_all_ports_exit(vmcs))
		abort(); /* ports of the host are the guest's */
	if (g->hostile)
		return;
	check_events(g, vmcs);
	check_fpu(g, vmcs);
	check_registers(t, v);
	note_control_registers(t, vmcs);
}

/* --- in the guest --- */

#define SEGMENT(vmcs, name, rights)             \
	F(vmcs, GUEST_##name) = 0;              \
	F(vmcs, GUEST_##name##_BASE) = 0;       \
	F(vmcs, GUEST_##name##_LIMIT) = 0xffff; \
	F(vmcs, GUEST_##name##_ACCESS) = (rights)

static void set_segments(struct swvmx_vmcs *vmcs, uint64_t code, uint64_t data)
{
	SEGMENT(vmcs, CS, code);
	SEGMENT(vmcs, SS, data);
	SEGMENT(vmcs, DS, data);
	SEGMENT(vmcs, ES, data);
	SEGMENT(vmcs, FS, data);
	SEGMENT(vmcs, GS, data);
}

void guest_set_mode(struct swvmx_vmcs *vmcs, enum guest_mode mode, bool code_64)
{
	const bool longs = mode == GUEST_PAGED && (F(vmcs, GUEST_EFER) & EFER_LME);

	F(vmcs, GUEST_CR0) &= ~(CR0_PE | CR0_PG);
	F(vmcs, GUEST_CR0) |=
		(mode != GUEST_REAL ? CR0_PE : 0) | (mode == GUEST_PAGED ? CR0_PG : 0);
	if (!longs)
		F(vmcs, GUEST_CR4) &= ~CR4_PCIDE;
	if (longs)
		F(vmcs, GUEST_CR4) |= CR4_PAE;
	for (unsigned i = 0; mode == GUEST_PAGED && i < 4; i++)
		vmcs->f[VMCS_INDEX_GUEST_PDPTE_0 + i] = 0;
	F(vmcs, GUEST_EFER) = (F(vmcs, GUEST_EFER) & ~EFER_LMA) | (longs ? EFER_LMA : 0);
	F(vmcs, ENTRY_CONTROLS) &= ~(uint64_t)ENTRY_GUEST_64;
	F(vmcs, ENTRY_CONTROLS) |= longs ? (uint64_t)ENTRY_GUEST_64 : 0;
	F(vmcs, GUEST_RFLAGS) =
		(F(vmcs, GUEST_RFLAGS) & ~RFLAGS_VM) | (mode == GUEST_V86 ? RFLAGS_VM : 0);
	if (mode == GUEST_V86)
		set_segments(vmcs, 0xf3, 0xf3);
	else
		set_segments(vmcs, longs && code_64 ? 0x209b : 0x9b, 0x93);
	F(vmcs, GUEST_RIP) = 0x1000;
	swvmx_change_linear(vmcs);
}

static void change_mode(struct guest *g, struct swvmx_vmcs *vmcs)
{
	const enum guest_mode mode = guest_byte(&g->in) & 3;
	const bool longs = mode == GUEST_PAGED && (F(vmcs, GUEST_EFER) & EFER_LME);

	guest_set_mode(vmcs, mode, longs && (guest_byte(&g->in) & 1));
}

/* The MSRs that a guest may try: ours, the VMCS's, and the host's. */
static const uint32_t msrs[] = {0x174, 0x175, 0x176, 0x277, 0xc0000081, 0xc0000082, 0xc0000083,
	0xc0000084, 0xc0000100, 0xc0000101, 0xc0000102, 0xc0000103, 0x10, 0x1b, 0x3a, 0x3b, 0x8b,
	0xfe, 0x1d9, 0x200, 0x201, 0x250, 0x2ff, 0x1a0, 0x6e0, 0x808, 0x38f, 0x480, 0x560, 0x6a2,
	0xda0, 0xc0000080, 0x17a, 0x1234};

static bool passes(uint32_t msr, bool write)
{
	const uint8_t *bitmap = swvmx_at(rig.vm.msr_bitmap);

	if ((msr & ~0x1fffu) && (msr & ~0x1fffu) != 0xc0000000u)
		return false;
	bitmap += (write ? 2048 : 0) + (msr >> 31 ? 1024 : 0);
	return !(bitmap[(msr & 0x1fff) / 8] >> (msr & 7) & 1);
}

/* WRMSR without an exit reaches the processor: only what is switched may be reached. */
static void write_msr(struct guest *g, struct swvmx_vmcs *vmcs)
{
	const uint32_t listed = msrs[guest_byte(&g->in) % ARRAY_SIZE(msrs)],
		       msr = listed == 0x1234 ? (uint32_t)guest_word(&g->in) : listed;
	const uint64_t value = guest_byte(&g->in);

	if (!passes(msr, true))
		return;
	switch (msr) {
	case 0x174:
		F(vmcs, GUEST_SYSENTER_CS) = value;
		return;
	case 0x175:
		F(vmcs, GUEST_SYSENTER_ESP) = value;
		return;
	case 0x176:
		F(vmcs, GUEST_SYSENTER_EIP) = value;
		return;
	case 0x277:
		F(vmcs, GUEST_PAT) = 0x0606060606060606ull;
		return;
	case 0xc0000100:
	case 0xc0000101:
		if (F(vmcs, GUEST_RFLAGS) & RFLAGS_VM)
			return;
		F(vmcs, GUEST_FS_BASE) = value;
		return;
	default:
		vtx_wrmsr(msr, value); /* aborts for one that is not switched */
	}
}

/* Without an exit, a guest has the processor's own: what it reads there, and where it stops as DR7
 * says, is what it wrote, whoever used them in between. */
static void read_debug_registers(struct guest *g, const struct swvmx_vmcs *vmcs)
{
	const uint64_t *real = swvmx_current()->dr;

	if ((F(vmcs, PROC_CONTROLS) & PROC_MOV_DR) && !(F(vmcs, GUEST_DR7) & DR7_ENABLED))
		return;
	if (!swvmx_same(real, g->track[g->vcpu].dr, ARRAY_SIZE(g->track[g->vcpu].dr)))
		abort();
}

static void write_debug_register(struct guest *g, struct swvmx_vmcs *vmcs, uint8_t what)
{
	if (F(vmcs, PROC_CONTROLS) & PROC_MOV_DR)
		return;
	if (what & 16)
		F(vmcs, GUEST_DR7) = DR7_RESET | what >> 5;
	else
		swvmx_current()->dr[what >> 6] = g->track[g->vcpu].dr[what >> 6] = what;
}

/* Some value into a component that it can reach. */
static void write_fpu(struct guest *g, struct swvmx_vmcs *vmcs, unsigned component)
{
	const bool vex = F(vmcs, GUEST_CR4) & CR4_OSXSAVE;

	if (component >= 2 && !(vex && (swvmx_current()->xcr0 >> component & 1)))
		return;
	swvmx_current()->fpu[component] = g->fpu[g->vcpu].holds[component] = ++g->written;
}

static void act(struct guest *g, struct swvmx_vmcs *vmcs, struct vtx_registers *r)
{
	const uint8_t what = guest_byte(&g->in);

	switch (what % 8) {
	case 0:
		r->gpr[what >> 4] = guest_word(&g->in);
		return;
	case 1:
		change_mode(g, vmcs);
		return;
	case 2:
		write_msr(g, vmcs);
		return;
	case 3:
		F(vmcs, GUEST_RFLAGS) ^= RFLAGS_IF;
		return;
	case 4:
		swvmx_touch_linear(vmcs);
		return;
	case 5:
		swvmx_change_linear(vmcs);
		return;
	case 6:
		F(vmcs, GUEST_CR0) ^= CR0_TS;
		return;
	default:
		if (what & 8)
			write_fpu(g, vmcs, what >> 4 & 7);
		else
			write_debug_register(g, vmcs, what);
	}
}

/* --- how it ends --- */

/* A page of the guest's is touched; what it reaches is the VM's. False: an EPT violation. */
static bool touch(struct guest *g, struct swvmx_vmcs *vmcs)
{
	const uint8_t b = guest_byte(&g->in);
	const uint64_t gpa = (uint64_t)(b & 0x1f) << 12, access = 1ull << (b >> 5) % 3;
	uint64_t qualification, n;
	struct hpa to;

	F(vmcs, GUEST_PHYSICAL_ADDRESS) = gpa;
	if (!swvmx_touch(vmcs, gpa, access, &to, &qualification)) {
		swvmx_exit(vmcs, EXIT_EPT_VIOLATION, qualification);
		return false;
	}
	n = (to.v - rig_frame(0).v) / 4096;
	if (to.v < rig_frame(0).v || n >= RIG_FRAMES || rig.owner[n] == OWNER_OTHER)
		abort();
	return true;
}

static const uint8_t instruction_exits[] = {EXIT_CPUID, EXIT_RDMSR, EXIT_WRMSR, EXIT_IO, EXIT_HLT,
	EXIT_CR_ACCESS, EXIT_MOV_DR, EXIT_PAUSE, EXIT_WBINVD, EXIT_INVD, EXIT_XSETBV, EXIT_RDPMC,
	EXIT_VMCALL, EXIT_VMXON, EXIT_MWAIT, EXIT_GETSEC};

static uint64_t qualification_of(struct guest *g, uint8_t reason)
{
	static const uint8_t sizes[] = {0, 1, 3}, numbers[] = {0, 4, 8, 0};
	const uint8_t b = guest_byte(&g->in);

	if (reason == EXIT_IO)
		return sizes[b % 3] | (uint64_t)(b & 0x78) | (uint64_t)guest_byte(&g->in) << 16;
	if (reason != EXIT_CR_ACCESS)
		return 0;
	switch (b >> 4 & 3) {
	case 0:
		return numbers[b & 3] | (uint64_t)(guest_byte(&g->in) & 15) << 8;
	case 1:
		return 8 | 1 << 4 | (uint64_t)(guest_byte(&g->in) & 15) << 8;
	case 2:
		return 2 << 4;
	default:
		return 3 << 4 | (uint64_t)guest_byte(&g->in) << 16;
	}
}

/* In virtual-8086 mode the privileged ones fault before they exit (SDM 26.1.1). */
static uint8_t reason_of(struct guest *g, const struct swvmx_vmcs *vmcs)
{
	const uint8_t reason =
		instruction_exits[guest_byte(&g->in) % ARRAY_SIZE(instruction_exits)];

	if ((F(vmcs, GUEST_RFLAGS) & RFLAGS_VM) && reason != EXIT_IO && reason != EXIT_PAUSE)
		return EXIT_CPUID;
	return reason;
}

/* MOV to CR0 or CR4 as systems do it: one bit of what they read there changes. */
static void change_one_bit(
	struct guest *g, const struct swvmx_vmcs *vmcs, struct vtx_registers *r, uint64_t qual)
{
	const uint8_t b = guest_byte(&g->in);
	const bool four = CR_QUAL_NUMBER(qual) == 4;
	const uint64_t mask = four ? F(vmcs, CR4_MASK) : F(vmcs, CR0_MASK);
	const uint64_t real = four ? F(vmcs, GUEST_CR4) : F(vmcs, GUEST_CR0);
	const uint64_t shadow = four ? F(vmcs, CR4_SHADOW) : F(vmcs, CR0_SHADOW);

	if (CR_QUAL_TYPE(qual) == 0 && CR_QUAL_NUMBER(qual) != 8 && (b & 0x80))
		r->gpr[CR_QUAL_REGISTER(qual)] =
			((real & ~mask) | (shadow & mask)) ^ 1ull << (b & 31);
}

/* XSETBV: what it should do, by the model. */
static void choose_xcr0(struct guest *g, const struct swvmx_vmcs *vmcs, struct vtx_registers *r)
{
	static const uint8_t values[] = {1, 3, 7, 0xe7, 0xe7, 7, 0, 2, 5, 0x27, 0xe3, 0x1f};
	const uint8_t b = guest_byte(&g->in);

	r->gpr[RCX] = b & 0x80 ? guest_word(&g->in) : 0;
	r->gpr[RAX] = b % 16 < ARRAY_SIZE(values) ? values[b % 16] : guest_word(&g->in);
	r->gpr[RDX] = b & 0x40 ? guest_byte(&g->in) : 0;
	if (!(F(vmcs, GUEST_CR4) & CR4_OSXSAVE) || (uint32_t)r->gpr[RCX] ||
		!swvmx_xcr0_is_valid((uint32_t)r->gpr[RAX] | r->gpr[RDX] << 32))
		return;
	g->fpu[g->vcpu].xcr0 = (uint32_t)r->gpr[RAX];
}

static void choose_instruction(struct guest *g, struct swvmx_vmcs *vmcs, struct vtx_registers *r)
{
	const uint8_t reason = reason_of(g, vmcs);
	struct guest_track *t = &g->track[g->vcpu];
	uint64_t qualification;

	if (reason == EXIT_MOV_DR && !(F(vmcs, PROC_CONTROLS) & PROC_MOV_DR)) {
		swvmx_exit(vmcs, EXIT_EXTERNAL_INTERRUPT, 0);
		return;
	}
	if (reason == EXIT_RDMSR || reason == EXIT_WRMSR) {
		r->gpr[RCX] = msrs[guest_byte(&g->in) % ARRAY_SIZE(msrs)];
		r->gpr[RAX] = guest_word(&g->in);
		t->wrote_tsc = reason == EXIT_WRMSR;
	}
	if (reason == EXIT_XSETBV)
		choose_xcr0(g, vmcs, r);
	t->cr_exit = reason == EXIT_CR_ACCESS;
	F(vmcs, EXIT_INSTRUCTION_LENGTH) = 1 + guest_byte(&g->in) % 15;
	qualification = qualification_of(g, reason);
	swvmx_exit(vmcs, reason, qualification);
	if (reason == EXIT_IO &&
		!swvmx_ports_exit(vmcs, IO_QUAL_PORT(qualification), IO_QUAL_SIZE(qualification)))
		abort(); /* a port of the host */
	if (t->cr_exit)
		change_one_bit(g, vmcs, r, qualification);
}

static void choose_event(struct guest *g, struct swvmx_vmcs *vmcs)
{
	static const uint32_t events[] = {EVENT_HARD_EXCEPTION << 8 | EXCEPTION_DB,
		EVENT_HARD_EXCEPTION << 8 | EXCEPTION_AC | EVENT_ERROR_CODE,
		EVENT_HARD_EXCEPTION << 8 | EXCEPTION_MC, EVENT_NMI << 8 | EXCEPTION_NMI};

	F(vmcs, EXIT_EVENT) = EVENT_VALID | events[guest_byte(&g->in) & 3];
	F(vmcs, EXIT_EVENT_ERROR) = 0;
	swvmx_exit(vmcs, EXIT_EXCEPTION, guest_byte(&g->in) & 15);
}

/* 26.2: these come before the guest's next instruction. */
static bool window_opens(struct swvmx_vmcs *vmcs)
{
	const uint64_t proc = F(vmcs, PROC_CONTROLS), blocking = F(vmcs, GUEST_INTERRUPTIBILITY);

	if ((proc & PROC_NMI_WINDOW) && !blocking) {
		swvmx_exit(vmcs, EXIT_NMI_WINDOW, 0);
		return true;
	}
	if ((proc & PROC_INTERRUPT_WINDOW) && !(blocking & 3) &&
		(F(vmcs, GUEST_RFLAGS) & RFLAGS_IF)) {
		swvmx_exit(vmcs, EXIT_INTERRUPT_WINDOW, 0);
		return true;
	}
	return false;
}

/* Blocking by STI, MOV SS or NMI, as it can be at an instruction. */
static void choose_blocking(struct guest *g, struct swvmx_vmcs *vmcs)
{
	static const uint8_t states[] = {0, 0, BLOCKED_BY_STI, BLOCKED_BY_MOV_SS, BLOCKED_BY_NMI,
		BLOCKED_BY_NMI | BLOCKED_BY_STI, 0, 0};
	uint64_t blocking = states[guest_byte(&g->in) & 7];

	if (!(F(vmcs, GUEST_RFLAGS) & RFLAGS_IF))
		blocking &= ~(uint64_t)BLOCKED_BY_STI;
	F(vmcs, GUEST_INTERRUPTIBILITY) = blocking;
}

static void choose_exit(struct guest *g, struct swvmx_vmcs *vmcs, struct vtx_registers *r)
{
	const uint8_t b = guest_byte(&g->in);

	if (window_opens(vmcs))
		return;
	choose_blocking(g, vmcs);
	switch (b % 8) {
	case 0:
		swvmx_exit(vmcs, EXIT_EXTERNAL_INTERRUPT, 0);
		return;
	case 1:
		choose_event(g, vmcs);
		return;
	case 2:
	case 3:
		if (touch(g, vmcs))
			swvmx_exit(vmcs, EXIT_EXTERNAL_INTERRUPT, 0);
		return;
	case 4:
		swvmx_exit(vmcs,
			F(vmcs, PIN_CONTROLS) & PIN_PREEMPTION_TIMER ? EXIT_PREEMPTION_TIMER
								     : EXIT_EXTERNAL_INTERRUPT,
			0);
		return;
	case 5:
		g->track[g->vcpu].may_fail = (b >> 3) == 1;
		swvmx_exit(vmcs, (b >> 3) == 1 ? EXIT_TASK_SWITCH : EXIT_TRIPLE_FAULT, 0);
		return;
	default:
		choose_instruction(g, vmcs, r);
	}
}

/* The event is delivered, or an exit cuts its delivery off (28.2.4). True: cut off. */
static bool deliver(struct guest *g, struct swvmx_vmcs *vmcs)
{
	struct guest_track *t = &g->track[g->vcpu];
	const uint32_t event = (uint32_t)F(vmcs, ENTRY_EVENT);

	t->cut = 0;
	t->retried = false;
	if (!(event & EVENT_VALID))
		return false;
	F(vmcs, GUEST_INTERRUPTIBILITY) &= ~(uint64_t)(BLOCKED_BY_STI | BLOCKED_BY_MOV_SS);
	if (EVENT_TYPE(event) == EVENT_NMI)
		F(vmcs, GUEST_INTERRUPTIBILITY) |= BLOCKED_BY_NMI;
	if (guest_byte(&g->in) & 1) {
		uint8_t how = guest_byte(&g->in);

		F(vmcs, VECTORING_EVENT) = event | (how & 2 ? EVENT_NMI_UNBLOCKS : 0);
		F(vmcs, VECTORING_EVENT_ERROR) = F(vmcs, ENTRY_EVENT_ERROR);
		F(vmcs, EXIT_INSTRUCTION_LENGTH) = F(vmcs, ENTRY_INSTRUCTION_LENGTH);
		t->cut = event;
		t->retried = how & 1;
		F(vmcs, GUEST_PHYSICAL_ADDRESS) = 0x1f000;
		if (how & 1)
			swvmx_exit(vmcs, EXIT_EPT_VIOLATION, EPT_QUAL_WRITE);
		else
			choose_event(g, vmcs);
		/* #MC and NMIs are the host's. */
		return true;
	}
	if (EVENT_TYPE(event) == EVENT_EXTERNAL) {
		t->delivered[EVENT_VECTOR(event)]++;
		t->delivered_all++;
		F(vmcs, GUEST_RFLAGS) &= ~RFLAGS_IF;
	}
	if (EVENT_TYPE(event) == EVENT_NMI)
		t->nmis--;
	return false;
}

static void run_hostile(struct guest *g, struct swvmx_vmcs *vmcs, struct vtx_registers *r)
{
	static const uint8_t read_only[] = {VMCS_INDEX_EXIT_REASON, VMCS_INDEX_EXIT_QUALIFICATION,
		VMCS_INDEX_EXIT_EVENT, VMCS_INDEX_VECTORING_EVENT, VMCS_INDEX_EXIT_EVENT_ERROR,
		VMCS_INDEX_VECTORING_EVENT_ERROR, VMCS_INDEX_EXIT_INSTRUCTION_LENGTH,
		VMCS_INDEX_GUEST_PHYSICAL_ADDRESS, VMCS_INDEX_GUEST_LINEAR_ADDRESS};
	const uint8_t changes = guest_byte(&g->in);

	for (unsigned i = 0; i < ARRAY_SIZE(read_only); i++)
		vmcs->f[read_only[i]] = guest_word(&g->in);
	if (changes & 1)
		F(vmcs, EXIT_REASON) &= 0x7f;
	if (changes & 2)
		F(vmcs, VECTORING_EVENT) |= EVENT_VALID;
	for (unsigned i = 0; i < (changes >> 2 & 3u); i++) {
		unsigned index = guest_byte(&g->in) % VMCS_FIELD_COUNT;

		if (vmcs_kind(vmcs_field_encoding((enum vmcs_index)index)) == VMCS_GUEST)
			vmcs->f[index] = guest_word(&g->in);
	}
	r->gpr[changes >> 4] = guest_word(&g->in);
	g->track[g->vcpu].wrote_tsc = true;
}

void guest_run(void *context, struct swvmx_vmcs *vmcs, struct vtx_registers *r)
{
	struct guest *g = context;
	struct guest_track *t = &g->track[g->vcpu];
	const unsigned acts = guest_byte(&g->in) & 3;

	g->leave = g->in.at >= g->in.size || swvmx.entries >= g->exits;
	t->may_fail = false;
	if (g->hostile) {
		run_hostile(g, vmcs, r);
		return;
	}
	swvmx_touch_linear(vmcs); /* its instructions are fetched */
	read_debug_registers(g, vmcs);
	if (!deliver(g, vmcs)) {
		for (unsigned i = 0; i < acts; i++)
			act(g, vmcs, r);
		choose_exit(g, vmcs, r);
	}
	t->cr0 = F(vmcs, GUEST_CR0);
	t->cr4 = F(vmcs, GUEST_CR4);
	note_registers(t, vmcs, r);
}
