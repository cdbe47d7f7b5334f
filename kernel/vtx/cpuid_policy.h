/*
 * What a guest sees of CPUID: the written policy. A bit is shown when the table allows it and the
 * host has it, or when the hypervisor provides it. Anything that is not in the table reads 0, so
 * that a new processor's features stay hidden until someone has thought about them. Pure.
 */
#ifndef VTX_CPUID_POLICY_H
#define VTX_CPUID_POLICY_H

#include "lib/types.h"

struct cpuid_registers {
	uint32_t eax, ebx, ecx, edx;
};

#define CPUID_PREPARED_BASIC    0x16u
#define CPUID_PREPARED_EXTENDED 9u

/* What the answers depend on beside the host's. */
struct cpuid_policy {
	void (*host)(uint32_t leaf, uint32_t subleaf, struct cpuid_registers *r);
	uint32_t vcpus;
	uint64_t tsc_hz;      /* 0: not known */
	uint64_t xcr0;        /* the components that the guest may enable; 0: it has no XSAVE */
	bool invpcid, rdtscp; /* the controls are on */
	/* Filled by cpuid_prepare(): leaves as they are for every vCPU, first sub-leaves, and
	 * what the functions of these names say. */
	bool prepared;
	struct cpuid_registers basic[CPUID_PREPARED_BASIC];
	struct cpuid_registers extended[CPUID_PREPARED_EXTENDED];
	uint64_t cr4_allowed, efer_allowed;
};

/* What the answers depend on in the vCPU that asks. */
struct cpuid_vcpu {
	uint32_t apic_id;
	bool osxsave;  /* CR4.OSXSAVE */
	uint64_t xcr0; /* as it is now */
	bool apic_on;  /* IA32_APIC_BASE enabled */
};

/* Hypervisor leaves: 0x40000000 signature, 0x40000001 version, 0x40000010 TSC and bus kHz. */
#define CPUID_HYPERVISOR           0x40000000u
#define CPUID_HYPERVISOR_LAST      0x40000010u
#define CPUID_HYPERVISOR_SIGNATURE "MerlonMerlon"

/*
 * The components that a guest may have on this host: x87, SSE, AVX, AVX-512, each with what it
 * needs and only if the state fits into CPUID_XSAVE_BYTES_MAX. 0: the host has no XSAVE.
 */
#define CPUID_XSAVE_BYTES_MAX 4096u
uint64_t cpuid_guest_xcr0(void (*host)(uint32_t leaf, uint32_t subleaf, struct cpuid_registers *r));
/* Of the area that XSAVE writes for these components, standard format (SDM 1, 13.4). */
uint32_t cpuid_xsave_bytes(const struct cpuid_policy *policy, uint64_t xcr0);

/* Once the members above are set: most answers are ready then. Without it each is made anew. */
void cpuid_prepare(struct cpuid_policy *policy);
void cpuid_answer(const struct cpuid_policy *policy, const struct cpuid_vcpu *vcpu, uint32_t leaf,
	uint32_t subleaf, struct cpuid_registers *r);
/* Bits of CR4 that a guest with this policy may set. */
uint64_t cpuid_cr4_allowed(const struct cpuid_policy *policy);
/* Bits of EFER likewise. */
uint64_t cpuid_efer_allowed(const struct cpuid_policy *policy);
/* Bits of a physical address, 36 to 52 (SDM 3A, 4.1.4): those above are reserved. */
unsigned cpuid_physical_bits(const struct cpuid_policy *policy);

#endif
