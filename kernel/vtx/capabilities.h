/*
 * What the processor's VMX can do (SDM 3D, appendix A), and which controls follow: each is
 * required, wanted where there is one, or refused, and the table says why. Pure.
 */
#ifndef VTX_CAPABILITIES_H
#define VTX_CAPABILITIES_H

#include "lib/types.h"
#include <vmkapi/status.h>

#define MSR_FEATURE_CONTROL       0x3au
#define FEATURE_CONTROL_LOCKED    (1ull << 0)
#define FEATURE_CONTROL_VMX_SMX   (1ull << 1)
#define FEATURE_CONTROL_VMX       (1ull << 2)
#define MSR_VMX_BASIC             0x480u
#define VMX_BASIC_32BIT_ADDRESSES (1ull << 48)
#define VMX_BASIC_INS_OUTS        (1ull << 54)
#define VMX_BASIC_TRUE_CONTROLS   (1ull << 55)

/* The capability MSRs as read; those that the processor does not have are 0. */
struct vtx_capability_msrs {
	uint64_t basic, pin, proc, exit, entry; /* the TRUE ones where there are */
	uint64_t misc, cr0_fixed0, cr0_fixed1, cr4_fixed0, cr4_fixed1;
	uint64_t proc2, ept_vpid, vmfunc;
};
/* Reads them all. `read` gives false for an MSR that the processor does not have. */
void vtx_capability_read(
	bool (*read)(uint32_t msr, uint64_t *value), struct vtx_capability_msrs *to);

enum vtx_word { WORD_PIN, WORD_PROC, WORD_PROC2, WORD_EXIT, WORD_ENTRY, WORDS };
enum vtx_need { NEED_REQUIRED, NEED_WANTED, NEED_REFUSED };

/*
 * X(symbol, word, bit, need, name, why). REQUIRED: no VM runs without it. WANTED: set where the
 * processor allows it. REFUSED: stays 0, and a processor that forces it to 1 is not used. Controls
 * that are not listed take the processor's default.
 */
