/* The checks of the guest's state (SDM 3C, 27.3) and of the MSR list (27.4). */
#include "fuzz/models/swvmx/checks.h"
#include "vtx/exits.h"
#include "vtx/inject.h"
#include <string.h>

#define F(name)         f[VMCS_INDEX_##name]
#define CR0_PE          (1ull << 0)
#define CR0_WP          (1ull << 16)
#define CR0_PG          (1ull << 31)
#define CR4_PAE         (1ull << 5)
#define CR4_PCIDE       (1ull << 17)
#define CR4_CET         (1ull << 23)
#define EFER_LME        (1ull << 8)
#define EFER_LMA        (1ull << 10)
#define EFER_KNOWN      0xd01ull
#define PERF_KNOWN      0x70000000full
#define DEBUGCTL_KNOWN  0xdfc3ull
#define RFLAGS_TF       (1ull << 8)
#define RFLAGS_IF       (1ull << 9)
#define RFLAGS_VM       (1ull << 17)
#define RFLAGS_ZERO     0xffffffffffc08028ull
#define ACCESS_UNUSABLE 0x10000u
#define ACCESS_L        (1u << 13)
#define ACCESS_DB       (1u << 14)
#define ACCESS_G        (1u << 15)

/* What the checks of a guest depend on together. */
struct guest {
	const struct swvmx_cpu *cpu;
	const uint64_t *f;
	bool v86, long_mode, unrestricted;
	struct swvmx_failures *to;
};

struct segment {
	uint64_t selector, base, limit, access;
};

static bool is_usable(const struct segment *s)
{
	return !(s->access & ACCESS_UNUSABLE);
}
static unsigned type_of(const struct segment *s)
{
	return s->access & 15;
}
static unsigned dpl_of(const struct segment *s)
{
	return s->access >> 5 & 3;
}
static unsigned rpl_of(const struct segment *s)
{
	return s->selector & 3;
}
/* Bits 63:N are the same; bit N-1 is free, since an instruction may end at the edge (27.3.1.4). */
static bool in_linear_width(const struct swvmx_cpu *cpu, uint64_t address)
{
	const uint64_t high = address >> cpu->linear_bits;

	return high == 0 || high == ~0ull >> cpu->linear_bits;
}
static bool reserved_is_clear(const struct segment *s)
{
	return !(s->access & 0xfffe0f00ull);
}
static bool fine_holds(const struct segment *s)
{
	return (s->limit & 0xfff) == 0xfff || !(s->access & ACCESS_G);
}
static bool coarse_holds(const struct segment *s)
{
	return !(s->limit >> 20) || (s->access & ACCESS_G);
}

static void check_control_registers(const struct guest *g)
{
	const struct vtx_capability_msrs *m = &g->cpu->msrs;
	const uint64_t *f = g->f, cr0 = F(GUEST_CR0), cr4 = F(GUEST_CR4);
	const uint64_t fixed0 =
		g->unrestricted ? m->cr0_fixed0 & ~(CR0_PE | CR0_PG) : m->cr0_fixed0;

	/* NW and CD keep their values, so they are not checked (27.3.1.1). */
	swvmx_must(g->to, G_CR0, (cr0 & fixed0) == fixed0 && !(cr0 & ~m->cr0_fixed1));
	swvmx_must(g->to, G_PG_PE, (cr0 & CR0_PE) || !(cr0 & CR0_PG));
	swvmx_must(g->to, G_CET_WP, !(cr4 & CR4_CET) || (cr0 & CR0_WP));
	swvmx_must(g->to, G_CR4, (cr4 & m->cr4_fixed0) == m->cr4_fixed0 && !(cr4 & ~m->cr4_fixed1));
	if (g->long_mode) {
		swvmx_must(g->to, G_64_PG, cr0 & CR0_PG);
		swvmx_must(g->to, G_64_PAE, cr4 & CR4_PAE);
	} else {
		swvmx_must(g->to, G_32_PCIDE, !(cr4 & CR4_PCIDE));
	}
	swvmx_must(g->to, G_CR3, swvmx_in_width(g->cpu, F(GUEST_CR3)));
	swvmx_must(g->to, G_SYSENTER_ESP, swvmx_canonical(g->cpu, F(GUEST_SYSENTER_ESP)));
	swvmx_must(g->to, G_SYSENTER_EIP, swvmx_canonical(g->cpu, F(GUEST_SYSENTER_EIP)));
	if (F(ENTRY_CONTROLS) & ENTRY_LOAD_DEBUG) {
		swvmx_must(g->to, G_DEBUGCTL, !(F(GUEST_DEBUGCTL) & ~DEBUGCTL_KNOWN));
		swvmx_must(g->to, G_DR7, !(F(GUEST_DR7) >> 32));
	}
}

