/* CPU features, from one table: what the kernel needs, what it uses where present. */
#ifndef ARCH_FEATURES_H
#define ARCH_FEATURES_H

#include "lib/types.h"

enum { CPUID_EAX, CPUID_EBX, CPUID_ECX, CPUID_EDX };

/*
 * X(symbol, name, leaf, sub-leaf, register, bit, required, CR4 bit or 0). Required ones missing: no
 * boot. Those with a CR4 bit are switched on where present (SDM 3A, 2.5), LASS once nothing below
 * the kernel's half is needed. No emulator has LASS: it has never been seen on.
 */
#define CPU_FEATURES(X)                                                    \
	X(CPU_MCE, "mce", 1, 0, CPUID_EDX, 7, false, 1ull << 6)            \
	X(CPU_PGE, "pge", 1, 0, CPUID_EDX, 13, true, 1ull << 7)            \
	X(CPU_FXSR, "fxsr", 1, 0, CPUID_EDX, 24, true, 0)                  \
	X(CPU_SSE2, "sse2", 1, 0, CPUID_EDX, 26, true, 0)                  \
	X(CPU_NX, "nx", 0x80000001, 0, CPUID_EDX, 20, true, 0)             \
	X(CPU_SYSCALL, "syscall", 0x80000001, 0, CPUID_EDX, 11, true, 0)   \
	X(CPU_SMX, "smx", 1, 0, CPUID_ECX, 6, false, 0)                    \
	X(CPU_VMX, "vmx", 1, 0, CPUID_ECX, 5, false, 0)                    \
	X(CPU_MONITOR, "monitor", 1, 0, CPUID_ECX, 3, false, 0)            \
	X(CPU_X2APIC, "x2apic", 1, 0, CPUID_ECX, 21, false, 0)             \
	X(CPU_TSC_DEADLINE, "tsc-deadline", 1, 0, CPUID_ECX, 24, false, 0) \
	X(CPU_XSAVE, "xsave", 1, 0, CPUID_ECX, 26, false, 1ull << 18)      \
	X(CPU_XSAVEOPT, "xsaveopt", 0xd, 1, CPUID_EAX, 0, false, 0)        \
	X(CPU_RDRAND, "rdrand", 1, 0, CPUID_ECX, 30, false, 0)             \
	X(CPU_HYPERVISOR, "hypervisor", 1, 0, CPUID_ECX, 31, false, 0)     \
	X(CPU_SMEP, "smep", 7, 0, CPUID_EBX, 7, false, 1ull << 20)         \
	X(CPU_RDSEED, "rdseed", 7, 0, CPUID_EBX, 18, false, 0)             \
	X(CPU_SMAP, "smap", 7, 0, CPUID_EBX, 20, false, 1ull << 21)        \
	X(CPU_UMIP, "umip", 7, 0, CPUID_ECX, 2, false, 1ull << 11)         \
	X(CPU_IBT, "ibt", 7, 0, CPUID_EDX, 20, false, 0)                   \
	X(CPU_SHSTK, "shstk", 7, 0, CPUID_ECX, 7, false, 0)                \
	X(CPU_PKU, "pku", 7, 0, CPUID_ECX, 3, false, 1ull << 22)           \
	X(CPU_LASS, "lass", 7, 1, CPUID_EAX, 6, false, 0)                  \
	X(CPU_PKS, "pks", 7, 0, CPUID_ECX, 31, false, 1ull << 24)          \
	X(CPU_GIGABYTE_PAGES, "1g-pages", 0x80000001, 0, CPUID_EDX, 26, false, 0)

enum cpu_feature {
#define X(symbol, name, leaf, subleaf, reg, bit, required, cr4) symbol,
	CPU_FEATURES(X)
#undef X
		CPU_FEATURE_COUNT
};

/* Read the table from CPUID; panics if a required feature is missing. Bootstrap CPU, once. */
void features_init(void);
/* Set CR0, CR4 and EFER of the running CPU to match; it must not lack what the first one has. */
void features_init_cpu(void);
/* Once this CPU runs in the kernel's own tables: linear addresses say whose they are (CR4.LASS). */
void features_split_cpu(void);
/* Undo that: code below the kernel's half is to run. */
void features_join_cpu(void);
#define CR4_LASS (1ull << 27)
extern bool cpu_features[CPU_FEATURE_COUNT]; /* of features.c */
/* Here, as each switch of worlds asks for several. */
static inline bool cpu_has(enum cpu_feature feature)
{
	return cpu_features[feature];
}
/* The names of those present, with blanks between; what does not fit is left out. */
void features_describe(char *to, size_t size);
/* For entry.S: cpu_has(CPU_SMAP). CPU_SHSTK is cpu_has_shadow there (shadow.h). */
extern bool cpu_has_smap;

#endif
