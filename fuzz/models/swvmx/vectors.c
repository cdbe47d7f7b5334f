#include "fuzz/models/swvmx/vectors.h"
#include "vtx/exits.h"
#include <string.h>

#define SET(name, v)   {VMCS_INDEX_##name, CHANGE_SET, (v)}
#define OR(name, v)    {VMCS_INDEX_##name, CHANGE_OR, (uint64_t)(v)}
#define CLEAR(name, v) {VMCS_INDEX_##name, CHANGE_CLEAR, (uint64_t)(v)}
#define HARD(vector)   (EVENT_VALID | EVENT_HARD_EXCEPTION << 8 | (vector))
#define NMI            (EVENT_VALID | EVENT_NMI << 8 | 2)
#define EXTERNAL       (EVENT_VALID | 0x30)
#define NO_EPT         CLEAR(PROC2_CONTROLS, PROC2_EPT | PROC2_UNRESTRICTED)
#define NOT_CANONICAL  (1ull << 60)
#define POSTED                                                            \
	OR(PIN_CONTROLS, PIN_POSTED), OR(PROC_CONTROLS, PROC_TPR_SHADOW), \
		OR(PROC2_CONTROLS, PROC2_VIRTUAL_DELIVERY)
#define MSR_LIST SET(ENTRY_MSR_LOAD_COUNT, 1), SET(ENTRY_MSR_LOAD, SWVMX_MSR_LIST)