#define VTX_CONTROLS(X)                                                                            \
	X(PIN_EXTERNAL_INTERRUPT, PIN, 0, REQUIRED, "external-interrupt exiting",                  \
		"the host's interrupts stop the guest")                                            \
	X(PIN_NMI, PIN, 3, REQUIRED, "NMI exiting", "the host's NMIs are not the guest's")         \
	X(PIN_VIRTUAL_NMI, PIN, 5, REQUIRED, "virtual NMIs",                                       \
		"the guest's NMI blocking is its own")                                             \
	X(PIN_PREEMPTION_TIMER, PIN, 6, WANTED, "VMX-preemption timer", "slices end on time")      \
	X(PIN_POSTED, PIN, 7, REFUSED, "posted interrupts", "not used")                            \
	X(PROC_INTERRUPT_WINDOW, PROC, 2, REFUSED, "interrupt-window exiting",                     \
		"set only while an interrupt waits")                                               \
	X(PROC_TSC_OFFSET, PROC, 3, REQUIRED, "use TSC offsetting", "a guest's time starts at 0")  \
	X(PROC_HLT, PROC, 7, REQUIRED, "HLT exiting", "an idle guest gives its pCPU away")         \
	X(PROC_INVLPG, PROC, 9, REFUSED, "INVLPG exiting", "EPT makes it needless")                \
	X(PROC_MWAIT, PROC, 10, REQUIRED, "MWAIT exiting", "a guest does not hold a pCPU idle")    \
	X(PROC_RDPMC, PROC, 11, REQUIRED, "RDPMC exiting", "counters are the host's")              \
	X(PROC_RDTSC, PROC, 12, REFUSED, "RDTSC exiting", "the offset is enough")                  \
	X(PROC_CR3_LOAD, PROC, 15, REFUSED, "CR3-load exiting", "EPT makes it needless")           \
	X(PROC_CR3_STORE, PROC, 16, REFUSED, "CR3-store exiting", "EPT makes it needless")         \
	X(PROC_CR8_LOAD, PROC, 19, REQUIRED, "CR8-load exiting", "the TPR is the model's")         \
	X(PROC_CR8_STORE, PROC, 20, REQUIRED, "CR8-store exiting", "the TPR is the model's")       \
	X(PROC_TPR_SHADOW, PROC, 21, REFUSED, "use TPR shadow", "CR8 exits instead")               \
	X(PROC_NMI_WINDOW, PROC, 22, REFUSED, "NMI-window exiting", "set only while an NMI waits") \
	X(PROC_MOV_DR, PROC, 23, REQUIRED, "MOV-DR exiting", "debug registers are switched late")  \
	X(PROC_IO, PROC, 24, REQUIRED, "unconditional I/O exiting", "no port is the guest's")      \
	X(PROC_IO_BITMAPS, PROC, 25, WANTED, "use I/O bitmaps", "port by port, all of them")       \
	X(PROC_MONITOR_TRAP, PROC, 27, REFUSED, "monitor trap flag", "not used")                   \
	X(PROC_MSR_BITMAPS, PROC, 28, REQUIRED, "use MSR bitmaps", "only switched MSRs pass")      \
	X(PROC_MONITOR, PROC, 29, REQUIRED, "MONITOR exiting", "as MWAIT")                         \
	X(PROC_PAUSE, PROC, 30, REFUSED, "PAUSE exiting", "PAUSE loops exit instead, or none")     \
	X(PROC_SECONDARY, PROC, 31, REQUIRED, "secondary controls", "EPT is one of them")          \
	X(PROC2_APIC_ACCESS, PROC2, 0, REFUSED, "virtualize APIC accesses",                        \
		"the page is unmapped")                                                            \
	X(PROC2_EPT, PROC2, 1, REQUIRED, "EPT", "the isolation of guests rests on it")             \
	X(PROC2_DESCRIPTOR, PROC2, 2, REFUSED, "descriptor-table exiting", "not needed")           \
	X(PROC2_RDTSCP, PROC2, 3, WANTED, "RDTSCP", "offered where the host has it")               \
	X(PROC2_X2APIC, PROC2, 4, REFUSED, "virtualize x2APIC", "MSRs exit")                       \
	X(PROC2_VPID, PROC2, 5, WANTED, "VPID", "translations survive exits")                      \
	X(PROC2_WBINVD, PROC2, 6, REQUIRED, "WBINVD exiting",                                      \
		"no guest empties everyone's caches")                                              \
	X(PROC2_UNRESTRICTED, PROC2, 7, REQUIRED, "unrestricted guest",                            \
		"guests start in real mode")                                                       \
	X(PROC2_APIC_REGISTERS, PROC2, 8, REFUSED, "APIC-register virtualization", "not used")     \
	X(PROC2_VIRTUAL_DELIVERY, PROC2, 9, REFUSED, "virtual-interrupt delivery", "not used")     \
	X(PROC2_PAUSE_LOOP, PROC2, 10, WANTED, "PAUSE-loop exiting", "a spinning vCPU gives way")  \
	X(PROC2_RDRAND, PROC2, 11, REFUSED, "RDRAND exiting", "random numbers are free")           \
	X(PROC2_INVPCID, PROC2, 12, WANTED, "INVPCID", "offered where the host has it")            \
	X(PROC2_VM_FUNCTIONS, PROC2, 13, REFUSED, "VM functions", "no guest switches its EPT")     \
	X(PROC2_SHADOWING, PROC2, 14, REFUSED, "VMCS shadowing", "no nested guests")               \
	X(PROC2_ENCLS, PROC2, 15, WANTED, "ENCLS exiting", "no enclaves in guests")                \
	X(PROC2_RDSEED, PROC2, 16, REFUSED, "RDSEED exiting", "random numbers are free")           \
	X(PROC2_PML, PROC2, 17, REFUSED, "page-modification logging", "not used")                  \
	X(PROC2_VE, PROC2, 18, REFUSED, "EPT-violation #VE", "every violation is ours")            \
	X(PROC2_PT_CONCEAL, PROC2, 19, WANTED, "conceal VMX from PT", "traces say nothing of us")  \
	X(PROC2_XSAVES, PROC2, 20, REFUSED, "XSAVES and XRSTORS",                                  \
		"a guest has no supervisor states")                                                \
	X(PROC2_EXECUTE_MODES, PROC2, 22, REFUSED, "mode-based execute", "not used")               \
	X(PROC2_SUBPAGE, PROC2, 23, REFUSED, "sub-page write permissions", "not used")             \
	X(PROC2_PT_GUEST, PROC2, 24, REFUSED, "PT uses guest addresses", "no tracing in guests")   \
	X(PROC2_TSC_SCALING, PROC2, 25, WANTED, "use TSC scaling",                                 \
		"a VM may have a rate of its own")                                                 \
	X(PROC2_USER_WAIT, PROC2, 26, REFUSED, "user wait and pause", "UMWAIT stays undefined")    \
	X(PROC2_ENCLV, PROC2, 28, WANTED, "ENCLV exiting", "no enclaves in guests")                \
	X(EXIT_SAVE_DEBUG, EXIT, 2, REQUIRED, "save debug controls", "DR7 is the guest's")         \
	X(EXIT_HOST_64, EXIT, 9, REQUIRED, "host address-space size",                              \
		"the host is in 64-bit mode")                                                      \
	X(EXIT_LOAD_PERF, EXIT, 12, REFUSED, "load PERF_GLOBAL_CTRL", "counters stay off")         \
	X(EXIT_ACK_INTERRUPT, EXIT, 15, REFUSED, "acknowledge interrupt on exit",                  \
		"the host takes it by itself after the exit")                                      \
	X(EXIT_SAVE_PAT, EXIT, 18, REQUIRED, "save IA32_PAT", "the guest writes its own")          \
	X(EXIT_LOAD_PAT, EXIT, 19, REQUIRED, "load IA32_PAT", "the host has its own")              \
	X(EXIT_SAVE_EFER, EXIT, 20, REQUIRED, "save IA32_EFER", "long mode is the guest's")        \
	X(EXIT_LOAD_EFER, EXIT, 21, REQUIRED, "load IA32_EFER", "the host has its own")            \
	X(EXIT_SAVE_TIMER, EXIT, 22, WANTED, "save preemption timer",                              \
		"a slice spans many entries")                                                      \
	X(EXIT_CLEAR_BNDCFGS, EXIT, 23, WANTED, "clear BNDCFGS", "the guest's bounds end with it") \
	X(EXIT_CONCEAL_PT, EXIT, 24, WANTED, "conceal VMX from PT", "traces say nothing of us")    \
	X(EXIT_CLEAR_RTIT, EXIT, 25, WANTED, "clear IA32_RTIT_CTL", "tracing ends with the guest") \
	X(EXIT_LOAD_CET, EXIT, 28, WANTED, "load CET state", "the host's shadow stack is its own") \
	X(ENTRY_LOAD_DEBUG, ENTRY, 2, REQUIRED, "load debug controls", "DR7 is the guest's")       \
	X(ENTRY_GUEST_64, ENTRY, 9, REFUSED, "IA-32e mode guest", "set when EFER.LMA is")          \
	X(ENTRY_SMM, ENTRY, 10, REFUSED, "entry to SMM", "not ours")                               \
	X(ENTRY_LOAD_PERF, ENTRY, 13, REFUSED, "load PERF_GLOBAL_CTRL", "counters stay off")       \
	X(ENTRY_LOAD_PAT, ENTRY, 14, REQUIRED, "load IA32_PAT", "the guest has its own")           \
	X(ENTRY_LOAD_EFER, ENTRY, 15, REQUIRED, "load IA32_EFER", "long mode is the guest's")      \
	X(ENTRY_LOAD_BNDCFGS, ENTRY, 16, REFUSED, "load BNDCFGS", "no MPX in guests")              \
	X(ENTRY_CONCEAL_PT, ENTRY, 17, WANTED, "conceal VMX from PT", "traces say nothing of us")  \
	X(ENTRY_LOAD_CET, ENTRY, 20, WANTED, "load CET state", "the guest starts without")

