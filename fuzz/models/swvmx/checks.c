/* The table of checks, and those of the controls and of the host's state. */
#include "fuzz/models/swvmx/checks.h"
#include "vtx/exits.h"
#include "vtx/inject.h"

#define F(name)    f[VMCS_INDEX_##name]
#define CR0_WP     (1ull << 16)
#define CR4_PAE    (1ull << 5)
#define CR4_PCIDE  (1ull << 17)
#define CR4_CET    (1ull << 23)
#define EFER_LME   (1ull << 8)
#define EFER_LMA   (1ull << 10)
#define EFER_KNOWN 0xd01ull
#define PERF_KNOWN 0x70000000full

__attribute__((
	used, section("__libfuzzer_extra_counters"))) uint8_t swvmx_seen[SWVMX_CHECK_COUNT][2];

static const struct {
	const char *name, *section, *text;
} table[SWVMX_CHECK_COUNT] = {
#define X(symbol, section, text) {#symbol, section, text},
	SWVMX_CHECKS(X)
#undef X
};

const char *swvmx_check_name(unsigned check)
{
	return table[check].name;
}

const char *swvmx_check_section(enum swvmx_check check)
{
	return table[check].section;
}

const char *swvmx_check_text(enum swvmx_check check)
{
	return table[check].text;
}

void swvmx_note_failure(struct swvmx_failures *to, enum swvmx_check check)
{
	if (to->failed[check])
		return;
	if (!to->count++)
		to->first = check;
	to->failed[check] = 1;
}

/* Each byte is 0, 1, or 4 to 7. */
bool swvmx_pat_is_valid(uint64_t pat)
{
	const uint64_t needs_bit_2 = (pat & 0x0202020202020202ull) << 1;

	return !(pat & 0xf8f8f8f8f8f8f8f8ull) && !(needs_bit_2 & ~pat);
}

/* SDM 1, 17.2: bits 9:6 are reserved, SUPPRESS and TRACKER exclude each other. */
bool swvmx_s_cet_is_valid(const struct swvmx_cpu *cpu, uint64_t value)
{
	return !(value & 0x3c0) && (value & 0xc00) != 0xc00 &&
	       swvmx_canonical(cpu, value & ~0xfffull);
}

static bool suits(uint64_t value, uint64_t capability)
{
	const uint32_t low = (uint32_t)capability, high = (uint32_t)(capability >> 32);

	return (value & low) == low && !(value & ~(uint64_t)high);
}

static void check_apic(
	const struct swvmx_cpu *cpu, const uint64_t *f, uint32_t proc2, struct swvmx_failures *to)
{
	const uint64_t pin = F(PIN_CONTROLS);
	const bool shadow = F(PROC_CONTROLS) & PROC_TPR_SHADOW,
		   delivery = proc2 & PROC2_VIRTUAL_DELIVERY;

	if (shadow) {
		swvmx_must(to, C_VIRTUAL_APIC, swvmx_is_page(cpu, F(VIRTUAL_APIC)));
		swvmx_must(to, C_TPR_THRESHOLD, delivery || !(F(TPR_THRESHOLD) & ~0xfull));
	}
	swvmx_must(to, C_X2APIC_SHADOW, shadow || !(proc2 & PROC2_X2APIC));
	swvmx_must(to, C_REGISTERS_SHADOW, shadow || !(proc2 & PROC2_APIC_REGISTERS));
	swvmx_must(to, C_DELIVERY_SHADOW, shadow || !delivery);
	swvmx_must(to, C_VIRTUAL_NMI, (pin & PIN_NMI) || !(pin & PIN_VIRTUAL_NMI));
	swvmx_must(
		to, C_NMI_WINDOW, (pin & PIN_VIRTUAL_NMI) || !(F(PROC_CONTROLS) & PROC_NMI_WINDOW));
	if (proc2 & PROC2_APIC_ACCESS)
		swvmx_must(to, C_APIC_ACCESS, swvmx_is_page(cpu, F(APIC_ACCESS)));
	swvmx_must(to, C_X2APIC_ACCESS, !(proc2 & PROC2_X2APIC) || !(proc2 & PROC2_APIC_ACCESS));
	swvmx_must(to, C_DELIVERY_EXITING, !delivery || (pin & PIN_EXTERNAL_INTERRUPT));
	if (!(pin & PIN_POSTED))
		return;
	swvmx_must(to, C_POSTED_DELIVERY, delivery);
	swvmx_must(to, C_POSTED_ACK, F(EXIT_CONTROLS) & EXIT_ACK_INTERRUPT);
	swvmx_must(to, C_POSTED_VECTOR, !(F(POSTED_INTERRUPT_VECTOR) & ~0xffull));
	swvmx_must(to, C_POSTED_DESCRIPTOR,
		!(F(POSTED_DESCRIPTOR) & 0x3f) && swvmx_in_width(cpu, F(POSTED_DESCRIPTOR)));
}