static void check_msrs(const struct guest *g)
{
	const uint64_t *f = g->f, entry = F(ENTRY_CONTROLS), efer = F(GUEST_EFER);

	if (entry & ENTRY_LOAD_PERF)
		swvmx_must(g->to, G_PERF_GLOBAL, !(F(GUEST_PERF_GLOBAL) & ~PERF_KNOWN));
	if (entry & ENTRY_LOAD_PAT)
		swvmx_must(g->to, G_PAT, swvmx_pat_is_valid(F(GUEST_PAT)));
	if (entry & ENTRY_LOAD_EFER) {
		swvmx_must(g->to, G_EFER, !(efer & ~EFER_KNOWN));
		swvmx_must(g->to, G_EFER_LMA, !!(efer & EFER_LMA) == g->long_mode);
		if (F(GUEST_CR0) & CR0_PG)
			swvmx_must(g->to, G_EFER_LME, !!(efer & EFER_LMA) == !!(efer & EFER_LME));
	}
	if (entry & ENTRY_LOAD_BNDCFGS)
		swvmx_must(g->to, G_BNDCFGS,
			!(F(GUEST_BNDCFGS) & 0xffc) &&
				swvmx_canonical(g->cpu, F(GUEST_BNDCFGS) & ~0xfffull));
	if (entry & SWVMX_ENTRY_LOAD_RTIT)
		swvmx_must(g->to, G_RTIT, !(F(GUEST_RTIT_CTL) >> 48));
	if (entry & ENTRY_LOAD_CET) {
		swvmx_must(g->to, G_S_CET, swvmx_s_cet_is_valid(g->cpu, F(GUEST_S_CET)));
		swvmx_must(g->to, G_SSP_TABLE, swvmx_canonical(g->cpu, F(GUEST_SSP_TABLE)));
		swvmx_must(
			g->to, G_SSP, !(F(GUEST_SSP) & 3) && in_linear_width(g->cpu, F(GUEST_SSP)));
	}
	if (entry & SWVMX_ENTRY_LOAD_PKRS)
		swvmx_must(g->to, G_PKRS, !(F(GUEST_PKRS) >> 32));
}

/* The place of each check of a segment, counted from its first. */
enum { V86_BASE, V86_LIMIT, V86_ACCESS, BASE, TYPE, S, DPL, PRESENT, RESERVED, FINE, COARSE };

static bool cs_type_is_valid(const struct guest *g, const struct segment *cs)
{
	return (type_of(cs) & 9) == 9 || (g->unrestricted && type_of(cs) == 3);
}

/* 27.3.1.2, "DPL", for CS. */
static bool cs_dpl_is_valid(const struct segment *cs, const struct segment *ss)
{
	if (type_of(cs) == 3)
		return dpl_of(cs) == 0;
	if (type_of(cs) == 9 || type_of(cs) == 11)
		return dpl_of(cs) == dpl_of(ss);
	return dpl_of(cs) <= dpl_of(ss);
}

/* For SS. */
static bool ss_dpl_is_valid(
	const struct guest *g, const struct segment *cs, const struct segment *ss)
{
	const uint64_t *f = g->f;

	if (!g->unrestricted && dpl_of(ss) != rpl_of(ss))
		return false;
	return dpl_of(ss) == 0 || (type_of(cs) != 3 && (F(GUEST_CR0) & CR0_PE));
}

