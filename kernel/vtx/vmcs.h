/*
 * The VMCS: every field with its encoding (SDM 3D, appendix B) and the control that makes it exist
 * (SDM 3C, 25.6 to 25.9). The one table from which symbols, names, existence checks, dumps and the
 * host-side model come. Pure.
 */
#ifndef VTX_VMCS_H
#define VTX_VMCS_H

#include <stdint.h>

/*
 * X(symbol, encoding, exists). `exists` is the capability without which VMREAD and VMWRITE of the
 * field fail (enum vmcs_condition); 64-bit fields have a second encoding, +1, for their high half.
 */
#define VMCS_FIELDS(X)                                      \
	/* 16 bits, control */                              \
	X(VPID, 0x0000, VPID)                               \
	X(POSTED_INTERRUPT_VECTOR, 0x0002, POSTED)          \
	X(EPTP_INDEX, 0x0004, VE)                           \
	/* 16 bits, guest */                                \
	X(GUEST_ES, 0x0800, ALWAYS)                         \
	X(GUEST_CS, 0x0802, ALWAYS)                         \
	X(GUEST_SS, 0x0804, ALWAYS)                         \
	X(GUEST_DS, 0x0806, ALWAYS)                         \
	X(GUEST_FS, 0x0808, ALWAYS)                         \
	X(GUEST_GS, 0x080a, ALWAYS)                         \
	X(GUEST_LDTR, 0x080c, ALWAYS)                       \
	X(GUEST_TR, 0x080e, ALWAYS)                         \
	X(GUEST_INTERRUPT_STATUS, 0x0810, VIRTUAL_DELIVERY) \
	X(PML_INDEX, 0x0812, PML)                           \
	/* 16 bits, host */                                 \
	X(HOST_ES, 0x0c00, ALWAYS)                          \
	X(HOST_CS, 0x0c02, ALWAYS)                          \
	X(HOST_SS, 0x0c04, ALWAYS)                          \
	X(HOST_DS, 0x0c06, ALWAYS)                          \
	X(HOST_FS, 0x0c08, ALWAYS)                          \
	X(HOST_GS, 0x0c0a, ALWAYS)                          \
	X(HOST_TR, 0x0c0c, ALWAYS)                          \
	/* 64 bits, control */                              \
	X(IO_BITMAP_A, 0x2000, ALWAYS)                      \
	X(IO_BITMAP_B, 0x2002, ALWAYS)                      \
	X(MSR_BITMAP, 0x2004, MSR_BITMAP)                   \
	X(EXIT_MSR_STORE, 0x2006, ALWAYS)                   \
	X(EXIT_MSR_LOAD, 0x2008, ALWAYS)                    \
	X(ENTRY_MSR_LOAD, 0x200a, ALWAYS)                   \
	X(EXECUTIVE_VMCS, 0x200c, ALWAYS)                   \
	X(PML_ADDRESS, 0x200e, PML)                         \
	X(TSC_OFFSET, 0x2010, ALWAYS)                       \
	X(VIRTUAL_APIC, 0x2012, TPR_SHADOW)                 \
	X(APIC_ACCESS, 0x2014, APIC_ACCESS)                 \
	X(POSTED_DESCRIPTOR, 0x2016, POSTED)                \
	X(VM_FUNCTIONS, 0x2018, VM_FUNCTIONS)               \
	X(EPTP, 0x201a, EPT)                                \
	X(EOI_EXIT_0, 0x201c, VIRTUAL_DELIVERY)             \
	X(EOI_EXIT_1, 0x201e, VIRTUAL_DELIVERY)             \
	X(EOI_EXIT_2, 0x2020, VIRTUAL_DELIVERY)             \
	X(EOI_EXIT_3, 0x2022, VIRTUAL_DELIVERY)             \
	X(EPTP_LIST, 0x2024, EPTP_SWITCHING)                \
	X(VMREAD_BITMAP, 0x2026, SHADOWING)                 \
	X(VMWRITE_BITMAP, 0x2028, SHADOWING)                \
	X(VE_INFORMATION, 0x202a, VE)                       \
	X(XSS_EXITING, 0x202c, XSAVES)                      \
	X(ENCLS_EXITING, 0x202e, ENCLS)                     \
	X(SUBPAGE_TABLE, 0x2030, SUBPAGE)                   \
	X(TSC_MULTIPLIER, 0x2032, TSC_SCALING)              \
	X(TERTIARY_CONTROLS, 0x2034, TERTIARY)              \
	X(ENCLV_EXITING, 0x2036, ENCLV)                     \
	/* 64 bits, read-only data */                       \
	X(GUEST_PHYSICAL_ADDRESS, 0x2400, EPT)              \
	/* 64 bits, guest */                                \
	X(LINK, 0x2800, ALWAYS)                             \
	X(GUEST_DEBUGCTL, 0x2802, ALWAYS)                   \
	X(GUEST_PAT, 0x2804, PAT)                           \
	X(GUEST_EFER, 0x2806, EFER)                         \
	X(GUEST_PERF_GLOBAL, 0x2808, PERF_GLOBAL)           \
	X(GUEST_PDPTE_0, 0x280a, EPT)                       \
	X(GUEST_PDPTE_1, 0x280c, EPT)                       \
	X(GUEST_PDPTE_2, 0x280e, EPT)                       \
	X(GUEST_PDPTE_3, 0x2810, EPT)                       \
	X(GUEST_BNDCFGS, 0x2812, BNDCFGS)                   \
	X(GUEST_RTIT_CTL, 0x2814, RTIT)                     \
	X(GUEST_PKRS, 0x2818, PKRS)                         \
	/* 64 bits, host */                                 \
	X(HOST_PAT, 0x2c00, HOST_PAT)                       \
	X(HOST_EFER, 0x2c02, HOST_EFER)                     \
	X(HOST_PERF_GLOBAL, 0x2c04, HOST_PERF_GLOBAL)       \
	X(HOST_PKRS, 0x2c06, HOST_PKRS)                     \
	/* 32 bits, control */                              \
	X(PIN_CONTROLS, 0x4000, ALWAYS)                     \
	X(PROC_CONTROLS, 0x4002, ALWAYS)                    \
	X(EXCEPTION_BITMAP, 0x4004, ALWAYS)                 \
	X(PF_ERROR_MASK, 0x4006, ALWAYS)                    \
	X(PF_ERROR_MATCH, 0x4008, ALWAYS)                   \
	X(CR3_TARGETS, 0x400a, ALWAYS)                      \
	X(EXIT_CONTROLS, 0x400c, ALWAYS)                    \
	X(EXIT_MSR_STORE_COUNT, 0x400e, ALWAYS)             \
	X(EXIT_MSR_LOAD_COUNT, 0x4010, ALWAYS)              \
	X(ENTRY_CONTROLS, 0x4012, ALWAYS)                   \
	X(ENTRY_MSR_LOAD_COUNT, 0x4014, ALWAYS)             \
	X(ENTRY_EVENT, 0x4016, ALWAYS)                      \
	X(ENTRY_EVENT_ERROR, 0x4018, ALWAYS)                \
	X(ENTRY_INSTRUCTION_LENGTH, 0x401a, ALWAYS)         \
	X(TPR_THRESHOLD, 0x401c, TPR_SHADOW)                \
	X(PROC2_CONTROLS, 0x401e, SECONDARY)                \
	X(PAUSE_GAP, 0x4020, PAUSE_LOOP)                    \
	X(PAUSE_WINDOW, 0x4022, PAUSE_LOOP)                 \
	/* 32 bits, read-only data */                       \
	X(INSTRUCTION_ERROR, 0x4400, ALWAYS)                \
	X(EXIT_REASON, 0x4402, ALWAYS)                      \
	X(EXIT_EVENT, 0x4404, ALWAYS)                       \
	X(EXIT_EVENT_ERROR, 0x4406, ALWAYS)                 \
	X(VECTORING_EVENT, 0x4408, ALWAYS)                  \
	X(VECTORING_EVENT_ERROR, 0x440a, ALWAYS)            \
	X(EXIT_INSTRUCTION_LENGTH, 0x440c, ALWAYS)          \
	X(EXIT_INSTRUCTION_INFO, 0x440e, ALWAYS)            \
	/* 32 bits, guest */                                \
	X(GUEST_ES_LIMIT, 0x4800, ALWAYS)                   \
	X(GUEST_CS_LIMIT, 0x4802, ALWAYS)                   \
	X(GUEST_SS_LIMIT, 0x4804, ALWAYS)                   \
	X(GUEST_DS_LIMIT, 0x4806, ALWAYS)                   \
	X(GUEST_FS_LIMIT, 0x4808, ALWAYS)                   \
	X(GUEST_GS_LIMIT, 0x480a, ALWAYS)                   \
	X(GUEST_LDTR_LIMIT, 0x480c, ALWAYS)                 \
	X(GUEST_TR_LIMIT, 0x480e, ALWAYS)                   \
	X(GUEST_GDTR_LIMIT, 0x4810, ALWAYS)                 \
	X(GUEST_IDTR_LIMIT, 0x4812, ALWAYS)                 \
	X(GUEST_ES_ACCESS, 0x4814, ALWAYS)                  \
	X(GUEST_CS_ACCESS, 0x4816, ALWAYS)                  \
	X(GUEST_SS_ACCESS, 0x4818, ALWAYS)                  \
	X(GUEST_DS_ACCESS, 0x481a, ALWAYS)                  \
	X(GUEST_FS_ACCESS, 0x481c, ALWAYS)                  \
	X(GUEST_GS_ACCESS, 0x481e, ALWAYS)                  \
	X(GUEST_LDTR_ACCESS, 0x4820, ALWAYS)                \
	X(GUEST_TR_ACCESS, 0x4822, ALWAYS)                  \
	X(GUEST_INTERRUPTIBILITY, 0x4824, ALWAYS)           \
	X(GUEST_ACTIVITY, 0x4826, ALWAYS)                   \
	X(GUEST_SMBASE, 0x4828, ALWAYS)                     \
	X(GUEST_SYSENTER_CS, 0x482a, ALWAYS)                \
	X(PREEMPTION_TIMER, 0x482e, PREEMPTION_TIMER)       \
	/* 32 bits, host */                                 \
	X(HOST_SYSENTER_CS, 0x4c00, ALWAYS)                 \
	/* natural width, control */                        \
	X(CR0_MASK, 0x6000, ALWAYS)                         \
	X(CR4_MASK, 0x6002, ALWAYS)                         \
	X(CR0_SHADOW, 0x6004, ALWAYS)                       \
	X(CR4_SHADOW, 0x6006, ALWAYS)                       \
	X(CR3_TARGET_0, 0x6008, ALWAYS)                     \
	X(CR3_TARGET_1, 0x600a, ALWAYS)                     \
	X(CR3_TARGET_2, 0x600c, ALWAYS)                     \
	X(CR3_TARGET_3, 0x600e, ALWAYS)                     \
	/* natural width, read-only data */                 \
	X(EXIT_QUALIFICATION, 0x6400, ALWAYS)               \
	X(IO_RCX, 0x6402, ALWAYS)                           \
	X(IO_RSI, 0x6404, ALWAYS)                           \
	X(IO_RDI, 0x6406, ALWAYS)                           \
	X(IO_RIP, 0x6408, ALWAYS)                           \
	X(GUEST_LINEAR_ADDRESS, 0x640a, ALWAYS)             \
	/* natural width, guest */                          \
	X(GUEST_CR0, 0x6800, ALWAYS)                        \
	X(GUEST_CR3, 0x6802, ALWAYS)                        \
	X(GUEST_CR4, 0x6804, ALWAYS)                        \
	X(GUEST_ES_BASE, 0x6806, ALWAYS)                    \
	X(GUEST_CS_BASE, 0x6808, ALWAYS)                    \
	X(GUEST_SS_BASE, 0x680a, ALWAYS)                    \
	X(GUEST_DS_BASE, 0x680c, ALWAYS)                    \
	X(GUEST_FS_BASE, 0x680e, ALWAYS)                    \
	X(GUEST_GS_BASE, 0x6810, ALWAYS)                    \
	X(GUEST_LDTR_BASE, 0x6812, ALWAYS)                  \
	X(GUEST_TR_BASE, 0x6814, ALWAYS)                    \
	X(GUEST_GDTR_BASE, 0x6816, ALWAYS)                  \
	X(GUEST_IDTR_BASE, 0x6818, ALWAYS)                  \
	X(GUEST_DR7, 0x681a, ALWAYS)                        \
	X(GUEST_RSP, 0x681c, ALWAYS)                        \
	X(GUEST_RIP, 0x681e, ALWAYS)                        \
	X(GUEST_RFLAGS, 0x6820, ALWAYS)                     \
	X(GUEST_PENDING_DEBUG, 0x6822, ALWAYS)              \
	X(GUEST_SYSENTER_ESP, 0x6824, ALWAYS)               \
	X(GUEST_SYSENTER_EIP, 0x6826, ALWAYS)               \
	X(GUEST_S_CET, 0x6828, CET)                         \
	X(GUEST_SSP, 0x682a, CET)                           \
	X(GUEST_SSP_TABLE, 0x682c, CET)                     \
	/* natural width, host */                           \
	X(HOST_CR0, 0x6c00, ALWAYS)                         \
	X(HOST_CR3, 0x6c02, ALWAYS)                         \
	X(HOST_CR4, 0x6c04, ALWAYS)                         \
	X(HOST_FS_BASE, 0x6c06, ALWAYS)                     \
	X(HOST_GS_BASE, 0x6c08, ALWAYS)                     \
	X(HOST_TR_BASE, 0x6c0a, ALWAYS)                     \
	X(HOST_GDTR_BASE, 0x6c0c, ALWAYS)                   \
	X(HOST_IDTR_BASE, 0x6c0e, ALWAYS)                   \
	X(HOST_SYSENTER_ESP, 0x6c10, ALWAYS)                \
	X(HOST_SYSENTER_EIP, 0x6c12, ALWAYS)                \
	X(HOST_RSP, 0x6c14, ALWAYS)                         \
	X(HOST_RIP, 0x6c16, ALWAYS)                         \
	X(HOST_S_CET, 0x6c18, HOST_CET)                     \
	X(HOST_SSP, 0x6c1a, HOST_CET)                       \
	X(HOST_SSP_TABLE, 0x6c1c, HOST_CET)

