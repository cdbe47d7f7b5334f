#include "vtx/cpuid_policy.h"
#include "lib/nospec.h"
#include "vtx/vtx_ops.h"
#include <string.h>

enum cpuid_register { EAX, EBX, ECX, EDX };

/*
 * X(leaf, register, bit, needs, name): shown in sub-leaf 0 where the host has it and the guest may
 * have these components of XCR0. SDM 2A, CPUID.
 */
#define SHOWN(X)                                        \
	X(1, EDX, 0, 0, "fpu")                          \
	X(1, EDX, 1, 0, "vme")                          \
	X(1, EDX, 2, 0, "de")                           \
	X(1, EDX, 3, 0, "pse")                          \
	X(1, EDX, 4, 0, "tsc")                          \
	X(1, EDX, 5, 0, "msr")                          \
	X(1, EDX, 6, 0, "pae")                          \
	X(1, EDX, 8, 0, "cx8")                          \
	X(1, EDX, 11, 0, "sep")                         \
	X(1, EDX, 12, 0, "mtrr")                        \
	X(1, EDX, 13, 0, "pge")                         \
	X(1, EDX, 15, 0, "cmov")                        \
	X(1, EDX, 16, 0, "pat")                         \
	X(1, EDX, 17, 0, "pse36")                       \
	X(1, EDX, 19, 0, "clflush")                     \
	X(1, EDX, 23, 0, "mmx")                         \
	X(1, EDX, 24, 0, "fxsr")                        \
	X(1, EDX, 25, 0, "sse")                         \
	X(1, EDX, 26, 0, "sse2")                        \
	X(1, EDX, 27, 0, "ss")                          \
	X(1, ECX, 0, 0, "sse3")                         \
	X(1, ECX, 1, 0, "pclmulqdq")                    \
	X(1, ECX, 9, 0, "ssse3")                        \
	X(1, ECX, 12, XCR0_AVX, "fma")                  \
	X(1, ECX, 13, 0, "cx16")                        \
	X(1, ECX, 17, 0, "pcid")                        \
	X(1, ECX, 19, 0, "sse4.1")                      \
	X(1, ECX, 20, 0, "sse4.2")                      \
	X(1, ECX, 22, 0, "movbe")                       \
	X(1, ECX, 23, 0, "popcnt")                      \
	X(1, ECX, 25, 0, "aes")                         \
	X(1, ECX, 26, XCR0_X87, "xsave")                \
	X(1, ECX, 28, XCR0_AVX, "avx")                  \
	X(1, ECX, 29, XCR0_AVX, "f16c")                 \
	X(1, ECX, 30, 0, "rdrand")                      \
	X(7, EBX, 0, 0, "fsgsbase")                     \
	X(7, EBX, 3, 0, "bmi1")                         \
	X(7, EBX, 5, XCR0_AVX, "avx2")                  \
	X(7, EBX, 7, 0, "smep")                         \
	X(7, EBX, 8, 0, "bmi2")                         \
	X(7, EBX, 9, 0, "erms")                         \
	X(7, EBX, 16, XCR0_AVX512, "avx512f")           \
	X(7, EBX, 17, XCR0_AVX512, "avx512dq")          \
	X(7, EBX, 18, 0, "rdseed")                      \
	X(7, EBX, 19, 0, "adx")                         \
	X(7, EBX, 20, 0, "smap")                        \
	X(7, EBX, 21, XCR0_AVX512, "avx512ifma")        \
	X(7, EBX, 23, 0, "clflushopt")                  \
	X(7, EBX, 24, 0, "clwb")                        \
	X(7, EBX, 28, XCR0_AVX512, "avx512cd")          \
	X(7, EBX, 29, 0, "sha")                         \
	X(7, EBX, 30, XCR0_AVX512, "avx512bw")          \
	X(7, EBX, 31, XCR0_AVX512, "avx512vl")          \
	X(7, ECX, 1, XCR0_AVX512, "avx512vbmi")         \
	X(7, ECX, 2, 0, "umip")                         \
	X(7, ECX, 6, XCR0_AVX512, "avx512vbmi2")        \
	X(7, ECX, 8, 0, "gfni")                         \
	X(7, ECX, 9, XCR0_AVX, "vaes")                  \
	X(7, ECX, 10, XCR0_AVX, "vpclmulqdq")           \
	X(7, ECX, 11, XCR0_AVX512, "avx512vnni")        \
	X(7, ECX, 12, XCR0_AVX512, "avx512bitalg")      \
	X(7, ECX, 14, XCR0_AVX512, "avx512vpopcntdq")   \
	X(7, EDX, 4, 0, "fsrm")                         \
	X(7, EDX, 8, XCR0_AVX512, "avx512vp2intersect") \
	X(7, EDX, 10, 0, "md_clear")                    \
	X(0x80000001u, ECX, 0, 0, "lahf")               \
	X(0x80000001u, ECX, 5, 0, "lzcnt")              \
	X(0x80000001u, ECX, 8, 0, "3dnowprefetch")      \
	X(0x80000001u, EDX, 11, 0, "syscall")           \
	X(0x80000001u, EDX, 20, 0, "nx")                \
	X(0x80000001u, EDX, 26, 0, "1g-pages")          \
	X(0x80000001u, EDX, 29, 0, "lm")