/* The checks that CS, SS, DS, ES, FS and GS have in common. */
#define SEGMENT(SEG)                                                                              \
	{.check = G_##SEG##_V86_BASE, .base = BASE_V86, .changes = {SET(GUEST_##SEG##_BASE, 1)}}, \
		{.check = G_##SEG##_V86_LIMIT,                                                    \
			.base = BASE_V86,                                                         \
			.changes = {SET(GUEST_##SEG##_LIMIT, 0)}},                                \
		{.check = G_##SEG##_V86_ACCESS,                                                   \
			.base = BASE_V86,                                                         \
			.changes = {SET(GUEST_##SEG##_ACCESS, 0x93)}},                            \
		{.check = G_##SEG##_BASE,                                                         \
			.base = BASE_LONG,                                                        \
			.changes = {SET(GUEST_##SEG##_BASE, NOT_CANONICAL)}},                     \
		{.check = G_##SEG##_S,                                                            \
			.base = BASE_LONG,                                                        \
			.changes = {CLEAR(GUEST_##SEG##_ACCESS, 0x10)}},                          \
		{.check = G_##SEG##_PRESENT,                                                      \
			.base = BASE_LONG,                                                        \
			.changes = {CLEAR(GUEST_##SEG##_ACCESS, 0x80)}},                          \
		{.check = G_##SEG##_RESERVED,                                                     \
			.base = BASE_LONG,                                                        \
			.changes = {OR(GUEST_##SEG##_ACCESS, 0x100)}},                            \
		{.check = G_##SEG##_FINE,                                                         \
			.base = BASE_LONG,                                                        \
			.changes = {SET(GUEST_##SEG##_LIMIT, 0xfffff000)}},                       \
	{                                                                                         \
		.check = G_##SEG##_COARSE, .base = BASE_LONG, .changes = {                        \
			CLEAR(GUEST_##SEG##_ACCESS, 0x8000)                                       \
		}                                                                                 \
	}
/* The data segments' DPL counts only without unrestricted guests. */
#define DATA_SEGMENT(SEG)                                               \
	SEGMENT(SEG),                                                   \
		{.check = G_##SEG##_TYPE,                               \
			.base = BASE_LONG,                              \
			.changes = {CLEAR(GUEST_##SEG##_ACCESS, 1)}},   \
	{                                                               \
		.check = G_##SEG##_DPL, .base = BASE_LONG, .changes = { \
			CLEAR(PROC2_CONTROLS, PROC2_UNRESTRICTED),      \
			SET(GUEST_##SEG, 0x1b)                          \
		}                                                       \
	}
#define SYSTEM_SEGMENT(SEG, rights)                                                  \
	{.check = G_##SEG##_TI, .base = BASE_LONG, .changes = {OR(GUEST_##SEG, 4)}}, \
		{.check = G_##SEG##_BASE,                                            \
			.base = BASE_LONG,                                           \
			.changes = {SET(GUEST_##SEG##_BASE, NOT_CANONICAL)}},        \
		{.check = G_##SEG##_TYPE,                                            \
			.base = BASE_LONG,                                           \
			.changes = {SET(GUEST_##SEG##_ACCESS, 0x89)}},               \
		{.check = G_##SEG##_S,                                               \
			.base = BASE_LONG,                                           \
			.changes = {OR(GUEST_##SEG##_ACCESS, 0x10)}},                \
		{.check = G_##SEG##_PRESENT,                                         \
			.base = BASE_LONG,                                           \
			.changes = {CLEAR(GUEST_##SEG##_ACCESS, 0x80)}},             \
		{.check = G_##SEG##_RESERVED,                                        \
			.base = BASE_LONG,                                           \
			.changes = {OR(GUEST_##SEG##_ACCESS, 0x100)}},               \
		{.check = G_##SEG##_FINE,                                            \
			.base = BASE_LONG,                                           \
			.changes = {SET(GUEST_##SEG##_LIMIT, 0x1000),                \
				SET(GUEST_##SEG##_ACCESS, 0x8000 | (rights))}},      \
	{                                                                            \
		.check = G_##SEG##_COARSE, .base = BASE_LONG, .changes = {           \
			SET(GUEST_##SEG##_LIMIT, 0x1fffff)                           \
		}                                                                    \
	}
#define PDPTE(n)                                                      \
	{                                                             \
		.check = G_PDPTE_##n, .base = BASE_FLAT, .changes = { \
			OR(GUEST_CR0, 1ull << 31),                    \
			OR(GUEST_CR4, 1 << 5),                        \
			SET(GUEST_PDPTE_##n, 3)                       \
		}                                                     \
	}

const struct swvmx_vector swvmx_vectors[] = {
	{.check = C_PIN, .base = BASE_LONG, .changes = {CLEAR(PIN_CONTROLS, 2)}},
	{.check = C_PROC, .base = BASE_LONG, .changes = {CLEAR(PROC_CONTROLS, 2)}},
	{.check = C_PROC2, .base = BASE_LONG, .changes = {OR(PROC2_CONTROLS, 1u << 31)}},
	{.check = C_CR3_TARGETS, .base = BASE_LONG, .changes = {SET(CR3_TARGETS, 5)}},
	{.check = C_IO_BITMAP_A, .base = BASE_LONG, .changes = {SET(IO_BITMAP_A, 1)}},
	{.check = C_IO_BITMAP_B, .base = BASE_LONG, .changes = {SET(IO_BITMAP_B, 1)}},
	{.check = C_MSR_BITMAP, .base = BASE_LONG, .changes = {SET(MSR_BITMAP, 1)}},
	{.check = C_VIRTUAL_APIC,
		.base = BASE_LONG,
		.changes = {OR(PROC_CONTROLS, PROC_TPR_SHADOW), SET(VIRTUAL_APIC, 1)}},
	{.check = C_TPR_THRESHOLD,
		.base = BASE_LONG,
		.changes = {OR(PROC_CONTROLS, PROC_TPR_SHADOW), SET(TPR_THRESHOLD, 0x10)}},
	{.check = C_X2APIC_SHADOW,
		.base = BASE_LONG,
		.changes = {OR(PROC2_CONTROLS, PROC2_X2APIC)}},
	{.check = C_REGISTERS_SHADOW,
		.base = BASE_LONG,
		.changes = {OR(PROC2_CONTROLS, PROC2_APIC_REGISTERS)}},
	{.check = C_DELIVERY_SHADOW,
		.base = BASE_LONG,
		.changes = {OR(PROC2_CONTROLS, PROC2_VIRTUAL_DELIVERY)}},
	{.check = C_VIRTUAL_NMI, .base = BASE_LONG, .changes = {CLEAR(PIN_CONTROLS, PIN_NMI)}},
	{.check = C_NMI_WINDOW,
		.base = BASE_LONG,
		.changes = {CLEAR(PIN_CONTROLS, PIN_VIRTUAL_NMI),
			OR(PROC_CONTROLS, PROC_NMI_WINDOW)}},
	{.check = C_APIC_ACCESS,
		.base = BASE_LONG,
		.changes = {OR(PROC2_CONTROLS, PROC2_APIC_ACCESS), SET(APIC_ACCESS, 1)}},
	{.check = C_X2APIC_ACCESS,
		.base = BASE_LONG,
		.changes = {OR(PROC_CONTROLS, PROC_TPR_SHADOW),
			OR(PROC2_CONTROLS, PROC2_X2APIC | PROC2_APIC_ACCESS)}},
	{.check = C_DELIVERY_EXITING,
		.base = BASE_LONG,
		.changes = {OR(PROC_CONTROLS, PROC_TPR_SHADOW),
			OR(PROC2_CONTROLS, PROC2_VIRTUAL_DELIVERY),
			CLEAR(PIN_CONTROLS, PIN_EXTERNAL_INTERRUPT)}},
	{.check = C_POSTED_DELIVERY,
		.base = BASE_LONG,
		.changes = {OR(PIN_CONTROLS, PIN_POSTED), OR(EXIT_CONTROLS, EXIT_ACK_INTERRUPT)}},
	{.check = C_POSTED_ACK, .base = BASE_LONG, .changes = {POSTED}},
	{.check = C_POSTED_VECTOR,
		.base = BASE_LONG,
		.changes = {POSTED, OR(EXIT_CONTROLS, EXIT_ACK_INTERRUPT),
			SET(POSTED_INTERRUPT_VECTOR, 0x100)}},
	{.check = C_POSTED_DESCRIPTOR,
		.base = BASE_LONG,
		.changes = {POSTED, OR(EXIT_CONTROLS, EXIT_ACK_INTERRUPT),
			SET(POSTED_DESCRIPTOR, 1)}},
	{.check = C_VPID, .base = BASE_LONG, .changes = {SET(VPID, 0)}},
	{.check = C_EPTP_TYPE, .base = BASE_LONG, .changes = {CLEAR(EPTP, 7)}},
	{.check = C_EPTP_LEVELS, .base = BASE_LONG, .changes = {CLEAR(EPTP, 0x38)}},
	{.check = C_EPTP_DIRTY, .base = BASE_MINIMAL, .changes = {OR(EPTP, 0x40)}},
	{.check = C_EPTP_RESERVED, .base = BASE_LONG, .changes = {OR(EPTP, 0x80)}},
	{.check = C_PML_EPT, .base = BASE_LONG, .changes = {OR(PROC2_CONTROLS, PROC2_PML), NO_EPT}},
	{.check = C_PML_ADDRESS,
		.base = BASE_LONG,
		.changes = {OR(PROC2_CONTROLS, PROC2_PML), SET(PML_ADDRESS, 1)}},
	{.check = C_UNRESTRICTED_EPT,
		.base = BASE_LONG,
		.changes = {CLEAR(PROC2_CONTROLS, PROC2_EPT)}},
	{.check = C_EXECUTE_EPT,
		.base = BASE_LONG,
		.changes = {OR(PROC2_CONTROLS, PROC2_EXECUTE_MODES), NO_EPT}},
	{.check = C_SUBPAGE_EPT,
		.base = BASE_LONG,
		.changes = {OR(PROC2_CONTROLS, PROC2_SUBPAGE), NO_EPT}},
	{.check = C_SUBPAGE_ADDRESS,
		.base = BASE_LONG,
		.changes = {OR(PROC2_CONTROLS, PROC2_SUBPAGE), SET(SUBPAGE_TABLE, 1)}},
	{.check = C_VMFUNC,
		.base = BASE_LONG,
		.changes = {OR(PROC2_CONTROLS, PROC2_VM_FUNCTIONS), SET(VM_FUNCTIONS, 2)}},
	{.check = C_EPTP_SWITCH_EPT,
		.base = BASE_LONG,
		.changes = {OR(PROC2_CONTROLS, PROC2_VM_FUNCTIONS), SET(VM_FUNCTIONS, 1), NO_EPT}},
	{.check = C_EPTP_LIST,
		.base = BASE_LONG,
		.changes = {OR(PROC2_CONTROLS, PROC2_VM_FUNCTIONS), SET(VM_FUNCTIONS, 1),
			SET(EPTP_LIST, 1)}},
	{.check = C_VMREAD_BITMAP,
		.base = BASE_LONG,
		.changes = {OR(PROC2_CONTROLS, PROC2_SHADOWING), SET(VMREAD_BITMAP, 1)}},
	{.check = C_VMWRITE_BITMAP,
		.base = BASE_LONG,
		.changes = {OR(PROC2_CONTROLS, PROC2_SHADOWING), SET(VMWRITE_BITMAP, 1)}},
	{.check = C_VE_INFORMATION,
		.base = BASE_LONG,
		.changes = {OR(PROC2_CONTROLS, PROC2_VE), SET(VE_INFORMATION, 1)}},
	{.check = C_PT_EPT,
		.base = BASE_LONG,
		.changes = {OR(PROC2_CONTROLS, PROC2_PT_GUEST),
			OR(ENTRY_CONTROLS, SWVMX_ENTRY_LOAD_RTIT), NO_EPT}},
	{.check = C_PT_EXIT,
		.base = BASE_LONG,
		.changes = {OR(PROC2_CONTROLS, PROC2_PT_GUEST),
			OR(ENTRY_CONTROLS, SWVMX_ENTRY_LOAD_RTIT),
			CLEAR(EXIT_CONTROLS, EXIT_CLEAR_RTIT)}},
	{.check = C_PT_ENTRY,
		.base = BASE_LONG,
		.changes = {OR(PROC2_CONTROLS, PROC2_PT_GUEST),
			OR(EXIT_CONTROLS, EXIT_CLEAR_RTIT)}},
	{.check = C_TSC_MULTIPLIER,
		.base = BASE_LONG,
		.changes = {OR(PROC2_CONTROLS, PROC2_TSC_SCALING)}},
	{.check = C_EXIT, .base = BASE_LONG, .changes = {CLEAR(EXIT_CONTROLS, 1)}},
	{.check = C_SAVE_TIMER,
		.base = BASE_LONG,
		.changes = {CLEAR(PIN_CONTROLS, PIN_PREEMPTION_TIMER)}},
	{.check = C_EXIT_STORE,
		.base = BASE_LONG,
		.changes = {SET(EXIT_MSR_STORE_COUNT, 1), SET(EXIT_MSR_STORE, 1)}},
	{.check = C_EXIT_LOAD,
		.base = BASE_LONG,
		.changes = {SET(EXIT_MSR_LOAD_COUNT, 1), SET(EXIT_MSR_LOAD, 1)}},
	{.check = C_ENTRY, .base = BASE_LONG, .changes = {CLEAR(ENTRY_CONTROLS, 1)}},
	{.check = C_EVENT_TYPE,
		.base = BASE_LONG,
		.changes = {SET(ENTRY_EVENT, EVENT_VALID | 1 << 8)}},
	{.check = C_EVENT_VECTOR,
		.base = BASE_LONG,
		.changes = {SET(ENTRY_EVENT, EVENT_VALID | EVENT_NMI << 8 | 3)}},
	{.check = C_EVENT_ERROR,
		.base = BASE_LONG,
		.changes = {SET(ENTRY_EVENT, NMI | EVENT_ERROR_CODE)}},
	{.check = C_EVENT_ERROR, .base = BASE_MINIMAL, .changes = {SET(ENTRY_EVENT, HARD(13))}},
	{.check = C_EVENT_ERROR,
		.base = BASE_REAL,
		.changes = {SET(ENTRY_EVENT, HARD(13) | EVENT_ERROR_CODE)}},
	{.check = C_EVENT_RESERVED,
		.base = BASE_LONG,
		.changes = {SET(ENTRY_EVENT, HARD(6) | 1 << 12)}},
	{.check = C_EVENT_ERROR_CODE,
		.base = BASE_LONG,
		.changes = {SET(ENTRY_EVENT, HARD(13) | EVENT_ERROR_CODE),
			SET(ENTRY_EVENT_ERROR, 0x10000)}},
	{.check = C_EVENT_LENGTH,
		.base = BASE_LONG,
		.changes = {SET(ENTRY_EVENT, EVENT_VALID | EVENT_SOFT_INTERRUPT << 8 | 0x80),
			SET(ENTRY_INSTRUCTION_LENGTH, 16)}},
	{.check = C_ENTRY_LOAD,
		.base = BASE_LONG,
		.changes = {SET(ENTRY_MSR_LOAD_COUNT, 1), SET(ENTRY_MSR_LOAD, 1)}},
	{.check = C_ENTRY_SMM, .base = BASE_LONG, .changes = {OR(ENTRY_CONTROLS, ENTRY_SMM)}},
	{.check = C_ENTRY_MONITOR,
		.base = BASE_LONG,
		.changes = {OR(ENTRY_CONTROLS, SWVMX_ENTRY_MONITOR)}},
	{.check = H_CR0, .base = BASE_LONG, .changes = {CLEAR(HOST_CR0, 0x20)}},
	{.check = H_CR4, .base = BASE_LONG, .changes = {CLEAR(HOST_CR4, 0x2000)}},
	{.check = H_CET_WP, .base = BASE_LONG, .changes = {CLEAR(HOST_CR0, 1 << 16)}},
	{.check = H_CR3, .base = BASE_LONG, .changes = {OR(HOST_CR3, 1ull << 50)}},
	{.check = H_SYSENTER_ESP,
		.base = BASE_LONG,
		.changes = {SET(HOST_SYSENTER_ESP, NOT_CANONICAL)}},
	{.check = H_SYSENTER_EIP,
		.base = BASE_LONG,
		.changes = {SET(HOST_SYSENTER_EIP, NOT_CANONICAL)}},
	{.check = H_PERF_GLOBAL,
		.base = BASE_LONG,
		.changes = {OR(EXIT_CONTROLS, EXIT_LOAD_PERF), SET(HOST_PERF_GLOBAL, 1ull << 63)}},
	{.check = H_PAT, .base = BASE_LONG, .changes = {SET(HOST_PAT, 2)}},
	{.check = H_EFER, .base = BASE_LONG, .changes = {OR(HOST_EFER, 2)}},
	{.check = H_EFER_LONG, .base = BASE_LONG, .changes = {CLEAR(HOST_EFER, 0x100)}},
	{.check = H_S_CET, .base = BASE_LONG, .changes = {OR(HOST_S_CET, 0x40)}},
	{.check = H_SSP, .base = BASE_LONG, .changes = {SET(HOST_SSP, 1)}},
	{.check = H_SSP_TABLE, .base = BASE_LONG, .changes = {SET(HOST_SSP_TABLE, NOT_CANONICAL)}},
	{.check = H_PKRS,
		.base = BASE_LONG,
		.changes = {OR(EXIT_CONTROLS, SWVMX_EXIT_LOAD_PKRS), SET(HOST_PKRS, 1ull << 32)}},
	{.check = H_CS, .base = BASE_LONG, .changes = {OR(HOST_CS, 1)}},
	{.check = H_SS, .base = BASE_LONG, .changes = {OR(HOST_SS, 1)}},
	{.check = H_DS, .base = BASE_LONG, .changes = {OR(HOST_DS, 1)}},
	{.check = H_ES, .base = BASE_LONG, .changes = {OR(HOST_ES, 1)}},
	{.check = H_FS, .base = BASE_LONG, .changes = {OR(HOST_FS, 1)}},
	{.check = H_GS, .base = BASE_LONG, .changes = {OR(HOST_GS, 1)}},
	{.check = H_TR, .base = BASE_LONG, .changes = {OR(HOST_TR, 1)}},
	{.check = H_CS_NULL, .base = BASE_LONG, .changes = {SET(HOST_CS, 0)}},
	{.check = H_TR_NULL, .base = BASE_LONG, .changes = {SET(HOST_TR, 0)}},
	{.check = H_SS_NULL, .base = BASE_HOST_32, .changes = {SET(HOST_SS, 0)}},
	{.check = H_FS_BASE, .base = BASE_LONG, .changes = {SET(HOST_FS_BASE, NOT_CANONICAL)}},
	{.check = H_GS_BASE, .base = BASE_LONG, .changes = {SET(HOST_GS_BASE, NOT_CANONICAL)}},
	{.check = H_GDTR_BASE, .base = BASE_LONG, .changes = {SET(HOST_GDTR_BASE, NOT_CANONICAL)}},
	{.check = H_IDTR_BASE, .base = BASE_LONG, .changes = {SET(HOST_IDTR_BASE, NOT_CANONICAL)}},
	{.check = H_TR_BASE, .base = BASE_LONG, .changes = {SET(HOST_TR_BASE, NOT_CANONICAL)}},
	{.check = H_64,
		.base = BASE_LONG,
		.changes = {CLEAR(EXIT_CONTROLS, EXIT_HOST_64), CLEAR(HOST_EFER, 0x500),
			SET(HOST_RIP, 0x1000)}},
	{.check = H_GUEST_64,
		.base = BASE_HOST_32,
		.changes = {OR(ENTRY_CONTROLS, ENTRY_GUEST_64)}},
	{.check = H_32_PCIDE, .base = BASE_HOST_32, .changes = {OR(HOST_CR4, 1 << 17)}},
	{.check = H_32_RIP, .base = BASE_HOST_32, .changes = {SET(HOST_RIP, 1ull << 32)}},
	{.check = H_64_PAE, .base = BASE_LONG, .changes = {CLEAR(HOST_CR4, 0x20)}},
	{.check = H_64_RIP, .base = BASE_LONG, .changes = {SET(HOST_RIP, NOT_CANONICAL)}},
	{.check = G_CR0, .base = BASE_LONG, .changes = {CLEAR(GUEST_CR0, 0x20)}},
	{.check = G_PG_PE, .base = BASE_LONG, .changes = {CLEAR(GUEST_CR0, 1)}},
	{.check = G_CET_WP,
		.base = BASE_LONG,
		.changes = {OR(GUEST_CR4, 1 << 23), CLEAR(GUEST_CR0, 1 << 16)}},
	{.check = G_CR4, .base = BASE_LONG, .changes = {CLEAR(GUEST_CR4, 0x2000)}},
	{.check = G_DEBUGCTL, .base = BASE_LONG, .changes = {SET(GUEST_DEBUGCTL, 1 << 4)}},
	{.check = G_64_PG, .base = BASE_LONG, .changes = {CLEAR(GUEST_CR0, 1u << 31)}},
	{.check = G_64_PAE, .base = BASE_LONG, .changes = {CLEAR(GUEST_CR4, 1 << 5)}},
	{.check = G_32_PCIDE, .base = BASE_FLAT, .changes = {OR(GUEST_CR4, 1 << 17)}},
	{.check = G_CR3, .base = BASE_LONG, .changes = {OR(GUEST_CR3, 1ull << 50)}},
	{.check = G_DR7, .base = BASE_LONG, .changes = {OR(GUEST_DR7, 1ull << 32)}},
	{.check = G_SYSENTER_ESP,
		.base = BASE_LONG,
		.changes = {SET(GUEST_SYSENTER_ESP, NOT_CANONICAL)}},
	{.check = G_SYSENTER_EIP,
		.base = BASE_LONG,
		.changes = {SET(GUEST_SYSENTER_EIP, NOT_CANONICAL)}},
	{.check = G_PERF_GLOBAL,
		.base = BASE_LONG,
		.changes = {OR(ENTRY_CONTROLS, ENTRY_LOAD_PERF),
			SET(GUEST_PERF_GLOBAL, 1ull << 63)}},
	{.check = G_PAT, .base = BASE_LONG, .changes = {SET(GUEST_PAT, 2)}},
	{.check = G_EFER, .base = BASE_LONG, .changes = {OR(GUEST_EFER, 2)}},
	{.check = G_EFER_LMA, .base = BASE_LONG, .changes = {CLEAR(GUEST_EFER, 0x500)}},
	{.check = G_EFER_LME, .base = BASE_LONG, .changes = {CLEAR(GUEST_EFER, 0x100)}},
	{.check = G_BNDCFGS,
		.base = BASE_LONG,
		.changes = {OR(ENTRY_CONTROLS, ENTRY_LOAD_BNDCFGS), SET(GUEST_BNDCFGS, 4)}},
	{.check = G_RTIT,
		.base = BASE_LONG,
		.changes = {OR(ENTRY_CONTROLS, SWVMX_ENTRY_LOAD_RTIT),
			SET(GUEST_RTIT_CTL, 1ull << 48)}},
	{.check = G_S_CET, .base = BASE_LONG, .changes = {SET(GUEST_S_CET, 0x40)}},
	{.check = G_SSP_TABLE, .base = BASE_LONG, .changes = {SET(GUEST_SSP_TABLE, NOT_CANONICAL)}},
	{.check = G_PKRS,
		.base = BASE_LONG,
		.changes = {OR(ENTRY_CONTROLS, SWVMX_ENTRY_LOAD_PKRS),
			SET(GUEST_PKRS, 1ull << 32)}},
	{.check = G_SS_RPL,
		.base = BASE_LONG,
		.changes = {CLEAR(PROC2_CONTROLS, PROC2_UNRESTRICTED), SET(GUEST_SS, 0x1b),
			SET(GUEST_SS_ACCESS, 0xc0f3), SET(GUEST_CS_ACCESS, 0xa09f)}},
	SEGMENT(CS),
	SEGMENT(SS),
	DATA_SEGMENT(DS),
	DATA_SEGMENT(ES),
	DATA_SEGMENT(FS),
	DATA_SEGMENT(GS),
	{.check = G_CS_TYPE, .base = BASE_LONG, .changes = {SET(GUEST_CS_ACCESS, 0xa092)}},
	{.check = G_CS_DPL, .base = BASE_LONG, .changes = {OR(GUEST_CS_ACCESS, 0x20)}},
	{.check = G_SS_TYPE, .base = BASE_LONG, .changes = {SET(GUEST_SS_ACCESS, 0xc091)}},
	{.check = G_SS_DPL,
		.base = BASE_LONG,
		.changes = {SET(GUEST_SS_ACCESS, 0xc0b3), SET(GUEST_CS_ACCESS, 0xa093)}},
	{.check = G_CS_DB, .base = BASE_LONG, .changes = {OR(GUEST_CS_ACCESS, 0x4000)}},
	SYSTEM_SEGMENT(TR, 0x8b),
	{.check = G_TR_USABLE, .base = BASE_LONG, .changes = {OR(GUEST_TR_ACCESS, 0x10000)}},
	SYSTEM_SEGMENT(LDTR, 0x82),
	{.check = G_GDTR_BASE, .base = BASE_LONG, .changes = {SET(GUEST_GDTR_BASE, NOT_CANONICAL)}},
	{.check = G_IDTR_BASE, .base = BASE_LONG, .changes = {SET(GUEST_IDTR_BASE, NOT_CANONICAL)}},
	{.check = G_GDTR_LIMIT, .base = BASE_LONG, .changes = {SET(GUEST_GDTR_LIMIT, 0x10000)}},
	{.check = G_IDTR_LIMIT, .base = BASE_LONG, .changes = {SET(GUEST_IDTR_LIMIT, 0x10000)}},
	{.check = G_RIP_32, .base = BASE_FLAT, .changes = {SET(GUEST_RIP, 1ull << 32)}},
	{.check = G_RIP_64, .base = BASE_LONG, .changes = {SET(GUEST_RIP, NOT_CANONICAL)}},
	{.check = G_RFLAGS, .base = BASE_LONG, .changes = {CLEAR(GUEST_RFLAGS, 2)}},
	{.check = G_RFLAGS_VM, .base = BASE_V86, .changes = {CLEAR(GUEST_CR0, 1)}},
	{.check = G_RFLAGS_IF, .base = BASE_LONG, .changes = {SET(ENTRY_EVENT, EXTERNAL)}},
	{.check = G_SSP, .base = BASE_LONG, .changes = {SET(GUEST_SSP, 1)}},
	{.check = G_ACTIVITY, .base = BASE_LONG, .changes = {SET(GUEST_ACTIVITY, 4)}},
	{.check = G_HLT_DPL,
		.base = BASE_LONG,
		.changes = {SET(GUEST_ACTIVITY, ACTIVITY_HLT), OR(GUEST_SS_ACCESS, 0x60),
			OR(GUEST_CS_ACCESS, 0x60)}},
	{.check = G_BLOCKED_ACTIVE,
		.base = BASE_LONG,
		.changes = {SET(GUEST_ACTIVITY, ACTIVITY_HLT),
			SET(GUEST_INTERRUPTIBILITY, BLOCKED_BY_MOV_SS)}},
	{.check = G_ACTIVITY_EVENT,
		.base = BASE_LONG,
		.changes = {SET(GUEST_ACTIVITY, ACTIVITY_HLT), SET(ENTRY_EVENT, HARD(6))}},
	{.check = G_BLOCKING, .base = BASE_LONG, .changes = {SET(GUEST_INTERRUPTIBILITY, 0x20)}},
	{.check = G_STI_MOV_SS,
		.base = BASE_LONG,
		.changes = {SET(GUEST_INTERRUPTIBILITY, BLOCKED_BY_STI | BLOCKED_BY_MOV_SS),
			OR(GUEST_RFLAGS, 0x200)}},
	{.check = G_STI_IF,
		.base = BASE_LONG,
		.changes = {SET(GUEST_INTERRUPTIBILITY, BLOCKED_BY_STI)}},
	{.check = G_INTERRUPT_BLOCKED,
		.base = BASE_LONG,
		.changes = {SET(GUEST_INTERRUPTIBILITY, BLOCKED_BY_MOV_SS), OR(GUEST_RFLAGS, 0x200),
			SET(ENTRY_EVENT, EXTERNAL)}},
	{.check = G_NMI_BLOCKED,
		.base = BASE_LONG,
		.changes = {SET(GUEST_INTERRUPTIBILITY, BLOCKED_BY_MOV_SS), SET(ENTRY_EVENT, NMI)}},
	{.check = G_SMI,
		.base = BASE_LONG,
		.changes = {SET(GUEST_INTERRUPTIBILITY, BLOCKED_BY_SMI)}},
	{.check = G_VIRTUAL_NMI,
		.base = BASE_LONG,
		.changes = {SET(GUEST_INTERRUPTIBILITY, BLOCKED_BY_NMI), SET(ENTRY_EVENT, NMI)}},
	{.check = G_ENCLAVE,
		.base = BASE_LONG,
		.changes = {SET(GUEST_INTERRUPTIBILITY, BLOCKED_BY_MOV_SS | 0x10)}},
	{.check = G_DEBUG_RESERVED,
		.base = BASE_LONG,
		.changes = {SET(GUEST_PENDING_DEBUG, 1 << 4)}},
	{.check = G_DEBUG_STEP,
		.base = BASE_LONG,
		.changes = {SET(GUEST_INTERRUPTIBILITY, BLOCKED_BY_MOV_SS),
			SET(GUEST_PENDING_DEBUG, 1 << 14)}},
	{.check = G_DEBUG_RTM, .base = BASE_LONG, .changes = {SET(GUEST_PENDING_DEBUG, 1 << 16)}},
	{.check = G_LINK, .base = BASE_LONG, .changes = {SET(LINK, 1)}},
	{.check = G_LINK_REVISION, .base = BASE_LONG, .changes = {SET(LINK, SWVMX_NO_VMCS)}},
	PDPTE(0),
	PDPTE(1),
	PDPTE(2),
	PDPTE(3),
	{.check = M_BASE, .base = BASE_LONG, .changes = {MSR_LIST}, .msr = {0xc0000100, 0, 0}},
	{.check = M_X2APIC, .base = BASE_LONG, .changes = {MSR_LIST}, .msr = {0x802, 0, 0}},
	{.check = M_SMM, .base = BASE_LONG, .changes = {MSR_LIST}, .msr = {0x9b, 0, 0}},
	{.check = M_RESERVED, .base = BASE_LONG, .changes = {MSR_LIST}, .msr = {0x277, 1, 0}},
	{.check = M_VALUE, .base = BASE_LONG, .changes = {MSR_LIST}, .msr = {0x277, 0, 2}},
};
const unsigned swvmx_vector_count = ARRAY_SIZE(swvmx_vectors);

const struct swvmx_vector swvmx_passing[] = {
	{.check = C_VE_INFORMATION, .base = BASE_LONG, .changes = {OR(PROC2_CONTROLS, PROC2_VE)}},
	{.check = C_TSC_MULTIPLIER,
		.base = BASE_LONG,
		.changes = {OR(PROC2_CONTROLS, PROC2_TSC_SCALING), SET(TSC_MULTIPLIER, 1)}},
	{.check = C_EXIT_STORE,
		.base = BASE_LONG,
		.changes = {SET(EXIT_MSR_STORE_COUNT, 1), SET(EXIT_MSR_STORE, SWVMX_MSR_LIST)}},
	{.check = C_EXIT_LOAD,
		.base = BASE_LONG,
		.changes = {SET(EXIT_MSR_LOAD_COUNT, 1), SET(EXIT_MSR_LOAD, SWVMX_MSR_LIST)}},
	{.check = C_EVENT_LENGTH,
		.base = BASE_LONG,
		.changes = {SET(ENTRY_EVENT, EVENT_VALID | EVENT_SOFT_INTERRUPT << 8 | 0x80),
			SET(ENTRY_INSTRUCTION_LENGTH, 2)}},
	{.check = H_PERF_GLOBAL, .base = BASE_LONG, .changes = {OR(EXIT_CONTROLS, EXIT_LOAD_PERF)}},
	{.check = H_PKRS, .base = BASE_LONG, .changes = {OR(EXIT_CONTROLS, SWVMX_EXIT_LOAD_PKRS)}},
	{.check = G_PERF_GLOBAL,
		.base = BASE_LONG,
		.changes = {OR(ENTRY_CONTROLS, ENTRY_LOAD_PERF)}},
	{.check = G_BNDCFGS,
		.base = BASE_LONG,
		.changes = {OR(ENTRY_CONTROLS, ENTRY_LOAD_BNDCFGS)}},
	{.check = G_RTIT,
		.base = BASE_LONG,
		.changes = {OR(ENTRY_CONTROLS, SWVMX_ENTRY_LOAD_RTIT)}},
	{.check = G_PKRS,
		.base = BASE_LONG,
		.changes = {OR(ENTRY_CONTROLS, SWVMX_ENTRY_LOAD_PKRS)}},
	{.check = G_DEBUG_RTM,
		.base = BASE_LONG,
		.changes = {SET(GUEST_PENDING_DEBUG, 1 << 16 | 1 << 12)}},
	{.check = G_LINK_REVISION, .base = BASE_LONG, .changes = {SET(LINK, SWVMX_BASE + 0x5000)}},
	{.check = M_VALUE, .base = BASE_LONG, .changes = {MSR_LIST}, .msr = {0x277, 0, 6}},
};
const unsigned swvmx_passing_count = ARRAY_SIZE(swvmx_passing);

void swvmx_change_apply(const struct swvmx_change *change, struct swvmx_vmcs *vmcs)
{
	uint64_t *field = &vmcs->f[change->index];

	if (change->how == CHANGE_SET)
		*field = change->value;
	else if (change->how == CHANGE_OR)
		*field |= change->value;
	else if (change->how == CHANGE_CLEAR)
		*field &= ~change->value;
	else if (change->how == CHANGE_FLIP)
		*field ^= change->value;
	vmcs->unchecked = SWVMX_ALL_UNCHECKED;
}

void swvmx_vector_apply(const struct swvmx_vector *vector, struct swvmx_vmcs *vmcs)
{
	for (unsigned i = 0; i < ARRAY_SIZE(vector->changes); i++)
		swvmx_change_apply(&vector->changes[i], vmcs);
	memcpy(swvmx_at(hpa(SWVMX_MSR_LIST)), &vector->msr, sizeof(vector->msr));
}
