/* What lies at an address, for reports of faults: told from the map alone, so no lock is taken. */
#ifndef MEM_WHERE_H
#define MEM_WHERE_H

#include "lib/types.h"

enum where {
	WHERE_ELSEWHERE,
	WHERE_NULL, /* where stray null pointers lead, with an offset */
	WHERE_USER,
	WHERE_TEXT,
	WHERE_SEALED, /* what start-up wrote, and constants */
	WHERE_DATA,
	WHERE_MODULES,
	WHERE_SLABS,
	WHERE_PAGES,
	WHERE_STACKS,
	WHERE_DEVICES,
	WHERE_WINDOWS,
	WHERE_CPUS,
	WHERE_DIRECT /* the direct map, also where it leaves out private frames */
};

/* Callable in any context, also before there is a kernel space. */
enum where where_is(uintptr_t address);

#endif
