/*
 * What ring 3's page tables hold of the kernel's half on CPUs whose ring 3 can read whatever they
 * hold (Meltdown; speculation.h decides): the way into the kernel and out of it, nothing else. Each
 * user space has a second root then, with its own lower half and this upper one.
 */
#ifndef MEM_GATE_H
#define MEM_GATE_H

#include "lib/types.h"
#include <vmkapi/status.h>

/* Whole pages of the kernel, as it has them now; before the first user space is made. Does nothing
 * where tables are not split. */
enum vmk_status gate_add(const void *address, size_t bytes);
/* Copies the upper half into a fresh root. */
void gate_copy(uint64_t *root);
struct gate_audit {
	uint64_t pages;  /* of the kernel's half */
	uint64_t spaces; /* of user worlds */
	uint64_t wrong; /* pages that are global or ring 3's, spaces whose second root is another */
};
void gate_audit(struct gate_audit *result);

#endif
