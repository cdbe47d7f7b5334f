#include "vtx/cpuid_policy.h"
#include <string.h>

enum cpuid_register { EAX, EBX, ECX, EDX };

/* X(leaf, subleaf, register, bit, name): shown where the host has it. SDM 2A, CPUID. */
#define SHOWN(X)                                   \
	X(1, 0, EDX, 0, "fpu")                     \
	X(1, 0, EDX, 1, "vme")                     \
	X(1, 0, EDX, 2, "de")                      \
	X(1, 0, EDX, 3, "pse")                     \
	X(1, 0, EDX, 4, "tsc")                     \
	X(1, 0, EDX, 5, "msr")                     \
	X(1, 0, EDX, 6, "pae")                     \
	X(1, 0, EDX, 8, "cx8")                     \
	X(1, 0, EDX, 11, "sep")                    \
	X(1, 0, EDX, 12, "mtrr")                   \
	X(1, 0, EDX, 13, "pge")                    \
	X(1, 0, EDX, 15, "cmov")                   \
	X(1, 0, EDX, 16, "pat")                    \
	X(1, 0, EDX, 17, "pse36")                  \
	X(1, 0, EDX, 19, "clflush")                \
	X(1, 0, EDX, 23, "mmx")                    \
	X(1, 0, EDX, 24, "fxsr")                   \
	X(1, 0, EDX, 25, "sse")                    \
	X(1, 0, EDX, 26, "sse2")                   \
	X(1, 0, EDX, 27, "ss")                     \
	X(1, 0, ECX, 0, "sse3")                    \
	X(1, 0, ECX, 1, "pclmulqdq")               \
	X(1, 0, ECX, 9, "ssse3")                   \
	X(1, 0, ECX, 13, "cx16")                   \
	X(1, 0, ECX, 17, "pcid")                   \
	X(1, 0, ECX, 19, "sse4.1")                 \
	X(1, 0, ECX, 20, "sse4.2")                 \
	X(1, 0, ECX, 22, "movbe")                  \
	X(1, 0, ECX, 23, "popcnt")                 \
	X(1, 0, ECX, 25, "aes")                    \
	X(1, 0, ECX, 30, "rdrand")                 \
	X(7, 0, EBX, 0, "fsgsbase")                \
	X(7, 0, EBX, 3, "bmi1")                    \
	X(7, 0, EBX, 7, "smep")                    \
	X(7, 0, EBX, 8, "bmi2")                    \
	X(7, 0, EBX, 9, "erms")                    \
	X(7, 0, EBX, 18, "rdseed")                 \
	X(7, 0, EBX, 19, "adx")                    \
	X(7, 0, EBX, 20, "smap")                   \
	X(7, 0, EBX, 23, "clflushopt")             \
	X(7, 0, EBX, 24, "clwb")                   \
	X(7, 0, EBX, 29, "sha")                    \
	X(7, 0, ECX, 2, "umip")                    \
	X(7, 0, EDX, 4, "fsrm")                    \
	X(7, 0, EDX, 10, "md_clear")               \
	X(0x80000001u, 0, ECX, 0, "lahf")          \
	X(0x80000001u, 0, ECX, 5, "lzcnt")         \
	X(0x80000001u, 0, ECX, 8, "3dnowprefetch") \
	X(0x80000001u, 0, EDX, 11, "syscall")      \
	X(0x80000001u, 0, EDX, 20, "nx")           \
	X(0x80000001u, 0, EDX, 26, "1g-pages")     \
	X(0x80000001u, 0, EDX, 29, "lm")

/* The same, only for a guest whose XSAVE state is switched. */
#define SHOWN_WITH_XSAVE(X)       \
	X(1, 0, ECX, 12, "fma")   \
	X(1, 0, ECX, 26, "xsave") \
	X(1, 0, ECX, 28, "avx")   \
	X(1, 0, ECX, 29, "f16c")  \
	X(7, 0, EBX, 5, "avx2")   \
	X(7, 0, ECX, 9, "vaes")   \
	X(7, 0, ECX, 10, "vpclmulqdq")

#define HIGHEST_BASIC       0x16u
#define HIGHEST_EXTENDED    0x80000008u

