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
};

void swvmx_cpu_fill(struct swvmx_cpu *cpu, enum swvmx_cpu_kind kind);
/* Does VMREAD know this field? */
bool swvmx_has_field(const struct swvmx_cpu *cpu, enum vmcs_condition condition);

#endif
