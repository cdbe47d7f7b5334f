/* The W^X audit: walks every host page table and proves that nothing is writable and executable. */
#ifndef MEM_AUDIT_H
#define MEM_AUDIT_H

#include "lib/types.h"

struct audit_result {
	uint64_t mappings, executable, writable, user; /* leaf entries seen, each of any size */
	uint64_t violations;
	uintptr_t first_violation;
};
/* Walks the kernel's half and every user half. At boot a violation is a panic. */
void audit_wx(struct audit_result *result);

#endif
