/* What is done against which attack by transient execution. */
#include "arch/x86/speculation.h"

#include <string.h>

static void set(struct speculation_plan *plan, enum speculation_issue issue,
	enum speculation_state state, const char *how)
{
	plan->state[issue] = (uint8_t)state;
	plan->how[issue] = how;
}

/* No CPU that is affected has shadow stacks, whose pages would have to be in ring 3's tables. */
static void decide_meltdown(const struct speculation_facts *f, struct speculation_plan *plan)
{
	bool affected = !f->intel || !(f->capabilities & ARCH_CAP_RDCL_NO);

	plan->isolate = !f->shadow_stacks && ((f->intel && affected) || f->isolate);
	if (!affected)
		set(plan, SPEC_MELTDOWN, SPEC_NOT_AFFECTED, "RDCL_NO");
	else if (plan->isolate)
		set(plan, SPEC_MELTDOWN, SPEC_MITIGATED, "page tables of ring 3's own");
	else
		set(plan, SPEC_MELTDOWN, SPEC_EXPOSED, "page tables are not split");
}

/*
 * IBRS that stays on needs no write at each entry, but only where it is "enhanced". Elsewhere it is
 * set at each entry from ring 3 and from guests: unlike retpolines that needs nothing of compilers
 * and modules, and keeps returns that find no prediction of their own from using others'.
 */
static void decide_branches(const struct speculation_facts *f, struct speculation_plan *plan)
{
	bool ibrs = f->edx & CPUID_IBRS_IBPB;
	bool enhanced = ibrs && f->capabilities & ARCH_CAP_IBRS_ALL;

	plan->predictor_barrier = ibrs;
	plan->ibrs_at_entries = ibrs && (!enhanced || f->ibrs_at_entries);
	if (ibrs)
		plan->spec_ctrl |= SPEC_CTRL_IBRS;
	if (f->edx & CPUID_STIBP && f->threads)
		plan->spec_ctrl |= SPEC_CTRL_STIBP;
	if (!ibrs)
		set(plan, SPEC_SPECTRE_V2, SPEC_EXPOSED, "no IBRS, and no retpolines");
	else if (plan->ibrs_at_entries)
		set(plan, SPEC_SPECTRE_V2, SPEC_MITIGATED,
			"IBRS at each entry, IBPB between domains");
	else
		set(plan, SPEC_SPECTRE_V2, SPEC_MITIGATED, "enhanced IBRS, IBPB between domains");
	if (!enhanced) {
		set(plan, SPEC_BHI, SPEC_EXPOSED, "no enhanced IBRS");
		set(plan, SPEC_PBRSB, SPEC_NOT_AFFECTED, "no enhanced IBRS");
		return;
	}
	if (f->subleaf2 & CPUID_RRSBA_CTRL && f->capabilities & ARCH_CAP_RRSBA)
		plan->spec_ctrl |= SPEC_CTRL_RRSBA_DIS_S;
	if (f->capabilities & ARCH_CAP_BHI_NO) {
		set(plan, SPEC_BHI, SPEC_NOT_AFFECTED, "BHI_NO");
	} else if (f->subleaf2 & CPUID_BHI_CTRL) {
		plan->spec_ctrl |= SPEC_CTRL_BHI_DIS_S;
		set(plan, SPEC_BHI, SPEC_MITIGATED, "BHI_DIS_S");
	} else {
		set(plan, SPEC_BHI, SPEC_EXPOSED, "no BHI_DIS_S");
	}
	if (f->capabilities & ARCH_CAP_PBRSB_NO)
		set(plan, SPEC_PBRSB, SPEC_NOT_AFFECTED, "PBRSB_NO");
	else
		set(plan, SPEC_PBRSB, SPEC_MITIGATED, "a call and LFENCE after VM exit");
}