#define HIGHEST_BASIC    0x16u
#define HIGHEST_EXTENDED 0x80000008u

#define LEAF_XSAVE       0xdu
/* XSAVEOPT, XSAVEC, XGETBV of what is in use; no XSAVES. */
#define XSAVE_VARIANTS      7u
#define XSAVEC              2u
#define XSAVE_ALIGNED       2u /* ECX of a component's sub-leaf */
#define XCR0_BITS           63u
#define L1_ECX_XSAVE        (1u << 26)
#define L1_ECX_AVX          (1u << 28)
#define L7_EBX_AVX512F      (1u << 16)
#define L1_ECX_X2APIC       (1u << 21)
#define L1_ECX_TSC_DEADLINE (1u << 24)
#define L1_ECX_OSXSAVE      (1u << 27)
#define L1_ECX_HYPERVISOR   (1u << 31)
#define L1_EDX_APIC         (1u << 9)
#define L1_EDX_HTT          (1u << 28)
#define L7_EBX_INVPCID      (1u << 10)
#define X1_EDX_RDTSCP       (1u << 27)

/* The bits that the table allows: of the terms little is left where leaf and register are constant.
 */
static inline __attribute__((always_inline)) uint32_t shown(
	uint32_t of_leaf, enum cpuid_register of_reg, uint64_t xcr0)
{
#define X(leaf, reg, bit, needs, name) \
	| (uint32_t)(((leaf) == of_leaf) & ((reg) == of_reg) & !((needs) & ~xcr0)) << (bit)
	return 0 SHOWN(X);
#undef X
}

static uint32_t value_of(const struct cpuid_registers *r, unsigned reg)
{
	return reg == EBX ? r->ebx : reg == ECX ? r->ecx : r->edx;
}

/* The host's feature bits, as far as the table allows them. */
static inline __attribute__((always_inline)) void features(
	const struct cpuid_policy *policy, uint32_t leaf, struct cpuid_registers *r)
{
	policy->host(leaf, 0, r);
	r->eax &= shown(leaf, EAX, policy->xcr0);
	r->ebx &= shown(leaf, EBX, policy->xcr0);
	r->ecx &= shown(leaf, ECX, policy->xcr0);
	r->edx &= shown(leaf, EDX, policy->xcr0);
}

static void leaf_1(const struct cpuid_policy *policy, struct cpuid_registers *r)
{
	struct cpuid_registers host;

	policy->host(1, 0, &host);
	features(policy, 1, r);
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
	if (policy->xcr0 && vcpu->osxsave)
		r->ecx |= L1_ECX_OSXSAVE;
	if (vcpu->apic_on)
		r->edx |= L1_EDX_APIC;
}

