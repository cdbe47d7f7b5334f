#include "fuzz/models/swvmx/cpu_models.h"
#include <string.h>

const struct swvmx_cpu *swvmx_cpu_given;

/* Bits that are 1 in every processor with TRUE capability MSRs (SDM 3D, A.3 to A.5). */
static const uint32_t must[WORDS] = {
	[WORD_PIN] = 0x16,
	[WORD_PROC] = 0x04006172,
	[WORD_EXIT] = 0x00036dfb & ~0x200u,
	[WORD_ENTRY] = 0x000011fb,
};

static const struct {
	uint8_t word, bit, need;
} controls[] = {
#define X(symbol, word, bit, need, name, why) {WORD_##word, bit, NEED_##need},
	VTX_CONTROLS(X)
#undef X
};

static uint64_t word(enum vtx_word which, enum swvmx_cpu_kind kind)
{
	uint32_t may = must[which];

	for (size_t i = 0; i < ARRAY_SIZE(controls); i++)
		if (controls[i].word == which &&
			(kind != SWVMX_MINIMAL || controls[i].need == NEED_REQUIRED))
			may |= 1u << controls[i].bit;
	if (which == WORD_ENTRY)
		may |= kind == SWVMX_MINIMAL ? (uint32_t)ENTRY_GUEST_64 : 0;
	if (which == WORD_PROC && kind == SWVMX_MINIMAL)
		may |= (uint32_t)(PROC_INTERRUPT_WINDOW | PROC_NMI_WINDOW);
	return (uint64_t)may << 32 | must[which];
}

static void drop(uint64_t *capability, uint32_t bits)
{
	*capability &= ~((uint64_t)bits << 32);
}

static void add_rest(struct vtx_capability_msrs *m)
{
	m->entry |= (uint64_t)(SWVMX_ENTRY_MONITOR | SWVMX_ENTRY_LOAD_RTIT | SWVMX_ENTRY_LOAD_PKRS)
		    << 32;
	m->exit |= (uint64_t)SWVMX_EXIT_LOAD_PKRS << 32;
}

static void drop_servers(struct vtx_capability_msrs *m)
{
	drop(&m->pin, PIN_POSTED);
	drop(&m->proc2, (uint32_t)(PROC2_VIRTUAL_DELIVERY | PROC2_SUBPAGE | PROC2_PT_GUEST));
	drop(&m->proc2, (uint32_t)(PROC2_EXECUTE_MODES | PROC2_ENCLV | PROC2_PT_CONCEAL));
	drop(&m->exit, (uint32_t)(EXIT_CLEAR_RTIT | EXIT_CONCEAL_PT | EXIT_CLEAR_BNDCFGS));
	drop(&m->entry, (uint32_t)(ENTRY_CONCEAL_PT | ENTRY_LOAD_BNDCFGS));
}

void swvmx_cpu_fill(struct swvmx_cpu *cpu, enum swvmx_cpu_kind kind)
{
	const uint64_t ept = EPT_CAP_4_LEVELS | EPT_CAP_WRITE_BACK | EPT_CAP_2M | EPT_CAP_INVEPT |
			     EPT_CAP_INVEPT_ALL;
	struct vtx_capability_msrs *m = &cpu->msrs;

	if (swvmx_cpu_given) {
		*cpu = *swvmx_cpu_given;
		return;
	}
	memset(cpu, 0, sizeof(*cpu));
	cpu->ia32e = true;
	cpu->linear_bits = 48;
	cpu->physical_bits = kind == SWVMX_MAXIMAL ? 46 : 39;
	m->basic = VMX_BASIC_TRUE_CONTROLS | VMX_BASIC_INS_OUTS | 6ull << 50 | 0x1000ull << 32 | 4;
	m->pin = word(WORD_PIN, kind);
	m->proc = word(WORD_PROC, kind);
	m->proc2 = word(WORD_PROC2, kind);
	m->exit = word(WORD_EXIT, kind);
	m->entry = word(WORD_ENTRY, kind);
	m->cr0_fixed0 = 0x80000021;
	m->cr0_fixed1 = 0xffffffff;
	m->cr4_fixed0 = 0x2000;
	m->ept_vpid = ept;
	m->misc = 4ull << 16 | 5;
	m->cr4_fixed1 = 0x3727ff;
	if (kind == SWVMX_MINIMAL)
		return;
	m->misc |= 1ull << 6 | 1ull << 7 | 1ull << 8;
	m->ept_vpid |= EPT_CAP_1G | EPT_CAP_EXECUTE_ONLY | EPT_CAP_ACCESSED |
		       EPT_CAP_INVEPT_SINGLE | VPID_CAP_INVVPID | VPID_CAP_ADDRESS |
		       VPID_CAP_SINGLE | VPID_CAP_ALL;
	m->cr4_fixed1 = 0xf76fff;
	m->vmfunc = 1;
	cpu->xsave = true;
	/* As every processor with CET, whose #CP has an error code. */
	m->basic |= SWVMX_BASIC_ANY_ERROR;
	if (kind == SWVMX_TIGERLAKE) {
		drop_servers(m);
		return;
	}
	m->misc |= 1ull << 30;
	cpu->rtm = cpu->sgx = true;
	add_rest(m);
}

