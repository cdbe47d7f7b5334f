/* sources: kernel/arch/x86/speculation.c */
/* What is done on which CPU: real combinations of CPUID and IA32_ARCH_CAPABILITIES, bit by bit. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "arch/x86/speculation.h"

#define MMIO_NO (ARCH_CAP_SBDR_SSDP_NO | ARCH_CAP_FBSDP_NO | ARCH_CAP_PSDP_NO)

/* A core of before 2018 with today's microcode, as Broadwell and Skylake servers have. */
static const struct speculation_facts old = {
	.intel = true,
	.threads = true,
	.ebx = CPUID_RTM,
	.edx = CPUID_MD_CLEAR | CPUID_IBRS_IBPB | CPUID_STIBP | CPUID_L1D_FLUSH | CPUID_SSBD |
	       CPUID_ARCH_CAP,
	.capabilities = ARCH_CAP_FB_CLEAR | ARCH_CAP_RFDS_NO,
};

/* As Ice Lake servers have. */
static const struct speculation_facts middle = {
	.intel = true,
	.threads = true,
	.edx = CPUID_MD_CLEAR | CPUID_IBRS_IBPB | CPUID_STIBP | CPUID_L1D_FLUSH | CPUID_SSBD |
	       CPUID_ARCH_CAP,
	.capabilities = ARCH_CAP_RDCL_NO | ARCH_CAP_IBRS_ALL | ARCH_CAP_SKIP_L1DFL_VMENTRY |
			ARCH_CAP_MDS_NO | ARCH_CAP_IF_PSCHANGE_MC_NO | ARCH_CAP_TAA_NO |
			ARCH_CAP_FB_CLEAR | ARCH_CAP_GDS_CTRL | ARCH_CAP_RFDS_NO,
};

/* All that a CPU can say for itself. */
static const struct speculation_facts best = {
	.intel = true,
	.threads = true,
	.edx = CPUID_IBRS_IBPB | CPUID_STIBP | CPUID_SSBD | CPUID_ARCH_CAP,
	.subleaf2 = CPUID_RRSBA_CTRL | CPUID_BHI_CTRL,
	.capabilities = ARCH_CAP_RDCL_NO | ARCH_CAP_IBRS_ALL | ARCH_CAP_SKIP_L1DFL_VMENTRY |
			ARCH_CAP_SSB_NO | ARCH_CAP_MDS_NO | ARCH_CAP_IF_PSCHANGE_MC_NO |
			ARCH_CAP_TAA_NO | MMIO_NO | ARCH_CAP_BHI_NO | ARCH_CAP_PBRSB_NO |
			ARCH_CAP_GDS_NO | ARCH_CAP_RFDS_NO | ARCH_CAP_ITS_NO,
};

static struct speculation_plan plan;

static void expect(enum speculation_state state, const char *names)
{
	char list[192];

	speculation_list(&plan, state, list, sizeof(list));
	assert_string_equal(list, names);
}

static void test_old(void **state)
{
	(void)state;
	speculation_decide(&old, &plan);
	expect(SPEC_NOT_AFFECTED, "pbrsb rfds its");
	expect(SPEC_MITIGATED,
		"meltdown spectre_v2 ssb l1tf mds taa mmio_stale_data itlb_multihit");
	expect(SPEC_EXPOSED, "bhi gds");
	assert_true(plan.small_guest_code);
	assert_true(plan.isolate);
	assert_int_equal(plan.spec_ctrl, SPEC_CTRL_IBRS | SPEC_CTRL_STIBP | SPEC_CTRL_SSBD);
	assert_true(plan.ibrs_at_entries);
	assert_true(plan.flush_l1d && plan.one_thread && plan.predictor_barrier);
	assert_false(plan.disable_rtm);
}

static void test_middle(void **state)
{
	(void)state;
	speculation_decide(&middle, &plan);
	expect(SPEC_NOT_AFFECTED, "meltdown l1tf mds taa rfds itlb_multihit");
	expect(SPEC_MITIGATED, "spectre_v2 pbrsb ssb mmio_stale_data gds");
	expect(SPEC_EXPOSED, "bhi its");
	assert_false(plan.small_guest_code);
	assert_int_equal(plan.spec_ctrl, SPEC_CTRL_IBRS | SPEC_CTRL_STIBP | SPEC_CTRL_SSBD);
	assert_false(plan.flush_l1d);
	assert_true(plan.one_thread); /* of stale data that devices' registers leave */
}