static void check_eptp(const struct swvmx_cpu *cpu, uint64_t eptp, struct swvmx_failures *to)
{
	const uint64_t caps = cpu->msrs.ept_vpid;

	swvmx_must(to, C_EPTP_TYPE,
		(eptp & 7) == 6 ? !!(caps & EPT_CAP_WRITE_BACK)
				: (eptp & 7) == 0 && (caps & 1ull << 8));
	swvmx_must(to, C_EPTP_LEVELS, (eptp >> 3 & 7) == 3 && (caps & EPT_CAP_4_LEVELS));
	swvmx_must(to, C_EPTP_DIRTY, !(eptp & 1u << 6) || (caps & EPT_CAP_ACCESSED));
	/* Bit 7: supervisor shadow stacks by EPT, where there are. */
	swvmx_must(to, C_EPTP_RESERVED,
		!(eptp & (caps & SWVMX_EPT_CAP_SHADOW ? 0xf00 : 0xf80)) &&
			swvmx_in_width(cpu, eptp));
}

static void check_memory(
	const struct swvmx_cpu *cpu, const uint64_t *f, uint32_t proc2, struct swvmx_failures *to)
{
	const bool ept = proc2 & PROC2_EPT;

	if (ept)
		check_eptp(cpu, F(EPTP), to);
	if (proc2 & PROC2_VPID)
		swvmx_must(to, C_VPID, F(VPID) != 0);
	if (proc2 & PROC2_PML) {
		swvmx_must(to, C_PML_EPT, ept);
		swvmx_must(to, C_PML_ADDRESS, swvmx_is_page(cpu, F(PML_ADDRESS)));
	}
	swvmx_must(to, C_UNRESTRICTED_EPT, ept || !(proc2 & PROC2_UNRESTRICTED));
	swvmx_must(to, C_EXECUTE_EPT, ept || !(proc2 & PROC2_EXECUTE_MODES));
	if (proc2 & PROC2_SUBPAGE) {
		swvmx_must(to, C_SUBPAGE_EPT, ept);
		swvmx_must(to, C_SUBPAGE_ADDRESS, swvmx_is_page(cpu, F(SUBPAGE_TABLE)));
	}
	if (proc2 & PROC2_VE)
		swvmx_must(to, C_VE_INFORMATION, swvmx_is_page(cpu, F(VE_INFORMATION)));
	if (!(proc2 & PROC2_VM_FUNCTIONS))
		return;
	swvmx_must(to, C_VMFUNC, !(F(VM_FUNCTIONS) & ~cpu->msrs.vmfunc));
	if (F(VM_FUNCTIONS) & 1) {
		swvmx_must(to, C_EPTP_SWITCH_EPT, ept);
		swvmx_must(to, C_EPTP_LIST, swvmx_is_page(cpu, F(EPTP_LIST)));
	}
}

