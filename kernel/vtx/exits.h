/* Why a guest stopped: VM-exit reasons (SDM 3D, appendix C) and what their words carry. Pure. */
#ifndef VTX_EXITS_H
#define VTX_EXITS_H

#include <stdint.h>

/* X(symbol, number, name) */
#define VTX_EXITS(X)                                             \
	X(EXIT_EXCEPTION, 0, "exception-or-nmi")                 \
	X(EXIT_EXTERNAL_INTERRUPT, 1, "external-interrupt")      \
	X(EXIT_TRIPLE_FAULT, 2, "triple-fault")                  \
	X(EXIT_INIT, 3, "init")                                  \
	X(EXIT_SIPI, 4, "sipi")                                  \
	X(EXIT_IO_SMI, 5, "io-smi")                              \
	X(EXIT_OTHER_SMI, 6, "other-smi")                        \
	X(EXIT_INTERRUPT_WINDOW, 7, "interrupt-window")          \
	X(EXIT_NMI_WINDOW, 8, "nmi-window")                      \
	X(EXIT_TASK_SWITCH, 9, "task-switch")                    \
	X(EXIT_CPUID, 10, "cpuid")                               \
	X(EXIT_GETSEC, 11, "getsec")                             \
	X(EXIT_HLT, 12, "hlt")                                   \
	X(EXIT_INVD, 13, "invd")                                 \
	X(EXIT_INVLPG, 14, "invlpg")                             \
	X(EXIT_RDPMC, 15, "rdpmc")                               \
	X(EXIT_RDTSC, 16, "rdtsc")                               \
	X(EXIT_RSM, 17, "rsm")                                   \
	X(EXIT_VMCALL, 18, "vmcall")                             \
	X(EXIT_VMCLEAR, 19, "vmclear")                           \
	X(EXIT_VMLAUNCH, 20, "vmlaunch")                         \
	X(EXIT_VMPTRLD, 21, "vmptrld")                           \
	X(EXIT_VMPTRST, 22, "vmptrst")                           \
	X(EXIT_VMREAD, 23, "vmread")                             \
	X(EXIT_VMRESUME, 24, "vmresume")                         \
	X(EXIT_VMWRITE, 25, "vmwrite")                           \
	X(EXIT_VMXOFF, 26, "vmxoff")                             \
	X(EXIT_VMXON, 27, "vmxon")                               \
	X(EXIT_CR_ACCESS, 28, "cr-access")                       \
	X(EXIT_MOV_DR, 29, "mov-dr")                             \
	X(EXIT_IO, 30, "io")                                     \
	X(EXIT_RDMSR, 31, "rdmsr")                               \
	X(EXIT_WRMSR, 32, "wrmsr")                               \
	X(EXIT_INVALID_GUEST_STATE, 33, "invalid-guest-state")   \
	X(EXIT_MSR_LOADING, 34, "msr-loading")                   \
	X(EXIT_MWAIT, 36, "mwait")                               \
	X(EXIT_MONITOR_TRAP, 37, "monitor-trap")                 \
	X(EXIT_MONITOR, 39, "monitor")                           \
	X(EXIT_PAUSE, 40, "pause")                               \
	X(EXIT_MACHINE_CHECK_ENTRY, 41, "machine-check-entry")   \
	X(EXIT_TPR_BELOW_THRESHOLD, 43, "tpr-below-threshold")   \
	X(EXIT_APIC_ACCESS, 44, "apic-access")                   \
	X(EXIT_VIRTUALIZED_EOI, 45, "virtualized-eoi")           \
	X(EXIT_GDTR_IDTR, 46, "gdtr-idtr")                       \
	X(EXIT_LDTR_TR, 47, "ldtr-tr")                           \
	X(EXIT_EPT_VIOLATION, 48, "ept-violation")               \
	X(EXIT_EPT_MISCONFIGURATION, 49, "ept-misconfiguration") \
	X(EXIT_INVEPT, 50, "invept")                             \
	X(EXIT_RDTSCP, 51, "rdtscp")                             \
	X(EXIT_PREEMPTION_TIMER, 52, "preemption-timer")         \
	X(EXIT_INVVPID, 53, "invvpid")                           \
	X(EXIT_WBINVD, 54, "wbinvd")                             \
	X(EXIT_XSETBV, 55, "xsetbv")                             \
	X(EXIT_APIC_WRITE, 56, "apic-write")                     \
	X(EXIT_RDRAND, 57, "rdrand")                             \
	X(EXIT_INVPCID, 58, "invpcid")                           \
	X(EXIT_VMFUNC, 59, "vmfunc")                             \
	X(EXIT_ENCLS, 60, "encls")                               \
	X(EXIT_RDSEED, 61, "rdseed")                             \
	X(EXIT_PML_FULL, 62, "pml-full")                         \
	X(EXIT_XSAVES, 63, "xsaves")                             \
	X(EXIT_XRSTORS, 64, "xrstors")                           \
	X(EXIT_PCONFIG, 65, "pconfig")                           \
	X(EXIT_SUBPAGE, 66, "subpage")                           \
	X(EXIT_UMWAIT, 67, "umwait")                             \
	X(EXIT_TPAUSE, 68, "tpause")                             \
	X(EXIT_LOADIWKEY, 69, "loadiwkey")                       \
	X(EXIT_ENCLV, 70, "enclv")                               \
	X(EXIT_ENQCMD_PASID, 72, "enqcmd-pasid")                 \
	X(EXIT_ENQCMDS_PASID, 73, "enqcmds-pasid")               \
	X(EXIT_BUS_LOCK, 74, "bus-lock")                         \
	X(EXIT_INSTRUCTION_TIMEOUT, 75, "instruction-timeout")

