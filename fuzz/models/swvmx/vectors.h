/* For each check of VM entry a state that fails it and no other: changes to a state that passes. */
#ifndef FUZZ_SWVMX_VECTORS_H
#define FUZZ_SWVMX_VECTORS_H

#include "fuzz/models/swvmx/swvmx.h"

enum swvmx_base {
	BASE_LONG,    /* 64-bit guest on the maximal processor */
	BASE_FLAT,    /* 32-bit guest, paging off */
	BASE_REAL,    /* as reset leaves it */
	BASE_V86,     /* virtual-8086 mode */
	BASE_HOST_32, /* 32-bit guest on a processor outside IA-32e mode */
	BASE_MINIMAL, /* 64-bit guest on the minimal processor */
	SWVMX_BASES
};

enum swvmx_change_how { CHANGE_NONE, CHANGE_SET, CHANGE_OR, CHANGE_CLEAR, CHANGE_FLIP };

struct swvmx_change {
	uint16_t index; /* enum vmcs_index */
	uint8_t how;    /* enum swvmx_change_how */
	uint64_t value;
};

struct swvmx_vector {
	enum swvmx_check check;
	enum swvmx_base base;
	struct swvmx_change changes[5];
	struct swvmx_msr_entry msr; /* of the list at SWVMX_MSR_LIST */
};

#define SWVMX_MSR_LIST (SWVMX_BASE + 4096ull * 62)
#define SWVMX_NO_VMCS  (SWVMX_BASE + 4096ull * 63) /* a page without a revision */

extern const struct swvmx_vector swvmx_vectors[];
extern const unsigned swvmx_vector_count;
/* States that pass, with what their check is about in use. */
extern const struct swvmx_vector swvmx_passing[];
extern const unsigned swvmx_passing_count;

/* Makes the changes, in the VMCS and in the MSR list; past what VMWRITE would refuse. */
void swvmx_vector_apply(const struct swvmx_vector *vector, struct swvmx_vmcs *vmcs);
void swvmx_change_apply(const struct swvmx_change *change, struct swvmx_vmcs *vmcs);

#endif