static void check_execution(
	const struct swvmx_cpu *cpu, const uint64_t *f, uint32_t proc2, struct swvmx_failures *to)
{
	const uint64_t proc = F(PROC_CONTROLS);

	swvmx_must(to, C_PIN, suits(F(PIN_CONTROLS), cpu->msrs.pin));
	swvmx_must(to, C_PROC, suits(proc, cpu->msrs.proc));
	if (proc & (uint32_t)PROC_SECONDARY)
		swvmx_must(to, C_PROC2, suits(F(PROC2_CONTROLS), cpu->msrs.proc2));
	swvmx_must(to, C_CR3_TARGETS, F(CR3_TARGETS) <= (cpu->msrs.misc >> 16 & 0x1ff));
	if (proc & PROC_IO_BITMAPS) {
		swvmx_must(to, C_IO_BITMAP_A, swvmx_is_page(cpu, F(IO_BITMAP_A)));
		swvmx_must(to, C_IO_BITMAP_B, swvmx_is_page(cpu, F(IO_BITMAP_B)));
	}
	if (proc & PROC_MSR_BITMAPS)
		swvmx_must(to, C_MSR_BITMAP, swvmx_is_page(cpu, F(MSR_BITMAP)));
	check_apic(cpu, f, proc2, to);
	check_memory(cpu, f, proc2, to);
	if (proc2 & PROC2_SHADOWING) {
		swvmx_must(to, C_VMREAD_BITMAP, swvmx_is_page(cpu, F(VMREAD_BITMAP)));
		swvmx_must(to, C_VMWRITE_BITMAP, swvmx_is_page(cpu, F(VMWRITE_BITMAP)));
	}
	if (proc2 & PROC2_PT_GUEST) {
		swvmx_must(to, C_PT_EPT, proc2 & PROC2_EPT);
		swvmx_must(to, C_PT_EXIT, F(EXIT_CONTROLS) & EXIT_CLEAR_RTIT);
		swvmx_must(to, C_PT_ENTRY, F(ENTRY_CONTROLS) & SWVMX_ENTRY_LOAD_RTIT);
	}
	if (proc2 & PROC2_TSC_SCALING)
		swvmx_must(to, C_TSC_MULTIPLIER, F(TSC_MULTIPLIER) != 0);
}

/* The address of an MSR list with `count` entries, SDM 27.2.1.2. */
static bool list_is_valid(const struct swvmx_cpu *cpu, uint64_t address, uint64_t count)
{
	return !(address & 15) && swvmx_in_width(cpu, address) &&
	       swvmx_in_width(cpu, address + count * 16 - 1);
}

static bool event_vector_is_valid(uint32_t event)
{
	switch (EVENT_TYPE(event)) {
	case EVENT_NMI:
		return EVENT_VECTOR(event) == EXCEPTION_NMI;
	case EVENT_HARD_EXCEPTION:
		return EVENT_VECTOR(event) < EXCEPTIONS;
	case 7:
		return EVENT_VECTOR(event) == 0;
	default:
		return true;
	}
}

/* SDM 27.2.1.3. Processors with VMX_BASIC_ANY_ERROR leave it to software which exceptions of
 * protected mode have an error code. Without unrestricted guests there is no other mode: CR0.PE = 0
 * fails later. */
static bool event_error_is_valid(const struct swvmx_cpu *cpu, const uint64_t *f, uint32_t event)
{
	const uint32_t with_error = 0x27d00; /* 8, 10 to 14, 17 */
	const bool delivers = event & EVENT_ERROR_CODE;
	const bool protected_mode = (F(GUEST_CR0) & 1) || !(swvmx_proc2(f) & PROC2_UNRESTRICTED);

	if (EVENT_TYPE(event) != EVENT_HARD_EXCEPTION || !protected_mode)
		return !delivers;
	if (cpu->msrs.basic & SWVMX_BASIC_ANY_ERROR)
		return true;
	return delivers ==
	       (EVENT_VECTOR(event) < EXCEPTIONS && (with_error >> EVENT_VECTOR(event) & 1));
}