#define L1_ECX_X2APIC       (1u << 21)
#define L1_ECX_TSC_DEADLINE (1u << 24)
#define L1_ECX_OSXSAVE      (1u << 27)
#define L1_ECX_HYPERVISOR   (1u << 31)
#define L1_EDX_APIC         (1u << 9)
#define L1_EDX_HTT          (1u << 28)
#define L7_EBX_INVPCID      (1u << 10)
#define X1_EDX_RDTSCP       (1u << 27)

struct row {
	uint32_t leaf;
	uint8_t subleaf, reg, bit;
};

#define X(leaf, subleaf, reg, bit, name) {leaf, subleaf, reg, bit},
static const struct row shown[] = {SHOWN(X)};
static const struct row shown_with_xsave[] = {SHOWN_WITH_XSAVE(X)};
#undef X

static uint32_t *reg_of(struct cpuid_registers *r, unsigned reg)
{
	switch (reg) {
	case EAX:
		return &r->eax;
	case EBX:
		return &r->ebx;
	case ECX:
		return &r->ecx;
	default:
		return &r->edx;
	}
}

static void allow(struct cpuid_registers *mask, const struct row *rows, size_t count, uint32_t leaf,
	uint32_t subleaf)
{
	for (size_t i = 0; i < count; i++)
		if (rows[i].leaf == leaf && rows[i].subleaf == subleaf)
			*reg_of(mask, rows[i].reg) |= 1u << rows[i].bit;
}

/* The host's feature bits, as far as the tables allow them. */
static void features(const struct cpuid_policy *policy, uint32_t leaf, uint32_t subleaf,
	struct cpuid_registers *r)
{
	struct cpuid_registers mask = {0};

	allow(&mask, shown, ARRAY_SIZE(shown), leaf, subleaf);
	if (policy->xsave)
		allow(&mask, shown_with_xsave, ARRAY_SIZE(shown_with_xsave), leaf, subleaf);
	policy->host(leaf, subleaf, r);
	r->eax &= mask.eax;
	r->ebx &= mask.ebx;
	r->ecx &= mask.ecx;
	r->edx &= mask.edx;
}

static void leaf_1(const struct cpuid_policy *policy, struct cpuid_registers *r)
{
	struct cpuid_registers host;

	policy->host(1, 0, &host);
	features(policy, 1, 0, r);
	r->eax = host.eax;
	r->ebx = (host.ebx & 0xff00) | MIN(policy->vcpus, 255u) << 16;
	r->ecx |= L1_ECX_X2APIC | L1_ECX_TSC_DEADLINE | L1_ECX_HYPERVISOR;
	if (policy->vcpus > 1)
		r->edx |= L1_EDX_HTT;
}

/* What is each vCPU's own in leaf 1. */
static void leaf_1_of(
	const struct cpuid_policy *policy, const struct cpuid_vcpu *vcpu, struct cpuid_registers *r)
{
	r->ebx |= (vcpu->apic_id & 0xff) << 24;
	if (policy->xsave && vcpu->osxsave)
		r->ecx |= L1_ECX_OSXSAVE;
	if (vcpu->apic_on)
		r->edx |= L1_EDX_APIC;
}

/* Bits of the APIC id below the package: one thread a core, all cores in one package. */
static unsigned package_shift(uint32_t vcpus)
{
	unsigned shift = 0;

	while (shift < 31 && 1u << shift < vcpus)
		shift++;
	return shift;
}

static void leaf_topology(const struct cpuid_policy *policy, const struct cpuid_vcpu *vcpu,
	uint32_t subleaf, struct cpuid_registers *r)
{
	r->ecx = subleaf & 0xff;
	r->edx = vcpu->apic_id;
	if (subleaf == 0) {
		r->ebx = 1;
		r->ecx |= 1u << 8; /* threads */
	} else if (subleaf == 1) {
		r->eax = package_shift(policy->vcpus);
		r->ebx = policy->vcpus;
		r->ecx |= 2u << 8; /* cores */
	}
}

