/*
 * The checks of VM entry (SDM 3C, 27.2 to 27.4), one identifier each, so that it can be counted
 * which of them a fuzzer has seen pass and fail. Pure: over the fields of a VMCS and what the
 * processor can do.
 */
#ifndef FUZZ_SWVMX_CHECKS_H
#define FUZZ_SWVMX_CHECKS_H

#include "fuzz/models/swvmx/cpu_models.h"
#include "vtx/vmcs.h"
#include <stdbool.h>
#include <stdint.h>

/* X(symbol, section, what must hold) */
#define SWVMX_CONTROL_CHECKS(X)                                                                    \
	X(C_PIN, "27.2.1.1", "pin-based controls as the capability MSR allows")                    \
	X(C_PROC, "27.2.1.1", "processor-based controls as the capability MSR allows")             \
	X(C_PROC2, "27.2.1.1", "secondary controls as the capability MSR allows")                  \
	X(C_CR3_TARGETS, "27.2.1.1", "no more CR3 targets than there are")                         \
	X(C_IO_BITMAP_A, "27.2.1.1", "I/O bitmap A is a page")                                     \
	X(C_IO_BITMAP_B, "27.2.1.1", "I/O bitmap B is a page")                                     \
	X(C_MSR_BITMAP, "27.2.1.1", "the MSR bitmap is a page")                                    \
	X(C_VIRTUAL_APIC, "27.2.1.1", "the virtual-APIC page is a page")                           \
	X(C_TPR_THRESHOLD, "27.2.1.1", "TPR threshold bits 31:4 are 0 without virtual delivery")   \
	X(C_X2APIC_SHADOW, "27.2.1.1", "virtualize x2APIC needs the TPR shadow")                   \
	X(C_REGISTERS_SHADOW, "27.2.1.1", "APIC-register virtualization needs the TPR shadow")     \
	X(C_DELIVERY_SHADOW, "27.2.1.1", "virtual-interrupt delivery needs the TPR shadow")        \
	X(C_VIRTUAL_NMI, "27.2.1.1", "virtual NMIs need NMI exiting")                              \
	X(C_NMI_WINDOW, "27.2.1.1", "NMI-window exiting needs virtual NMIs")                       \
	X(C_APIC_ACCESS, "27.2.1.1", "the APIC-access page is a page")                             \
	X(C_X2APIC_ACCESS, "27.2.1.1", "x2APIC mode excludes virtualized APIC accesses")           \
	X(C_DELIVERY_EXITING, "27.2.1.1", "virtual delivery needs external-interrupt exiting")     \
	X(C_POSTED_DELIVERY, "27.2.1.1", "posted interrupts need virtual delivery")                \
	X(C_POSTED_ACK, "27.2.1.1", "posted interrupts need acknowledge on exit")                  \
	X(C_POSTED_VECTOR, "27.2.1.1", "the notification vector has 8 bits")                       \
	X(C_POSTED_DESCRIPTOR, "27.2.1.1", "the posted-interrupt descriptor is aligned and there") \
	X(C_VPID, "27.2.1.1", "VPID is not 0")                                                     \
	X(C_EPTP_TYPE, "27.2.1.1", "EPTP has a memory type that the processor knows")              \
	X(C_EPTP_LEVELS, "27.2.1.1", "EPTP has a walk length that the processor knows")            \
	X(C_EPTP_DIRTY, "27.2.1.1", "EPTP asks for dirty flags only where there are")              \
	X(C_EPTP_RESERVED, "27.2.1.1", "EPTP's reserved bits are 0")                               \
	X(C_PML_EPT, "27.2.1.1", "page-modification logging needs EPT")                            \
	X(C_PML_ADDRESS, "27.2.1.1", "the PML log is a page")                                      \
	X(C_UNRESTRICTED_EPT, "27.2.1.1", "unrestricted guests need EPT")                          \
	X(C_EXECUTE_EPT, "27.2.1.1", "mode-based execute control needs EPT")                       \
	X(C_SUBPAGE_EPT, "27.2.1.1", "sub-page permissions need EPT")                              \
	X(C_SUBPAGE_ADDRESS, "27.2.1.1", "the sub-page table is a page")                           \
	X(C_VMFUNC, "27.2.1.1", "VM functions as the capability MSR allows")                       \
	X(C_EPTP_SWITCH_EPT, "27.2.1.1", "EPTP switching needs EPT")                               \
	X(C_EPTP_LIST, "27.2.1.1", "the EPTP list is a page")                                      \
	X(C_VMREAD_BITMAP, "27.2.1.1", "the VMREAD bitmap is a page")                              \
	X(C_VMWRITE_BITMAP, "27.2.1.1", "the VMWRITE bitmap is a page")                            \
	X(C_VE_INFORMATION, "27.2.1.1", "the #VE information area is a page")                      \
	X(C_PT_EPT, "27.2.1.1", "tracing with guest addresses needs EPT")                          \
	X(C_PT_EXIT, "27.2.1.1", "tracing with guest addresses needs clear IA32_RTIT_CTL")         \
	X(C_PT_ENTRY, "27.2.1.1", "tracing with guest addresses needs load IA32_RTIT_CTL")         \
	X(C_TSC_MULTIPLIER, "27.2.1.1", "the TSC multiplier is not 0")                             \
	X(C_EXIT, "27.2.1.2", "VM-exit controls as the capability MSR allows")                     \
	X(C_SAVE_TIMER, "27.2.1.2", "saving the timer needs the timer")                            \
	X(C_EXIT_STORE, "27.2.1.2", "the exit MSR-store list is aligned and there")                \
	X(C_EXIT_LOAD, "27.2.1.2", "the exit MSR-load list is aligned and there")                  \
	X(C_ENTRY, "27.2.1.3", "VM-entry controls as the capability MSR allows")                   \
	X(C_EVENT_TYPE, "27.2.1.3", "the event's type is not reserved")                            \
	X(C_EVENT_VECTOR, "27.2.1.3", "the event's vector suits its type")                         \
	X(C_EVENT_ERROR, "27.2.1.3", "an error code for those that have one, and no others")       \
	X(C_EVENT_RESERVED, "27.2.1.3", "the event's reserved bits are 0")                         \
	X(C_EVENT_ERROR_CODE, "27.2.1.3", "the error code has 16 bits")                            \
	X(C_EVENT_LENGTH, "27.2.1.3", "the instruction length is possible")                        \
	X(C_ENTRY_LOAD, "27.2.1.3", "the entry MSR-load list is aligned and there")                \
	X(C_ENTRY_SMM, "27.2.1.3", "no entry to SMM from outside")                                 \
	X(C_ENTRY_MONITOR, "27.2.1.3", "the dual monitor is not deactivated outside SMM")

