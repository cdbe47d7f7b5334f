/* sources: kernel/vtx/cpuid_policy.c */
/* coverage: edges, comparisons, bare */
/*
 * Any host's CPUID under any policy: what a guest is shown is prepared and unprepared the same, is
 * a part of what the host has but for what the hypervisor provides, and of some things nothing at
 * all. Input: the policy, then what the host says, 16 bytes a leaf, again and again. Every leaf is
 * looked at for one input of 32, for others every 16th.
 */
#include <stdlib.h>
#include <string.h>
#include "vtx/cpuid_policy.h"
#include "vtx/vtx_ops.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define HEAD 8u

static const uint8_t all_ones[] = {[0 ... sizeof(struct cpuid_registers) - 1] = 0xff};
static const uint8_t *host_bytes;
static uint32_t host_leaves;

static void host(uint32_t leaf, uint32_t subleaf, struct cpuid_registers *r)
{
	const uint8_t *from = host_bytes + (leaf * 31 + subleaf) % host_leaves * sizeof(*r);

	memcpy(&r->eax, from, 4);
	memcpy(&r->ebx, from + 4, 4);
	memcpy(&r->ecx, from + 8, 4);
	memcpy(&r->edx, from + 12, 4);
}

static void require(bool good)
{
	if (!good)
		abort();
}

/* What a guest is shown of the leaves that features are in. */
struct shown {
	struct cpuid_registers one, seven, extended;
};

/* Bits that no guest is shown, whatever the host has. */
static const struct shown hidden = {
	.one = {.ecx = 1u << 3 | 1u << 5 | 1u << 6 | 1u << 15,
		.edx = 1u << 7 | 1u << 14 | 1u << 22},
	.seven = {.ebx = 1u << 2 | 1u << 14 | 1u << 25,
		.ecx = 1u << 3 | 1u << 5 | 1u << 7 | 1u << 16},
	.extended = {.ecx = 1u << 2},
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

static void require_equal(struct cpuid_registers a, struct cpuid_registers b)
{
	require(a.eax == b.eax && a.ebx == b.ebx && a.ecx == b.ecx && a.edx == b.edx);
}

/* Which leaves: all, or those from `first` on that are `step` apart. */
struct sample {
	uint32_t first, step;
};

static struct sample sample_of(uint8_t choice)
{
	return choice % 32 < 31 ? (struct sample){choice % 16, 16} : (struct sample){0, 1};
}

static void check_same(const struct cpuid_policy *made_anew, const struct cpuid_policy *prepared,
	const struct cpuid_vcpu *v, struct sample s)
{
	if (!s.first) {
		require(cpuid_cr4_allowed(made_anew) == cpuid_cr4_allowed(prepared));
		require(cpuid_efer_allowed(made_anew) == cpuid_efer_allowed(prepared));
	}
	for (uint32_t leaf = s.first; leaf < 0x20; leaf += s.step) {
		for (uint32_t subleaf = 0; subleaf < (s.step == 1 ? 3 : 1); subleaf++) {
			require_equal(
				ask(made_anew, v, leaf, subleaf), ask(prepared, v, leaf, subleaf));
			require_equal(ask(made_anew, v, 0x80000000u + leaf, subleaf),
				ask(prepared, v, 0x80000000u + leaf, subleaf));
		}
	}
}

static void require_without(struct cpuid_registers r, const struct cpuid_registers *bits)
{
	require(!((r.eax & bits->eax) | (r.ebx & bits->ebx) | (r.ecx & bits->ecx) |
		  (r.edx & bits->edx)));
}

static void check_hidden(const struct cpuid_policy *p, const struct cpuid_vcpu *v,
	const struct shown *shown, struct sample s)
{
	require_without(shown->one, &hidden.one);
	require_without(shown->seven, &hidden.seven);
	require_without(shown->extended, &hidden.extended);
	for (size_t i = s.first; i < ARRAY_SIZE(empty); i += s.step)
		require_equal(ask(p, v, empty[i], 0), (struct cpuid_registers){0});
}

static void check_part_of_host(
	const struct cpuid_policy *p, const struct cpuid_vcpu *v, const struct shown *shown)
{
	struct cpuid_registers has, r = shown->one;

	host(1, 0, &has);
	/* x2APIC, TSC deadline and hypervisor are provided; OSXSAVE, APIC and HTT are the vCPU's.
	 */
	require(!(r.ecx & ~has.ecx & ~(1u << 21 | 1u << 24 | 1u << 27 | 1u << 31)));
	require(!(r.edx & ~has.edx & ~(1u << 9 | 1u << 28)));
	require(!(r.ecx >> 27 & 1) || (p->xcr0 && v->osxsave));
	require((r.edx >> 9 & 1) == v->apic_on && r.ebx >> 24 == (v->apic_id & 0xff));
	host(7, 0, &has);
	r = shown->seven;
	require(!(r.ebx & ~has.ebx) && !(r.ecx & ~has.ecx) && !(r.edx & ~has.edx) && !r.eax);
	require(!(r.ebx >> 10 & 1) || p->invpcid);
	host(0x80000001u, 0, &has);
	r = shown->extended;
	require(!(r.ecx & ~has.ecx) && !(r.edx & ~has.edx));
	require(!(r.edx >> 27 & 1) || p->rdtscp);
}

/* Nothing may be switched on that CPUID does not show. */
static void check_registers(const struct cpuid_policy *p, const struct shown *shown)
{
	const uint64_t cr4 = cpuid_cr4_allowed(p), efer = cpuid_efer_allowed(p);
	const struct cpuid_registers one = shown->one, seven = shown->seven,
				     extended = shown->extended;

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
	const struct cpuid_registers r = ask(p, v, 0xd, 0), variants = ask(p, v, 0xd, 1);

	require(!(p->xcr0 & ~XCR0_GUEST) && r.eax == (uint32_t)p->xcr0 && !r.edx);
	require(!p->xcr0 || (p->xcr0 & XCR0_HOST) == XCR0_HOST);
	require(!(p->xcr0 & XCR0_AVX512) || (p->xcr0 & (XCR0_AVX | XCR0_AVX512)) == 0xe4);
	require(r.ecx <= CPUID_XSAVE_BYTES_MAX && r.ebx <= r.ecx);
	require(!p->xcr0 || r.ebx >= XSAVE_BYTES_MIN);
	require(!(variants.eax & ~7u) && !variants.ecx);
	for (uint32_t i = 2 + s.first; i < 64; i += s.step)
		require(!ask(p, v, 0xd, i).eax || (i < 8 && (p->xcr0 >> i & 1)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct cpuid_policy policy, prepared;
	struct cpuid_vcpu vcpu;
	struct sample sample;
	struct shown shown;

	if (size < HEAD)
		return 0;
	sample = sample_of(data[5]);
	host_bytes = data + HEAD;
	host_leaves = (uint32_t)((size - HEAD) / sizeof(struct cpuid_registers));
	if (!host_leaves) {
		host_bytes = all_ones;
		host_leaves = 1;
	}
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
	check_same(&policy, &prepared, &vcpu, sample);
	shown = (struct shown){ask(&prepared, &vcpu, 1, 0), ask(&prepared, &vcpu, 7, 0),
		ask(&prepared, &vcpu, 0x80000001u, 0)};
	check_hidden(&prepared, &vcpu, &shown, sample);
	check_part_of_host(&prepared, &vcpu, &shown);
	check_registers(&prepared, &shown);
	check_xsave(&prepared, &vcpu, sample);
	if (sample.first < 4)
		check_hypervisor(&prepared, &vcpu);
	return 0;
}