enum vmcs_field {
#define X(symbol, encoding, exists) VMCS_##symbol = (encoding),
	VMCS_FIELDS(X)
#undef X
};

/* A place in the table, 0 .. VMCS_FIELD_COUNT - 1: for models that keep fields in an array. */
enum vmcs_index {
#define X(symbol, encoding, exists) VMCS_INDEX_##symbol,
	VMCS_FIELDS(X)
#undef X
		VMCS_FIELD_COUNT
};

/* What makes a field exist: the 1-setting of a control that the processor allows, by MSR. */
enum vmcs_condition {
	VMCS_IF_ALWAYS,
	VMCS_IF_VPID,
	VMCS_IF_POSTED,
	VMCS_IF_VE,
	VMCS_IF_VIRTUAL_DELIVERY,
	VMCS_IF_PML,
	VMCS_IF_MSR_BITMAP,
	VMCS_IF_TPR_SHADOW,
	VMCS_IF_APIC_ACCESS,
	VMCS_IF_VM_FUNCTIONS,
	VMCS_IF_EPT,
	VMCS_IF_EPTP_SWITCHING,
	VMCS_IF_SHADOWING,
	VMCS_IF_XSAVES,
	VMCS_IF_ENCLS,
	VMCS_IF_SUBPAGE,
	VMCS_IF_TSC_SCALING,
	VMCS_IF_TERTIARY,
	VMCS_IF_ENCLV,
	VMCS_IF_PAT,
	VMCS_IF_EFER,
	VMCS_IF_PERF_GLOBAL,
	VMCS_IF_BNDCFGS,
	VMCS_IF_RTIT,
	VMCS_IF_PKRS,
	VMCS_IF_HOST_PAT,
	VMCS_IF_HOST_EFER,
	VMCS_IF_HOST_PERF_GLOBAL,
	VMCS_IF_HOST_PKRS,
	VMCS_IF_SECONDARY,
	VMCS_IF_PAUSE_LOOP,
	VMCS_IF_PREEMPTION_TIMER,
	VMCS_IF_CET,
	VMCS_IF_HOST_CET,
};

enum vmcs_width { VMCS_16, VMCS_64, VMCS_32, VMCS_NATURAL };
enum vmcs_kind { VMCS_CONTROL, VMCS_READ_ONLY, VMCS_GUEST, VMCS_HOST };

/* SDM 3C, 25.11.2: the encoding says width and kind. */
static inline enum vmcs_width vmcs_width(uint32_t encoding)
{
	return (enum vmcs_width)((encoding >> 13) & 3);
}
static inline enum vmcs_kind vmcs_kind(uint32_t encoding)
{
	return (enum vmcs_kind)((encoding >> 10) & 3);
}

/* Static text for logs and dumps; NULL for an encoding that is not in the table. */
const char *vmcs_field_name(uint32_t encoding);
/* The index of an encoding (the full one, not a high half); -1 if it is not in the table. */
int vmcs_field_index(uint32_t encoding);
uint32_t vmcs_field_encoding(enum vmcs_index index);
enum vmcs_condition vmcs_field_condition(enum vmcs_index index);

#endif
