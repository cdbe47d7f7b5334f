/*
 * What ring 3's page tables hold of the kernel's half on CPUs whose ring 3 can read whatever they
 * hold (Meltdown; speculation.h decides): the way into the kernel and out of it, nothing else. Each
 * user space has a second root then, with its own lower half and this upper one.
 */
#ifndef MEM_GATE_H
#define MEM_GATE_H

#include "lib/types.h"
#include <vmkapi/status.h>

/* Whole pages of the kernel, which stay where they are; before the first user space is made.
 * `writable`: where the kernel may write them. Does nothing where tables are not split. */
enum vmk_status gate_add(const void *address, size_t bytes, bool writable);
/* Copies the upper half into a fresh root. */
void gate_copy(uint64_t *root);
struct gate_audit {
	uint64_t pages;  /* of the kernel's half */
	uint64_t spaces; /* of user worlds */
	/* Pages that are global or ring 3's, or not as the kernel has them; spaces whose second
	 * root is another. */
	uint64_t wrong;
};
void gate_audit(struct gate_audit *result);

#endif
