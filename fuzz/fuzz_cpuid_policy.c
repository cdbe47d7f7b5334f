/* sources: kernel/vtx/cpuid_policy.c */
/* coverage: edges */
/*
 * Any host's CPUID under any policy: what a guest is shown is prepared and unprepared the same, is
 * a part of what the host has but for what the hypervisor provides, and of some things nothing at
 * all. Input: the policy, then what the host says, 16 bytes a leaf, again and again. Every leaf is
 * looked at for one input of eight, for others every eighth.
 */
#include <stdlib.h>
#include <string.h>
#include "vtx/cpuid_policy.h"
#include "vtx/vtx_ops.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define HEAD 8u

static const uint8_t *host_bytes;
static size_t host_leaves;

static void host(uint32_t leaf, uint32_t subleaf, struct cpuid_registers *r)
{
	const uint32_t n = leaf * 31 + subleaf;

	memset(r, 0xff, sizeof(*r));
	if (host_leaves)
		memcpy(r, host_bytes + n % host_leaves * sizeof(*r), sizeof(*r));
}

static void require(bool good)
{
	if (!good)
		abort();
}

/* Bits that no guest is shown, whatever the host has. */
static const struct {
	uint32_t leaf;
	struct cpuid_registers bits;
} hidden[] = {
	{1, {.ecx = 1u << 3 | 1u << 5 | 1u << 6 | 1u << 15, .edx = 1u << 7 | 1u << 14 | 1u << 22}},
	{7, {.ebx = 1u << 2 | 1u << 14 | 1u << 25, .ecx = 1u << 3 | 1u << 5 | 1u << 7 | 1u << 16}},
	{0x80000001u, {.ecx = 1u << 2}},
};
/* Leaves that read 0: MONITOR, power, cache access, counters, SGX, tracing. */
static const uint32_t empty[] = {3, 5, 6, 9, 0xa, 0x12, 0x14, 0x19, 0x1f, 0x80000005u, 0x80000009u,
	0x8000001fu, 0x40000011u, 0x50000000u};

static struct cpuid_registers ask(
	const struct cpuid_policy *p, const struct cpuid_vcpu *v, uint32_t leaf, uint32_t subleaf)
{
	struct cpuid_registers r;

	cpuid_answer(p, v, leaf, subleaf, &r);
	return r;
}

/* Which leaves: all, or those from `first` on that are `step` apart. */
struct sample {
	uint32_t first, step;
};

static struct sample sample_of(uint8_t choice)
{
	return choice % 8 ? (struct sample){choice / 8 % 8, 8} : (struct sample){0, 1};
}

static void check_same(const struct cpuid_policy *made_anew, const struct cpuid_policy *prepared,
	const struct cpuid_vcpu *v, struct sample s)
{
	require(cpuid_cr4_allowed(made_anew) == cpuid_cr4_allowed(prepared));
	require(cpuid_efer_allowed(made_anew) == cpuid_efer_allowed(prepared));
	for (uint32_t leaf = s.first; leaf < 0x20; leaf += s.step) {
		for (uint32_t subleaf = 0; subleaf < 3; subleaf++) {
			struct cpuid_registers a = ask(made_anew, v, leaf, subleaf),
					       b = ask(prepared, v, leaf, subleaf);

			require(!memcmp(&a, &b, sizeof(a)));
			a = ask(made_anew, v, 0x80000000u + leaf, subleaf);
			b = ask(prepared, v, 0x80000000u + leaf, subleaf);
			require(!memcmp(&a, &b, sizeof(a)));
		}
	}
}

static void check_hidden(const struct cpuid_policy *p, const struct cpuid_vcpu *v)
{
	for (size_t i = 0; i < ARRAY_SIZE(hidden); i++) {
		struct cpuid_registers r = ask(p, v, hidden[i].leaf, 0);

		require(!(r.eax & hidden[i].bits.eax) && !(r.ebx & hidden[i].bits.ebx) &&
			!(r.ecx & hidden[i].bits.ecx) && !(r.edx & hidden[i].bits.edx));
	}
	for (size_t i = 0; i < ARRAY_SIZE(empty); i++) {
		struct cpuid_registers r = ask(p, v, empty[i], 0);

		require(!r.eax && !r.ebx && !r.ecx && !r.edx);
	}
}

static void check_part_of_host(const struct cpuid_policy *p, const struct cpuid_vcpu *v)
{
	struct cpuid_registers has, r = ask(p, v, 1, 0);

	host(1, 0, &has);
	/* x2APIC, TSC deadline and hypervisor are provided; OSXSAVE, APIC and HTT are the vCPU's.
	 */
	require(!(r.ecx & ~has.ecx & ~(1u << 21 | 1u << 24 | 1u << 27 | 1u << 31)));
	require(!(r.edx & ~has.edx & ~(1u << 9 | 1u << 28)));
	require(!(r.ecx >> 27 & 1) || (p->xcr0 && v->osxsave));
	require((r.edx >> 9 & 1) == v->apic_on && r.ebx >> 24 == (v->apic_id & 0xff));
	host(7, 0, &has);
	r = ask(p, v, 7, 0);
	require(!(r.ebx & ~has.ebx) && !(r.ecx & ~has.ecx) && !(r.edx & ~has.edx) && !r.eax);
	require(!(r.ebx >> 10 & 1) || p->invpcid);
	host(0x80000001u, 0, &has);
	r = ask(p, v, 0x80000001u, 0);
	require(!(r.ecx & ~has.ecx) && !(r.edx & ~has.edx));
	require(!(r.edx >> 27 & 1) || p->rdtscp);
}