enum vtx_control {
#define X(symbol, word, bit, need, name, why) CONTROL_##symbol,
	VTX_CONTROLS(X)
#undef X
		CONTROL_COUNT
};
/* The bit of a control within its word. */
enum {
#define X(symbol, word, bit, need, name, why) symbol = (int)(1u << (bit)),
	VTX_CONTROLS(X)
#undef X
};

/* IA32_VMX_EPT_VPID_CAP, appendix A.10. */
#define EPT_CAP_EXECUTE_ONLY  (1ull << 0)
#define EPT_CAP_4_LEVELS      (1ull << 6)
#define EPT_CAP_WRITE_BACK    (1ull << 14)
#define EPT_CAP_2M            (1ull << 16)
#define EPT_CAP_1G            (1ull << 17)
#define EPT_CAP_INVEPT        (1ull << 20)
#define EPT_CAP_ACCESSED      (1ull << 21)
#define EPT_CAP_INVEPT_SINGLE (1ull << 25)
#define EPT_CAP_INVEPT_ALL    (1ull << 26)
#define VPID_CAP_INVVPID      (1ull << 32)
#define VPID_CAP_ADDRESS      (1ull << 40)
#define VPID_CAP_SINGLE       (1ull << 41)
#define VPID_CAP_ALL          (1ull << 42)

/* What every VM starts from. */
struct vtx_controls {
	uint32_t word[WORDS];
	uint32_t revision;   /* of VMCS and VMXON regions */
	uint32_t vmcs_bytes; /* at most 4096 */
	uint64_t cr0_fixed0, cr0_fixed1, cr4_fixed0, cr4_fixed1;
	uint64_t ept_vpid;     /* EPT_CAP_*, VPID_CAP_* */
	unsigned timer_shift;  /* the preemption timer counts TSC >> this */
	uint32_t msr_list_max; /* entries in an MSR list */
	bool hlt_activity;     /* the HLT activity state exists */
};

/* Why a processor's VMX is not used; zero-terminated text for the log. */
struct vtx_refusal {
	char text[128];
};

/* VMK_UNSUPPORTED with `refusal` naming the control or capability that is missing. */
enum vmk_status vtx_settle(const struct vtx_capability_msrs *msrs, struct vtx_controls *controls,
	struct vtx_refusal *refusal);

/*
 * IA32_FEATURE_CONTROL (SDM 24.7): what firmware locked, holds; where it left the lock open, VMX is
 * allowed here, inside of SMX operation and outside, and locked. `smx`: VMX is needed inside, which
 * is where a measured launch leaves the processor. VMK_UNSUPPORTED with `refusal`; `read` and
 * `write` give false for an MSR that the processor does not have.
 */
enum vmk_status vtx_firmware_allows(bool smx, bool (*read)(uint32_t msr, uint64_t *value),
	bool (*write)(uint32_t msr, uint64_t value), struct vtx_refusal *refusal);

/* Names for the log and for reports. Static text. */
const char *vtx_control_name(enum vtx_control control);
const char *vtx_control_why(enum vtx_control control);
bool vtx_control_is_on(const struct vtx_controls *controls, enum vtx_control control);

#endif