static bool type_is_valid(const struct guest *g, enum swvmx_check first, const struct segment *s)
{
	switch (first) {
	case G_CS_V86_BASE:
		return cs_type_is_valid(g, s);
	case G_SS_V86_BASE:
		return type_of(s) == 3 || type_of(s) == 7;
	default:
		return (type_of(s) & 1) && (!(type_of(s) & 8) || (type_of(s) & 2));
	}
}

static bool dpl_is_valid(const struct guest *g, enum swvmx_check first, const struct segment *s,
	const struct segment *cs, const struct segment *ss)
{
	switch (first) {
	case G_CS_V86_BASE:
		return cs_dpl_is_valid(cs, ss);
	case G_SS_V86_BASE:
		return ss_dpl_is_valid(g, cs, ss);
	default:
		return g->unrestricted || type_of(s) > 11 || dpl_of(s) >= rpl_of(s);
	}
}

/* One of CS, SS, DS, ES, FS, GS; `first` is the first of its checks. */
static void check_segment(const struct guest *g, enum swvmx_check first, const struct segment *s,
	const struct segment *cs, const struct segment *ss)
{
	const bool wide = first == G_FS_V86_BASE || first == G_GS_V86_BASE,
		   always = first == G_CS_V86_BASE;

	if (g->v86) {
		swvmx_must(g->to, first + V86_BASE, s->base == s->selector << 4);
		swvmx_must(g->to, first + V86_LIMIT, s->limit == 0xffff);
		swvmx_must(g->to, first + V86_ACCESS, s->access == 0xf3);
		return;
	}
	if (wide)
		swvmx_must(g->to, first + BASE, swvmx_canonical(g->cpu, s->base));
	else if (always || is_usable(s))
		swvmx_must(g->to, first + BASE, !(s->base >> 32));
	/* SS.DPL is checked even where SS is not usable. */
	if (!always && !is_usable(s)) {
		if (first == G_SS_V86_BASE)
			swvmx_must(g->to, G_SS_DPL, ss_dpl_is_valid(g, cs, ss));
		return;
	}
	swvmx_must(g->to, first + TYPE, type_is_valid(g, first, s));
	swvmx_must(g->to, first + S, s->access & 0x10);
	swvmx_must(g->to, first + DPL, dpl_is_valid(g, first, s, cs, ss));
	swvmx_must(g->to, first + PRESENT, s->access & 0x80);
	swvmx_must(g->to, first + RESERVED, reserved_is_clear(s));
	swvmx_must(g->to, first + FINE, fine_holds(s));
	swvmx_must(g->to, first + COARSE, coarse_holds(s));
}

enum {
	SYSTEM_TI,
	SYSTEM_BASE,
	SYSTEM_TYPE,
	SYSTEM_S,
	SYSTEM_PRESENT,
	SYSTEM_RESERVED,
	SYSTEM_FINE,
	SYSTEM_COARSE
};

static void check_system_segment(
	const struct guest *g, enum swvmx_check first, const struct segment *s, bool type)
{
	swvmx_must(g->to, first + SYSTEM_TI, !(s->selector & 4));
	swvmx_must(g->to, first + SYSTEM_BASE, swvmx_canonical(g->cpu, s->base));
	swvmx_must(g->to, first + SYSTEM_TYPE, type);
	swvmx_must(g->to, first + SYSTEM_S, !(s->access & 0x10));
	swvmx_must(g->to, first + SYSTEM_PRESENT, s->access & 0x80);
	swvmx_must(g->to, first + SYSTEM_RESERVED, reserved_is_clear(s));
	swvmx_must(g->to, first + SYSTEM_FINE, fine_holds(s));
	swvmx_must(g->to, first + SYSTEM_COARSE, coarse_holds(s));
}