enum vtx_exit {
#define X(symbol, number, name) symbol = (number),
	VTX_EXITS(X)
#undef X
		VTX_EXIT_COUNT = 76
};

/* The exit-reason word, SDM 3C, 25.9.1. */
#define EXIT_REASON_MASK  0xffffu
#define EXIT_ENTRY_FAILED (1u << 31)

/* Static text; "reserved" for a number that is none. Never NULL. */
const char *vtx_exit_name(uint32_t reason);

/*
 * Event words (SDM 3C, 25.8.3, 25.9.2, 25.9.3): what to inject, what was intercepted, what was
 * being delivered.
 */
#define EVENT_VECTOR(word) ((uint8_t)((word) & 0xff))
#define EVENT_TYPE(word)   (((word) >> 8) & 7)
#define EVENT_ERROR_CODE   (1u << 11)
#define EVENT_NMI_UNBLOCKS (1u << 12) /* in the exit's word: IRET unblocked NMIs */
#define EVENT_VALID        (1u << 31)
enum vtx_event_type {
	EVENT_EXTERNAL = 0,
	EVENT_NMI = 2,
	EVENT_HARD_EXCEPTION = 3,
	EVENT_SOFT_INTERRUPT = 4,
	EVENT_PRIVILEGED_EXCEPTION = 5,
	EVENT_SOFT_EXCEPTION = 6,
};

/* Exit qualifications: I/O, SDM table 28-5. */
#define IO_QUAL_SIZE(q)   (((unsigned)(q) & 7) + 1) /* bytes: 1, 2 or 4 */
#define IO_QUAL_IN        (1ull << 3)
#define IO_QUAL_STRING    (1ull << 4)
#define IO_QUAL_REP       (1ull << 5)
#define IO_QUAL_IMMEDIATE (1ull << 6)
#define IO_QUAL_PORT(q)   ((uint16_t)((q) >> 16))
/* CR access, table 28-3. */
#define CR_QUAL_NUMBER(q)   ((unsigned)(q) & 15)
#define CR_QUAL_TYPE(q)     (((unsigned)(q) >> 4) & 3) /* to, from, CLTS, LMSW */
#define CR_QUAL_REGISTER(q) (((unsigned)(q) >> 8) & 15)
#define CR_QUAL_LMSW(q)     ((uint16_t)((q) >> 16))
/* EPT violation, table 28-7. */
#define EPT_QUAL_READ         (1ull << 0)
#define EPT_QUAL_WRITE        (1ull << 1)
#define EPT_QUAL_FETCH        (1ull << 2)
#define EPT_QUAL_ALLOWED(q)   (((unsigned)(q) >> 3) & 7) /* what the walk allowed */
#define EPT_QUAL_LINEAR       (1ull << 7)
#define EPT_QUAL_FINAL        (1ull << 8) /* the access itself, not the page walk */
#define EPT_QUAL_NMI_UNBLOCKS (1ull << 12)
/* Debug registers, table 28-4. */
#define DR_QUAL_NUMBER(q)   ((unsigned)(q) & 7)
#define DR_QUAL_FROM        (1ull << 4)
#define DR_QUAL_REGISTER(q) (((unsigned)(q) >> 8) & 15)

/* Guest interruptibility, SDM 25.4.2. */
#define BLOCKED_BY_STI    (1u << 0)
#define BLOCKED_BY_MOV_SS (1u << 1)
#define BLOCKED_BY_SMI    (1u << 2)
#define BLOCKED_BY_NMI    (1u << 3)
enum vtx_activity { ACTIVITY_ACTIVE, ACTIVITY_HLT, ACTIVITY_SHUTDOWN, ACTIVITY_WAIT_FOR_SIPI };

#endif