bool swvmx_has_field(const struct swvmx_cpu *cpu, enum vmcs_condition condition)
{
	const struct vtx_capability_msrs *m = &cpu->msrs;
	const uint32_t pin = (uint32_t)(m->pin >> 32), proc = (uint32_t)(m->proc >> 32),
		       proc2 = (uint32_t)(m->proc2 >> 32), exit = (uint32_t)(m->exit >> 32),
		       entry = (uint32_t)(m->entry >> 32);

	switch (condition) {
	case VMCS_IF_ALWAYS:
		return true;
	case VMCS_IF_VPID:
		return proc2 & PROC2_VPID;
	case VMCS_IF_POSTED:
		return pin & PIN_POSTED;
	case VMCS_IF_VE:
		return proc2 & PROC2_VE;
	case VMCS_IF_VIRTUAL_DELIVERY:
		return proc2 & PROC2_VIRTUAL_DELIVERY;
	case VMCS_IF_PML:
		return proc2 & PROC2_PML;
	case VMCS_IF_MSR_BITMAP:
		return proc & PROC_MSR_BITMAPS;
	case VMCS_IF_TPR_SHADOW:
		return proc & PROC_TPR_SHADOW;
	case VMCS_IF_APIC_ACCESS:
		return proc2 & PROC2_APIC_ACCESS;
	case VMCS_IF_VM_FUNCTIONS:
		return proc2 & PROC2_VM_FUNCTIONS;
	case VMCS_IF_EPT:
		return proc2 & PROC2_EPT;
	case VMCS_IF_EPTP_SWITCHING:
		return (proc2 & PROC2_VM_FUNCTIONS) && (m->vmfunc & 1);
	case VMCS_IF_SHADOWING:
		return proc2 & PROC2_SHADOWING;
	case VMCS_IF_XSAVES:
		return proc2 & PROC2_XSAVES;
	case VMCS_IF_ENCLS:
		return proc2 & PROC2_ENCLS;
	case VMCS_IF_SUBPAGE:
		return proc2 & PROC2_SUBPAGE;
	case VMCS_IF_TSC_SCALING:
		return proc2 & PROC2_TSC_SCALING;
	case VMCS_IF_TERTIARY:
		return proc & 1u << 17;
	case VMCS_IF_ENCLV:
		return proc2 & PROC2_ENCLV;
	case VMCS_IF_PAT:
		return (entry & ENTRY_LOAD_PAT) || (exit & EXIT_SAVE_PAT);
	case VMCS_IF_EFER:
		return (entry & ENTRY_LOAD_EFER) || (exit & EXIT_SAVE_EFER);
	case VMCS_IF_PERF_GLOBAL:
		return entry & ENTRY_LOAD_PERF;
	case VMCS_IF_BNDCFGS:
		return (entry & ENTRY_LOAD_BNDCFGS) || (exit & EXIT_CLEAR_BNDCFGS);
	case VMCS_IF_RTIT:
		return (entry & SWVMX_ENTRY_LOAD_RTIT) || (exit & EXIT_CLEAR_RTIT);
	case VMCS_IF_PKRS:
		return entry & SWVMX_ENTRY_LOAD_PKRS;
	case VMCS_IF_HOST_PAT:
		return exit & EXIT_LOAD_PAT;
	case VMCS_IF_HOST_EFER:
		return exit & EXIT_LOAD_EFER;
	case VMCS_IF_HOST_PERF_GLOBAL:
		return exit & EXIT_LOAD_PERF;
	case VMCS_IF_HOST_PKRS:
		return exit & SWVMX_EXIT_LOAD_PKRS;
	case VMCS_IF_SECONDARY:
		return proc & (uint32_t)PROC_SECONDARY;
	case VMCS_IF_PAUSE_LOOP:
		return proc2 & PROC2_PAUSE_LOOP;
	case VMCS_IF_PREEMPTION_TIMER:
		return pin & PIN_PREEMPTION_TIMER;
	case VMCS_IF_CET:
		return entry & ENTRY_LOAD_CET;
	case VMCS_IF_HOST_CET:
		return exit & EXIT_LOAD_CET;
	}
	return false;
}
