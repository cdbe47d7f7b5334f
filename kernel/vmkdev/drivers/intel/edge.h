/* Between vmkapi and the pure part: what each driver's main.c calls. */
#ifndef INTEL_EDGE_H
#define INTEL_EDGE_H

#include <vmkapi/module.h>
#include "intel.h"

/*
 * Everything that vmkmod_start() does for a device of this model, once in a module's life, and sets
 * its stop function. On failure the loader takes the device off the bus and then takes back what
 * the module was given.
 */
enum vmk_status intel_start(struct vmkmod *self, const struct intel_model *model);

#endif
