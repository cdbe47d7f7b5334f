/* A remapping unit of this machine: registers that are mapped, tables in memory of ours. */
#ifndef VMKDEV_VTD_EDGE_H
#define VMKDEV_VTD_EDGE_H

#include "vmkdev/vtd.h"

/* The context is where the registers are mapped. */
extern const struct vtd_ops vtd_edge_ops;

#endif