static void decide_stores(const struct speculation_facts *f, struct speculation_plan *plan)
{
	if (f->capabilities & ARCH_CAP_SSB_NO) {
		set(plan, SPEC_SSB, SPEC_NOT_AFFECTED, "SSB_NO");
	} else if (f->edx & CPUID_SSBD) {
		plan->spec_ctrl |= SPEC_CTRL_SSBD;
		set(plan, SPEC_SSB, SPEC_MITIGATED, "SSBD");
	} else {
		set(plan, SPEC_SSB, SPEC_EXPOSED, "no SSBD");
	}
}

static void decide_l1tf(const struct speculation_facts *f, struct speculation_plan *plan)
{
	if (f->capabilities & (ARCH_CAP_RDCL_NO | ARCH_CAP_SKIP_L1DFL_VMENTRY)) {
		set(plan, SPEC_L1TF, SPEC_NOT_AFFECTED, "RDCL_NO or SKIP_L1DFL_VMENTRY");
		return;
	}
	plan->one_thread = true;
	plan->flush_l1d = f->edx & CPUID_L1D_FLUSH;
	if (plan->flush_l1d)
		set(plan, SPEC_L1TF, SPEC_MITIGATED,
			"L1D flushed before guests, one thread a core");
	else
		set(plan, SPEC_L1TF, SPEC_EXPOSED, "no L1D_FLUSH");
}

/* Buffers that VERW overwrites: on the way to ring 3 and into a guest, on every CPU alike. */
static void decide_buffers(const struct speculation_facts *f, struct speculation_plan *plan)
{
	const uint64_t mmio_no = ARCH_CAP_SBDR_SSDP_NO | ARCH_CAP_FBSDP_NO | ARCH_CAP_PSDP_NO;
	bool md_clear = f->edx & CPUID_MD_CLEAR, mds_no = f->capabilities & ARCH_CAP_MDS_NO;

	if (mds_no)
		set(plan, SPEC_MDS, SPEC_NOT_AFFECTED, "MDS_NO");
	else if (md_clear)
		set(plan, SPEC_MDS, SPEC_MITIGATED, "VERW, one thread a core");
	else
		set(plan, SPEC_MDS, SPEC_EXPOSED, "no MD_CLEAR");
	if ((f->capabilities & mmio_no) == mmio_no)
		set(plan, SPEC_MMIO, SPEC_NOT_AFFECTED, "SBDR_SSDP_NO, FBSDP_NO, PSDP_NO");
	else if (f->capabilities & ARCH_CAP_FB_CLEAR || (md_clear && !mds_no))
		set(plan, SPEC_MMIO, SPEC_MITIGATED, "VERW, one thread a core");
	else
		set(plan, SPEC_MMIO, SPEC_EXPOSED, "no FB_CLEAR");
	if (f->capabilities & ARCH_CAP_RFDS_NO)
		set(plan, SPEC_RFDS, SPEC_NOT_AFFECTED, "RFDS_NO");
	else if (f->capabilities & ARCH_CAP_RFDS_CLEAR)
		set(plan, SPEC_RFDS, SPEC_MITIGATED, "VERW");
	else
		set(plan, SPEC_RFDS, SPEC_EXPOSED, "no RFDS_CLEAR");
	if (plan->state[SPEC_MDS] != SPEC_NOT_AFFECTED ||
		plan->state[SPEC_MMIO] != SPEC_NOT_AFFECTED)
		plan->one_thread = true;
}

static void decide_tsx(const struct speculation_facts *f, struct speculation_plan *plan)
{
	if (!(f->ebx & CPUID_RTM) || f->capabilities & ARCH_CAP_TAA_NO) {
		set(plan, SPEC_TAA, SPEC_NOT_AFFECTED, "no RTM, or TAA_NO");
	} else if (f->capabilities & ARCH_CAP_TSX_CTRL) {
		plan->disable_rtm = true;
		set(plan, SPEC_TAA, SPEC_MITIGATED, "RTM is off");
	} else if (plan->state[SPEC_MDS] == SPEC_MITIGATED) {
		set(plan, SPEC_TAA, SPEC_MITIGATED, "as mds");
	} else {
		plan->one_thread = true;
		set(plan, SPEC_TAA, SPEC_EXPOSED, "no TSX_CTRL");
	}
}

