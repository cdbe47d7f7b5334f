/* Vectors: states of a VMCS, each from its number alone. Pure. */
#ifndef DIFFERENTIAL_GENERATE_H
#define DIFFERENTIAL_GENERATE_H

#include "fuzz/models/swvmx/vectors.h"

#define VECTOR_CHANGES 24u /* at most, of catalogued changes and single ones together */

struct vector {
	enum swvmx_base base;
	unsigned count;
	struct swvmx_change changes[VECTOR_CHANGES];
	struct swvmx_msr_entry msr;
};

/* The same for the same number, seed and processor. */
void vector_make(struct vector *v, const struct swvmx_cpu *cpu, uint64_t seed, uint64_t number);

#endif