/* Caches, with the sharing that this VM's topology has. */
static void leaf_cache(
	const struct cpuid_policy *policy, uint32_t subleaf, struct cpuid_registers *r)
{
	unsigned level, sharing;

	policy->host(4, subleaf, r);
	if (!(r->eax & 0x1f))
		return;
	level = r->eax >> 5 & 7;
	sharing = level >= 3 ? (1u << package_shift(policy->vcpus)) - 1 : 0;
	r->eax =
		(r->eax & 0x3ff) | sharing << 14 | ((1u << package_shift(policy->vcpus)) - 1) << 26;
}

static void leaf_xsave(
	const struct cpuid_policy *policy, uint32_t subleaf, struct cpuid_registers *r)
{
	struct cpuid_registers host;

	if (!policy->xsave)
		return;
	policy->host(0xd, subleaf, &host);
	if (subleaf == 0) {
		*r = host;
		r->eax &= (uint32_t)policy->xcr0;
		r->edx &= (uint32_t)(policy->xcr0 >> 32);
	} else if (subleaf == 1) {
		r->eax = host.eax & 3; /* XSAVEOPT and XSAVEC; no XSAVES */
	} else if (subleaf < 63 && (policy->xcr0 >> subleaf & 1)) {
		*r = host;
	}
}

static void leaf_tsc(const struct cpuid_policy *policy, struct cpuid_registers *r)
{
	/* TSC frequency = crystal * EBX / EAX: a crystal that counts at the TSC's rate in 1 Hz. */
	if (!policy->tsc_hz || policy->tsc_hz > UINT32_MAX)
		return;
	r->eax = 1;
	r->ebx = 1;
	r->ecx = (uint32_t)policy->tsc_hz;
}

static void leaf_hypervisor(
	const struct cpuid_policy *policy, uint32_t leaf, struct cpuid_registers *r)
{
	if (leaf == CPUID_HYPERVISOR) {
		r->eax = CPUID_HYPERVISOR_LAST;
		memcpy(&r->ebx, CPUID_HYPERVISOR_SIGNATURE, 4);
		memcpy(&r->ecx, &CPUID_HYPERVISOR_SIGNATURE[4], 4);
		memcpy(&r->edx, &CPUID_HYPERVISOR_SIGNATURE[8], 4);
	} else if (leaf == CPUID_HYPERVISOR_LAST) {
		r->eax = (uint32_t)(policy->tsc_hz / 1000);
		r->ebx = r->eax; /* the APIC timer counts at the same rate */
	}
}

static void leaf_extended(
	const struct cpuid_policy *policy, uint32_t leaf, struct cpuid_registers *r)
{
	struct cpuid_registers host;

	policy->host(leaf, 0, &host);
	switch (leaf) {
	case 0x80000000u:
		r->eax = MIN(host.eax, HIGHEST_EXTENDED);
		break;
	case 0x80000001u:
		features(policy, leaf, 0, r);
		if (policy->rdtscp)
			r->edx |= host.edx & X1_EDX_RDTSCP;
		break;
	case 0x80000002u:
	case 0x80000003u:
	case 0x80000004u:
	case 0x80000006u:
		*r = host;
		break;
	case 0x80000007u:
		r->edx = host.edx & 1u << 8; /* invariant TSC */
		break;
	case 0x80000008u:
		r->eax = host.eax & 0xffff;
		break;
	}
}

/* Of leaves that have no sub-leaves, what is the same for all vCPUs. */
static void plain_leaf(const struct cpuid_policy *policy, uint32_t leaf, struct cpuid_registers *r)
{
	*r = (struct cpuid_registers){0};
	if (leaf >= 0x80000000u) {
		leaf_extended(policy, leaf, r);
		return;
	}
	switch (leaf) {
	case 0:
		policy->host(0, 0, r);
		r->eax = MIN(r->eax, HIGHEST_BASIC);
		break;
	case 1:
		leaf_1(policy, r);
		break;
	case 0x15:
		leaf_tsc(policy, r);
		break;
	default:
		if (leaf >= CPUID_HYPERVISOR && leaf <= CPUID_HYPERVISOR_LAST)
			leaf_hypervisor(policy, leaf, r);
	}
}

