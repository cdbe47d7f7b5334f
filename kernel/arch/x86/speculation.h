/*
 * Attacks by transient execution: which of them this CPU is open to, and what is done, decided in
 * one place from CPUID and IA32_ARCH_CAPABILITIES (SDM 4, table 2-2; Intel, "Affected Processors"
 * and the guidance of each issue). Pure: speculation_cpu.c reads and writes the CPU.
 *
 * The boundaries are ring 3 to ring 0, one user world or VM to another, and guest to VMkernel. What
 * a CPU does not say that it is safe from counts as open, whatever its model.
 */
#ifndef ARCH_SPECULATION_H
#define ARCH_SPECULATION_H

#include "lib/types.h"

/* CPUID.(EAX=7,ECX=0):EDX */
#define CPUID_MD_CLEAR  0x400u
#define CPUID_IBRS_IBPB 0x4000000u
#define CPUID_STIBP     0x8000000u
#define CPUID_L1D_FLUSH 0x10000000u
#define CPUID_ARCH_CAP  0x20000000u
#define CPUID_SSBD      0x80000000u
/* CPUID.(EAX=7,ECX=0):EBX */
#define CPUID_RTM 0x800u
/* CPUID.(EAX=7,ECX=2):EDX */
#define CPUID_RRSBA_CTRL 0x4u
#define CPUID_BHI_CTRL   0x10u

/* IA32_ARCH_CAPABILITIES */
#define ARCH_CAP_RDCL_NO            0x1ull
#define ARCH_CAP_IBRS_ALL           0x2ull
#define ARCH_CAP_SKIP_L1DFL_VMENTRY 0x8ull
#define ARCH_CAP_SSB_NO             0x10ull
#define ARCH_CAP_MDS_NO             0x20ull
#define ARCH_CAP_IF_PSCHANGE_MC_NO  0x40ull
#define ARCH_CAP_TSX_CTRL           0x80ull
#define ARCH_CAP_TAA_NO             0x100ull
#define ARCH_CAP_SBDR_SSDP_NO       0x2000ull
#define ARCH_CAP_FBSDP_NO           0x4000ull
#define ARCH_CAP_PSDP_NO            0x8000ull
#define ARCH_CAP_FB_CLEAR           0x20000ull
#define ARCH_CAP_RRSBA              0x80000ull
#define ARCH_CAP_BHI_NO             0x100000ull
#define ARCH_CAP_PBRSB_NO           0x1000000ull
#define ARCH_CAP_GDS_CTRL           0x2000000ull
#define ARCH_CAP_GDS_NO             0x4000000ull
#define ARCH_CAP_RFDS_NO            0x8000000ull
#define ARCH_CAP_RFDS_CLEAR         0x10000000ull
#define ARCH_CAP_ITS_NO             0x4000000000000000ull

/* IA32_SPEC_CTRL */
#define SPEC_CTRL_IBRS        0x1ull
#define SPEC_CTRL_STIBP       0x2ull
#define SPEC_CTRL_SSBD        0x4ull
#define SPEC_CTRL_RRSBA_DIS_S 0x40ull
#define SPEC_CTRL_BHI_DIS_S   0x400ull

/* IA32_MCU_OPT_CTRL */
#define MCU_OPT_GDS_MITG_DIS 0x10ull

/* X(symbol, name): the names that Linux' /sys/devices/system/cpu/vulnerabilities made common. */
#define SPECULATION_ISSUES(X)            \
	X(SPEC_MELTDOWN, "meltdown")     \
	X(SPEC_SPECTRE_V2, "spectre_v2") \
	X(SPEC_BHI, "bhi")               \
	X(SPEC_PBRSB, "pbrsb")           \
	X(SPEC_SSB, "ssb")               \
	X(SPEC_L1TF, "l1tf")             \
	X(SPEC_MDS, "mds")               \
	X(SPEC_TAA, "taa")               \
	X(SPEC_MMIO, "mmio_stale_data")  \
	X(SPEC_RFDS, "rfds")             \
	X(SPEC_GDS, "gds")               \
	X(SPEC_ITLB, "itlb_multihit")    \
	X(SPEC_ITS, "its")

enum speculation_issue {
#define X(symbol, name) symbol,
	SPECULATION_ISSUES(X)
#undef X
		SPECULATION_ISSUE_COUNT
};

enum speculation_state { SPEC_NOT_AFFECTED, SPEC_MITIGATED, SPEC_EXPOSED };

struct speculation_facts {
	bool intel;                  /* GenuineIntel: of others nothing here is known */
	bool threads;                /* a core has more than one thread */
	uint32_t ebx, edx, subleaf2; /* CPUID leaf 7: EBX, EDX; EDX of sub-leaf 2 */
	uint64_t capabilities;       /* IA32_ARCH_CAPABILITIES; 0 where there is none */
	uint64_t mcu_opt;            /* IA32_MCU_OPT_CTRL; 0 where there is none */
	bool ibrs_at_entries;        /* asked for, though the CPU could do without */
	bool isolate;                /* so are tables of ring 3's own */
	bool shadow_stacks;          /* of ring 0, which entries from ring 3 need at once */
};

struct speculation_plan {
	uint8_t state[SPECULATION_ISSUE_COUNT];   /* enum speculation_state */
	const char *how[SPECULATION_ISSUE_COUNT]; /* what is done, or why nothing is */
	uint64_t spec_ctrl;                       /* IA32_SPEC_CTRL in ring 0; 0: is not written */
	bool ibrs_at_entries;   /* it is without IBRS elsewhere: set at entries, cleared at exits */
	bool predictor_barrier; /* IBPB before another domain runs, and returns are forgotten */
	bool isolate;           /* ring 3's page tables hold of ring 0 only the way in */
	bool flush_l1d;         /* before a guest is entered */
	bool disable_rtm;       /* IA32_TSX_CTRL */
	/* A guest that runs code in large pages and changes their size could lock up the machine:
	 * what a guest may execute is to be mapped in pages of 4 KiB. */
	bool small_guest_code;
	/* Threads of one core may read each other's data: one thread of each core is to run. */
	bool one_thread;
	bool threads; /* a core has more than one */
};

void speculation_decide(const struct speculation_facts *facts, struct speculation_plan *plan);
const char *speculation_name(enum speculation_issue issue);
/* The names of the issues in that state, with blanks between; what does not fit is left out. */
void speculation_list(
	const struct speculation_plan *plan, enum speculation_state state, char *to, size_t size);

#endif