#define SEGMENT(name)                                                             \
	(struct segment)                                                          \
	{                                                                         \
		F(GUEST_##name), F(GUEST_##name##_BASE), F(GUEST_##name##_LIMIT), \
			F(GUEST_##name##_ACCESS)                                  \
	}

static void check_segments(const struct guest *g)
{
	const uint64_t *f = g->f;
	const struct segment cs = SEGMENT(CS), ss = SEGMENT(SS), ds = SEGMENT(DS), es = SEGMENT(ES),
			     fs = SEGMENT(FS), gs = SEGMENT(GS), tr = SEGMENT(TR),
			     ldtr = SEGMENT(LDTR);

	if (!g->v86 && !g->unrestricted)
		swvmx_must(g->to, G_SS_RPL, rpl_of(&ss) == rpl_of(&cs));
	check_segment(g, G_CS_V86_BASE, &cs, &cs, &ss);
	check_segment(g, G_SS_V86_BASE, &ss, &cs, &ss);
	check_segment(g, G_DS_V86_BASE, &ds, &cs, &ss);
	check_segment(g, G_ES_V86_BASE, &es, &cs, &ss);
	check_segment(g, G_FS_V86_BASE, &fs, &cs, &ss);
	check_segment(g, G_GS_V86_BASE, &gs, &cs, &ss);
	if (!g->v86)
		swvmx_must(g->to, G_CS_DB,
			!(g->long_mode && (cs.access & ACCESS_L) && (cs.access & ACCESS_DB)));
	check_system_segment(
		g, G_TR_TI, &tr, type_of(&tr) == 11 || (!g->long_mode && type_of(&tr) == 3));
	swvmx_must(g->to, G_TR_USABLE, is_usable(&tr));
	if (is_usable(&ldtr))
		check_system_segment(g, G_LDTR_TI, &ldtr, type_of(&ldtr) == 2);
	swvmx_must(g->to, G_GDTR_BASE, swvmx_canonical(g->cpu, F(GUEST_GDTR_BASE)));
	swvmx_must(g->to, G_IDTR_BASE, swvmx_canonical(g->cpu, F(GUEST_IDTR_BASE)));
	swvmx_must(g->to, G_GDTR_LIMIT, !(F(GUEST_GDTR_LIMIT) >> 16));
	swvmx_must(g->to, G_IDTR_LIMIT, !(F(GUEST_IDTR_LIMIT) >> 16));
}

static bool event_is(const uint64_t *f, enum vtx_event_type type)
{
	return (F(ENTRY_EVENT) & EVENT_VALID) && EVENT_TYPE(F(ENTRY_EVENT)) == type;
}

static void check_flow(const struct guest *g)
{
	const uint64_t *f = g->f, rflags = F(GUEST_RFLAGS);
	const bool code_64 = g->long_mode && (F(GUEST_CS_ACCESS) & ACCESS_L);

	if (code_64)
		swvmx_must(g->to, G_RIP_64, in_linear_width(g->cpu, F(GUEST_RIP)));
	else
		swvmx_must(g->to, G_RIP_32, !(F(GUEST_RIP) >> 32));
	swvmx_must(g->to, G_RFLAGS, !(rflags & RFLAGS_ZERO) && (rflags & 2));
	swvmx_must(g->to, G_RFLAGS_VM,
		!(rflags & RFLAGS_VM) || (!g->long_mode && (F(GUEST_CR0) & CR0_PE)));
	if (event_is(f, EVENT_EXTERNAL))
		swvmx_must(g->to, G_RFLAGS_IF, rflags & RFLAGS_IF);
}

/* 27.3.1.5: what can be injected while the processor does not execute. */
static bool event_suits_activity(uint64_t activity, uint32_t event)
{
	const unsigned type = EVENT_TYPE(event), vector = EVENT_VECTOR(event);

	switch (activity) {
	case ACTIVITY_HLT:
		return type == EVENT_EXTERNAL || type == EVENT_NMI || (type == 7 && vector == 0) ||
		       (type == EVENT_HARD_EXCEPTION &&
			       (vector == EXCEPTION_DB || vector == EXCEPTION_MC));
	case ACTIVITY_SHUTDOWN:
		return (type == EVENT_NMI && vector == EXCEPTION_NMI) ||
		       (type == EVENT_HARD_EXCEPTION && vector == EXCEPTION_MC);
	case ACTIVITY_WAIT_FOR_SIPI:
		return false;
	default:
		return true;
	}
}

static bool activity_exists(const struct swvmx_cpu *cpu, uint64_t activity)
{
	if (activity > ACTIVITY_WAIT_FOR_SIPI)
		return false;
	return activity == ACTIVITY_ACTIVE || (cpu->msrs.misc >> (5 + activity) & 1);
}

static void check_blocking(const struct guest *g)
{
	const uint64_t *f = g->f, blocking = F(GUEST_INTERRUPTIBILITY),
		       activity = F(GUEST_ACTIVITY);
	const bool sti = blocking & BLOCKED_BY_STI, mov_ss = blocking & BLOCKED_BY_MOV_SS;

	swvmx_must(g->to, G_ACTIVITY, activity_exists(g->cpu, activity));
	if (activity == ACTIVITY_HLT)
		swvmx_must(g->to, G_HLT_DPL, !(F(GUEST_SS_ACCESS) & 0x60));
	if (sti || mov_ss)
		swvmx_must(g->to, G_BLOCKED_ACTIVE, activity == ACTIVITY_ACTIVE);
	if (F(ENTRY_EVENT) & EVENT_VALID)
		swvmx_must(g->to, G_ACTIVITY_EVENT,
			event_suits_activity(activity, (uint32_t)F(ENTRY_EVENT)));
	swvmx_must(g->to, G_BLOCKING, !(blocking & ~0x1full));
	swvmx_must(g->to, G_STI_MOV_SS, !(sti && mov_ss));
	swvmx_must(g->to, G_STI_IF, !sti || (F(GUEST_RFLAGS) & RFLAGS_IF));
	if (event_is(f, EVENT_EXTERNAL))
		swvmx_must(g->to, G_INTERRUPT_BLOCKED, !sti && !mov_ss);
	if (event_is(f, EVENT_NMI)) {
		swvmx_must(g->to, G_NMI_BLOCKED, !mov_ss);
		if (F(PIN_CONTROLS) & PIN_VIRTUAL_NMI)
			swvmx_must(g->to, G_VIRTUAL_NMI, !(blocking & BLOCKED_BY_NMI));
	}
	swvmx_must(g->to, G_SMI, !(blocking & BLOCKED_BY_SMI));
	swvmx_must(g->to, G_ENCLAVE, !(blocking & 0x10) || (g->cpu->sgx && !mov_ss));
}

static void check_pending_debug(const struct guest *g)
{
	const uint64_t *f = g->f, pending = F(GUEST_PENDING_DEBUG);
	const bool bs = pending & 1u << 14, rtm = pending & 1u << 16,
		   step = (F(GUEST_RFLAGS) & RFLAGS_TF) && !(F(GUEST_DEBUGCTL) & 2);

	swvmx_must(g->to, G_DEBUG_RESERVED, !(pending & 0xfffffffffffeaff0ull));
	if ((F(GUEST_INTERRUPTIBILITY) & (BLOCKED_BY_STI | BLOCKED_BY_MOV_SS)) ||
		F(GUEST_ACTIVITY) == ACTIVITY_HLT)
		swvmx_must(g->to, G_DEBUG_STEP, bs == step);
	if (rtm)
		swvmx_must(g->to, G_DEBUG_RTM,
			g->cpu->rtm && (pending & 0xffff) == 0x1000 &&
				!(F(GUEST_INTERRUPTIBILITY) & BLOCKED_BY_MOV_SS));
}

/* 27.3.1.5, VMCS link pointer; bit 31 of the header says that it is a shadow VMCS. */
static void check_link(const struct guest *g, uint32_t header)
{
	const uint64_t *f = g->f;
	const bool shadowing = swvmx_proc2(f) & PROC2_SHADOWING;
	bool page = swvmx_is_page(g->cpu, F(LINK));

	if (F(LINK) == ~0ull)
		return;
	swvmx_must(g->to, G_LINK, page);
	if (page)
		swvmx_must(g->to, G_LINK_REVISION,
			header == ((uint32_t)g->cpu->msrs.basic | (shadowing ? 1u << 31 : 0)));
}

/* With EPT they are fields, without it they are read at CR3 (27.3.1.6). */
static void check_pdptes(const struct guest *g, const uint64_t *in_memory)
{
	const uint64_t *f = g->f;
	const uint64_t fields[] = {
		F(GUEST_PDPTE_0), F(GUEST_PDPTE_1), F(GUEST_PDPTE_2), F(GUEST_PDPTE_3)};
	const uint64_t *pdptes = swvmx_proc2(f) & PROC2_EPT ? fields : in_memory;
	const uint64_t reserved = ~0ull << g->cpu->physical_bits | 0x1e6;

	if (g->long_mode || !(F(GUEST_CR0) & CR0_PG) || !(F(GUEST_CR4) & CR4_PAE))
		return;
	for (unsigned i = 0; i < ARRAY_SIZE(fields); i++)
		swvmx_must(g->to, G_PDPTE_0 + i, !(pdptes[i] & 1) || !(pdptes[i] & reserved));
}

/* --- what has passed --- */

#define KNOWN 8u

/* All that check_segments() looks at: the fields stand side by side (kernel/vtx/vmcs.h). */
struct known_segments {
	uint64_t mode; /* 0: none */
	uint64_t selectors[VMCS_INDEX_GUEST_TR - VMCS_INDEX_GUEST_ES + 1];
	uint64_t limits[VMCS_INDEX_GUEST_TR_ACCESS - VMCS_INDEX_GUEST_ES_LIMIT + 1];
	uint64_t bases[VMCS_INDEX_GUEST_IDTR_BASE - VMCS_INDEX_GUEST_ES_BASE + 1];
};
static struct known_segments known_segments[KNOWN];

/* The same of check_control_registers(), check_msrs() and, with EPT, check_pdptes(). */
struct known_registers {
	uint64_t mode, entry_controls, dr7;
	uint64_t msrs[VMCS_INDEX_GUEST_PKRS - VMCS_INDEX_GUEST_DEBUGCTL + 1];
	uint64_t cr[VMCS_INDEX_GUEST_CR4 - VMCS_INDEX_GUEST_CR0 + 1];
	uint64_t sysenter_cet[VMCS_INDEX_GUEST_SSP_TABLE - VMCS_INDEX_GUEST_SYSENTER_ESP + 1];
};
static struct known_registers known_registers[KNOWN];

void swvmx_forget_known(void)
{
	for (unsigned i = 0; i < KNOWN; i++)
		known_segments[i].mode = known_registers[i].mode = 0;
}

static uint64_t mode_of(const struct guest *g)
{
	const uint64_t *f = g->f;

	return (uint64_t)g->cpu->linear_bits << 4 | g->v86 << 3 | g->long_mode << 2 |
	       g->unrestricted << 1 | (F(GUEST_CR0) & CR0_PE);
}

static void check_segments_again(const struct guest *g)
{
	const uint64_t *f = g->f, mode = mode_of(g), rights = F(GUEST_CS_ACCESS);
	struct known_segments *k =
		&known_segments[(rights >> 13 ^ rights >> 4 ^ mode >> 1) % KNOWN];

	if (k->mode == mode && swvmx_same(k->selectors, &F(GUEST_ES), ARRAY_SIZE(k->selectors)) &&
		swvmx_same(k->limits, &F(GUEST_ES_LIMIT), ARRAY_SIZE(k->limits)) &&
		swvmx_same(k->bases, &F(GUEST_ES_BASE), ARRAY_SIZE(k->bases)))
		return;
	check_segments(g);
	k->mode = g->to->count ? 0 : mode;
	memcpy(k->selectors, &F(GUEST_ES), sizeof(k->selectors));
	memcpy(k->limits, &F(GUEST_ES_LIMIT), sizeof(k->limits));
	memcpy(k->bases, &F(GUEST_ES_BASE), sizeof(k->bases));
}

static struct known_registers *registers_place(const struct guest *g)
{
	const uint64_t *f = g->f, cr0 = F(GUEST_CR0), cr4 = F(GUEST_CR4);

	return &known_registers[(cr0 >> 31 ^ cr0 >> 3 ^ cr4 >> 3 ^ cr4 >> 16) % KNOWN];
}

/* Without EPT, PDPTEs are in memory, which changes as it likes. */
static bool registers_are_known(const struct guest *g, const struct known_registers *k)
{
	const uint64_t *f = g->f;

	return k->mode == mode_of(g) && k->entry_controls == F(ENTRY_CONTROLS) &&
	       k->dr7 == F(GUEST_DR7) && swvmx_same(k->cr, &F(GUEST_CR0), ARRAY_SIZE(k->cr)) &&
	       swvmx_same(k->msrs, &F(GUEST_DEBUGCTL), ARRAY_SIZE(k->msrs)) &&
	       swvmx_same(k->sysenter_cet, &F(GUEST_SYSENTER_ESP), ARRAY_SIZE(k->sysenter_cet)) &&
	       (swvmx_proc2(f) & PROC2_EPT);
}

static void remember_registers(const struct guest *g, struct known_registers *k)
{
	const uint64_t *f = g->f;

	k->mode = g->to->count ? 0 : mode_of(g);
	k->entry_controls = F(ENTRY_CONTROLS);
	k->dr7 = F(GUEST_DR7);
	memcpy(k->cr, &F(GUEST_CR0), sizeof(k->cr));
	memcpy(k->msrs, &F(GUEST_DEBUGCTL), sizeof(k->msrs));
	memcpy(k->sysenter_cet, &F(GUEST_SYSENTER_ESP), sizeof(k->sysenter_cet));
}

/* --- all of it --- */

static struct guest guest_of(
	const struct swvmx_cpu *cpu, const uint64_t *f, struct swvmx_failures *to)
{
	return (struct guest){
		.cpu = cpu,
		.f = f,
		.v86 = F(GUEST_RFLAGS) & RFLAGS_VM,
		.long_mode = F(ENTRY_CONTROLS) & ENTRY_GUEST_64,
		.unrestricted = swvmx_proc2(f) & PROC2_UNRESTRICTED,
		.to = to,
	};
}

static void check_rest(const struct guest *g, const struct swvmx_referenced *referenced)
{
	check_flow(g);
	check_blocking(g);
	check_pending_debug(g);
	check_link(g, referenced->link_header);
}

void swvmx_check_guest(const struct swvmx_cpu *cpu, const uint64_t *f,
	const struct swvmx_referenced *referenced, struct swvmx_failures *to)
{
	const struct guest g = guest_of(cpu, f, to);

	check_control_registers(&g);
	check_msrs(&g);
	check_segments(&g);
	check_rest(&g, referenced);
	check_pdptes(&g, referenced->pdptes);
}

void swvmx_check_guest_again(const struct swvmx_cpu *cpu, const uint64_t *f,
	const struct swvmx_referenced *referenced, struct swvmx_failures *to)
{
	const struct guest g = guest_of(cpu, f, to);
	struct known_registers *k = registers_place(&g);
	const bool known = registers_are_known(&g, k);

	if (!known) {
		check_control_registers(&g);
		check_msrs(&g);
	}
	check_segments_again(&g);
	check_rest(&g, referenced);
	if (known)
		return;
	check_pdptes(&g, referenced->pdptes);
	remember_registers(&g, k);
}

void swvmx_check_msr(const struct swvmx_msr_entry *entry, struct swvmx_failures *to)
{
	const uint32_t i = entry->index;

	swvmx_must(to, M_BASE, i != 0xc0000100 && i != 0xc0000101);
	swvmx_must(to, M_X2APIC, i >> 8 != 8);
	swvmx_must(to, M_SMM, i != 0x9b && i != 0x9e && i != 0x79 && i != 0x8b);
	swvmx_must(to, M_RESERVED, !entry->reserved);
	if (i == 0x277)
		swvmx_must(to, M_VALUE, swvmx_pat_is_valid(entry->value));
}