/* Nothing may be switched on that CPUID does not show. */
static void check_registers(const struct cpuid_policy *p, const struct cpuid_vcpu *v)
{
	const uint64_t cr4 = cpuid_cr4_allowed(p), efer = cpuid_efer_allowed(p);
	const struct cpuid_registers one = ask(p, v, 1, 0), seven = ask(p, v, 7, 0),
				     extended = ask(p, v, 0x80000001u, 0);

	/* LA57, VMXE, SMXE, PKE, CET, PKS. */
	require(!(cr4 & (1u << 12 | 1u << 13 | 1u << 14 | 1u << 22 | 1u << 23 | 1u << 24)));
	require(!(cr4 >> 20 & 1) || (seven.ebx >> 7 & 1));
	require(!(cr4 >> 21 & 1) || (seven.ebx >> 20 & 1));
	require(!(cr4 >> 17 & 1) || (one.ecx >> 17 & 1));
	require(!(cr4 >> 18 & 1) || (p->xcr0 && (one.ecx >> 26 & 1)));
	/* AVX without its state would be another guest's to read. */
	require(!(one.ecx >> 28 & 1) || (p->xcr0 & XCR0_AVX));
	require(!(seven.ebx >> 16 & 1) || (p->xcr0 & XCR0_AVX512) == XCR0_AVX512);
	require(!(efer & ~0xd01ull));
	require(cpuid_physical_bits(p) >= 36 && cpuid_physical_bits(p) <= 52);
	require(!(efer >> 11 & 1) || (extended.edx >> 20 & 1));
	require(!(efer >> 8 & 1) || (extended.edx >> 29 & 1));
}

/* The hypervisor's own leaves, whatever the host has there. */
static void check_hypervisor(const struct cpuid_policy *p, const struct cpuid_vcpu *v)
{
	struct cpuid_registers r = ask(p, v, CPUID_HYPERVISOR, 0);

	require(r.eax == CPUID_HYPERVISOR_LAST && !memcmp(&r.ebx, CPUID_HYPERVISOR_SIGNATURE, 4));
	r = ask(p, v, CPUID_HYPERVISOR_LAST, 0);
	require(r.eax == (uint32_t)(p->tsc_hz / 1000) && r.ebx == r.eax && !r.ecx && !r.edx);
	r = ask(p, v, CPUID_HYPERVISOR_LAST + 1, 0);
	require(!r.eax && !r.ebx && !r.ecx && !r.edx);
}

/* Nothing but x87, SSE, AVX and AVX-512, complete, and no more than fits. */
static void check_xsave(const struct cpuid_policy *p, const struct cpuid_vcpu *v, struct sample s)
{
	const struct cpuid_registers r = ask(p, v, 0xd, 0);

	require(!(p->xcr0 & ~XCR0_GUEST) && r.eax == (uint32_t)p->xcr0 && !r.edx);
	require(!p->xcr0 || (p->xcr0 & XCR0_HOST) == XCR0_HOST);
	require(!(p->xcr0 & XCR0_AVX512) || (p->xcr0 & (XCR0_AVX | XCR0_AVX512)) == 0xe4);
	require(r.ecx <= CPUID_XSAVE_BYTES_MAX && r.ebx <= r.ecx);
	require(!p->xcr0 || r.ebx >= XSAVE_BYTES_MIN);
	require(!(ask(p, v, 0xd, 1).eax & ~7u) && !ask(p, v, 0xd, 1).ecx);
	for (uint32_t i = 2 + s.first; i < 64; i += s.step)
		require(!ask(p, v, 0xd, i).eax || (i < 8 && (p->xcr0 >> i & 1)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct cpuid_policy policy, prepared;
	struct cpuid_vcpu vcpu;

	if (size < HEAD)
		return 0;
	host_bytes = data + HEAD;
	host_leaves = (size - HEAD) / sizeof(struct cpuid_registers);
	policy = (struct cpuid_policy){
		.host = host,
		.vcpus = 1 + data[1],
		.tsc_hz = (uint64_t)data[2] << 25,
		.xcr0 = data[0] & 1 ? cpuid_guest_xcr0(host) : 0,
		.invpcid = data[0] & 2,
		.rdtscp = data[0] & 4,
	};
	vcpu = (struct cpuid_vcpu){
		data[4], data[0] & 8, policy.xcr0 & (data[3] | 1u), data[0] & 16};
	prepared = policy;
	cpuid_prepare(&prepared);
	check_same(&policy, &prepared, &vcpu, sample_of(data[5]));
	check_hidden(&prepared, &vcpu);
	check_part_of_host(&prepared, &vcpu);
	check_registers(&prepared, &vcpu);
	check_xsave(&prepared, &vcpu, sample_of(data[5]));
	check_hypervisor(&prepared, &vcpu);
	return 0;
}
