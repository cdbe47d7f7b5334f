/* What driver modules are given (vmkapi/module.h), and how it is taken back. */
#ifndef VMKMOD_API_H
#define VMKMOD_API_H

#include <vmkapi/module.h>
#include "lib/types.h"

struct device;

/* The table for modules. Read-only. */
extern const struct vmkapi vmkapi_table;

/* From here on, what a module asks for is noted, until api_keep() or api_reclaim(). One module
 * starts at a time. `device` may be NULL. */
void api_begin(struct device *device);
/* The module runs: what it was given is its own. */
void api_keep(void);
/* The module failed: its device is taken off the bus first, then interrupt, NIC and DMA memory are
 * taken back. Its code is not called any more. */
void api_reclaim(void);

#endif