static void test_best(void **state)
{
	(void)state;
	speculation_decide(&best, &plan);
	expect(SPEC_MITIGATED, "spectre_v2");
	expect(SPEC_EXPOSED, "");
	assert_int_equal(plan.spec_ctrl, SPEC_CTRL_IBRS | SPEC_CTRL_STIBP);
	assert_false(plan.one_thread || plan.flush_l1d || plan.disable_rtm);
}

static void test_unknown_maker(void **state)
{
	struct speculation_facts facts = best;

	(void)state;
	facts.intel = false;
	speculation_decide(&facts, &plan);
	expect(SPEC_NOT_AFFECTED, "");
	expect(SPEC_MITIGATED, "");
	assert_int_equal(plan.spec_ctrl, 0);
	assert_true(plan.one_thread);
}

/* A CPU that says nothing is open to everything but what follows from a missing feature. */
static void test_silent(void **state)
{
	struct speculation_facts facts = {.intel = true};

	(void)state;
	speculation_decide(&facts, &plan);
	expect(SPEC_NOT_AFFECTED, "pbrsb taa");
	expect(SPEC_MITIGATED, "meltdown itlb_multihit");
	assert_false(plan.predictor_barrier || plan.flush_l1d);
	assert_int_equal(plan.spec_ctrl, 0);
	assert_true(plan.one_thread);
}

/* Each bit by which a CPU says that it is safe matters: without it, some issue is not "not
 * affected". */
static void test_each_bit(void **state)
{
	static const struct {
		uint64_t bit;
		enum speculation_issue issue;
	} rows[] = {{ARCH_CAP_RDCL_NO, SPEC_MELTDOWN}, {ARCH_CAP_SSB_NO, SPEC_SSB},
		{ARCH_CAP_MDS_NO, SPEC_MDS}, {ARCH_CAP_IF_PSCHANGE_MC_NO, SPEC_ITLB},
		{ARCH_CAP_SBDR_SSDP_NO, SPEC_MMIO}, {ARCH_CAP_FBSDP_NO, SPEC_MMIO},
		{ARCH_CAP_PSDP_NO, SPEC_MMIO}, {ARCH_CAP_BHI_NO, SPEC_BHI},
		{ARCH_CAP_PBRSB_NO, SPEC_PBRSB}, {ARCH_CAP_GDS_NO, SPEC_GDS},
		{ARCH_CAP_RFDS_NO, SPEC_RFDS}};

	(void)state;
	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct speculation_facts facts = best;

		facts.capabilities &= ~rows[i].bit;
		speculation_decide(&facts, &plan);
		for (unsigned issue = 0; issue < SPECULATION_ISSUE_COUNT; issue++) {
			bool safe = plan.state[issue] == SPEC_NOT_AFFECTED;

			assert_non_null(plan.how[issue]);
			assert_int_equal(safe, issue != rows[i].issue && issue != SPEC_SPECTRE_V2);
		}
	}
}

/* Those with enhanced IBRS, until BHI_DIS_S; what says nothing of itself may have it unseen. */
static void test_targets(void **state)
{
	static const struct {
		uint64_t capabilities;
		uint32_t edx, subleaf2;
		enum speculation_state state;
	} rows[] = {{ARCH_CAP_IBRS_ALL, CPUID_IBRS_IBPB | CPUID_ARCH_CAP, 0, SPEC_EXPOSED},
		{ARCH_CAP_IBRS_ALL | ARCH_CAP_ITS_NO, CPUID_IBRS_IBPB | CPUID_ARCH_CAP, 0,
			SPEC_NOT_AFFECTED},
		{ARCH_CAP_IBRS_ALL, CPUID_IBRS_IBPB | CPUID_ARCH_CAP, CPUID_BHI_CTRL,
			SPEC_NOT_AFFECTED},
		{0, CPUID_IBRS_IBPB | CPUID_ARCH_CAP, 0, SPEC_NOT_AFFECTED},
		{0, CPUID_IBRS_IBPB, 0, SPEC_EXPOSED}};

	(void)state;
	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct speculation_facts facts = {.intel = true,
			.edx = rows[i].edx,
			.subleaf2 = rows[i].subleaf2,
			.capabilities = rows[i].capabilities};

		speculation_decide(&facts, &plan);
		assert_int_equal(plan.state[SPEC_ITS], rows[i].state);
	}
}

