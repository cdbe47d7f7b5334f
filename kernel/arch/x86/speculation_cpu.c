#include "arch/x86/speculation_cpu.h"
#include "arch/x86/cpu.h"
#include "arch/x86/features.h"
#include "arch/x86/percpu.h"
#include "arch/x86/predict.h"
#include "boot/boot_info.h"
#include "boot/image.h"
#include "boot/options.h"
#include "lib/log.h"
#include <string.h>

#define LOG_MODULE            "Cpu"

#define MSR_SPEC_CTRL         0x48u
#define MSR_PRED_CMD          0x49u
#define MSR_ARCH_CAPABILITIES 0x10au
#define MSR_FLUSH_CMD         0x10bu
#define MSR_TSX_CTRL          0x122u
#define MSR_MCU_OPT_CTRL      0x123u
#define PRED_CMD_IBPB         1ull
#define FLUSH_CMD_L1D         1ull
/* Transactions abort at once, and CPUID no longer shows them. */
#define TSX_CTRL_OFF  3ull

#define LEAF_FEATURES 7u
#define LEAF_TOPOLOGY 0xbu
/* CPUID.0BH:ECX[15:8], the level of threads. */
#define LEVEL_THREAD 1u

static SEALED struct speculation_plan plan;
SEALED bool predict_at_entries, predict_isolate;
SEALED uint32_t predict_inside, predict_outside;
/* What of an APIC id numbers the thread within its core. */
static SEALED uint32_t thread_bits;

static bool is_intel(void)
{
	uint32_t r[4];

	cpuid(0, 0, r);
	return !memcmp(&r[CPUID_EBX], "Genu", 4) && !memcmp(&r[CPUID_EDX], "ineI", 4) &&
	       !memcmp(&r[CPUID_ECX], "ntel", 4);
}

/* SDM 2A, CPUID leaf 0BH: how far to shift an APIC id so that only the core's number is left. */
static uint32_t read_thread_bits(void)
{
	uint32_t r[4];

	cpuid(0, 0, r);
	if (r[CPUID_EAX] < LEAF_TOPOLOGY)
		return 0;
	cpuid(LEAF_TOPOLOGY, 0, r);
	return (r[CPUID_ECX] >> 8 & 0xff) == LEVEL_THREAD ? r[CPUID_EAX] & 31 : 0;
}

static void read_facts(struct speculation_facts *f)
{
	uint32_t r[4];

	char ibrs[8], pti[8];

	*f = (struct speculation_facts){.intel = is_intel(), .threads = thread_bits != 0};
	f->ibrs_at_entries = option_get(boot_info->cmdline, "ibrs", ibrs, sizeof(ibrs)) &&
			     !strcmp(ibrs, "entry");
	f->isolate = option_get(boot_info->cmdline, "pti", pti, sizeof(pti)) && !strcmp(pti, "on");
	f->shadow_stacks = cpu_has(CPU_SHSTK);
	cpuid(0, 0, r);
	if (r[CPUID_EAX] < LEAF_FEATURES)
		return;
	cpuid(LEAF_FEATURES, 0, r);
	f->ebx = r[CPUID_EBX];
	f->edx = r[CPUID_EDX];
	if (r[CPUID_EAX] >= 2) {
		cpuid(LEAF_FEATURES, 2, r);
		f->subleaf2 = r[CPUID_EDX];
	}
	if (f->edx & CPUID_ARCH_CAP)
		f->capabilities = rdmsr(MSR_ARCH_CAPABILITIES);
	if (f->capabilities & ARCH_CAP_GDS_CTRL)
		f->mcu_opt = rdmsr(MSR_MCU_OPT_CTRL);
}

void speculation_init(void)
{
	static const char *const states[] = {[SPEC_NOT_AFFECTED] = "not affected",
		[SPEC_MITIGATED] = "mitigated",
		[SPEC_EXPOSED] = "exposed"};
	struct speculation_facts facts;

	thread_bits = read_thread_bits();
	read_facts(&facts);
	speculation_decide(&facts, &plan);
	predict_at_entries = plan.ibrs_at_entries;
	predict_isolate = plan.isolate;
	predict_inside = (uint32_t)plan.spec_ctrl;
	predict_outside = (uint32_t)(plan.spec_ctrl & ~SPEC_CTRL_IBRS);
	for (unsigned i = 0; i < SPECULATION_ISSUE_COUNT; i++)
		vmk_log("speculation: %s: %s, %s", speculation_name(i), states[plan.state[i]],
			plan.how[i]);
	if (plan.isolate)
		vmk_log("speculation: ring 3 has page tables without the VMkernel");
	if (plan.ibrs_at_entries)
		vmk_log("speculation: IBRS is set at each entry to the VMkernel");
}

void speculation_init_cpu(void)
{
	if (plan.spec_ctrl)
		wrmsr(MSR_SPEC_CTRL, plan.spec_ctrl);
	if (plan.disable_rtm)
		wrmsr(MSR_TSX_CTRL, TSX_CTRL_OFF);
}

const struct speculation_plan *speculation_plan(void)
{
	return &plan;
}

uint64_t speculation_now(void)
{
	return plan.spec_ctrl ? rdmsr(MSR_SPEC_CTRL) : 0;
}

/* Does a CPU other than `self` run on the core of that thread? */
static bool shares_core(uint32_t id, const struct percpu *self)
{
	const struct percpu *other;

	for (unsigned i = 0; thread_bits && (other = percpu_of(i)); i++)
		if (other != self && other->apic_id >> thread_bits == id >> thread_bits)
			return true;
	return false;
}

bool speculation_may_start(uint32_t apic_id)
{
	return !plan.one_thread || !shares_core(apic_id, NULL);
}

unsigned speculation_sharing(void)
{
	const struct percpu *cpu;
	unsigned sharing = 0;

	for (unsigned i = 0; (cpu = percpu_of(i)); i++)
		sharing += shares_core(cpu->apic_id, cpu);
	return sharing;
}

void speculation_enter_domain(uint64_t domain)
{
	struct percpu *cpu = percpu();

	if (cpu->domain == domain)
		return;
	cpu->domain = domain;
	if (!plan.predictor_barrier)
		return;
	wrmsr(MSR_PRED_CMD, PRED_CMD_IBPB);
	predict_fill_returns();
}

void speculation_forget_data(void)
{
	if (plan.flush_l1d)
		wrmsr(MSR_FLUSH_CMD, FLUSH_CMD_L1D);
}

void speculation_enter_guest(uint64_t domain)
{
	speculation_enter_domain(domain);
	speculation_forget_data();
}