void swvmx_check_event(const struct swvmx_cpu *cpu, const uint64_t *f, struct swvmx_failures *to)
{
	const uint32_t event = (uint32_t)F(ENTRY_EVENT);
	const unsigned type = EVENT_TYPE(event);
	const bool other = (cpu->msrs.proc >> 32) & PROC_MONITOR_TRAP;

	if (!(event & EVENT_VALID))
		return;
	swvmx_must(to, C_EVENT_TYPE, type != 1 && (type != 7 || other));
	swvmx_must(to, C_EVENT_VECTOR, event_vector_is_valid(event));
	swvmx_must(to, C_EVENT_ERROR, event_error_is_valid(cpu, f, event));
	swvmx_must(to, C_EVENT_RESERVED, !(event & 0x7ffff000));
	if (event & EVENT_ERROR_CODE)
		swvmx_must(to, C_EVENT_ERROR_CODE, !(F(ENTRY_EVENT_ERROR) >> 16));
	if (type >= EVENT_SOFT_INTERRUPT && type <= EVENT_SOFT_EXCEPTION)
		swvmx_must(to, C_EVENT_LENGTH,
			F(ENTRY_INSTRUCTION_LENGTH) <= 15 &&
				(F(ENTRY_INSTRUCTION_LENGTH) || (cpu->msrs.misc & 1ull << 30)));
}

void swvmx_check_controls(const struct swvmx_cpu *cpu, const uint64_t *f, struct swvmx_failures *to)
{
	const uint64_t entry = F(ENTRY_CONTROLS);

	check_execution(cpu, f, swvmx_proc2(f), to);
	swvmx_must(to, C_EXIT, suits(F(EXIT_CONTROLS), cpu->msrs.exit));
	swvmx_must(to, C_SAVE_TIMER,
		(F(PIN_CONTROLS) & PIN_PREEMPTION_TIMER) || !(F(EXIT_CONTROLS) & EXIT_SAVE_TIMER));
	if (F(EXIT_MSR_STORE_COUNT))
		swvmx_must(to, C_EXIT_STORE,
			list_is_valid(cpu, F(EXIT_MSR_STORE), F(EXIT_MSR_STORE_COUNT)));
	if (F(EXIT_MSR_LOAD_COUNT))
		swvmx_must(to, C_EXIT_LOAD,
			list_is_valid(cpu, F(EXIT_MSR_LOAD), F(EXIT_MSR_LOAD_COUNT)));
	swvmx_must(to, C_ENTRY, suits(entry, cpu->msrs.entry));
	swvmx_check_event(cpu, f, to);
	if (F(ENTRY_MSR_LOAD_COUNT))
		swvmx_must(to, C_ENTRY_LOAD,
			list_is_valid(cpu, F(ENTRY_MSR_LOAD), F(ENTRY_MSR_LOAD_COUNT)));
	swvmx_must(to, C_ENTRY_SMM, !(entry & ENTRY_SMM));
	swvmx_must(to, C_ENTRY_MONITOR, !(entry & SWVMX_ENTRY_MONITOR));
}