static void test_transactions(void **state)
{
	struct speculation_facts facts = best;

	(void)state;
	facts.ebx |= CPUID_RTM;
	facts.capabilities &= ~ARCH_CAP_TAA_NO;
	speculation_decide(&facts, &plan);
	assert_int_equal(plan.state[SPEC_TAA], SPEC_EXPOSED);
	assert_true(plan.one_thread);
	facts.capabilities |= ARCH_CAP_TSX_CTRL;
	speculation_decide(&facts, &plan);
	assert_int_equal(plan.state[SPEC_TAA], SPEC_MITIGATED);
	assert_true(plan.disable_rtm);
	assert_false(plan.one_thread);
}

static void test_switches(void **state)
{
	struct speculation_facts facts = best;

	(void)state;
	facts.capabilities = (facts.capabilities | ARCH_CAP_RRSBA) & ~ARCH_CAP_BHI_NO;
	speculation_decide(&facts, &plan);
	assert_int_equal(plan.state[SPEC_BHI], SPEC_MITIGATED);
	assert_int_equal(plan.spec_ctrl,
		SPEC_CTRL_IBRS | SPEC_CTRL_STIBP | SPEC_CTRL_RRSBA_DIS_S | SPEC_CTRL_BHI_DIS_S);
	facts.threads = false;
	facts.capabilities = ARCH_CAP_GDS_CTRL | ARCH_CAP_RDCL_NO;
	speculation_decide(&facts, &plan);
	assert_int_equal(plan.spec_ctrl & SPEC_CTRL_STIBP, 0);
	assert_int_equal(plan.state[SPEC_GDS], SPEC_MITIGATED);
	facts.mcu_opt = MCU_OPT_GDS_MITG_DIS;
	speculation_decide(&facts, &plan);
	assert_int_equal(plan.state[SPEC_GDS], SPEC_EXPOSED);
}

static void test_short_list(void **state)
{
	char list[10];

	(void)state;
	speculation_decide(&old, &plan);
	speculation_list(&plan, SPEC_EXPOSED, list, sizeof(list));
	assert_string_equal(list, "bhi gds");
	speculation_list(&plan, SPEC_EXPOSED, list, 7);
	assert_string_equal(list, "bhi");
}

/* Where entries need a shadow stack at once, ring 3's tables cannot do without it; what is asked
 * for is done wherever it can be. */
static void test_entries(void **state)
{
	struct speculation_facts facts = old;

	(void)state;
	facts.shadow_stacks = true;
	speculation_decide(&facts, &plan);
	assert_false(plan.isolate);
	assert_int_equal(plan.state[SPEC_MELTDOWN], SPEC_EXPOSED);
	facts = best;
	speculation_decide(&facts, &plan);
	assert_false(plan.isolate || plan.ibrs_at_entries);
	facts.isolate = facts.ibrs_at_entries = true;
	speculation_decide(&facts, &plan);
	assert_true(plan.isolate && plan.ibrs_at_entries);
	assert_int_equal(plan.state[SPEC_SPECTRE_V2], SPEC_MITIGATED);
	facts.intel = false;
	speculation_decide(&facts, &plan);
	assert_true(plan.isolate);
	assert_false(plan.ibrs_at_entries);
	facts.isolate = false;
	speculation_decide(&facts, &plan);
	assert_false(plan.isolate);
	assert_int_equal(plan.state[SPEC_MELTDOWN], SPEC_EXPOSED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_old),
		cmocka_unit_test(test_middle),
		cmocka_unit_test(test_best),
		cmocka_unit_test(test_unknown_maker),
		cmocka_unit_test(test_silent),
		cmocka_unit_test(test_each_bit),
		cmocka_unit_test(test_targets),
		cmocka_unit_test(test_transactions),
		cmocka_unit_test(test_switches),
		cmocka_unit_test(test_short_list),
		cmocka_unit_test(test_entries),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
