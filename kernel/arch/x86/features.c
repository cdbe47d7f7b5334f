/* CPU features and the control registers that follow from them. */
#include "arch/x86/features.h"
#include "arch/x86/cpu.h"
#include "arch/x86/paging.h"
#include "arch/x86/pkeys.h"
#include "arch/x86/shadow.h"
#include "boot/image.h"
#include "lib/log.h"
#include "lib/panic.h"
#include <stdio.h>
#include <string.h>

#define LOG_MODULE   "Cpu"
#define CR0_WP       0x10000ull
#define CR0_AM       0x40000ull
#define CR4_DE       0x8ull
#define CR4_FSGSBASE 0x10000ull
/* SDM 3A, table 11-12: WB, WT, UC-, UC, twice. */
#define PAT_RESET 0x0007040600070406ull
#define DR7_NONE  0x400ull

static const struct {
	char name[16];
	uint32_t leaf, subleaf;
	uint8_t reg, bit;
	bool required;
	uint64_t cr4;
} table[] = {
#define X(symbol, name, leaf, subleaf, reg, bit, required, cr4) \
	{name, leaf, subleaf, reg, bit, required, cr4},
	CPU_FEATURES(X)
#undef X
};

SEALED bool cpu_features[CPU_FEATURE_COUNT];
SEALED bool cpu_has_smap, cpu_has_shadow;

void features_describe(char *to, size_t size)
{
	size_t used = 0;

	*to = 0;
	for (unsigned i = 0; i < CPU_FEATURE_COUNT; i++) {
		if (!cpu_features[i] || size - used < sizeof(table[i].name) + 1)
			continue;
		used += (size_t)snprintf(
			to + used, size - used, "%s%s", used ? " " : "", table[i].name);
	}
}

/* The last sub-leaf that may be asked for. */
static uint32_t last_subleaf(uint32_t leaf, const uint32_t r[4])
{
	if (leaf == 7)
		return r[CPUID_EAX];
	return leaf == 0xd ? 1 : 0;
}

static bool query(unsigned i)
{
	uint32_t r[4];

	cpuid(table[i].leaf & 0x80000000u, 0, r);
	if (r[0] < table[i].leaf)
		return false;
	cpuid(table[i].leaf, 0, r);
	if (table[i].subleaf > last_subleaf(table[i].leaf, r))
		return false;
	cpuid(table[i].leaf, table[i].subleaf, r);
	return r[table[i].reg] >> table[i].bit & 1;
}

void features_init(void)
{
	char line[256];

	for (unsigned i = 0; i < CPU_FEATURE_COUNT; i++) {
		cpu_features[i] = query(i);
		if (!cpu_features[i] && table[i].required)
			panic("this CPU lacks %s, which the kernel needs", table[i].name);
	}
	features_describe(line, sizeof(line));
	cpu_has_smap = cpu_features[CPU_SMAP];
	cpu_has_shadow = cpu_features[CPU_SHSTK];
	vmk_log("features: %s", line);
}

/* Whoever had this CPU before may have given other meanings to PTE_UNCACHED, and breakpoints. */
static void forget_former_owner(void)
{
	__asm__ volatile("movq %0, %%dr7" : : "r"(DR7_NONE));
	if (rdmsr(MSR_PAT) == PAT_RESET)
		return;
	/* SDM 3A, 11.12.4: nothing may stay cached under the old types. */
	__asm__ volatile("wbinvd" : : : "memory");
	wrmsr(MSR_PAT, PAT_RESET);
	__asm__ volatile("wbinvd" : : : "memory");
	tlb_flush_local(0, SIZE_MAX);
}

void features_init_cpu(void)
{
	/* Ring 3 must not set GS.base: entry.S tells whose it is by its sign. */
	uint64_t cr4 = (read_cr4() | CR4_DE) & ~CR4_FSGSBASE;

	for (unsigned i = 0; i < CPU_FEATURE_COUNT; i++) {
		if (cpu_features[i] && !query(i))
			panic("CPU lacks %s, which the first one has", table[i].name);
		if (cpu_features[i])
			cr4 |= table[i].cr4;
	}
	write_cr4(cr4);
	write_cr0((read_cr0() | CR0_WP) & ~CR0_AM);
	wrmsr(MSR_EFER, rdmsr(MSR_EFER) | EFER_NXE);
	forget_former_owner();
	pkeys_init_cpu();
}

void features_split_cpu(void)
{
	if (cpu_features[CPU_LASS])
		write_cr4(read_cr4() | CR4_LASS);
}

void features_join_cpu(void)
{
	if (cpu_features[CPU_LASS])
		write_cr4(read_cr4() & ~CR4_LASS);
}