static void decide_others(const struct speculation_facts *f, struct speculation_plan *plan)
{
	if (f->capabilities & ARCH_CAP_GDS_NO)
		set(plan, SPEC_GDS, SPEC_NOT_AFFECTED, "GDS_NO");
	else if (f->capabilities & ARCH_CAP_GDS_CTRL && !(f->mcu_opt & MCU_OPT_GDS_MITG_DIS))
		set(plan, SPEC_GDS, SPEC_MITIGATED, "microcode");
	else
		set(plan, SPEC_GDS, SPEC_EXPOSED, "no mitigation in the microcode, or it is off");
	plan->small_guest_code = !(f->capabilities & ARCH_CAP_IF_PSCHANGE_MC_NO);
	if (!plan->small_guest_code)
		set(plan, SPEC_ITLB, SPEC_NOT_AFFECTED, "IF_PSCHANGE_MC_NO");
	else
		set(plan, SPEC_ITLB, SPEC_MITIGATED, "guests execute pages of 4 KiB");
}

/*
 * Branches and returns in the lower half of a cache line may go where others in the upper half went
 * (Intel, "Indirect Target Selection"): on CPUs that have enhanced IBRS but not BHI_DIS_S,
 * with which came the first that are not affected. To move them all takes thunks for branches and
 * returns, and none of these goes with shadow stacks.
 */
static void decide_targets(const struct speculation_facts *f, struct speculation_plan *plan)
{
	const bool enhanced = f->edx & CPUID_IBRS_IBPB && f->capabilities & ARCH_CAP_IBRS_ALL;

	if (f->capabilities & ARCH_CAP_ITS_NO)
		set(plan, SPEC_ITS, SPEC_NOT_AFFECTED, "ITS_NO");
	else if (f->subleaf2 & CPUID_BHI_CTRL)
		set(plan, SPEC_ITS, SPEC_NOT_AFFECTED, "BHI_DIS_S came later");
	else if (!enhanced && f->edx & CPUID_ARCH_CAP)
		set(plan, SPEC_ITS, SPEC_NOT_AFFECTED, "no enhanced IBRS");
	else
		set(plan, SPEC_ITS, SPEC_EXPOSED, "indirect branches and returns are not moved");
}

void speculation_decide(const struct speculation_facts *facts, struct speculation_plan *plan)
{
	*plan = (struct speculation_plan){.threads = facts->threads};
	if (!facts->intel) {
		for (unsigned i = 0; i < SPECULATION_ISSUE_COUNT; i++)
			set(plan, i, SPEC_EXPOSED, "nothing is known of this maker's CPUs");
		plan->one_thread = true;
		decide_meltdown(facts, plan);
		return;
	}
	decide_meltdown(facts, plan);
	decide_branches(facts, plan);
	decide_stores(facts, plan);
	decide_l1tf(facts, plan);
	decide_buffers(facts, plan);
	decide_tsx(facts, plan);
	decide_others(facts, plan);
	decide_targets(facts, plan);
}

const char *speculation_name(enum speculation_issue issue)
{
	static const char names[][16] = {
#define X(symbol, name) name,
		SPECULATION_ISSUES(X)
#undef X
	};

	return names[issue];
}

void speculation_list(
	const struct speculation_plan *plan, enum speculation_state state, char *to, size_t size)
{
	size_t used = 0;

	*to = 0;
	for (unsigned i = 0; i < SPECULATION_ISSUE_COUNT; i++) {
		const char *name = speculation_name(i);
		size_t length = strlen(name);

		if (plan->state[i] != state || length + 2 > size - used)
			continue;
		if (used)
			to[used++] = ' ';
		memcpy(to + used, name, length + 1);
		used += length;
	}
}
