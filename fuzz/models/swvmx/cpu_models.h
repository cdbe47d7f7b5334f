/* Processors: what their VMX capability MSRs say. Pure. */
#ifndef FUZZ_SWVMX_CPU_MODELS_H
#define FUZZ_SWVMX_CPU_MODELS_H

#include "vtx/capabilities.h"
#include "vtx/vmcs.h"

/* Controls that the kernel's table does not name, since nothing there uses them. */
#define SWVMX_ENTRY_MONITOR   (1u << 11)
#define SWVMX_ENTRY_LOAD_RTIT (1u << 18)
#define SWVMX_ENTRY_LOAD_PKRS (1u << 22)
#define SWVMX_EXIT_LOAD_PKRS  (1u << 29)

/* IA32_VMX_BASIC: hardware exceptions with or without an error code, whatever their vector. */
#define SWVMX_BASIC_ANY_ERROR (1ull << 56)
/* IA32_VMX_EPT_VPID_CAP: EPT leaves can be supervisor shadow-stack pages. */
#define SWVMX_EPT_CAP_SHADOW (1ull << 23)

enum swvmx_cpu_kind {
	SWVMX_TIGERLAKE, /* a client processor with CET */
	SWVMX_MINIMAL,   /* what the kernel requires and nothing else */
	SWVMX_MAXIMAL,   /* every control that we know */
	SWVMX_CPU_KINDS
};

struct swvmx_cpu {
	struct vtx_capability_msrs msrs;
	unsigned physical_bits, linear_bits;
	bool ia32e;    /* it runs in IA-32e mode */
	bool rtm, sgx; /* transactional memory, enclaves */
	bool xsave;    /* with AVX and AVX-512 */
};

/* If set, every kind is this one: for runs beside a processor that is there. */
extern const struct swvmx_cpu *swvmx_cpu_given;
void swvmx_cpu_fill(struct swvmx_cpu *cpu, enum swvmx_cpu_kind kind);
/* Does VMREAD know this field? */
bool swvmx_has_field(const struct swvmx_cpu *cpu, enum vmcs_condition condition);

#endif
