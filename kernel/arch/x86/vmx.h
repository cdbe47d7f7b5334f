/*
 * VMX on this machine's pCPUs: switched on at their start where the processor and its firmware
 * allow it, off before a pCPU is given back. The instructions themselves: vtx/vtx_ops.h.
 */
#ifndef ARCH_VMX_H
#define ARCH_VMX_H

#include "lib/types.h"
#include "vtx/capabilities.h"
#include <vmkapi/status.h>

/* Finds out what there is, and says so in the log. Bootstrap CPU, before vmx_on_cpu() anywhere. */
void vmx_init(void);
/* VMXON on the running CPU. Nothing where VMX is not used. */
void vmx_on_cpu(void);
/* VMXOFF on the running CPU: no guest runs here any more. May be called twice, and in a panic. */
void vmx_off_cpu(void);
/* What every VM starts from; NULL where virtual machines cannot run. */
const struct vtx_controls *vmx_controls(void);
/* Why they cannot; "" where they can. Static text. */
const char *vmx_why(void);

#endif