static void leaf_7(const struct cpuid_policy *policy, struct cpuid_registers *r)
{
	struct cpuid_registers host;

	policy->host(7, 0, &host);
	features(policy, 7, r);
	if (policy->invpcid)
		r->ebx |= host.ebx & L7_EBX_INVPCID;
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

/* X87 and SSE have no leaf: their places are fixed (SDM 1, 13.4). */
static uint64_t extended(uint64_t xcr0)
{
	return xcr0 & ~XCR0_HOST;
}

uint32_t cpuid_xsave_bytes(const struct cpuid_policy *policy, uint64_t xcr0)
{
	uint64_t bytes = XSAVE_BYTES_MIN;

	for (uint32_t i = 2; i < XCR0_BITS; i++) {
		struct cpuid_registers r;

		if (!(extended(xcr0) >> i & 1))
			continue;
		policy->host(LEAF_XSAVE, i, &r);
		bytes = MAX(bytes, (uint64_t)r.eax + r.ebx);
	}
	return (uint32_t)MIN(bytes, (uint64_t)UINT32_MAX);
}

/* Compacted: each behind the one before, some at multiples of 64 (SDM 1, 13.4.3). */
static uint32_t compacted_bytes(const struct cpuid_policy *policy, uint64_t xcr0)
{
	uint32_t bytes = XSAVE_BYTES_MIN;

	for (uint32_t i = 2; i < XCR0_BITS; i++) {
		struct cpuid_registers r;

		if (!(extended(xcr0) >> i & 1))
			continue;
		policy->host(LEAF_XSAVE, i, &r);
		bytes = (r.ecx & XSAVE_ALIGNED ? ALIGN_UP(bytes, 64u) : bytes) + r.eax;
	}
	return bytes;
}

uint64_t cpuid_guest_xcr0(void (*host)(uint32_t, uint32_t, struct cpuid_registers *))
{
	const struct cpuid_policy policy = {.host = host};
	struct cpuid_registers r, one, seven;
	uint64_t xcr0 = 0;

	host(0, 0, &r);
	host(1, 0, &one);
	if (r.eax < LEAF_XSAVE || !(one.ecx & L1_ECX_XSAVE))
		return 0;
	host(7, 0, &seven);
	host(LEAF_XSAVE, 0, &r);
	if ((r.eax & XCR0_HOST) != XCR0_HOST)
		return 0;
	xcr0 = XCR0_HOST;
	if ((r.eax & XCR0_AVX) && (one.ecx & L1_ECX_AVX))
		xcr0 |= XCR0_AVX;
	if (cpuid_xsave_bytes(&policy, xcr0) > CPUID_XSAVE_BYTES_MAX)
		return XCR0_HOST;
	if (!(xcr0 & XCR0_AVX) || (r.eax & XCR0_AVX512) != XCR0_AVX512 ||
		!(seven.ebx & L7_EBX_AVX512F) ||
		cpuid_xsave_bytes(&policy, xcr0 | XCR0_AVX512) > CPUID_XSAVE_BYTES_MAX)
		return xcr0;
	return xcr0 | XCR0_AVX512;
}

static void leaf_xsave(const struct cpuid_policy *policy, const struct cpuid_vcpu *vcpu,
	uint32_t subleaf, struct cpuid_registers *r)
{
	if (!policy->xcr0)
		return;
	if (subleaf == 0) {
		r->eax = (uint32_t)policy->xcr0;
		r->ebx = cpuid_xsave_bytes(policy, vcpu->xcr0);
		r->ecx = cpuid_xsave_bytes(policy, policy->xcr0);
	} else if (subleaf == 1) {
		policy->host(LEAF_XSAVE, 1, r);
		*r = (struct cpuid_registers){.eax = r->eax & XSAVE_VARIANTS};
		r->ebx = r->eax & XSAVEC ? compacted_bytes(policy, vcpu->xcr0) : 0;
	} else if (subleaf < XCR0_BITS && (extended(policy->xcr0) >> subleaf & 1)) {
		policy->host(LEAF_XSAVE, subleaf, r);
		r->ecx &= XSAVE_ALIGNED;
		r->edx = 0;
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
		features(policy, 0x80000001u, r);
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

/* Of leaves without sub-leaves, and of the first of leaf 7, what is the same for all vCPUs. */
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
	case 7:
		leaf_7(policy, r);
		break;
	case 0x15:
		leaf_tsc(policy, r);
		break;
	default:
		if (leaf >= CPUID_HYPERVISOR && leaf <= CPUID_HYPERVISOR_LAST)
			leaf_hypervisor(policy, leaf, r);
	}
}

/* Of leaf 7 only sub-leaf 0 shows anything. */
static bool has_subleaves(uint32_t leaf, uint32_t subleaf)
{
	return leaf == 4 || leaf == 0xb || leaf == LEAF_XSAVE || (leaf == 7 && subleaf != 0);
}

static void subleaf_of(const struct cpuid_policy *policy, const struct cpuid_vcpu *vcpu,
	uint32_t leaf, uint32_t subleaf, struct cpuid_registers *r)
{
	*r = (struct cpuid_registers){0};
	switch (leaf) {
	case 4:
		leaf_cache(policy, subleaf, r);
		break;
	case 0xb:
		leaf_topology(policy, vcpu, subleaf, r);
		break;
	case LEAF_XSAVE:
		leaf_xsave(policy, vcpu, subleaf, r);
		break;
	}
}

void cpuid_answer(const struct cpuid_policy *policy, const struct cpuid_vcpu *vcpu, uint32_t leaf,
	uint32_t subleaf, struct cpuid_registers *r)
{
	if (has_subleaves(leaf, subleaf))
		subleaf_of(policy, vcpu, leaf, subleaf, r);
	else if (policy->prepared && leaf < CPUID_PREPARED_BASIC)
		*r = policy->basic[index_nospec(leaf, CPUID_PREPARED_BASIC)];
	else if (policy->prepared && leaf - 0x80000000u < CPUID_PREPARED_EXTENDED)
		*r = policy->extended[index_nospec(leaf - 0x80000000u, CPUID_PREPARED_EXTENDED)];
	else
		plain_leaf(policy, leaf, r);
	if (leaf == 1)
		leaf_1_of(policy, vcpu, r);
}

/* Control bits that come with a feature, none of them of EAX. */
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

/* From what the guest is shown of these leaves. */
static uint64_t cr4_allowed(const struct cpuid_registers *one, const struct cpuid_registers *seven)
{
	/* PCE: RDPMC exits anyway. MCE: without the feature, but every system sets it. */
	uint64_t allowed = 1ull << 8 | 1ull << 6;

	for (size_t i = 0; i < ARRAY_SIZE(cr4_bits); i++) {
		const struct cpuid_registers *r = cr4_bits[i].leaf == 1 ? one : seven;

		if (value_of(r, cr4_bits[i].reg) >> cr4_bits[i].bit & 1)
			allowed |= 1ull << cr4_bits[i].control;
	}
	return allowed;
}

static uint64_t efer_allowed(const struct cpuid_registers *extended_one)
{
	const uint32_t edx = extended_one->edx;
	uint64_t allowed = 0;

	if (edx >> 11 & 1)
		allowed |= 1ull << 0; /* SCE */
	if (edx >> 20 & 1)
		allowed |= 1ull << 11; /* NXE */
	if (edx >> 29 & 1)
		allowed |= 1ull << 8 | 1ull << 10; /* LME, LMA */
	return allowed;
}

void cpuid_prepare(struct cpuid_policy *policy)
{
	for (uint32_t i = 0; i < CPUID_PREPARED_BASIC; i++)
		plain_leaf(policy, i, &policy->basic[i]);
	for (uint32_t i = 0; i < CPUID_PREPARED_EXTENDED; i++)
		plain_leaf(policy, 0x80000000u + i, &policy->extended[i]);
	policy->cr4_allowed = cr4_allowed(&policy->basic[1], &policy->basic[7]);
	policy->efer_allowed = efer_allowed(&policy->extended[1]);
	policy->prepared = true;
}

uint64_t cpuid_cr4_allowed(const struct cpuid_policy *policy)
{
	struct cpuid_registers one, seven;

	if (policy->prepared)
		return policy->cr4_allowed;
	plain_leaf(policy, 1, &one);
	plain_leaf(policy, 7, &seven);
	return cr4_allowed(&one, &seven);
}

uint64_t cpuid_efer_allowed(const struct cpuid_policy *policy)
{
	struct cpuid_registers extended_one;

	if (policy->prepared)
		return policy->efer_allowed;
	plain_leaf(policy, 0x80000001u, &extended_one);
	return efer_allowed(&extended_one);
}

unsigned cpuid_physical_bits(const struct cpuid_policy *policy)
{
	struct cpuid_registers r;

	leaf_extended(policy, 0x80000008u, &r);
	return MIN(MAX(r.eax & 0xff, 36u), 52u);
}