static void check_host_registers(
	const struct swvmx_cpu *cpu, const uint64_t *f, struct swvmx_failures *to)
{
	const struct vtx_capability_msrs *m = &cpu->msrs;
	const uint64_t exit = F(EXIT_CONTROLS);
	const uint64_t longs = exit & EXIT_HOST_64 ? EFER_LMA | EFER_LME : 0;

	swvmx_must(to, H_CR0,
		(F(HOST_CR0) & m->cr0_fixed0) == m->cr0_fixed0 && !(F(HOST_CR0) & ~m->cr0_fixed1));
	swvmx_must(to, H_CR4,
		(F(HOST_CR4) & m->cr4_fixed0) == m->cr4_fixed0 && !(F(HOST_CR4) & ~m->cr4_fixed1));
	swvmx_must(to, H_CET_WP, !(F(HOST_CR4) & CR4_CET) || (F(HOST_CR0) & CR0_WP));
	swvmx_must(to, H_CR3, swvmx_in_width(cpu, F(HOST_CR3)));
	swvmx_must(to, H_SYSENTER_ESP, swvmx_canonical(cpu, F(HOST_SYSENTER_ESP)));
	swvmx_must(to, H_SYSENTER_EIP, swvmx_canonical(cpu, F(HOST_SYSENTER_EIP)));
	if (exit & EXIT_LOAD_PERF)
		swvmx_must(to, H_PERF_GLOBAL, !(F(HOST_PERF_GLOBAL) & ~PERF_KNOWN));
	if (exit & EXIT_LOAD_PAT)
		swvmx_must(to, H_PAT, swvmx_pat_is_valid(F(HOST_PAT)));
	if (exit & EXIT_LOAD_EFER) {
		swvmx_must(to, H_EFER, !(F(HOST_EFER) & ~EFER_KNOWN));
		swvmx_must(to, H_EFER_LONG, (F(HOST_EFER) & (EFER_LMA | EFER_LME)) == longs);
	}
	if (exit & EXIT_LOAD_CET) {
		swvmx_must(to, H_S_CET, swvmx_s_cet_is_valid(cpu, F(HOST_S_CET)));
		swvmx_must(to, H_SSP, !(F(HOST_SSP) & 3) && swvmx_canonical(cpu, F(HOST_SSP)));
		swvmx_must(to, H_SSP_TABLE, swvmx_canonical(cpu, F(HOST_SSP_TABLE)));
	}
	if (exit & SWVMX_EXIT_LOAD_PKRS)
		swvmx_must(to, H_PKRS, !(F(HOST_PKRS) >> 32));
}

static void check_host_segments(
	const struct swvmx_cpu *cpu, const uint64_t *f, struct swvmx_failures *to)
{
	swvmx_must(to, H_CS, !(F(HOST_CS) & 7));
	swvmx_must(to, H_SS, !(F(HOST_SS) & 7));
	swvmx_must(to, H_DS, !(F(HOST_DS) & 7));
	swvmx_must(to, H_ES, !(F(HOST_ES) & 7));
	swvmx_must(to, H_FS, !(F(HOST_FS) & 7));
	swvmx_must(to, H_GS, !(F(HOST_GS) & 7));
	swvmx_must(to, H_TR, !(F(HOST_TR) & 7));
	swvmx_must(to, H_CS_NULL, F(HOST_CS) != 0);
	swvmx_must(to, H_TR_NULL, F(HOST_TR) != 0);
	swvmx_must(to, H_SS_NULL, F(HOST_SS) || (F(EXIT_CONTROLS) & EXIT_HOST_64));
	swvmx_must(to, H_FS_BASE, swvmx_canonical(cpu, F(HOST_FS_BASE)));
	swvmx_must(to, H_GS_BASE, swvmx_canonical(cpu, F(HOST_GS_BASE)));
	swvmx_must(to, H_GDTR_BASE, swvmx_canonical(cpu, F(HOST_GDTR_BASE)));
	swvmx_must(to, H_IDTR_BASE, swvmx_canonical(cpu, F(HOST_IDTR_BASE)));
	swvmx_must(to, H_TR_BASE, swvmx_canonical(cpu, F(HOST_TR_BASE)));
}

void swvmx_check_host(const struct swvmx_cpu *cpu, const uint64_t *f, struct swvmx_failures *to)
{
	const bool host_64 = F(EXIT_CONTROLS) & EXIT_HOST_64;

	check_host_registers(cpu, f, to);
	check_host_segments(cpu, f, to);
	swvmx_must(to, H_64, host_64 == cpu->ia32e);
	swvmx_must(to, H_GUEST_64, cpu->ia32e || !(F(ENTRY_CONTROLS) & ENTRY_GUEST_64));
	if (host_64) {
		swvmx_must(to, H_64_PAE, F(HOST_CR4) & CR4_PAE);
		swvmx_must(to, H_64_RIP, swvmx_canonical(cpu, F(HOST_RIP)));
		return;
	}
	swvmx_must(to, H_32_PCIDE, !(F(HOST_CR4) & CR4_PCIDE));
	swvmx_must(to, H_32_RIP, !(F(HOST_RIP) >> 32));
}