#define SWVMX_HOST_CHECKS(X)                                                         \
	X(H_CR0, "27.2.2", "host CR0 has the fixed bits")                            \
	X(H_CR4, "27.2.2", "host CR4 has the fixed bits")                            \
	X(H_CET_WP, "27.2.2", "host CR4.CET needs CR0.WP")                           \
	X(H_CR3, "27.2.2", "host CR3 is within the physical width")                  \
	X(H_SYSENTER_ESP, "27.2.2", "host SYSENTER_ESP is canonical")                \
	X(H_SYSENTER_EIP, "27.2.2", "host SYSENTER_EIP is canonical")                \
	X(H_PERF_GLOBAL, "27.2.2", "host PERF_GLOBAL_CTRL has no reserved bits")     \
	X(H_PAT, "27.2.2", "host PAT has memory types only")                         \
	X(H_EFER, "27.2.2", "host EFER has no reserved bits")                        \
	X(H_EFER_LONG, "27.2.2", "host EFER.LMA and LME are the address-space size") \
	X(H_S_CET, "27.2.2", "host S_CET is possible")                               \
	X(H_SSP, "27.2.2", "host SSP is aligned and canonical")                      \
	X(H_SSP_TABLE, "27.2.2", "host SSP table is canonical")                      \
	X(H_PKRS, "27.2.2", "host PKRS has 32 bits")                                 \
	X(H_CS, "27.2.3", "host CS: RPL and TI are 0")                               \
	X(H_SS, "27.2.3", "host SS: RPL and TI are 0")                               \
	X(H_DS, "27.2.3", "host DS: RPL and TI are 0")                               \
	X(H_ES, "27.2.3", "host ES: RPL and TI are 0")                               \
	X(H_FS, "27.2.3", "host FS: RPL and TI are 0")                               \
	X(H_GS, "27.2.3", "host GS: RPL and TI are 0")                               \
	X(H_TR, "27.2.3", "host TR: RPL and TI are 0")                               \
	X(H_CS_NULL, "27.2.3", "host CS is not null")                                \
	X(H_TR_NULL, "27.2.3", "host TR is not null")                                \
	X(H_SS_NULL, "27.2.3", "host SS is not null for a 32-bit host")              \
	X(H_FS_BASE, "27.2.3", "host FS base is canonical")                          \
	X(H_GS_BASE, "27.2.3", "host GS base is canonical")                          \
	X(H_GDTR_BASE, "27.2.3", "host GDTR base is canonical")                      \
	X(H_IDTR_BASE, "27.2.3", "host IDTR base is canonical")                      \
	X(H_TR_BASE, "27.2.3", "host TR base is canonical")                          \
	X(H_64, "27.2.4", "host address-space size is the processor's mode")         \
	X(H_GUEST_64, "27.2.4", "a 64-bit guest needs a processor in IA-32e mode")   \
	X(H_32_PCIDE, "27.2.4", "host CR4.PCIDE is 0 for a 32-bit host")             \
	X(H_32_RIP, "27.2.4", "host RIP has 32 bits for a 32-bit host")              \
	X(H_64_PAE, "27.2.4", "host CR4.PAE is 1 for a 64-bit host")                 \
	X(H_64_RIP, "27.2.4", "host RIP is canonical")

