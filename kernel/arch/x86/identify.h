/* Which CPUs there are, for people. */
#ifndef ARCH_IDENTIFY_H
#define ARCH_IDENTIFY_H

#include "lib/types.h"
#include <vmkuser/info.h>

/* Fills a zeroed record; false for a CPU that there is not. All CPUs are of the kind of the one
 * that runs this: features_init_cpu() has seen to that. */
bool identify_describe(unsigned index, struct vmk_info_cpu *info);

#endif
