#include "fuzz/differential/vmentry/known.h"
#include "vtx/exits.h"
#include "vtx/inject.h"

#define F(name) f[VMCS_INDEX_##name]

static bool is_long(const uint64_t *f)
{
	return F(ENTRY_CONTROLS) & ENTRY_GUEST_64;
}
static bool is_v86(const uint64_t *f)
{
	return F(GUEST_RFLAGS) & 1u << 17;
}
static unsigned dpl(uint64_t access)
{
	return access >> 5 & 3;
}
static bool injects(const uint64_t *f, enum vtx_event_type type)
{
	return (F(ENTRY_EVENT) & EVENT_VALID) && EVENT_TYPE(F(ENTRY_EVENT)) == type;
}

static bool any_error_code(const struct swvmx_cpu *cpu, const uint64_t *f)
{
	return cpu->msrs.basic & SWVMX_BASIC_ANY_ERROR;
}
static bool no_monitor_trap(const struct swvmx_cpu *cpu, const uint64_t *f)
{
	return (F(ENTRY_EVENT) & EVENT_VALID) && EVENT_TYPE(F(ENTRY_EVENT)) == 7 &&
	       !(cpu->msrs.proc >> 32 & PROC_MONITOR_TRAP);
}
/* Of the 64 bits it looks at the lower half. */
static bool high_bits_only(const struct swvmx_cpu *cpu, const uint64_t *f)
{
	return !(F(GUEST_PENDING_DEBUG) & 0xffffaff0);
}
static bool rtm_bit(const struct swvmx_cpu *cpu, const uint64_t *f)
{
	return F(GUEST_PENDING_DEBUG) & 1u << 16;
}
static bool not_long(const struct swvmx_cpu *cpu, const uint64_t *f)
{
	return !is_long(f);
}
static bool long_without_paging(const struct swvmx_cpu *cpu, const uint64_t *f)
{
	return is_long(f) && (F(GUEST_CR0) & 0x80000001) != 0x80000001;
}
static bool nmi_after_sti(const struct swvmx_cpu *cpu, const uint64_t *f)
{
	return injects(f, EVENT_NMI) && (F(GUEST_INTERRUPTIBILITY) & BLOCKED_BY_STI);
}
static bool enters_smm(const struct swvmx_cpu *cpu, const uint64_t *f)
{
	return F(ENTRY_CONTROLS) & ENTRY_SMM;
}
static bool cs_rpl(const struct swvmx_cpu *cpu, const uint64_t *f)
{
	const unsigned rpl = F(GUEST_CS) & 3, level = dpl(F(GUEST_CS_ACCESS));

	if (is_v86(f))
		return false;
	switch (F(GUEST_CS_ACCESS) & 15) {
	case 9:
	case 11:
		return rpl != level;
	case 13:
	case 15:
		return rpl < level;
	default:
		return false;
	}
}
static bool cs_is_code(const struct swvmx_cpu *cpu, const uint64_t *f)
{
	return F(GUEST_CS_ACCESS) & 8;
}
#define IS_CODE_11(lower, SEG)                                                      \
	static bool lower##_is_code(const struct swvmx_cpu *cpu, const uint64_t *f) \
	{                                                                           \
		return (F(GUEST_##SEG##_ACCESS) & 15) == 11;                        \
	}
IS_CODE_11(ds, DS)
IS_CODE_11(es, ES)
IS_CODE_11(fs, FS)
IS_CODE_11(gs, GS)
static bool in_halt(const struct swvmx_cpu *cpu, const uint64_t *f)
{
	return F(GUEST_ACTIVITY) == ACTIVITY_HLT;
}
static bool shutdown_with_18(const struct swvmx_cpu *cpu, const uint64_t *f)
{
	return F(GUEST_ACTIVITY) == ACTIVITY_SHUTDOWN &&
	       (injects(f, EVENT_NMI) || EVENT_VECTOR(F(ENTRY_EVENT)) == EXCEPTION_MC);
}
static bool null_stack(const struct swvmx_cpu *cpu, const uint64_t *f)
{
	return is_long(f) && (F(GUEST_CS_ACCESS) & 1u << 13) && !(F(GUEST_SS) & 0xfffc);
}
static bool exit_leaves_cet(const struct swvmx_cpu *cpu, const uint64_t *f)
{
	return !(F(EXIT_CONTROLS) & EXIT_LOAD_CET);
}
static bool guest_cet_is_high(const struct swvmx_cpu *cpu, const uint64_t *f)
{
	return (F(ENTRY_CONTROLS) & ENTRY_LOAD_CET) && !is_long(f) &&
	       ((F(GUEST_SSP) | F(GUEST_S_CET)) >> 32);
}
static bool ssp_not_canonical(const struct swvmx_cpu *cpu, const uint64_t *f)
{
	return (F(ENTRY_CONTROLS) & ENTRY_LOAD_CET) && !swvmx_canonical(cpu, F(GUEST_SSP));
}

/* Its last byte, in 32 bits until the address is added. */
static bool list_is_refused(const struct swvmx_cpu *cpu, uint64_t address, uint64_t count)
{
	const uint64_t last = address + (uint32_t)(count * 16) - 1;

	return count &&
	       ((address & 15) || !swvmx_in_width(cpu, address) || !swvmx_in_width(cpu, last));
}
static bool store_list(const struct swvmx_cpu *cpu, const uint64_t *f)
{
	return list_is_refused(cpu, F(EXIT_MSR_STORE), F(EXIT_MSR_STORE_COUNT));
}
static bool load_list(const struct swvmx_cpu *cpu, const uint64_t *f)
{
	return list_is_refused(cpu, F(EXIT_MSR_LOAD), F(EXIT_MSR_LOAD_COUNT));
}
static bool entry_list(const struct swvmx_cpu *cpu, const uint64_t *f)
{
	return list_is_refused(cpu, F(ENTRY_MSR_LOAD), F(ENTRY_MSR_LOAD_COUNT));
}
static bool no_store_list(const struct swvmx_cpu *cpu, const uint64_t *f)
{
	return !store_list(cpu, f);
}
static bool no_load_list(const struct swvmx_cpu *cpu, const uint64_t *f)
{
	return !load_list(cpu, f);
}
static bool no_entry_list(const struct swvmx_cpu *cpu, const uint64_t *f)
{
	return !entry_list(cpu, f);
}

#define LACKS(id, text) {.name = #id, .why = text, .how = KNOWN_LACKS, .check = (id)}
#define LACKS_IF(id, when, text) \
	{.name = #id, .why = text, .how = KNOWN_LACKS, .check = (id), .holds = (when)}
#define ALSO(title, what, when, text) \
	{.name = (title),             \
		.why = text,          \
		.how = KNOWN_ALSO,    \
		.check = -1,          \
		.group = (what),      \
		.holds = (when)}
#define REASON(id)                                    \
	{.name = #id " (reason)",                     \
		.why = "exit reason 8 instead of 33", \
		.how = KNOWN_REASON,                  \
		.check = (id)}

const struct known known[] = {
	LACKS_IF(C_EVENT_TYPE, no_monitor_trap, "type 7 is accepted without monitor trap flag"),
	LACKS_IF(C_EVENT_VECTOR, no_monitor_trap, "with any vector"),
	{.name = "event of type 7",
		.why = "and then it panics",
		.how = KNOWN_STOPS,
		.check = -1,
		.holds = no_monitor_trap},
	LACKS_IF(C_EVENT_ERROR, any_error_code,
		"where any exception may have an error code, other events may, too"),
	LACKS_IF(C_EXIT_STORE, no_store_list, "the length of the list is computed in 32 bits"),
	LACKS_IF(C_EXIT_LOAD, no_load_list, "the same"),
	LACKS_IF(C_ENTRY_LOAD, no_entry_list, "the same"),
	ALSO("exit MSR-store list", OUTCOME_CONTROLS, store_list,
		"length in 32 bits: 0 ends before it begins"),
	ALSO("exit MSR-load list", OUTCOME_CONTROLS, load_list, "the same"),
	ALSO("entry MSR-load list", OUTCOME_CONTROLS, entry_list, "the same"),
	LACKS(C_ENTRY_SMM, "entry to SMM fails later, as guest state"),
	ALSO("entry to SMM", OUTCOME_GUEST, enters_smm, "SMIs are never blocked outside SMM"),
	LACKS_IF(H_CET_WP, exit_leaves_cet, "it is looked at only where the exit loads CET state"),
	LACKS(H_PERF_GLOBAL, "it has no PERF_GLOBAL_CTRL"),
	LACKS(G_PERF_GLOBAL, "it has no PERF_GLOBAL_CTRL"),
	LACKS(G_DEBUGCTL, "DEBUGCTL is not checked"),
	LACKS(G_VIRTUAL_NMI, "the check is commented out"),
	LACKS(G_DEBUG_STEP, "BS and TF are not compared"),
	LACKS(G_DEBUG_RTM, "it knows no RTM here"),
	LACKS_IF(G_DEBUG_RESERVED, high_bits_only, "bits 63:32 are cut off"),
	ALSO("pending RTM", OUTCOME_GUEST, rtm_bit, "RTM is a reserved bit"),
	LACKS_IF(G_RFLAGS_VM, not_long, "RFLAGS.VM is compared with IA-32e mode only"),
	LACKS(G_RIP_64, "RIP of 64-bit code is not checked"),
	LACKS(G_64_PG, "CR0.PG of a 64-bit guest is not checked"),
	{.name = "long mode without paging",
		.why = "it panics where that comes of it",
		.how = KNOWN_STOPS,
		.check = -1,
		.holds = long_without_paging},
	LACKS_IF(G_ACTIVITY_EVENT, in_halt, "events are not checked against HLT"),
	LACKS_IF(G_ACTIVITY_EVENT, shutdown_with_18,
		"of NMI in shutdown not the vector, of vector 18 not the type"),
	{.name = "NMI after STI",
		.why = "a processor may refuse it; but then with qualification 3",
		.is_free = true,
		.how = KNOWN_ALSO,
		.check = -1,
		.group = OUTCOME_GUEST,
		.holds = nmi_after_sti},
	ALSO("CS.RPL", OUTCOME_GUEST, cs_rpl, "CS.DPL is compared with CS.RPL"),
	LACKS_IF(G_CS_DPL, cs_is_code, "and not with SS.DPL"),
	LACKS_IF(G_SS_BASE, null_stack, "a null SS of 64-bit code is not looked at"),
	LACKS_IF(G_SS_TYPE, null_stack, "the same"),
	LACKS_IF(G_SS_S, null_stack, "the same"),
	LACKS_IF(G_SS_PRESENT, null_stack, "the same"),
	LACKS_IF(G_SS_RESERVED, null_stack, "the same"),
	LACKS_IF(G_SS_FINE, null_stack, "the same"),
	LACKS_IF(G_SS_COARSE, null_stack, "the same"),
	LACKS_IF(G_DS_DPL, ds_is_code, "type 11, readable code, counts as conforming"),
	LACKS_IF(G_ES_DPL, es_is_code, "the same"),
	LACKS_IF(G_FS_DPL, fs_is_code, "the same"),
	LACKS_IF(G_GS_DPL, gs_is_code, "the same"),
	{.name = "SSP of 32-bit guests",
		.why = "that it has 32 bits is said of the host alone",
		.is_free = true,
		.how = KNOWN_ALSO,
		.check = -1,
		.group = OUTCOME_GUEST,
		.holds = guest_cet_is_high},
	ALSO("SSP at the edge", OUTCOME_GUEST, ssp_not_canonical,
		"SSP has to be canonical, not only within the linear width"),
	LACKS(M_SMM, "MSRs of SMM are not known"),
	REASON(G_CR4),
	REASON(G_S_CET),
};
const unsigned known_count = ARRAY_SIZE(known);
_Static_assert(ARRAY_SIZE(known) <= KNOWN_MAX, "known[] has outgrown KNOWN_MAX");

static bool has_failed(const struct prediction *p, int check)
{
	return check >= 0 && (p->controls.failed[check] || p->host.failed[check] ||
				     p->guest.failed[check] || p->msr.failed[check]);
}

bool known_apply(
	struct prediction *p, const struct swvmx_cpu *cpu, const uint64_t *f, bool which[KNOWN_MAX])
{
	bool stops = false;

	for (unsigned i = 0; i < known_count; i++) {
		const struct known *k = &known[i];

		which[i] = (k->check < 0 || has_failed(p, k->check)) &&
			   (!k->holds || k->holds(cpu, f));
		if (!which[i])
			continue;
		switch (k->how) {
		case KNOWN_LACKS:
			prediction_drop(p, (enum swvmx_check)k->check);
			break;
		case KNOWN_ALSO:
			prediction_add(p, k->group);
			break;
		case KNOWN_REASON:
			p->wrong_reason = true;
			break;
		case KNOWN_STOPS:
			stops = true;
			break;
		}
	}
	return !stops || prediction_kind(p) < OUTCOME_MSR;
}