/* What every usable segment has; SEG is CS, SS, DS, ES, FS or GS. */
#define SWVMX_SEGMENT_CHECKS(X, SEG)                                                     \
	X(G_##SEG##_V86_BASE, "27.3.1.2", "virtual-8086 " #SEG " base is selector * 16") \
	X(G_##SEG##_V86_LIMIT, "27.3.1.2", "virtual-8086 " #SEG " limit is 64 KiB")      \
	X(G_##SEG##_V86_ACCESS, "27.3.1.2", "virtual-8086 " #SEG " rights are F3h")      \
	X(G_##SEG##_BASE, "27.3.1.2", #SEG " base is possible")                          \
	X(G_##SEG##_TYPE, "27.3.1.2", #SEG " type is possible")                          \
	X(G_##SEG##_S, "27.3.1.2", #SEG " is no system segment")                         \
	X(G_##SEG##_DPL, "27.3.1.2", #SEG " DPL is possible")                            \
	X(G_##SEG##_PRESENT, "27.3.1.2", #SEG " is present")                             \
	X(G_##SEG##_RESERVED, "27.3.1.2", #SEG " rights have no reserved bits")          \
	X(G_##SEG##_FINE, "27.3.1.2", #SEG " limit not ending in FFFh has G = 0")        \
	X(G_##SEG##_COARSE, "27.3.1.2", #SEG " limit above 1 MiB has G = 1")

#define SWVMX_SYSTEM_SEGMENT_CHECKS(X, SEG)                                       \
	X(G_##SEG##_TI, "27.3.1.2", #SEG " selector's TI is 0")                   \
	X(G_##SEG##_BASE, "27.3.1.2", #SEG " base is canonical")                  \
	X(G_##SEG##_TYPE, "27.3.1.2", #SEG " type is possible")                   \
	X(G_##SEG##_S, "27.3.1.2", #SEG " is a system segment")                   \
	X(G_##SEG##_PRESENT, "27.3.1.2", #SEG " is present")                      \
	X(G_##SEG##_RESERVED, "27.3.1.2", #SEG " rights have no reserved bits")   \
	X(G_##SEG##_FINE, "27.3.1.2", #SEG " limit not ending in FFFh has G = 0") \
	X(G_##SEG##_COARSE, "27.3.1.2", #SEG " limit above 1 MiB has G = 1")

#define SWVMX_GUEST_CHECKS(X)                                                                  \
	X(G_CR0, "27.3.1.1", "guest CR0 has the fixed bits")                                   \
	X(G_PG_PE, "27.3.1.1", "guest CR0.PG needs PE")                                        \
	X(G_CET_WP, "27.3.1.1", "guest CR4.CET needs CR0.WP")                                  \
	X(G_CR4, "27.3.1.1", "guest CR4 has the fixed bits")                                   \
	X(G_DEBUGCTL, "27.3.1.1", "guest DEBUGCTL has no reserved bits")                       \
	X(G_64_PG, "27.3.1.1", "a 64-bit guest has paging")                                    \
	X(G_64_PAE, "27.3.1.1", "a 64-bit guest has CR4.PAE")                                  \
	X(G_32_PCIDE, "27.3.1.1", "CR4.PCIDE is 0 outside IA-32e mode")                        \
	X(G_CR3, "27.3.1.1", "guest CR3 is within the physical width")                         \
	X(G_DR7, "27.3.1.1", "guest DR7 has 32 bits")                                          \
	X(G_SYSENTER_ESP, "27.3.1.1", "guest SYSENTER_ESP is canonical")                       \
	X(G_SYSENTER_EIP, "27.3.1.1", "guest SYSENTER_EIP is canonical")                       \
	X(G_PERF_GLOBAL, "27.3.1.1", "guest PERF_GLOBAL_CTRL has no reserved bits")            \
	X(G_PAT, "27.3.1.1", "guest PAT has memory types only")                                \
	X(G_EFER, "27.3.1.1", "guest EFER has no reserved bits")                               \
	X(G_EFER_LMA, "27.3.1.1", "guest EFER.LMA is the IA-32e mode control")                 \
	X(G_EFER_LME, "27.3.1.1", "with paging, guest EFER.LME is LMA")                        \
	X(G_BNDCFGS, "27.3.1.1", "guest BNDCFGS is possible")                                  \
	X(G_RTIT, "27.3.1.1", "guest RTIT_CTL has no reserved bits")                           \
	X(G_S_CET, "27.3.1.1", "guest S_CET is possible")                                      \
	X(G_SSP_TABLE, "27.3.1.1", "guest SSP table is canonical")                             \
	X(G_PKRS, "27.3.1.1", "guest PKRS has 32 bits")                                        \
	X(G_SS_RPL, "27.3.1.2", "SS.RPL is CS.RPL")                                            \
	SWVMX_SEGMENT_CHECKS(X, CS)                                                            \
	SWVMX_SEGMENT_CHECKS(X, SS)                                                            \
	SWVMX_SEGMENT_CHECKS(X, DS)                                                            \
	SWVMX_SEGMENT_CHECKS(X, ES)                                                            \
	SWVMX_SEGMENT_CHECKS(X, FS)                                                            \
	SWVMX_SEGMENT_CHECKS(X, GS)                                                            \
	X(G_CS_DB, "27.3.1.2", "CS.D is 0 where L is 1")                                       \
	SWVMX_SYSTEM_SEGMENT_CHECKS(X, TR)                                                     \
	X(G_TR_USABLE, "27.3.1.2", "TR is usable")                                             \
	SWVMX_SYSTEM_SEGMENT_CHECKS(X, LDTR)                                                   \
	X(G_GDTR_BASE, "27.3.1.3", "GDTR base is canonical")                                   \
	X(G_IDTR_BASE, "27.3.1.3", "IDTR base is canonical")                                   \
	X(G_GDTR_LIMIT, "27.3.1.3", "GDTR limit has 16 bits")                                  \
	X(G_IDTR_LIMIT, "27.3.1.3", "IDTR limit has 16 bits")                                  \
	X(G_RIP_32, "27.3.1.4", "RIP has 32 bits outside 64-bit mode")                         \
	X(G_RIP_64, "27.3.1.4", "RIP is within the linear width")                              \
	X(G_RFLAGS, "27.3.1.4", "RFLAGS has its fixed bits")                                   \
	X(G_RFLAGS_VM, "27.3.1.4", "RFLAGS.VM is 0 in IA-32e and real mode")                   \
	X(G_RFLAGS_IF, "27.3.1.4", "RFLAGS.IF is 1 where an external interrupt is injected")   \
	X(G_SSP, "27.3.1.4", "guest SSP is aligned and within the linear width")               \
	X(G_ACTIVITY, "27.3.1.5", "the activity state exists")                                 \
	X(G_HLT_DPL, "27.3.1.5", "HLT only with SS.DPL = 0")                                   \
	X(G_BLOCKED_ACTIVE, "27.3.1.5", "active while STI or MOV SS block")                    \
	X(G_ACTIVITY_EVENT, "27.3.1.5", "the event can be delivered in this activity state")   \
	X(G_BLOCKING, "27.3.1.5", "interruptibility has no reserved bits")                     \
	X(G_STI_MOV_SS, "27.3.1.5", "STI and MOV SS do not block together")                    \
	X(G_STI_IF, "27.3.1.5", "no blocking by STI while IF is 0")                            \
	X(G_INTERRUPT_BLOCKED, "27.3.1.5", "no external interrupt into STI or MOV SS")         \
	X(G_NMI_BLOCKED, "27.3.1.5", "no NMI into MOV SS")                                     \
	X(G_SMI, "27.3.1.5", "no blocking by SMI outside SMM")                                 \
	X(G_VIRTUAL_NMI, "27.3.1.5", "no virtual NMI into blocking by NMI")                    \
	X(G_ENCLAVE, "27.3.1.5", "no enclave interruption with MOV SS or without SGX")         \
	X(G_DEBUG_RESERVED, "27.3.1.5", "pending debug exceptions have no reserved bits")      \
	X(G_DEBUG_STEP, "27.3.1.5", "BS is TF without BTF while blocked or in HLT")            \
	X(G_DEBUG_RTM, "27.3.1.5", "RTM stands with bit 12 alone, on processors that have it") \
	X(G_LINK, "27.3.1.5", "the link pointer is a page")                                    \
	X(G_LINK_REVISION, "27.3.1.5", "the linked VMCS is a shadow of this revision")         \
	X(G_PDPTE_0, "27.3.1.6", "PDPTE 0 has no reserved bits")                               \
	X(G_PDPTE_1, "27.3.1.6", "PDPTE 1 has no reserved bits")                               \
	X(G_PDPTE_2, "27.3.1.6", "PDPTE 2 has no reserved bits")                               \
	X(G_PDPTE_3, "27.3.1.6", "PDPTE 3 has no reserved bits")

#define SWVMX_MSR_CHECKS(X)                                       \
	X(M_BASE, "27.4", "no FS_BASE, no GS_BASE in the list")   \
	X(M_X2APIC, "27.4", "no x2APIC register in the list")     \
	X(M_SMM, "27.4", "no MSR of SMM or of microcode updates") \
	X(M_RESERVED, "27.4", "the entry's bits 63:32 are 0")     \
	X(M_VALUE, "27.4", "WRMSR of the value would not fault")

#define SWVMX_CHECKS(X)         \
	SWVMX_CONTROL_CHECKS(X) \
	SWVMX_HOST_CHECKS(X)    \
	SWVMX_GUEST_CHECKS(X)   \
	SWVMX_MSR_CHECKS(X)

enum swvmx_check {
#define X(symbol, section, text) symbol,
	SWVMX_CHECKS(X)
#undef X
		SWVMX_CHECK_COUNT
};

/* Which checks failed: all of them, not only the first. */
struct swvmx_failures {
	uint8_t failed[SWVMX_CHECK_COUNT];
	unsigned count;
	enum swvmx_check first;
};

/* One entry of an MSR list, SDM table 25-15. */
struct swvmx_msr_entry {
	uint32_t index, reserved;
	uint64_t value;
};

/* `f`: fields by enum vmcs_index. These count each check in swvmx_seen. */
void swvmx_check_controls(
	const struct swvmx_cpu *cpu, const uint64_t *f, struct swvmx_failures *to);
/* Of the above, what is checked of the event to deliver. */
void swvmx_check_event(const struct swvmx_cpu *cpu, const uint64_t *f, struct swvmx_failures *to);
void swvmx_check_host(const struct swvmx_cpu *cpu, const uint64_t *f, struct swvmx_failures *to);
/* What is in the memory that the guest's state names. */
struct swvmx_referenced {
	uint32_t link_header; /* the first word at the link pointer */
	uint64_t pdptes[4];   /* at CR3, for PAE paging */
};
void swvmx_check_guest(const struct swvmx_cpu *cpu, const uint64_t *f,
	const struct swvmx_referenced *referenced, struct swvmx_failures *to);
/* As above, but segments, and control registers with MSRs, that have passed in this run, with the
 * very same values and on which the same depended, are not looked at again. */
void swvmx_check_guest_again(const struct swvmx_cpu *cpu, const uint64_t *f,
	const struct swvmx_referenced *referenced, struct swvmx_failures *to);
/* A new run begins, which has seen no check. */
void swvmx_forget_known(void);
void swvmx_check_msr(const struct swvmx_msr_entry *entry, struct swvmx_failures *to);

/* [check][0]: seen to pass, [1]: seen to fail; libFuzzer counts them as coverage. */
extern uint8_t swvmx_seen[SWVMX_CHECK_COUNT][2];

void swvmx_note_failure(struct swvmx_failures *to, enum swvmx_check check);
/* Notes one check; for the files of this folder. In line: most of a run is checks that pass. */
static inline void swvmx_must(struct swvmx_failures *to, enum swvmx_check check, bool holds)
{
	swvmx_seen[check][!holds] = 1;
	if (!holds)
		swvmx_note_failure(to, check);
}

/* `check` is an enum swvmx_check: a number, as fuzz/lib/figures.h calls it. */
const char *swvmx_check_name(unsigned check); /* an enum swvmx_check, as lib/figures.h asks */
const char *swvmx_check_section(enum swvmx_check check);
const char *swvmx_check_text(enum swvmx_check check);

/* Helpers that several groups of checks need. */
static inline bool swvmx_canonical(const struct swvmx_cpu *cpu, uint64_t address)
{
	const unsigned shift = 64 - cpu->linear_bits;

	return (uint64_t)((int64_t)(address << shift) >> shift) == address;
}
static inline bool swvmx_in_width(const struct swvmx_cpu *cpu, uint64_t address)
{
	return !(address >> cpu->physical_bits);
}
static inline bool swvmx_is_page(const struct swvmx_cpu *cpu, uint64_t address)
{
	return !(address & 0xfff) && swvmx_in_width(cpu, address);
}
bool swvmx_pat_is_valid(uint64_t pat);
bool swvmx_s_cet_is_valid(const struct swvmx_cpu *cpu, uint64_t value);

/* The secondary controls, 0 while they are not activated. */
static inline uint32_t swvmx_proc2(const uint64_t *f)
{
	return f[VMCS_INDEX_PROC_CONTROLS] & (uint32_t)PROC_SECONDARY
		       ? (uint32_t)f[VMCS_INDEX_PROC2_CONTROLS]
		       : 0;
}
/* As memcmp(), which AddressSanitizer takes over even where nothing else is instrumented. */
static inline bool swvmx_same(const uint64_t *a, const uint64_t *b, unsigned count)
{
	uint64_t differ = 0;

	for (unsigned i = 0; i < count; i++)
		differ |= a[i] ^ b[i];
	return !differ;
}

#endif