void cpuid_prepare(struct cpuid_policy *policy)
{
	for (uint32_t i = 0; i < CPUID_PREPARED_BASIC; i++)
		plain_leaf(policy, i, &policy->basic[i]);
	for (uint32_t i = 0; i < CPUID_PREPARED_EXTENDED; i++)
		plain_leaf(policy, 0x80000000u + i, &policy->extended[i]);
	policy->prepared = true;
}

/* False for other leaves. */
static bool leaf_with_subleaves(const struct cpuid_policy *policy, const struct cpuid_vcpu *vcpu,
	uint32_t leaf, uint32_t subleaf, struct cpuid_registers *r)
{
	struct cpuid_registers host;

	switch (leaf) {
	case 4:
		leaf_cache(policy, subleaf, r);
		return true;
	case 7:
		features(policy, 7, subleaf, r);
		if (subleaf == 0 && policy->invpcid) {
			policy->host(7, 0, &host);
			r->ebx |= host.ebx & L7_EBX_INVPCID;
		}
		return true;
	case 0xb:
		leaf_topology(policy, vcpu, subleaf, r);
		return true;
	case 0xd:
		leaf_xsave(policy, subleaf, r);
		return true;
	default:
		return false;
	}
}

void cpuid_answer(const struct cpuid_policy *policy, const struct cpuid_vcpu *vcpu, uint32_t leaf,
	uint32_t subleaf, struct cpuid_registers *r)
{
	*r = (struct cpuid_registers){0};
	if (leaf_with_subleaves(policy, vcpu, leaf, subleaf, r))
		return;
	if (policy->prepared && leaf < CPUID_PREPARED_BASIC)
		*r = policy->basic[leaf];
	else if (policy->prepared && leaf - 0x80000000u < CPUID_PREPARED_EXTENDED)
		*r = policy->extended[leaf - 0x80000000u];
	else
		plain_leaf(policy, leaf, r);
	if (leaf == 1)
		leaf_1_of(policy, vcpu, r);
}

/* Control bits that come with a feature. */
static const struct {
	uint32_t leaf;
	uint8_t reg, bit, control;
} cr4_bits[] = {
	{1, EDX, 1, 0},   /* VME */
	{1, EDX, 1, 1},   /* PVI */
	{1, EDX, 4, 2},   /* TSD */
	{1, EDX, 2, 3},   /* DE */
	{1, EDX, 3, 4},   /* PSE */
	{1, EDX, 6, 5},   /* PAE */
	{1, EDX, 13, 7},  /* PGE */
	{1, EDX, 24, 9},  /* OSFXSR */
	{1, EDX, 25, 10}, /* OSXMMEXCPT */
	{7, ECX, 2, 11},  /* UMIP */
	{7, EBX, 0, 16},  /* FSGSBASE */
	{1, ECX, 17, 17}, /* PCIDE */
	{1, ECX, 26, 18}, /* OSXSAVE */
	{7, EBX, 7, 20},  /* SMEP */
	{7, EBX, 20, 21}, /* SMAP */
};

uint64_t cpuid_cr4_allowed(const struct cpuid_policy *policy)
{
	/* PCE: RDPMC exits anyway. MCE: without the feature, but every system sets it. */
	uint64_t allowed = 1ull << 8 | 1ull << 6;

	for (size_t i = 0; i < ARRAY_SIZE(cr4_bits); i++) {
		struct cpuid_registers r;

		features(policy, cr4_bits[i].leaf, 0, &r);
		if (*reg_of(&r, cr4_bits[i].reg) >> cr4_bits[i].bit & 1)
			allowed |= 1ull << cr4_bits[i].control;
	}
	return allowed;
}

uint64_t cpuid_efer_allowed(const struct cpuid_policy *policy)
{
	struct cpuid_registers r;
	uint64_t allowed = 0;

	features(policy, 0x80000001u, 0, &r);
	if (r.edx >> 11 & 1)
		allowed |= 1ull << 0; /* SCE */
	if (r.edx >> 20 & 1)
		allowed |= 1ull << 11; /* NXE */
	if (r.edx >> 29 & 1)
		allowed |= 1ull << 8 | 1ull << 10; /* LME, LMA */
	return allowed;
}
